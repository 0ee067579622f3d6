// SPDX-License-Identifier: GPL-2.0

//! Lies of a machine whose root can extend any PCR and write any evidence, and honest machines that
//! look like liars.

use super::*;

/// A machine with a TPM on which `prepared` has run, and nothing was extended since its restart.
pub(super) fn restarted() -> Option<Machine> {
    let mut machine = prepared()?;
    machine.reset();
    Some(machine)
}

impl Machine {
    /// The record comes to the end of the list, with the number `pcr`, which is extended.
    fn append_to(&self, pcr: u32, record: &Record) {
        let mut line = record.line.clone();
        line[..4].copy_from_slice(&pcr.to_le_bytes());
        let list = [self.place.read("list"), line].concat();
        self.place.file("list", list);
        self.extend_pcr(pcr, record);
    }

    /// Judges NAME by the expectations of the tests and `more` lines.
    pub(super) fn expecting(&self, name: &str, more: &str) -> Ran {
        let expected = self.place.read("expected");
        let text = [&expected[..], more.as_bytes(), b"\n"].concat();
        self.place.file("expected-more", text);
        self.digestctl(&format!(
            "verify-evidence {name} --nonce {NONCE} --ak ak.pem --repo repo --trust alice.pem --policy expected-more"
        ))
    }
}

#[test]
fn a_list_that_root_made_up_in_a_pcr_that_nobody_uses_is_told() {
    let Some(machine) = restarted() else { return };
    let place = &machine.place;
    // The module's own records are in PCR 12, with a file that nobody knows.
    machine.boot("metadata");
    machine.append(&named(digest_of("evil"), "/evil"));
    // Root writes another list in PCR 13, which nothing has extended.
    let aggregate = sha256([0; 320]);
    machine
        .digestctl(&format!(
            "predict --rules rules --kernel 7.3.4 --pcr 13 --boot-aggregate sha256:{aggregate} --root . --list made-up metadata"
        ))
        .good();
    let list = place.read("made-up");
    place.file("list", "");
    for extend in digest_logic::evidence::records::Extends::new(&list) {
        let extend = extend.expect("a record");
        let record = Record {
            line: written(&extend),
            data: extend.data.to_vec(),
            violation: false,
        };
        machine.append_to(13, &record);
    }
    machine.attest("made-up.json", "--pcr 13").good();
    verdict(
        &machine.verify("made-up.json", ""),
        1,
        "NOT TRUSTED: setting",
    );
    verdict(&machine.expecting("made-up.json", "pcr=13"), 0, "TRUSTED");
}

#[test]
fn records_of_a_rules_own_pcr_count_if_that_is_expected_and_cannot_be_dropped() {
    let Some(machine) = restarted() else { return };
    let place = &machine.place;
    machine.boot("metadata");
    let before = place.read("list");
    machine.append_to(14, &named(digest_of("allowed"), "/opt/allowed"));
    machine.attest("all", "--pcr 14").good();
    verdict(&machine.verify("all", ""), 1, "NOT TRUSTED: pcr-unexpected");
    verdict(&machine.expecting("all", "rule_pcrs=14"), 0, "TRUSTED");
    place.file("list", before);
    machine.attest("dropped", "--pcr 14").good();
    verdict(
        &machine.expecting("dropped", "rule_pcrs=14"),
        1,
        "NOT TRUSTED: replay",
    );
    // Nor by leaving the PCR out of the quote.
    machine.attest("unquoted", "").good();
    verdict(
        &machine.expecting("unquoted", "rule_pcrs=14"),
        1,
        "NOT TRUSTED: pcr-unquoted",
    );
}

#[test]
fn own_records_in_another_pcr_than_the_lists_tell_nothing() {
    let Some(machine) = restarted() else { return };
    machine.boot("metadata");
    let base = format!("{}\n", digest_of(machine.place.read("base")));
    machine.append_to(14, &own("digest_lists_remove", &base));
    machine.attest("elsewhere", "--pcr 14").good();
    verdict(
        &machine.expecting("elsewhere", "rule_pcrs=14"),
        1,
        "NOT TRUSTED: file-unknown",
    );
}

#[test]
fn a_refusal_hides_no_policy_no_key_no_damage_and_no_list_that_nobody_vouches_for() {
    let Some(mut machine) = prepared() else {
        return;
    };
    for (name, data, reason) in [
        ("digest_lists_policy", "other", "policy"),
        ("digest_lists_key", "a key", "key-unknown"),
        (
            "digest_lists_corrupted",
            "sha256:00 removed\n",
            "lists-inconsistent, lists-corrupted",
        ),
    ] {
        machine.reset();
        machine.boot("metadata");
        machine.append(&own(name, data));
        machine.append(&named(digest_of(data), "digest_lists_refused"));
        machine.attest("refused", "").good();
        verdict(
            &machine.verify("refused", ""),
            1,
            &format!("NOT TRUSTED: {reason}"),
        );
    }
    // A list by a signer of the machine that the verifier does not trust was in force.
    machine.reset();
    let place = &machine.place;
    place.file("evil/tool", "an evil tool");
    machine.digestctl("generate evil -o bad").good();
    machine
        .digestctl("sign bad --key bob.key --cert bob.pem")
        .good();
    machine
        .digestctl("metadata --root . bad -o bad.metadata")
        .good();
    machine.digestctl("repo add repo bad").good();
    machine.boot("metadata bad.metadata");
    machine.append(&named(
        digest_of(place.read("bad.metadata")),
        "digest_lists_refused",
    ));
    machine.attest("refused", "--metadata bad.metadata").good();
    verdict(
        &machine.verify("refused", ""),
        1,
        "NOT TRUSTED: list-signature",
    );
}

#[test]
fn a_refusal_of_what_no_record_tells_of_is_told() {
    let Some(machine) = restarted() else { return };
    machine.boot("metadata");
    machine.append(&named(digest_of("nothing"), "digest_lists_refused"));
    machine.attest("refused", "").good();
    verdict(
        &machine.verify("refused", ""),
        1,
        "NOT TRUSTED: lists-inconsistent",
    );
}

#[test]
fn what_is_remembered_of_a_machine_cannot_be_left_behind_by_another_form_of_its_key() {
    let Some(mut machine) = prepared() else {
        return;
    };
    verdict(&machine.verify("honest", "--state states/m"), 0, "TRUSTED");
    machine.reset();
    machine.digestctl("repo add repo base1").good();
    machine.boot("update.metadata");
    machine.attest("older", "").good();
    for form in ["size", "policy", "name"] {
        machine.changed("older", "other-form", |evidence| {
            let mut public = unbase64(evidence["ak"]["public"].as_str().expect("text"));
            match form {
                "size" => {
                    let size = u16::try_from(public.len()).expect("short").to_be_bytes();
                    public.splice(..0, size);
                }
                // A policy of use where there is none.
                "policy" => {
                    assert_eq!(public[8..10], [0, 0]);
                    public.splice(8..10, [0, 1, 0]);
                }
                // SHA-384 as the hash of the name.
                _ => public[3] = 0x0c,
            }
            evidence["ak"]["public"] = base64(&public).into();
        });
        verdict(
            &machine.verify("other-form", "--state states/m"),
            1,
            "NOT TRUSTED: list-rollback",
        );
    }
}

#[test]
fn another_machine_with_a_certified_key_does_not_stand_for_the_one_that_is_remembered() {
    let Some(machine) = prepared() else { return };
    let place = &machine.place;
    machine.make_ak("other", "0x81010003", "ecc", "ecdsa");
    place.openssl("req -newkey rsa:2048 -nodes -subj /CN=ak -keyout any.key -out any.csr");
    place.file("purpose", "extendedKeyUsage=2.23.133.8.3\n");
    for (name, handle) in [("ak", AK), ("other", "0x81010003")] {
        place.openssl(&format!("x509 -req -in any.csr -force_pubkey {name}.pem -CA bob.pem -CAkey bob.key -days 300 -extfile purpose -outform DER -out {name}.der"));
        machine
            .digestctl(&format!(
                "attest --nonce {NONCE} --ak {handle} --list list --metadata metadata --seen seen --firmware-log none -o by-{name}"
            ))
            .good();
        let certificate = base64(&place.read(&format!("{name}.der")));
        machine.changed(&format!("by-{name}"), &format!("by-{name}"), |evidence| {
            evidence["ak"]["certificate"] = certificate.into();
        });
    }
    for (name, line) in [("ak", "TRUSTED"), ("other", "NOT TRUSTED: ak-other")] {
        let ran = machine.digestctl(&format!(
            "verify-evidence by-{name} --nonce {NONCE} --ak-cert bob.pem --repo repo --trust alice.pem --policy expected --state states/m"
        ));
        is_judged(&ran, line);
    }
}

#[test]
fn no_text_of_the_evidence_reaches_the_terminal_with_control_characters() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    for text in [
        "{\"\\u001b[2JTRUSTED\\n\": 1}",
        "{\"version\": \"\\u001b[2J\\u202eTRUSTED\"}",
    ] {
        machine.place.file("escapes", text);
        let ran = machine.verify("escapes", "");
        verdict(&ran, 2, "NOT JUDGED: evidence-malformed");
        assert!(!ran.out.contains(['\x1b', '\u{202e}']), "{:?}", ran.out);
        assert!(!ran.out.contains("\nTRUSTED"), "{:?}", ran.out);
    }
}

/// A list with `count` records behind `before`, in batches of one extend each.
fn batches(before: &[u8], records: &[Record]) -> (Vec<u8>, Vec<Record>) {
    let mut list = before.to_vec();
    let mut extends = Vec::new();
    for members in records.chunks(64) {
        let data: Vec<u8> = members.iter().flat_map(|it| it.line.clone()).collect();
        let digest = Digest::parse(&format!("sha1:{}", hash("sha1", &data))).expect("a digest");
        let mut line = Bytes::default();
        write_binary(12, &digest, "digest-batch", &data, &mut line).expect("a record");
        list.extend(&line.0);
        extends.push(Record {
            line: line.0,
            data,
            violation: false,
        });
    }
    (list, extends)
}

/// Appends the records to the machine's list, in batches of one extend each.
pub(super) fn append_all(machine: &Machine, records: &[Record]) {
    let (list, extends) = batches(&machine.place.read("list"), records);
    for some in extends.chunks(10) {
        let words = some.iter().map(|extend| Machine::extension(12, extend));
        let words: Vec<_> = words.collect();
        machine.tools(&format!("pcrextend {}", words.join(" ")));
    }
    machine.place.file("list", list);
}

/// As many records as 1500 batches hold.
fn repeated(record: &Record) -> Vec<Record> {
    let copy = || Record {
        line: record.line.clone(),
        data: record.data.clone(),
        violation: false,
    };
    (0..64 * 1500).map(|_| copy()).collect()
}

#[test]
fn many_loads_of_large_metadata_are_judged_in_a_time_that_grows_as_the_list() {
    let Some(machine) = restarted() else { return };
    let place = &machine.place;
    machine.boot("metadata");
    machine.attest("short", "").good();
    let load = named(digest_of("large"), "digest_lists_metadata");
    // Behind a start that is not the one that was extended: a cause is looked for.
    let mut before = place.read("list");
    let at = before.windows(5).position(|part| part == b"7.3.4");
    before[at.expect("there")] = b'8';
    let (list, _) = batches(&before, &repeated(&load));
    let large = base64(&vec![b'x'; 8 << 20]);
    machine.changed("short", "loads", |evidence| {
        evidence["metadata"][sha256("large")] = large.into();
        evidence["log"]["records"] = base64(&list).into();
    });
    // Under the limit of `Machine::digestctl()`.
    let ran = machine.verify("loads", "");
    assert_eq!(ran.code, 1, "{}", ran.out);
}

#[test]
fn many_refusals_are_judged_in_a_time_that_grows_as_the_list() {
    let Some(machine) = restarted() else { return };
    machine.boot("metadata");
    let refusal = named(digest_of("nothing"), "digest_lists_refused");
    append_all(&machine, &repeated(&refusal));
    machine.attest("refusals", "").good();
    // Under the limit of `Machine::digestctl()`.
    let ran = machine.verify("refusals", "");
    verdict(&ran, 1, "NOT TRUSTED: lists-inconsistent");
}

#[test]
fn a_checkpoint_that_resets_hides_no_use_where_evidence_of_use_is_required() {
    let Some(machine) = restarted() else { return };
    let place = &machine.place;
    machine.boot("metadata");
    let (base, old) = (digest_of(place.read("base")), digest_of(place.read("old")));
    let used = format!("{base} 2 03\n{old} 1 00\n");
    machine.append(&own(
        "digest_lists_checkpoint",
        &format!("sha256:{} {} reset\n", sha256(&used), used.len()),
    ));
    place.file("seen", format!("{base} 2 00\n{old} 1 00\n"));
    machine.append(&checkpoint(place));
    machine.attest("reset", "--seen seen").good();
    verdict(
        &machine.expecting("reset", "evidence_of_use=required"),
        1,
        "NOT TRUSTED: seen-missing",
    );
    let ran = machine.verify("reset", "");
    verdict(&ran, 0, "TRUSTED");
    ran.printed("note: what was used before the checkpoint of record 3 is not told");
}

#[test]
fn evidence_of_use_has_each_list_in_force_once() {
    let Some(mut machine) = prepared() else {
        return;
    };
    for (lines, line) in [
        ("bol", "TRUSTED"),
        // The last load may still go on.
        ("bo", "TRUSTED"),
        ("bl", "NOT TRUSTED: lists-inconsistent"),
        ("bolb", "NOT TRUSTED: lists-inconsistent"),
    ] {
        machine.reset();
        let place = &machine.place;
        machine
            .digestctl("metadata --root . later -o later.metadata")
            .good();
        machine.boot("metadata later.metadata");
        let [base, old, later] = ["base", "old", "later"].map(|name| digest_of(place.read(name)));
        let text: String = lines
            .chars()
            .map(|list| match list {
                'b' => format!("{base} 2 00\n"),
                'o' => format!("{old} 1 00\n"),
                _ => format!("{later} 1 00\n"),
            })
            .collect();
        place.file("seen", text);
        machine.append(&checkpoint(place));
        machine
            .attest("used", "--seen seen --metadata later.metadata")
            .good();
        is_judged(&machine.verify("used", ""), line);
    }
}

#[test]
fn a_machine_that_measures_its_lists_and_its_policy_as_well_is_trusted() {
    let Some(machine) = restarted() else { return };
    let place = &machine.place;
    machine.boot("metadata");
    let policy = String::from_utf8(place.read("rules")).expect("text");
    machine.append(&own("digest_lists", &policy));
    machine.append(&named(
        digest_of(place.read("base")),
        "/etc/digest_lists/base",
    ));
    machine.append(&named(
        digest_of(place.read("later")),
        "/etc/digest_lists/later",
    ));
    machine.attest("measures", "").good();
    verdict(&machine.verify("measures", ""), 0, "TRUSTED");
    // Another policy under this name is nothing that anybody vouches for.
    machine.append(&own("digest_lists", "another policy"));
    machine.attest("another", "").good();
    verdict(
        &machine.verify("another", ""),
        1,
        "NOT TRUSTED: file-unknown",
    );
}

#[test]
fn a_name_that_the_module_gives_its_own_records_hides_no_data() {
    let Some(mut machine) = prepared() else {
        return;
    };
    for name in [
        "boot_aggregate_late",
        "digest_lists_tpm",
        "digest_lists_refused",
        "digest_lists_metadata",
    ] {
        machine.reset();
        machine.boot("metadata");
        // A key on a keyring of this name.
        machine.append(&own(name, "a certificate"));
        assert_eq!(machine.attest("imitation", "").code, 0);
        verdict(
            &machine.verify("imitation", ""),
            1,
            "NOT TRUSTED: file-unknown",
        );
    }
}

#[test]
fn a_second_start_within_the_batch_of_the_first_is_told() {
    let Some(machine) = restarted() else { return };
    let place = &machine.place;
    machine.boot("");
    let list = place.read("list");
    let all: Vec<_> = digest_logic::evidence::records::Extends::new(&list)
        .map(|extend| extend.expect("a record"))
        .map(|extend| Record {
            line: written(&extend),
            data: extend.data.to_vec(),
            violation: false,
        })
        .collect();
    let mut machine = machine;
    machine.reset();
    let start = |record: &Record| Record {
        line: record.line.clone(),
        data: record.data.clone(),
        violation: false,
    };
    machine.append(&all[0]);
    let (list, extends) = batches(
        &machine.place.read("list"),
        &[start(&all[1]), start(&all[1])],
    );
    machine.extend(&extends[0]);
    machine.place.file("list", list);
    machine.attest("twice", "").good();
    verdict(&machine.verify("twice", ""), 1, "NOT TRUSTED: log-start");
}

#[test]
fn a_key_in_the_form_of_tpm2_tools_has_to_be_an_attestation_key() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let honest: Value = serde_json::from_slice(&machine.place.read("honest")).expect("JSON");
    let mut public = unbase64(honest["ak"]["public"].as_str().expect("text"));
    machine.place.file("ak.tss", public.clone());
    let by = |ak: &str| {
        machine.digestctl(&format!(
            "verify-evidence honest --nonce {NONCE} --ak {ak} --repo repo --trust alice.pem --policy expected"
        ))
    };
    verdict(&by("ak.tss"), 0, "TRUSTED");
    // The attribute `restricted`.
    public[5] &= !1;
    machine.place.file("any.tss", public);
    assert_eq!(by("any.tss").code, 2);
}

#[test]
fn a_nonce_that_is_too_short_to_be_new_is_refused() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let ran = machine.digestctl(
        "verify-evidence honest --nonce 0011223344 --ak ak.pem --repo repo --trust alice.pem --policy expected",
    );
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("--nonce"), "{}", ran.err);
}

#[test]
fn a_quote_without_the_pcrs_of_the_boot_says_nothing_of_the_boot() {
    let Some(machine) = restarted() else { return };
    let place = &machine.place;
    machine.boot("metadata");
    machine.attest("honest.json", "").good();
    // Root leaves them out.
    let selection = BANKS.map(|bank| format!("{bank}:12")).join("+");
    machine.tools(&format!(
        "quote -Q -c {AK} -l {selection} -q {NONCE} -g sha256 -m attested -s signed"
    ));
    machine.changed("honest.json", "less.json", |evidence| {
        evidence["quote"]["attest"] = base64(&place.read("attested")).into();
        evidence["quote"]["signature"] = base64(&place.read("signed")).into();
        for bank in BANKS {
            let values = evidence["quote"]["pcrs"][bank].as_object_mut();
            values
                .expect("values of a bank")
                .retain(|number, _| number == "12");
        }
    });
    let ran = machine.verify("less.json", "");
    verdict(&ran, 1, "NOT TRUSTED: boot-aggregate");
    let ran = machine.expecting("less.json", "boot_aggregate=optional");
    verdict(&ran, 0, "TRUSTED");
}

#[test]
fn a_repository_that_has_lost_a_list_that_revokes_judges_nothing() {
    let Some(machine) = restarted() else { return };
    let place = &machine.place;
    machine.boot("metadata");
    machine.attest("honest.json", "").good();
    verdict(&machine.verify("honest.json", ""), 0, "TRUSTED");
    let lost = format!("sha256:{}\n", "5a".repeat(32));
    place.file("repo/revocations", lost);
    let ran = machine.verify("honest.json", "");
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("which revokes"), "{}", ran.err);
}

#[test]
fn records_that_share_an_extend_count_once_in_evidence_of_a_given_list() {
    let Some(machine) = restarted() else { return };
    let place = &machine.place;
    machine.boot("metadata");
    let before = place.read("list");
    let count = digest_logic::evidence::records::Extends::new(&before).count();
    let record = |name: &str| named(digest_of("allowed"), name);
    let (list, extends) = batches(&before, &[record("/opt/one"), record("/opt/two")]);
    place.file("list", list);
    machine.extend(&extends[0]);
    machine.attest("batch", "").good();
    let evidence: Value = serde_json::from_slice(&place.read("batch")).expect("JSON");
    assert_eq!(evidence["status"]["records"], (count + 1).to_string());
    verdict(&machine.verify("batch", ""), 0, "TRUSTED");
}
