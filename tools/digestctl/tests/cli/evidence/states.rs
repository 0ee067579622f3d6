// SPDX-License-Identifier: GPL-2.0

//! What is remembered of a machine: since when records are there, and that no state that is old, of
//! another version, damaged or of another machine makes a verdict.

use std::{
    fs,
    process::Command, //
};

use serde_json::Value;

use super::{
    digest_of,
    named,
    prepared,
    sha256,
    shared,
    verdict,
    Machine,
    NONCE, //
};
use crate::Ran;

/// The lines of a state without when the rounds were.
pub(super) fn judged(state: &[u8]) -> Vec<String> {
    let text = String::from_utf8(state.to_vec()).expect("text");
    let lines = text.lines();
    lines
        .filter(|line| !line.starts_with("rounds=") && !line.starts_with("end="))
        .map(str::to_owned)
        .collect()
}

/// The lines of a state, with their digest behind them.
fn ended(lines: &[String]) -> String {
    let text: String = lines
        .iter()
        .flat_map(|line| [line.as_str(), "\n"])
        .collect();
    let end = &sha256(&text)[..16];
    format!("{text}end={end}\n")
}

/// Changes the lines of the state at `path`, as if digestctl had written it so.
fn rewrite(machine: &Machine, path: &str, change: impl FnOnce(&mut Vec<String>)) {
    let text = String::from_utf8(machine.place.read(path)).expect("text");
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    let end = lines.pop().expect("a last line");
    assert!(end.starts_with("end="), "{text}");
    change(&mut lines);
    machine.place.file(path, ended(&lines));
}

/// The numbers of records and the times of a state.
pub(super) fn rounds(machine: &Machine, path: &str) -> Vec<(u64, i64)> {
    let text = String::from_utf8(machine.place.read(path)).expect("text");
    let line = text.lines().find_map(|line| line.strip_prefix("rounds="));
    let words = line.expect("rounds").split(' ').skip(3);
    let rounds = words.map(|word| {
        let (count, time) = word.split_once('@').expect("two numbers");
        (
            count.parse().expect("a number"),
            time.parse().expect("a number"),
        )
    });
    rounds.collect()
}

/// The last round of the state was so many days before.
fn age(machine: &Machine, path: &str, days: i64) {
    let mut all = rounds(machine, path);
    if let Some(last) = all.last_mut() {
        last.1 -= days * 86_400;
    }
    let words: Vec<_> = all
        .iter()
        .map(|(count, time)| format!(" {count}@{time}"))
        .collect();
    let text = words.concat();
    rewrite(machine, path, |lines| {
        let line = lines.iter_mut().find(|line| line.starts_with("rounds="));
        let line = line.expect("rounds");
        let kept: Vec<_> = line.split(' ').take(3).collect();
        *line = kept.join(" ") + &text;
    });
}

/// A time as verdicts have it.
fn shown(time: i64) -> String {
    let ran = Command::new("date")
        .args(["-u", "-d", &format!("@{time}"), "+%Y-%m-%dT%H:%M:%SZ"])
        .output()
        .expect("date runs");
    String::from_utf8(ran.stdout)
        .expect("text")
        .trim()
        .to_owned()
}

fn value(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).expect("JSON")
}

/// An unknown file is used, and the whole list is judged with the state `m`.
fn strange(machine: &Machine, name: &str) -> Ran {
    machine.append(&named(digest_of(name), &format!("/tmp/{name}")));
    machine.attest(name, "--seen seen").good();
    let ran = machine.verify(name, "--state states/m");
    verdict(&ran, 1, "NOT TRUSTED: file-unknown");
    ran
}

#[test]
fn the_verdict_says_since_which_round_a_file_is_unknown() {
    let Some(machine) = prepared() else { return };
    verdict(&machine.verify("honest", "--state states/m"), 0, "TRUSTED");
    let trusted = judged(&machine.place.read("states/m"));
    age(&machine, "states/m", 3);
    strange(&machine, "first");
    age(&machine, "states/m", 2);
    let ran = strange(&machine, "second");
    let [(7, old), (8, first), (9, second)] = rounds(&machine, "states/m")[..] else {
        panic!("{:?}", rounds(&machine, "states/m"));
    };
    let [old, first, second] = [old, first, second].map(shown);
    ran.printed(&format!(
        "  file-unknown: record 7: /tmp/first {}\n    since the round of {first}, not at that of \
         {old}\n  file-unknown: record 8: /tmp/second {}\n    since the round of {second}, not at \
         that of {first}\n",
        digest_of("first"),
        digest_of("second")
    ));
    // What was judged stays as it was, and the next round may begin there.
    assert_eq!(judged(&machine.place.read("states/m")), trusted);
    machine.attest("later", "--since 7 --seen seen").good();
    let told = value(&machine.verify("later", "--state states/m --json"));
    let unknown = &told["findings"][1];
    assert_eq!(unknown["since"]["after"], first);
    assert_eq!(unknown["since"]["by"], second);
    assert_eq!(told["files"][1]["since"], unknown["since"]);
    machine
        .verify("later", "--state states/m --explain /tmp/first")
        .printed(&format!(
            "is unknown, since the round of {first}, not at that of {old}\n"
        ));
    // Nothing is said of times without a state.
    let whole = value(&machine.verify("second", "--json"));
    assert_eq!(whole["findings"][0]["since"], Value::Null);

    // Evidence of before is no round after that of now.
    let before = rounds(&machine, "states/m");
    machine.verify("first", "--state states/m");
    assert_eq!(rounds(&machine, "states/m"), before);
}

#[test]
fn the_first_round_of_a_machine_that_is_not_trusted_is_remembered_and_judges_nothing() {
    let Some(machine) = prepared() else { return };
    let place = &machine.place;
    let ran = strange(&machine, "strange");
    let [(8, first)] = rounds(&machine, "states/m")[..] else {
        panic!("{:?}", rounds(&machine, "states/m"));
    };
    ran.printed(&format!(
        "    since the round of {} or before\n",
        shown(first)
    ));
    let lines = judged(&place.read("states/m"));
    assert_eq!(lines[0], "version=2");
    assert_eq!(lines[3..], ["count=0"]);
    age(&machine, "states/m", 1);
    // Another key is not kept out by it, and gets no times of it.
    machine.make_ak("other", "0x81010003", "ecc", "ecdsa");
    machine
        .digestctl(&format!(
            "attest --nonce {NONCE} --ak 0x81010003 --list list --metadata metadata --metadata \
             update.metadata --seen seen --firmware-log none -o by-other"
        ))
        .good();
    place.file("states/other", place.read("states/m"));
    let ran = machine.digestctl(&format!(
        "verify-evidence by-other --nonce {NONCE} --ak other.pem --repo repo --trust alice.pem \
         --policy expected --state states/other"
    ));
    verdict(&ran, 1, "NOT TRUSTED: file-unknown");
    assert!(rounds(&machine, "states/other")[0].1 > first - 1);
    // It is no round of which the next one goes on.
    machine.attest("on", "--since 8 --seen seen").good();
    let ran = machine.verify("on", "--state states/m");
    verdict(&ran, 2, "NOT JUDGED: needs-whole-list");
    // When the file is allowed, the machine is remembered as trusted, and with its first round.
    let allow = format!("\nallow={}\n", digest_of("strange"));
    place.file(
        "expected",
        [&place.read("expected")[..], allow.as_bytes()].concat(),
    );
    verdict(&machine.verify("strange", "--state states/m"), 0, "TRUSTED");
    assert_eq!(rounds(&machine, "states/m"), [(8, first - 86_400)]);
    assert!(judged(&place.read("states/m")).contains(&"count=8".to_owned()));
}

#[test]
fn a_restart_or_a_list_that_is_another_one_has_no_times_of_before() {
    let Some(mut machine) = prepared() else {
        return;
    };
    strange(&machine, "strange");
    age(&machine, "states/m", 1);
    machine.reset();
    machine.boot("metadata");
    machine.place.file("seen", "");
    let ran = strange(&machine, "again");
    assert!(!ran.out.contains(", not at that of"), "{}", ran.out);
    let [(4, _)] = rounds(&machine, "states/m")[..] else {
        panic!("{:?}", rounds(&machine, "states/m"));
    };
    // Another value of the PCR behind as many records.
    age(&machine, "states/m", 1);
    rewrite(&machine, "states/m", |lines| {
        let line = lines.iter_mut().find(|line| line.starts_with("rounds="));
        let line = line.expect("rounds");
        let value = line.split(' ').nth(2).expect("a value").to_owned();
        *line = line.replace(&value, &digest_of("another").to_string());
    });
    let ran = strange(&machine, "third");
    assert!(!ran.out.contains(", not at that of"), "{}", ran.out);
    assert_eq!(rounds(&machine, "states/m").len(), 1);
}

#[test]
fn many_rounds_leave_the_first_time_and_a_small_state() {
    let Some(machine) = prepared() else { return };
    verdict(&machine.verify("honest", "--state states/m"), 0, "TRUSTED");
    age(&machine, "states/m", 40);
    strange(&machine, "strange0");
    age(&machine, "states/m", 30);
    let [(7, old), (8, first)] = rounds(&machine, "states/m")[..] else {
        panic!("{:?}", rounds(&machine, "states/m"));
    };
    for number in 1..14 {
        let ran = strange(&machine, &format!("strange{number}"));
        age(&machine, "states/m", 30 - number);
        ran.printed(&format!(
            "/tmp/strange0 {}\n    since the round of {}, not at that of {}\n",
            digest_of("strange0"),
            shown(first),
            shown(old)
        ));
        // What is not exact any more is still true.
        let told = value(&machine.verify(&format!("strange{number}"), "--state states/m --json"));
        for (place, finding) in told["findings"]
            .as_array()
            .expect("findings")
            .iter()
            .enumerate()
        {
            assert_eq!(finding["record"], 7 + place);
            let came = shown(first + i64::try_from(place).expect("small") * 86_400);
            let day = |key: &str| {
                finding["since"][key]
                    .as_str()
                    .map(|day| day[..10].to_owned())
            };
            assert!(
                day("by").expect("a time").as_str() >= &came[..10],
                "{finding}"
            );
            assert!(
                day("after").expect("a time").as_str() < &came[..10],
                "{finding}"
            );
        }
        assert!(rounds(&machine, "states/m").len() <= 8);
        assert!(machine.place.read("states/m").len() <= 1024);
    }
}

/// A state with numbers and rounds as large as they can be.
#[test]
fn the_largest_state_is_no_larger_than_a_kilobyte_and_forgets_times_for_it() {
    let Some(machine) = prepared() else { return };
    verdict(&machine.verify("honest", "--state states/m"), 0, "TRUSTED");
    strange(&machine, "strange");
    let base = rounds(&machine, "states/m")[0].1;
    rewrite(&machine, "states/m", |lines| {
        for line in lines.iter_mut().filter(|line| line.starts_with("rounds=")) {
            let kept: Vec<_> = line.split(' ').take(3).collect();
            let head = kept.join(" ");
            *line = head;
            for number in 1..=7 {
                line.push_str(&format!(" {number}@{}", i64::MIN + number));
            }
            line.push_str(&format!(" 8@{base}"));
        }
    });
    assert!(machine.place.read("states/m").len() <= 1024);
    machine.append(&named(digest_of("more"), "/tmp/more"));
    machine.attest("more", "--seen seen").good();
    verdict(
        &machine.verify("more", "--state states/m"),
        1,
        "NOT TRUSTED: file-unknown",
    );
    assert!(machine.place.read("states/m").len() <= 1024);
    assert_eq!(
        rounds(&machine, "states/m").last().map(|(count, _)| *count),
        Some(9)
    );
}

#[test]
fn a_state_of_another_version_is_told_or_brought_up_to_date() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let place = &machine.place;
    verdict(&machine.verify("honest", "--state version/m"), 0, "TRUSTED");
    let text = String::from_utf8(place.read("version/m")).expect("text");
    let by = format!("version=2\ndigestctl={}\n", env!("CARGO_PKG_VERSION"));
    assert!(text.starts_with(&by), "{text}");
    // By an older digestctl: without the version, times and an end.
    let older: String = judged(text.as_bytes())
        .iter()
        .filter(|line| !line.starts_with("digestctl="))
        .map(|line| line.replace("version=2", "version=1") + "\n")
        .collect();
    place.file("version/m", &older);
    // It is read: what it says of the machine counts.
    let wrong = older
        .replace("ak=sha256:", "ak=sha256:0")
        .replace("0\ninputs", "\ninputs");
    assert_ne!(wrong, older);
    place.file("version/wrong", older.replacen("clock=", "clock=9999", 1));
    verdict(
        &machine.verify("honest", "--state version/wrong"),
        1,
        "NOT TRUSTED: clock-back",
    );
    verdict(&machine.verify("honest", "--state version/m"), 0, "TRUSTED");
    let now = place.read("version/m");
    assert_eq!(judged(&now), judged(text.as_bytes()));
    // By a newer one.
    let newer = "version=3\ndigestctl=9.8.7\nelse=1\n";
    place.file("version/newer", newer);
    for run in 0..2 {
        let ran = machine.verify("honest", "--state version/newer");
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{run}");
        let reason = "the state has version 3, by digestctl 9.8.7, and digestctl ";
        assert!(ran.err.contains(reason), "{}", ran.err);
        assert_eq!(place.read("version/newer"), newer.as_bytes());
    }
    fs::create_dir(place.path("version/others")).expect("a directory");
    place.file("version/others/newer", newer);
    place
        .run("repo gc repo --states version/others")
        .failed("the state has version 3, by digestctl 9.8.7, and digestctl ");
    // A key that this version does not have.
    place.file("version/key", &now);
    rewrite(machine, "version/key", |lines| {
        lines.push("else=1".to_owned())
    });
    machine
        .verify("honest", "--state version/key")
        .failed("its line 'else' is not known");
}

#[test]
fn a_state_that_was_damaged_or_cut_judges_nothing_and_stays() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let place = &machine.place;
    verdict(&machine.verify("honest", "--state whole/m"), 0, "TRUSTED");
    let state = place.read("whole/m");
    let mut damaged: Vec<Vec<u8>> = Vec::new();
    for length in 0..state.len() {
        damaged.push(state[..length].to_vec());
        for bit in [0, 1, 4, 7] {
            let mut flipped = state.clone();
            flipped[length] ^= 1 << bit;
            damaged.push(flipped);
        }
    }
    damaged.push([&state[..], b"\n"].concat());
    damaged.push(state.repeat(2));
    damaged.push(vec![b'\0'; state.len()]);
    let mut fleet = String::new();
    for (number, text) in damaged.iter().enumerate() {
        place.file(&format!("whole/{number}"), text);
        fleet += &format!("honest\t{NONCE}\tak.pem\twhole/{number}\n");
    }
    place.file("damaged-fleet", fleet);
    let ran = machine.digestctl(
        "verify-evidence --fleet damaged-fleet --json --repo repo --trust alice.pem --policy expected",
    );
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert_eq!(ran.out.lines().count(), damaged.len());
    for (number, line) in ran.out.lines().enumerate() {
        let value: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(value["verdict"], "not-judged", "{number}: {line}");
        assert!(value["error"].is_string(), "{number}: {line}");
        assert_eq!(place.read(&format!("whole/{number}")), damaged[number]);
    }
    let ran = machine.verify("honest", "--state whole/0");
    ran.failed("Bring it back from a backup. Or delete it: the whole list is judged then");
}

/// Runs `digestctl` with the words of `line` where no file can be written, as if the disk was full.
pub(super) fn without_room(machine: &Machine, line: &str) -> Ran {
    let program = assert_cmd::cargo::cargo_bin!("digestctl");
    let script = format!(
        "trap '' XFSZ; ulimit -f 0; exec {} {line}",
        program.display()
    );
    let output = Command::new("sh")
        .current_dir(machine.place.path("."))
        .args(["-c", &script])
        .output()
        .expect("sh runs");
    Ran::new(&output)
}

#[test]
fn a_full_disk_leaves_each_state_as_it_was_and_no_verdict_that_is_not_remembered() {
    let Some(machine) = prepared() else { return };
    let place = &machine.place;
    let verify = |name: &str, state: &str| {
        format!(
            "verify-evidence {name} --nonce {NONCE} --ak ak.pem --repo repo --trust alice.pem \
             --policy expected --state {state}"
        )
    };
    // The first state, without and with its lists.
    fs::create_dir(place.path("states")).expect("a directory");
    let ran = without_room(&machine, &verify("honest", "states/m"));
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
    assert!(ran.err.contains("File too large"), "{}", ran.err);
    assert!(crate::names(&place.path("states"))
        .iter()
        .all(|name| name == "lists"));
    if place.has("states/lists") {
        assert!(crate::names(&place.path("states/lists")).is_empty());
    }
    verdict(&machine.verify("honest", "--state states/m"), 0, "TRUSTED");
    let state = place.read("states/m");
    let ran = without_room(&machine, &verify("honest", "states/other"));
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
    // A round that is trusted is not remembered, so it is no verdict.
    machine.attest("second", "--since 7").good();
    machine.append(&named(
        digest_of(place.read("of-later/tool")),
        "/usr/bin/again",
    ));
    machine.attest("second", "--since 7").good();
    let ran = without_room(&machine, &verify("second", "states/m"));
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
    assert_eq!(place.read("states/m"), state);
    // One that is not trusted is not trusted, whether it is remembered or not. Here nothing can be
    // read or made in the directory of the states.
    std::os::unix::fs::symlink("nowhere/at-all", place.path("gone")).expect("a link");
    machine.append(&named(digest_of("strange"), "/tmp/strange"));
    machine.attest("third", "--seen seen").good();
    let ran = machine.verify("third", "--state gone/m");
    verdict(&ran, 1, "NOT TRUSTED: file-unknown");
    let note = "note: when this round was is not remembered: cannot make gone";
    assert!(ran.err.contains(note), "{}", ran.err);
    place.file(
        "fleet",
        format!(
            "honest\t{NONCE}\tak.pem\tgone/m\nthird\t{NONCE}\tak.pem\tgone/n\n\
             honest\t{NONCE}\tak.pem\t-\n"
        ),
    );
    let ran = machine.digestctl(
        "verify-evidence --fleet fleet --repo repo --trust alice.pem --policy expected --json",
    );
    let verdicts: Vec<_> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["verdict"].clone())
        .collect();
    assert_eq!(
        verdicts,
        ["not-judged", "not-trusted", "trusted"],
        "{}",
        ran.err
    );
    assert_eq!(crate::names(&place.path("states")), ["lists", "m"]);
    // With room again all goes on.
    verdict(&machine.verify("second", "--state states/m"), 0, "TRUSTED");
}

#[test]
fn a_state_of_another_machine_is_told() {
    let (Some(one), Some(other)) = (prepared(), prepared()) else {
        return;
    };
    verdict(&one.verify("honest", "--state states/m"), 0, "TRUSTED");
    let state = one.place.read("states/m");
    fs::create_dir_all(other.place.path("states/lists")).expect("a directory");
    for name in crate::names(&one.place.path("states/lists")) {
        let name = format!("states/lists/{name}");
        other.place.file(&name, one.place.read(&name));
    }
    other.place.file("states/m", &state);
    let ran = other.verify("honest", "--state states/m");
    verdict(&ran, 1, "NOT TRUSTED: ak-other");
    assert_eq!(other.place.read("states/m"), state);
}
