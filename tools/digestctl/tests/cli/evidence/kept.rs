// SPDX-License-Identifier: GPL-2.0

//! What a verifier keeps: nothing that a machine still has is deleted from the repository, whatever
//! lies among the states, whoever says that he signed a newer list, and also on a full disk.

use std::fs;

use super::{
    named,
    prepared,
    rounds::{
        load,
        publish_edition,
        remove, //
    },
    sha256,
    signer,
    states::without_room,
    verdict,
    NONCE, //
};
use crate::Place;

/// A repository with three editions of one list, `list1` to `list3`.
pub(super) fn editions() -> Place {
    let place = Place::new();
    place.file("tree/a", "one");
    for serial in 1..=3 {
        place
            .run(&format!(
                "generate tree -o list{serial} --name n --serial {serial}"
            ))
            .good();
        place.run(&format!("repo add repo list{serial}")).good();
    }
    place
}

/// The digest of a file.
fn digest(place: &Place, name: &str) -> String {
    format!("sha256:{}", sha256(place.read(name)))
}

/// The state `directory/m` of a machine that has `list` in force.
fn state(place: &Place, directory: &str, list: &str) {
    let lists = format!("list\t{}\t1\t1\tn\tCN=a\n", digest(place, list));
    let (name, any) = (sha256(&lists), format!("sha256:{}", sha256("any")));
    place.file(&format!("{directory}/lists/{name}"), &lists);
    place.file(
        &format!("{directory}/m"),
        format!(
            "version=1\nak={any}\ninputs={any}\ncount=1\nreset_count=1\nrestart_count=0\nclock=1\n\
             pcr=12\nsha256={}\nlists=sha256:{name}\n",
            sha256("any")
        ),
    );
}

/// Where the repository has the file.
fn object(place: &Place, name: &str) -> String {
    let hex = sha256(place.read(name));
    let (first, rest) = hex.split_at(2);
    format!("repo/objects/sha256/{first}/{rest}")
}

#[test]
fn what_is_no_state_among_the_states_deletes_nothing() {
    let place = editions();
    state(&place, "states", "list1");
    state(&place, "others", "list2");
    let stays = |part: &str| {
        let ran = place.run("repo gc repo --states states");
        assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
        assert!(ran.err.contains(part), "{}", ran.err);
        for list in ["list1", "list2", "list3"] {
            assert!(place.has(&object(&place, list)), "{list}");
        }
    };
    // States that are a directory further down, and one that is on a disk that is not there.
    place.file("states/site/m", "");
    stays("states/site is a directory, and states in it would not count: name it with --states as");
    fs::remove_dir_all(place.path("states/site")).expect("removed");
    std::os::unix::fs::symlink("../gone/m", place.path("states/link")).expect("a link");
    stays("states/link");
    fs::remove_file(place.path("states/link")).expect("removed");
    // A directory with nothing in it has no states.
    fs::create_dir(place.path("states/lost+found")).expect("a directory");
    // States may be in more than one directory.
    place
        .run("repo gc repo --states states others")
        .good()
        .printed("0 files deleted\n");
    place
        .run("repo gc repo --states states")
        .good()
        .printed(&format!("{}\n1 file deleted\n", digest(&place, "list2")));
}

#[test]
fn a_full_disk_or_a_crash_while_files_are_deleted_leaves_a_repository_that_judges() {
    let Some(machine) = prepared() else { return };
    let place = &machine.place;
    place.file("bad/thing", "bad");
    for serial in [1, 2] {
        for line in [
            format!("generate bad --revoked -o gone{serial} --name gone --serial {serial}"),
            format!("sign gone{serial} --key alice.key --cert alice.pem"),
            format!("repo add repo gone{serial}"),
        ] {
            machine.digestctl(&line).good();
        }
    }
    fs::create_dir(place.path("states")).expect("a directory");
    let ran = without_room(&machine, "repo gc repo --states states");
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    verdict(&machine.verify("honest", ""), 0, "TRUSTED");
    assert!(place.has(&object(place, "gone1")));
    machine.digestctl("repo gc repo --states states").good();
    assert!(!place.has(&object(place, "gone1")));
    verdict(&machine.verify("honest", ""), 0, "TRUSTED");
}

#[test]
fn a_list_that_went_since_the_machine_was_started_stays_in_the_repository() {
    let Some(mut machine) = prepared() else {
        return;
    };
    verdict(&machine.verify("honest", "--state states/m"), 0, "TRUSTED");
    publish_edition(&machine);
    load(&machine, "metadata3");
    remove(&machine, "base");
    machine
        .attest("second", "--since 7 --metadata metadata3")
        .good();
    verdict(&machine.verify("second", "--state states/m"), 0, "TRUSTED");
    machine.digestctl("repo gc repo --states states").good();
    // What is expected changes, and so the whole list is asked for.
    let place = &machine.place;
    let expected = [&place.read("expected")[..], b"# changed\n"].concat();
    place.file("expected", expected);
    machine
        .attest("whole", "--seen seen --metadata metadata3")
        .good();
    verdict(&machine.verify("whole", "--state states/m"), 0, "TRUSTED");
    // Behind a restart it is needed no more.
    machine.reset();
    machine.boot("metadata3");
    machine
        .attest("third", "--seen seen --metadata metadata3")
        .good();
    verdict(&machine.verify("third", "--state states/m"), 0, "TRUSTED");
    machine
        .digestctl("repo gc repo --states states")
        .good()
        .printed("1 file deleted\n");
    assert!(!machine.place.has(&object(&machine.place, "base")));
}

#[test]
fn a_newer_edition_that_only_says_who_signed_it_deletes_no_list() {
    let place = Place::new();
    signer(&place, "alice");
    place.file("tree/a", "one");
    fs::create_dir(place.path("states")).expect("a directory");
    let text = std::process::Command::new("openssl")
        .args(["x509", "-noout", "-serial", "-in"])
        .arg(place.path("alice.pem"))
        .output()
        .expect("openssl runs");
    let text = String::from_utf8(text.stdout).expect("text");
    let number = text.trim().strip_prefix("serial=").expect("a number");
    // Another key whose certificate has the same name and number.
    place.openssl(&format!(
        "req -x509 -newkey rsa:2048 -nodes -days 3650 -sha256 -subj /CN=alice -keyout mallory.key \
         -out mallory.pem -addext keyUsage=digitalSignature,keyCertSign \
         -set_serial 0x{number}"
    ));
    for (list, serial, signer) in [("hers", 1, "alice"), ("forged", 9, "mallory")] {
        for line in [
            format!("generate tree -o {list} --name n --serial {serial}"),
            format!("sign {list} --key {signer}.key --cert {signer}.pem"),
            format!("repo add repo {list}"),
        ] {
            place.run(&line).good();
        }
    }
    // What signatures say is believed, and is not verified.
    place
        .run("repo gc repo --states states --dry-run")
        .good()
        .printed(&format!("{}\n1 file would", digest(&place, "hers")));
    place
        .run("repo gc repo --states states --trust alice.pem")
        .good()
        .printed("0 files deleted\n");
    for line in [
        "generate tree -o newer --name n --serial 2",
        "sign newer --key alice.key --cert alice.pem",
        "repo add repo newer",
    ] {
        place.run(line).good();
    }
    place
        .run("repo gc repo --states states --trust alice.pem")
        .good()
        .printed(&format!("{}\n1 file deleted\n", digest(&place, "hers")));
}

#[test]
fn a_file_of_the_repository_that_was_damaged_is_made_good_by_adding_it_again() {
    let place = editions();
    fs::create_dir(place.path("states")).expect("a directory");
    let damaged = object(&place, "list2");
    place.file(&damaged, "damaged");
    for line in [
        "repo list repo",
        "repo gc repo --states states",
        "repo add repo list1",
    ] {
        place.run(line).failed(&format!(
            "{damaged} has changed: its SHA-256 is not its name; add the file again (digestctl \
             repo add), or delete it if nobody has it"
        ));
    }
    let ran = place.run("repo add repo list2");
    assert_eq!(ran.code, 0, "{}", ran.err);
    place.run("repo list repo").good();
    // One that can be read by nobody else.
    fs::remove_file(place.path(&damaged)).expect("removed");
    fs::create_dir(place.path(&damaged)).expect("a directory");
    place.run("repo list repo").failed("cannot read");
}

#[test]
fn a_list_that_revokes_never_lies_in_the_repository_without_its_signature() {
    let Some(machine) = prepared() else { return };
    let place = &machine.place;
    place.file("bad/thing", "allowed");
    for line in [
        "generate bad --revoked -o gone",
        "sign gone --key alice.key --cert alice.pem",
    ] {
        machine.digestctl(line).good();
    }
    // The disk is full when the signature comes.
    let signature = format!("{}.p7s", object(place, "gone"));
    place.file(&format!("{signature}/any"), "");
    let ran = machine.digestctl("repo add repo gone");
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    let ran = machine.verify("honest", "");
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
    fs::remove_dir_all(place.path(&signature)).expect("removed");
    machine.digestctl("repo add repo gone").good();
    verdict(
        &machine.verify("honest", ""),
        1,
        "NOT TRUSTED: file-revoked",
    );
    // A machine that has used it is told by its record.
    machine.append(&named(super::digest_of("allowed"), "/opt/again"));
    let ran = machine.digestctl(&format!(
        "verify-evidence honest --nonce {NONCE} --ak ak.pem --repo repo --trust bob.pem \
         --policy expected"
    ));
    assert_eq!(ran.code, 1, "{}", ran.out);
}
