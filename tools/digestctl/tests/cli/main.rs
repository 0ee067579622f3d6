// SPDX-License-Identifier: GPL-2.0

//! `digestctl` as a user meets it: what it prints, writes and returns.

mod appraise;
mod compare;
mod deb;
mod doctor;
mod documents;
mod dpkg;
mod enroll;
mod evidence;
mod export;
mod faults;
mod formats;
mod generate;
mod json;
mod keys;
mod learn;
mod load;
mod metadata;
mod openpgp;
mod policy;
mod progress;
mod publish;
mod query;
mod rpm;
mod show;
mod sign;
mod streams;
mod terminal;
mod usage;
mod verdicts;
mod watch;

use std::{
    fs,
    path::{
        Path,
        PathBuf, //
    },
    process::{
        Command,
        Output, //
    },
};

use assert_cmd::cargo::cargo_bin_cmd;
use tempfile::TempDir;

/// A directory of a test's own, in which commands run.
struct Place(TempDir);

/// What a command did.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Place {
    fn new() -> Self {
        Self(TempDir::new().expect("a temporary directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Puts a file there, and the directories above it.
    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        fs::write(&path, content).expect("a file");
        path
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("the file is there")
    }

    fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// Runs openssl there with the words of `line`, which it has to do well.
    fn openssl(&self, line: &str) {
        let ran = Command::new("openssl")
            .current_dir(self.0.path())
            .args(line.split_whitespace())
            .output()
            .expect("openssl runs");
        assert!(ran.status.success(), "{line}: {ran:?}");
    }

    /// Runs `digestctl` with the words of `line`.
    fn run(&self, line: &str) -> Ran {
        self.run_with_input(line, "")
    }

    /// Runs `digestctl` with the words of `line` by another program, such as prlimit(1), which ends
    /// it or bounds what it takes. `by` is that program with its words.
    fn run_by(&self, by: &str, line: &str) -> Ran {
        let mut words = by.split_whitespace();
        let output = Command::new(words.next().expect("a program"))
            .args(words)
            .arg(assert_cmd::cargo::cargo_bin!("digestctl"))
            .current_dir(self.0.path())
            .args(line.split_whitespace())
            .output()
            .expect("digestctl runs");
        Ran::new(&output)
    }

    fn run_with_input(&self, line: &str, input: &str) -> Ran {
        self.run_words(line.split_whitespace(), input)
    }

    fn run_words<'a>(&self, words: impl IntoIterator<Item = &'a str>, input: &str) -> Ran {
        let output = cargo_bin_cmd!("digestctl")
            .current_dir(self.0.path())
            .args(words)
            .write_stdin(input)
            .output()
            .expect("digestctl runs");
        Ran::new(&output)
    }
}

impl Ran {
    fn new(output: &Output) -> Self {
        Self {
            code: output.status.code().expect("no signal"),
            out: String::from_utf8(output.stdout.clone()).expect("UTF-8"),
            err: String::from_utf8(output.stderr.clone()).expect("UTF-8"),
        }
    }

    /// It worked, and said nothing on standard error.
    #[track_caller]
    fn good(self) -> Self {
        assert_eq!((self.code, self.err.as_str()), (0, ""));
        self
    }

    /// It failed, for a reason that holds `part`.
    #[track_caller]
    fn failed(self, part: &str) -> Self {
        self.ended(2, part)
    }

    /// The answer is no, for a reason that holds `part`.
    #[track_caller]
    fn said_no(self, part: &str) -> Self {
        self.ended(1, part)
    }

    #[track_caller]
    fn ended(self, code: i32, part: &str) -> Self {
        assert_eq!(self.code, code, "{}", self.err);
        assert!(self.err.contains(part), "{}", self.err);
        self
    }

    #[track_caller]
    fn printed(self, part: &str) -> Self {
        assert!(self.out.contains(part), "{}", self.out);
        self
    }
}

/// Says that a test cannot run here, and why. Where everything is there that tests need, as in
/// `scripts/test`, which says so by `DIGEST_LISTS_TEST_ALL` in the environment, the test fails.
fn skipped(why: &str) {
    assert!(
        std::env::var_os("DIGEST_LISTS_TEST_ALL").is_none(),
        "nothing may be skipped: {why}"
    );
    eprintln!("SKIPPED: {why}");
}

/// The lines `KIND ALGO:DIGEST` that `digestctl show` prints for the list.
fn shown(place: &Place, list: &str) -> Vec<String> {
    let shown = place.run(&format!("show --digests {list}")).good().out;
    shown
        .lines()
        .filter(|line| line.contains(" sha256:") && !line.starts_with(' '))
        .map(str::to_owned)
        .collect()
}

/// These lines for entries of a kind and a content.
fn expected(entries: &[(&str, &str)]) -> Vec<String> {
    let mut lines: Vec<_> = entries
        .iter()
        .map(|(kind, content)| format!("{kind} sha256:{}", sha256(content)))
        .collect();
    lines.sort();
    lines
}

/// The SHA-256 digest of `content`, in hexadecimal.
fn sha256(content: impl AsRef<[u8]>) -> String {
    use sha2::Digest;
    format!("{:x}", sha2::Sha256::digest(content))
}

/// The names in a directory, sorted.
fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}
