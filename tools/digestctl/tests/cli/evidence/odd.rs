// SPDX-License-Identifier: GPL-2.0

//! What stands in the verifier's way without a lie, or with one that costs it time: lists that went
//! and came again, lists that are called as others, records that were moved away, a machine that
//! was started by kexec, banks that are not replayed.

use std::process::Command;

use super::{
    base64,
    checkpoint,
    digest_of,
    lies::{
        append_all,
        restarted, //
    },
    named,
    own,
    prepared,
    sha256,
    verdict,
    Machine,
    Record,
    BANKS,
    NONCE, //
};

#[test]
fn a_list_that_was_removed_hides_no_use_where_evidence_of_use_is_required() {
    let Some(mut machine) = prepared() else {
        return;
    };
    for then in ["gone", "loaded again", "its removal refused"] {
        machine.reset();
        machine.boot("metadata");
        let place = &machine.place;
        let [base, old] = ["base", "old"].map(|name| digest_of(place.read(name)));
        let removal = format!("{base}\n");
        machine.append(&own("digest_lists_remove", &removal));
        let metadata = digest_of(place.read("metadata"));
        match then {
            "loaded again" => {
                machine.append(&named(metadata, "digest_lists_metadata:/metadata"));
            }
            // Root can write that.
            "its removal refused" => {
                machine.append(&named(digest_of(&removal), "digest_lists_refused"));
            }
            _ => (),
        }
        // The module's bits begin anew.
        let bits = match then {
            "gone" => String::new(),
            _ => format!("{base} 2 00\n"),
        };
        place.file("seen", format!("{old} 1 00\n{bits}"));
        machine.append(&checkpoint(place));
        machine.attest("removed", "--seen seen").good();
        let required = "evidence_of_use=required";
        let revoke = format!("revoke=sha256:{}", sha256("a program"));
        verdict(&machine.expecting("removed", required), 0, "TRUSTED");
        verdict(
            &machine.expecting("removed", &format!("{required}\n{revoke}")),
            1,
            "NOT TRUSTED: seen-missing",
        );
        let ran = machine.expecting("removed", &revoke);
        verdict(&ran, 0, "TRUSTED");
        ran.printed(&format!(
            "note: record 3: {base}, of which something is revoked, was removed"
        ));
    }
}

#[test]
fn revocations_that_are_replaced_hide_no_use_of_what_they_revoke() {
    let Some(mut machine) = prepared() else {
        return;
    };
    let place = &machine.place;
    place.file("bad/one", "a bad program");
    for (list, serial) in [("revoked1", 1), ("revoked2", 2)] {
        for line in [
            format!("generate bad --revoked -o {list} --name revocations --serial {serial}"),
            format!("sign {list} --key alice.key --cert alice.pem"),
            format!("metadata --root . {list} -o {list}.metadata"),
            format!("repo add repo {list}"),
        ] {
            machine.digestctl(&line).good();
        }
        place.file("bad/two", "another bad program");
    }
    machine.reset();
    machine.boot("revoked1.metadata");
    let place = &machine.place;
    let [first, second] = ["revoked1", "revoked2"].map(|name| digest_of(place.read(name)));
    let metadata = digest_of(place.read("revoked2.metadata"));
    machine.append(&named(metadata, "digest_lists_metadata:/revoked2"));
    machine.append(&own("digest_lists_remove", &format!("{first}\n")));
    place.file("seen", format!("{second} 2 00\n"));
    machine.append(&checkpoint(place));
    machine
        .attest(
            "replaced",
            "--seen seen --metadata revoked1.metadata --metadata revoked2.metadata",
        )
        .good();
    let ran = machine.expecting("replaced", "evidence_of_use=required");
    verdict(&ran, 0, "TRUSTED");
    ran.printed("updates: 1\n");
}

#[test]
fn neither_a_refusal_nor_a_removal_that_root_writes_hides_an_older_edition() {
    let Some(mut machine) = prepared() else {
        return;
    };
    verdict(&machine.verify("honest", "--state states/m"), 0, "TRUSTED");
    machine.digestctl("repo add repo base1").good();
    let place = &machine.place;
    let older = digest_of(place.read("update.metadata"));
    let removal = format!("{}\n", digest_of(place.read("base1")));
    let metadata = digest_of(place.read("metadata"));
    for record in [
        named(older, "digest_lists_refused"),
        own("digest_lists_remove", &removal),
    ] {
        machine.reset();
        machine.boot("update.metadata");
        machine.append(&record);
        machine.attest("hidden", "").good();
        let ran = machine.verify("hidden", "--state states/m");
        verdict(&ran, 1, "NOT TRUSTED: list-rollback");
        ran.printed("it went, and none came in its place");
        verdict(
            &machine.expecting("hidden", "floor=base 2"),
            1,
            "NOT TRUSTED: list-rollback",
        );
        // An initramfs may have the older one, which a newer one replaces.
        machine.append(&named(metadata, "digest_lists_metadata:/metadata"));
        machine.attest("replaced", "").good();
        let ran = machine.verify("replaced", "");
        verdict(&ran, 0, "TRUSTED");
        let ran = machine.expecting("replaced", "floor=base 2");
        verdict(&ran, 0, "TRUSTED");
    }
}

#[test]
fn a_list_that_only_the_machine_calls_by_a_name_is_not_the_one_that_must_be_loaded() {
    let Some(machine) = restarted() else { return };
    machine.boot("metadata");
    machine.attest("named", "").good();
    verdict(
        &machine.expecting("named", "require_list=base"),
        0,
        "TRUSTED",
    );
    // Root chooses the reference of a list.
    let ran = machine.expecting("named", "require_list=old");
    verdict(&ran, 1, "NOT TRUSTED: list-missing");
    let old = digest_of(machine.place.read("old"));
    ran.printed(&format!(
        "old is not loaded; {old} has no name of its own, and only the machine calls it so"
    ));
    verdict(
        &machine.expecting("named", &format!("require_list={old}")),
        0,
        "TRUSTED",
    );
}

#[test]
fn many_refused_loads_of_large_metadata_are_judged_in_a_time_that_grows_as_the_list() {
    let Some(machine) = restarted() else { return };
    machine.boot("metadata");
    let pair = || {
        let load = named(digest_of("large"), "digest_lists_metadata");
        [load, named(digest_of("large"), "digest_lists_refused")]
    };
    let records: Vec<Record> = (0..32 * 100).flat_map(|_| pair()).collect();
    append_all(&machine, &records);
    let ran = machine.attest("refused", "");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.err.matches("are nowhere").count(), 1, "{}", ran.err);
    let large = base64(&vec![b'x'; 8 << 20]);
    machine.changed("refused", "refused", |evidence| {
        evidence["metadata"][sha256("large")] = large.into();
    });
    // Under the limit of `Machine::digestctl()`. The metadata have not the digest of the record.
    let ran = machine.verify("refused", "");
    verdict(&ran, 1, "NOT TRUSTED: metadata-swapped");
}

#[test]
fn the_next_round_needs_no_archive_of_records_that_were_judged() {
    let Some(machine) = prepared() else { return };
    let place = &machine.place;
    verdict(&machine.verify("honest", "--state states/m"), 0, "TRUSTED");
    machine.append(&named(digest_of("allowed"), "/opt/again"));
    let list = place.read("list");
    let mut extends = digest_logic::evidence::records::Extends::new(&list);
    assert_eq!(extends.by_ref().take(3).count(), 3);
    let rest = &list[extends.offset()..];
    // Three records went into an archive, the others are still in the kernel.
    place.file("fs/binary_runtime_measurements", rest);
    place.file("fs/known_files_seen", place.read("seen"));
    place.file("fs/binary_runtime_measurements_staged", "");
    place.file(
        "fs/status",
        "pcr: 12\nrecords: 5\nrecords_staged: 0\nrecords_deleted: 3\n",
    );
    let attest = |more: &str| {
        machine.digestctl(&format!(
            "attest --nonce {NONCE} --ak {} --securityfs fs --metadata metadata --firmware-log none -o moved {more}",
            super::AK
        ))
    };
    attest("--since 7").good();
    let ran = machine.verify("moved", "--state states/m");
    verdict(&ran, 0, "TRUSTED");
    ran.printed("records: 1 judged, after 7 of earlier rounds\n");
    attest("").failed(
        "the first 3 records of the list were moved out of the kernel: --archive names the file",
    );
    attest("--since 9").failed("the list has 8 records, fewer than --since says");
    place.file("archive", &list[..extends.offset()]);
    attest("--archive archive").good();
    verdict(&machine.verify("moved", ""), 0, "TRUSTED");
    // Records have their numbers.
    let ran = machine.digestctl("log show --securityfs fs");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.starts_with("3 12 "), "{}", ran.out);
    assert!(
        ran.err
            .contains("note: records 0 to 2 were deleted before (--archive)"),
        "{}",
        ran.err
    );
}

#[test]
fn a_checkpoint_that_others_make_during_a_quote_makes_no_liar() {
    let Some(machine) = restarted() else { return };
    let place = &machine.place;
    machine.boot("metadata");
    let [base, old] = ["base", "old"].map(|name| digest_of(place.read(name)));
    place.file("seen", format!("{base} 2 00\n{old} 1 00\n"));
    machine.append(&checkpoint(place));
    place.file("fs/binary_runtime_measurements", place.read("list"));
    place.file("fs/binary_runtime_measurements_staged", "");
    place.file("fs/known_files_seen", place.read("seen"));
    place.file(
        "fs/status",
        "pcr: 12\nrecords: 4\nrecords_staged: 0\nrecords_deleted: 0\n",
    );
    // Another verifier asks the machine right behind the first quote and its values.
    place.file("seen", format!("{base} 2 01\n{old} 1 00\n"));
    let other = checkpoint(place);
    place.file("other", &other.line);
    let extension = Machine::extension(12, &other);
    place.file(
        "bin/tpm2_pcrread",
        format!(
            "#!/bin/sh\nPATH=${{PATH#*:}}\ntpm2_pcrread \"$@\" || exit\n[ ! -e other ] || {{\n\
             tpm2_pcrextend {extension}\ncat other >>fs/binary_runtime_measurements\n\
             cp seen fs/known_files_seen\nrm other\n}}\n"
        ),
    );
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(place.path("bin/tpm2_pcrread"), executable).expect("a mode");
    let path = std::env::var("PATH").expect("a path");
    let line = format!(
        "attest --nonce {NONCE} --ak {} --securityfs fs --metadata metadata --firmware-log none -o asked",
        super::AK
    );
    let ran = Command::new(assert_cmd::cargo::cargo_bin!("digestctl"))
        .current_dir(place.path("."))
        .env("TPM2TOOLS_TCTI", machine.tcti())
        .env("PATH", format!("{}:{path}", place.path("bin").display()))
        .args(line.split_whitespace())
        .output()
        .expect("digestctl runs");
    assert!(ran.status.success(), "{ran:?}");
    assert!(!place.has("other"), "the other one has asked");
    let ran = machine.expecting("asked", "evidence_of_use=required");
    verdict(&ran, 0, "TRUSTED");
    ran.printed("  base serial 2 (2 digests, 1 used), CN=alice\n");
}

/// The list begins anew, and the PCR goes on. The start record has `now` in place of `before`.
pub(super) fn again(machine: &Machine, before: &str, now: &str) {
    let place = &machine.place;
    machine
        .digestctl(&format!(
            "predict --rules rules --kernel 7.3.4 --boot-aggregate sha256:{} --root . --list predicted",
            sha256([0; 320])
        ))
        .good();
    let predicted = place.read("predicted");
    let start = digest_logic::evidence::records::Extends::new(&predicted).nth(1);
    let start = start.expect("there").expect("a record");
    let start = start.records().next().expect("a record");
    let text = String::from_utf8(start.event.buffer.to_vec()).expect("text");
    let mut text = match before {
        "" => text,
        _ => text.replace(before, now),
    };
    for bank in BANKS {
        let read = machine.tools(&format!("pcrread {bank}:12")).to_lowercase();
        let value = read.split("0x").nth(1).expect("a value").trim();
        let zeros = "0".repeat(value.len());
        text = text.replace(
            &format!("pcr_initial_{bank}={zeros}\n"),
            &format!("pcr_initial_{bank}={value}\n"),
        );
    }
    place.file("list", "");
    machine.append(&named(digest_of([0; 320]), "boot_aggregate"));
    machine.append(&own("digest_lists_start", &text));
}

#[test]
fn a_machine_that_was_started_by_kexec_is_told_as_that() {
    let Some(machine) = prepared() else { return };
    verdict(&machine.verify("honest", "--state states/m"), 0, "TRUSTED");
    again(&machine, "", "");
    machine.attest("kexec", "").good();
    let ran = machine.verify("kexec", "--state states/m");
    verdict(&ran, 1, "NOT TRUSTED: start-values");
    ran.printed("the TPM was not reset since the last round: the machine was started by kexec")
        .printed("what to do: restart the machine, if it was started by kexec");
}

#[test]
fn what_can_have_one_value_stands_once_among_the_expectations() {
    let Some(guard) = super::shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    for more in [
        "pcr=12\npcr=13",
        "floor=base 2\nfloor=base 1",
        "evidence_of_use=required\nevidence_of_use=optional",
    ] {
        let ran = machine.expecting("honest", more);
        assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
        assert!(ran.err.contains("another line says it"), "{}", ran.err);
    }
    let ran = machine.expecting("honest", "floor=base 2\nfloor=other 1");
    verdict(&ran, 0, "TRUSTED");
}

/// A number of 32 bytes, of a signature in DER.
fn number(der: &[u8]) -> Vec<u8> {
    let number = match der.len() {
        0..=32 => [vec![0; 32 - der.len()], der.to_vec()].concat(),
        more => der[more - 32..].to_vec(),
    };
    assert_eq!(number.len(), 32);
    number
}

#[test]
fn values_of_a_bank_that_is_not_replayed_have_their_length() {
    let Some(guard) = super::shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let place = &machine.place;
    // A key that makes any quote: no TPM here has such a bank.
    place.openssl("ecparam -name prime256v1 -genkey -noout -out any.key");
    place.openssl("ec -in any.key -pubout -out any.pem");
    place.openssl("ec -in any.key -pubout -outform DER -out any.der");
    let der = place.read("any.der");
    let point = &der[der.len() - 64..];
    let public = [
        &super::unhex("0023000b00050022000000100018000b00030010")[..],
        &[0, 32],
        &point[..32],
        &[0, 32],
        &point[32..],
    ]
    .concat();
    for (length, reason) in [(32, "bank-missing"), (31, "pcr-values"), (64, "pcr-values")] {
        let value = vec![7; length];
        let digest = super::unhex(&sha256([&value[..], &[9; 32]].concat()));
        let attest = [
            &super::unhex("ff544347801800000020")[..],
            &super::unhex(NONCE),
            // Clock, resets, restarts, safe, firmware.
            &[0; 16],
            &[1],
            &[0; 8],
            // Two selections: PCR 0 of SM3, PCR 12 of SHA-256.
            &super::unhex("00000002001203010000000b03001000"),
            &[0, 32],
            &digest,
        ]
        .concat();
        place.file("any.attest", &attest);
        place.openssl("dgst -sha256 -sign any.key -out any.sig any.attest");
        let der = place.read("any.sig");
        let r = &der[4..4 + usize::from(der[3])];
        let s = &der[4 + r.len() + 2..];
        let signature = [
            &super::unhex("0018000b")[..],
            &[0, 32],
            &number(r),
            &[0, 32],
            &number(s),
        ]
        .concat();
        machine.changed("honest", "any", |evidence| {
            evidence["ak"]["public"] = base64(&public).into();
            evidence["quote"] = serde_json::json!({
                "attest": base64(&attest),
                "signature": base64(&signature),
                "pcrs": {
                    "0x0012": { "0": "07".repeat(length) },
                    "sha256": { "12": "09".repeat(32) },
                },
            });
        });
        let ran = machine.digestctl(&format!(
            "verify-evidence any --nonce {NONCE} --ak any.pem --repo repo --trust alice.pem --policy expected"
        ));
        verdict(&ran, 1, &format!("NOT TRUSTED: {reason}"));
    }
}
