// SPDX-License-Identifier: GPL-2.0

//! `digestctl watch`, over a directory with what the module shows.

use std::{
    fs::{
        self,
        OpenOptions, //
    },
    io::{
        BufRead,
        BufReader,
        Read,
        Write, //
    },
    process::{
        Child,
        ChildStdout,
        Command,
        Stdio, //
    },
    sync::mpsc::{
        channel,
        Receiver, //
    },
    thread,
    time::Duration, //
};

use crate::{
    evidence::{
        digest_of,
        named, //
    },
    streams::unread,
    Place, //
};

const LIST: &str = "binary_runtime_measurements";

/// A module that has one record, one list and two rules, and has refused one file.
fn module() -> Place {
    let place = Place::new();
    fs::create_dir(place.path("security")).expect("a directory");
    show(&place, 1, 1, 7, [3, 0]);
    place.file(
        &format!("security/{LIST}"),
        named(digest_of("a"), "/bin/a").line,
    );
    place.file(&format!("security/{LIST}_staged"), "");
    place.file("audit.log", "");
    place
}

/// Puts a file there, whole, as the module shows it.
fn put(place: &Place, name: &str, content: impl AsRef<[u8]>) {
    let new = place.file("new", content);
    fs::rename(new, place.path(name)).expect("renamed");
}

/// What the module says of itself.
fn show(place: &Place, records: u64, denied: u64, hits: u64, rules: [u64; 2]) {
    let list = "0".repeat(64);
    put(
        place,
        "security/digest_lists",
        format!(
            "sha256:{list} ref_id=debian 13 type=compact algo=sha256 signer=none actions=measure \
             immutable=9 mutable=0 revoked=0 hits={hits}\n"
        ),
    );
    put(
        place,
        "security/policy_hits",
        format!(
            "{} measure func=BPRM_CHECK digest_list\n{} appraise func=MMAP_CHECK digest_list\n",
            rules[0], rules[1]
        ),
    );
    put(
        place,
        "security/status",
        format!(
            "ima_appraise: enforce\nrecords: {records}\nrecords_staged: 0\nrecords_deleted: 0\n\
             violations: 0\nfiles_denied: {denied}\nfiles_known: 5\nfiles_unknown: 1\n"
        ),
    );
}

/// A running `digestctl watch`.
struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn start(place: &Place, options: &str) -> Self {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("digestctl"))
            .current_dir(place.path("."))
            .args(["watch", "--securityfs", "security", "--interval", "20"])
            .args(options.split_whitespace())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("digestctl runs");
        let out = child.stdout.take().expect("its output");
        let lines = lines_of(out);
        Self { child, lines }
    }

    /// The next line.
    #[track_caller]
    fn line(&self) -> String {
        let line = self.lines.recv_timeout(Duration::from_secs(60));
        line.expect("another line within a minute")
    }

    /// Its status and complaints, at its end.
    fn end(mut self) -> (Option<i32>, String) {
        let mut errors = String::new();
        let mut pipe = self.child.stderr.take().expect("its errors");
        pipe.read_to_string(&mut errors).expect("text");
        (self.child.wait().expect("a status").code(), errors)
    }

    /// The same, after an interrupt.
    fn interrupt(self) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        let killed = Command::new("kill").args(["-INT", &pid]).status();
        assert!(killed.expect("kill runs").success());
        self.end()
    }
}

fn lines_of(out: ChildStdout) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(out).lines() {
            if sender.send(line.expect("text")).is_err() {
                return;
            }
        }
    });
    lines
}

/// The kernel tells of a refusal.
fn audit(place: &Place, line: &str) {
    let file = OpenOptions::new()
        .append(true)
        .open(place.path("audit.log"));
    let written = writeln!(file.expect("a file"), "{line}");
    written.expect("written");
}

/// A second record comes.
fn record(place: &Place) {
    let (one, two) = (
        named(digest_of("a"), "/bin/a").line,
        named(digest_of("b"), "/bin/b").line,
    );
    put(place, &format!("security/{LIST}"), [one, two].concat());
}

const AUDIT: &str = "type=INTEGRITY_DATA msg=audit(1.2:3): pid=7 uid=1000 auid=4 ses=1 \
     op=appraise_data cause=missing-hash comm=\"sh\" name=2F746D702F6120620A dev=\"vda\" ino=5 \
     res=0 errno=-13 hash=\"sha256:ab\" rule=2";

#[test]
fn a_record_a_refusal_and_hits_are_a_line_each() {
    let place = module();
    let watch = Watch::start(&place, "--audit audit.log");
    assert_eq!(
        watch.line(),
        "start: 1 records, 1 denied, 1 list, 2 rules, ima_appraise=enforce"
    );
    record(&place);
    show(&place, 2, 1, 7, [3, 0]);
    let line = watch.line();
    assert!(line.starts_with("record 1 12 sha256:"), "{line}");
    assert!(line.ends_with(" /bin/b"), "{line}");
    show(&place, 2, 1, 9, [3, 0]);
    assert_eq!(watch.line(), "list debian 13: 2 more hits, 9");
    show(&place, 2, 1, 9, [3, 4]);
    assert_eq!(
        watch.line(),
        "rule 2: 4 more hits, 4: appraise func=MMAP_CHECK digest_list"
    );
    audit(&place, "type=SYSCALL msg=audit(1.2:3): op=appraise_data");
    audit(&place, AUDIT);
    show(&place, 2, 2, 9, [3, 4]);
    assert_eq!(
        watch.line(),
        "denied missing-hash: /tmp/a b?, by sh of the user 1000, rule 2"
    );
    assert_eq!(watch.interrupt(), (Some(0), String::new()));
}

/// The same as auditd writes it with log_format=ENRICHED: what numbers mean follows the byte 0x1d.
const ENRICHED: &str = "node=web type=INTEGRITY_DATA msg=audit(1764300000.412:918): pid=2211 uid=1000 \
     auid=4294967295 ses=4294967295 subj=unconfined op=appraise_data cause=missing-hash comm=\"sh\" \
     name=\"/tmp/a\" dev=\"vda\" ino=5 res=0 errno=-13 hash=\"sha256:ab\" \
     rule=2\u{1d}UID=\"alice\" AUID=\"unset\"";

#[test]
fn enriched_records_of_auditd_are_read_as_raw_ones() {
    let place = module();
    let watch = Watch::start(&place, "--audit audit.log");
    watch.line();
    audit(&place, ENRICHED);
    show(&place, 1, 2, 7, [3, 0]);
    assert_eq!(
        watch.line(),
        "denied missing-hash: /tmp/a, by sh of the user 1000 (alice), rule 2"
    );
    // What is added does not count for what the record says, and only known names are told.
    let forged = ENRICHED.replace("\u{1d}", "\u{1d}cause=none name=\"/bin/x\" ");
    audit(&place, &forged.replace("alice", "unknown(1000)"));
    show(&place, 1, 3, 7, [3, 0]);
    assert_eq!(
        watch.line(),
        "denied missing-hash: /tmp/a, by sh of the user 1000, rule 2"
    );
    // The end of a record without a rule is its errno.
    let raw = ENRICHED.replace(" hash=\"sha256:ab\" rule=2", "");
    assert_ne!(raw, ENRICHED);
    audit(&place, &raw);
    show(&place, 1, 4, 7, [3, 0]);
    assert_eq!(
        watch.line(),
        "denied missing-hash: /tmp/a, by sh of the user 1000 (alice)"
    );
    assert_eq!(watch.interrupt(), (Some(0), String::new()));
    let watch = Watch::start(&place, "--audit audit.log --json --count 1");
    watch.line();
    audit(&place, &raw);
    let line = watch.line();
    let event: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(event["errno"], -13);
    assert_eq!(event["user"], "alice");
    assert_eq!(watch.end(), (Some(0), String::new()));
}

#[test]
fn events_are_told_to_programs_as_an_object_in_each_line() {
    let place = module();
    let watch = Watch::start(&place, "--audit audit.log --json --count 4");
    let object = |line: String| serde_json::from_str::<serde_json::Value>(&line).expect("JSON");
    let start = object(watch.line());
    assert_eq!(
        (&start["event"], &start["records"]),
        (&"start".into(), &1.into())
    );
    record(&place);
    show(&place, 2, 1, 7, [3, 0]);
    let event = object(watch.line());
    assert_eq!(
        (&event["event"], &event["name"]),
        (&"record".into(), &"/bin/b".into())
    );
    show(&place, 2, 1, 8, [3, 0]);
    let event = object(watch.line());
    assert_eq!(
        (&event["event"], &event["new"]),
        (&"list_hits".into(), &1.into())
    );
    show(&place, 2, 1, 8, [5, 0]);
    let event = object(watch.line());
    assert_eq!(
        (&event["event"], &event["new"]),
        (&"rule_hits".into(), &2.into())
    );
    assert_eq!((&event["place"], &event["hits"]), (&1.into(), &5.into()));
    audit(&place, AUDIT);
    let event = object(watch.line());
    assert_eq!(
        (&event["event"], &event["name"]),
        (&"denied".into(), &"/tmp/a b?".into())
    );
    assert_eq!(
        (&event["digest"], &event["uid"]),
        (&"sha256:ab".into(), &1000.into())
    );
    // The number of events that was asked for.
    assert_eq!(watch.end(), (Some(0), String::new()));
}

#[test]
fn refusals_without_a_record_are_counted() {
    let place = module();
    let watch = Watch::start(&place, "--audit audit.log");
    watch.line();
    show(&place, 1, 4, 7, [3, 0]);
    assert_eq!(watch.line(), "denied 3 more, without an audit record");
    assert_eq!(watch.interrupt(), (Some(0), String::new()));
}

#[test]
fn lists_and_policies_that_come_and_go_are_told() {
    let place = module();
    let watch = Watch::start(&place, "--audit audit.log");
    watch.line();
    let hits = place.read("security/policy_hits");
    put(
        &place,
        "security/policy_hits",
        "1 measure func=FILE_CHECK\n",
    );
    assert_eq!(watch.line(), "policy: replaced, 1 rule");
    assert_eq!(
        watch.line(),
        "rule 1: 1 more hits, 1: measure func=FILE_CHECK"
    );
    let lists = place.read("security/digest_lists");
    put(&place, "security/digest_lists", "");
    assert_eq!(watch.line(), "list debian 13: removed, after 7");
    put(&place, "security/digest_lists", lists);
    assert_eq!(watch.line(), "list debian 13: loaded");
    assert_eq!(watch.line(), "list debian 13: 7 more hits, 7");
    put(&place, "security/policy_hits", hits);
    assert_eq!(watch.line(), "policy: replaced, 2 rules");
    assert_eq!(
        watch.line(),
        "rule 1: 3 more hits, 3: measure func=BPRM_CHECK digest_list"
    );
    assert_eq!(watch.interrupt(), (Some(0), String::new()));
}

#[test]
fn earlier_records_are_shown_if_they_are_asked_for() {
    let place = module();
    let watch = Watch::start(&place, "--audit audit.log --since 0 --count 1");
    watch.line();
    assert!(watch.line().ends_with(" /bin/a"));
    assert_eq!(watch.end(), (Some(0), String::new()));
}

#[test]
fn it_ends_when_nobody_reads_and_fails_where_no_module_is() {
    let place = module();
    let line = "watch --securityfs security --audit audit.log --interval 20";
    assert_eq!(unread(&place, line), (Some(0), String::new()));
    place
        .run("watch --securityfs missing --audit audit.log")
        .failed("cannot read missing/status");
    place
        .run("watch --securityfs security --audit missing")
        .failed("cannot read missing");
}

#[test]
fn a_terminal_has_a_view_that_is_renewed() {
    let place = module();
    if Command::new("script").arg("--version").output().is_err() {
        crate::skipped("there is no program script");
        return;
    }
    let program = assert_cmd::cargo::cargo_bin!("digestctl");
    let watch = format!(
        "stty rows 24 columns 60; {} watch --securityfs security --audit audit.log --interval 20 \
         --since 0 --count 1",
        program.display()
    );
    let output = Command::new("script")
        .args(["-q", "-e", "-c", &watch, "/dev/null"])
        .current_dir(place.path("."))
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .output()
        .expect("script runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(output.status.code(), Some(0), "{text}");
    for part in [
        "digest_lists, ima_appraise=enforce",
        "records 1 (+0)   denied 1 (+0)",
        "           7  debian 13",
        "           3  measure func=BPRM_CHECK digest_list",
        "record 0 12 sha256:",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let widest = text.split("\r\n").map(|line| line.chars().count()).max();
    assert!(widest <= Some(60 + 12), "{widest:?}");
}
