// SPDX-License-Identifier: GPL-2.0

//! Honest machines that a verifier could take for others: an update is going on while they attest,
//! the TPM began anew without a reset, evidence comes late; and what a person is told to do.

use std::{
    process::Command,
    time::{
        SystemTime,
        UNIX_EPOCH, //
    }, //
};

use super::{
    checkpoint,
    digest_of,
    lies::{
        append_all,
        restarted, //
    },
    named,
    prepared,
    rounds::{
        load,
        publish_edition,
        remove, //
    },
    shared,
    states::rounds,
    verdict,
    NONCE, //
};

#[test]
fn a_checkpoint_while_an_edition_is_replaced_makes_no_rollback() {
    let Some(machine) = prepared() else { return };
    let place = &machine.place;
    verdict(&machine.verify("honest", "--state states/m"), 0, "TRUSTED");
    publish_edition(&machine);
    // The module records the load, reads the lists, and records the removal of the older one. A
    // checkpoint, such as that of `attest`, waits for none of it.
    load(&machine, "metadata3");
    let base = digest_of(place.read("base"));
    place.file("seen", format!("{base} 2 01\n"));
    machine.append(&checkpoint(place));
    let more = "--seen seen --metadata metadata3";
    machine
        .attest("second", &format!("--since 7 {more}"))
        .good();
    let ran = machine.verify("second", "--state states/m");
    verdict(&ran, 0, "TRUSTED");
    ran.printed("lists: 2\n");
    // Behind anything else that is loaded or removed it counts.
    load(&machine, "metadata3");
    machine.attest("whole", more).good();
    verdict(
        &machine.verify("whole", ""),
        1,
        "NOT TRUSTED: list-rollback",
    );
    remove(&machine, "base");
    machine.attest("third", &format!("--since 9 {more}")).good();
    let ran = machine.verify("third", "--state states/m");
    verdict(&ran, 0, "TRUSTED");
    ran.printed("lists: 1\n");
}

#[test]
fn a_tpm_that_begins_anew_without_a_reset_is_told_as_a_restart() {
    let Some(mut machine) = prepared() else {
        return;
    };
    verdict(&machine.verify("honest", "--state states/m"), 0, "TRUSTED");
    // The machine slept, and lost its power meanwhile: PCRs begin anew, and the counter of resets
    // stays as it is.
    machine.restart();
    machine.boot("metadata");
    for number in 0..5 {
        machine.append(&named(digest_of("allowed"), &format!("/opt/{number}")));
    }
    machine.attest("second", "--since 7").good();
    let ran = machine.verify("second", "--state states/m");
    verdict(&ran, 2, "NOT JUDGED: reset");
    machine.attest("whole", "").good();
    let ran = machine.verify("whole", "--state states/m");
    verdict(&ran, 0, "TRUSTED");
}

#[test]
fn a_round_is_not_before_its_evidence_came() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let program = assert_cmd::cargo::cargo_bin!("digestctl");
    let line = format!(
        "(sleep 3; date +%s >late-time; cat honest) | {} verify-evidence - --nonce {NONCE} --ak \
         ak.pem --repo repo --trust alice.pem --policy expected --state late-state/m",
        program.display()
    );
    let ran = Command::new("sh")
        .current_dir(machine.place.path("."))
        .args(["-c", &line])
        .output()
        .expect("sh runs");
    assert!(ran.status.success(), "{ran:?}");
    let came = String::from_utf8(machine.place.read("late-time")).expect("text");
    let came: i64 = came.trim().parse().expect("a number");
    let [(_, at)] = rounds(machine, "late-state/m")[..] else {
        panic!("{:?}", rounds(machine, "late-state/m"));
    };
    assert!(at >= came, "{at} {came}");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("later");
    assert!(at <= i64::try_from(now.as_secs()).expect("a time"));
}

#[test]
fn who_gets_evidence_by_another_key_is_not_told_to_forget_the_machine() {
    let Some(machine) = prepared() else { return };
    machine.make_ak("other", "0x81010003", "ecc", "ecdsa");
    verdict(&machine.verify("honest", "--state states/m"), 0, "TRUSTED");
    let state = machine.place.read("states/m");
    machine
        .digestctl(&format!(
            "attest --nonce {NONCE} --ak 0x81010003 --list list --metadata metadata --seen seen \
             --firmware-log none -o by-other"
        ))
        .good();
    let ran = machine.digestctl(&format!(
        "verify-evidence by-other --nonce {NONCE} --ak other.pem --repo repo --trust alice.pem \
         --policy expected --state states/m"
    ));
    verdict(&ran, 1, "NOT TRUSTED: ak-other");
    assert!(!ran.out.contains("delete"), "{}", ran.out);
    ran.printed(
        "  ak-other: the key is not the one of the last round\n    what to do: find out why: \
         another machine may answer for this one. If its TPM was replaced or cleared, enrol it \
         again, and name another file with --state. Keep the old one: the least serial numbers of \
         lists are remembered there alone (floor= names them)\n",
    );
    assert_eq!(machine.place.read("states/m"), state);
}

#[test]
fn a_state_by_a_newer_digestctl_is_for_that_one() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let newer = "version=3\ndigestctl=9.8.7\nelse=1\n";
    machine.place.file("newer-state/m", newer);
    let ran = machine.verify("honest", "--state newer-state/m");
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
    assert!(
        !ran.err.contains("delete") && !ran.err.contains("backup"),
        "{}",
        ran.err
    );
    assert!(
        ran.err.contains(
            "newer-state/m: the state has version 3, by digestctl 9.8.7, and digestctl 0.1.0 reads 1 \
             and 2: judge the machine by digestctl 9.8.7 or newer\n"
        ),
        "{}",
        ran.err
    );
}

#[test]
fn many_loads_of_many_lists_are_judged_in_a_time_that_grows_as_the_list() {
    const LISTS: u64 = 3000;
    let Some(machine) = restarted() else { return };
    let place = &machine.place;
    let first: u64 = 0x0123_4567_89ab_0000;
    machine
        .digestctl(&format!(
            "generate tree -o many --name many --serial {first}"
        ))
        .good();
    let many = place.read("many");
    let at = many
        .windows(8)
        .position(|part| part == first.to_le_bytes())
        .expect("the serial number");
    let mut allowed = String::new();
    let mut names = Vec::new();
    for number in 0..LISTS {
        let mut list = many.clone();
        list[at..at + 8].copy_from_slice(&(first + number).to_le_bytes());
        // Each has a name of its own, or the newer ones would be updates.
        let name = format!("{number:04}");
        let text = list.windows(4).position(|part| part == b"many");
        let text = text.expect("the name");
        list[text..text + 4].copy_from_slice(name.as_bytes());
        let path = format!("lists/{name}");
        allowed += &format!("allow_list={}\n", digest_of(&list));
        place.file(&path, list);
        names.push(path);
    }
    let names = names.join(" ");
    machine
        .digestctl(&format!("metadata --root . {names} -o large"))
        .good();
    machine.digestctl(&format!("repo add repo {names}")).good();
    machine.boot("metadata");
    let large = digest_of(place.read("large"));
    let loads: Vec<_> = (0..64 * 60)
        .map(|_| named(large, "digest_lists_metadata:/large"))
        .collect();
    append_all(&machine, &loads);
    machine.attest("loads", "--metadata large").good();
    let expected = [&place.read("expected")[..], allowed.as_bytes()].concat();
    place.file("allowing", expected);
    let begun = std::time::Instant::now();
    // Under the limit of `Machine::digestctl()`.
    let ran = machine.digestctl(&format!(
        "verify-evidence loads --nonce {NONCE} --ak ak.pem --repo repo --trust alice.pem \
         --policy allowing"
    ));
    println!("{:?}", begun.elapsed());
    verdict(&ran, 0, "TRUSTED");
    ran.printed(&format!("lists: {}\n", LISTS + 2));
}

#[test]
fn a_module_that_was_loaded_again_is_told_as_that() {
    let Some(machine) = prepared() else { return };
    let place = &machine.place;
    let expected = [
        &place.read("expected")[..],
        b"allow_unload=0\nallow_unload=1\n",
    ]
    .concat();
    place.file("expected", expected);
    verdict(&machine.verify("honest", "--state states/m"), 0, "TRUSTED");
    super::odd::again(&machine, "allow_unload=0\n", "allow_unload=1\n");
    machine.attest("again", "").good();
    let ran = machine.verify("again", "--state states/m");
    verdict(&ran, 1, "NOT TRUSTED: start-values");
    ran.printed(
        "the TPM was not reset since the last round: the module was unloaded and loaded again, or \
         the machine was started by kexec",
    )
    .printed("if it was started by kexec or its module was loaded again;");
}

#[test]
fn editions_by_two_who_sign_as_ima_does_have_serial_numbers_of_their_own() {
    let Some(machine) = restarted() else { return };
    let place = &machine.place;
    let request = "req -x509 -newkey rsa:2048 -nodes -days 3000 -addext keyUsage=digitalSignature";
    let purpose = "-addext extendedKeyUsage=2.25.143659338753134025303514290992400176090";
    for (name, serial) in [("carol", 9), ("dave", 1)] {
        place.openssl(&format!(
            "{request} {purpose} -subj /CN={name} -keyout {name}.key -out {name}.pem"
        ));
        machine
            .digestctl(&format!(
                "generate tree -o by-{name} --name n --serial {serial}"
            ))
            .good();
        place.openssl(&format!(
            "dgst -sha256 -sign {name}.key -out value by-{name}"
        ));
        let header = [3, 2, 4, 0, 0, 0, 0, 1, 0];
        let signature = [&header[..], &place.read("value")].concat();
        place.file(&format!("by-{name}.sig"), signature);
        machine
            .digestctl(&format!("repo add repo by-{name}"))
            .good();
    }
    for line in [
        "metadata --root . by-carol -o metadata-carol",
        "metadata --root . by-dave -o metadata-dave",
    ] {
        machine.digestctl(line).good();
    }
    machine.boot("metadata-carol metadata-dave");
    machine
        .attest("both", "--metadata metadata-carol --metadata metadata-dave")
        .good();
    let ran = machine.verify("both", "--trust carol.pem --trust dave.pem");
    verdict(&ran, 0, "TRUSTED");
    ran.printed("  n serial 9 (2 digests), IMA signature by CN=carol\n")
        .printed("  n serial 1 (2 digests), IMA signature by CN=dave\n");
}
