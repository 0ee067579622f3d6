// SPDX-License-Identifier: GPL-2.0

//! Which files a boot uses, as far as they can be told beforehand: programs with their interpreters
//! and libraries, and modules.

use std::{
    collections::{
        BTreeMap,
        BTreeSet, //
    },
    path::{
        Path,
        PathBuf, //
    },
    time::Instant, //
};

use digest_logic::lockout::{
    EXECUTING,
    INDISPENSABLE,
    OPENING_AND_MAPPING, //
};

use super::{
    units,
    Findings, //
};
use crate::{
    appraise::{
        Subjects,
        MODULE, //
    },
    elf::{
        self,
        Needs, //
    },
    rooted::read_regular, //
};

/// What is started besides the units.
const PROGRAMS: [&str; 6] = [
    "/sbin/init",
    "/sbin/modprobe",
    "/usr/lib/systemd/systemd",
    "/usr/lib/systemd/systemd-executor",
    "/usr/lib/systemd/systemd-shutdown",
    "/sbin/agetty",
];

/// Directories whose files are started.
const DIRECTORIES: [&str; 3] = [
    "usr/lib/systemd/system-generators",
    "etc/systemd/system-generators",
    "etc/rcS.d",
];

/// Where the loader looks, besides what its configuration says.
const LIBRARIES: &[&str] = &[
    #[cfg(target_arch = "x86_64")]
    "lib/x86_64-linux-gnu",
    #[cfg(target_arch = "x86_64")]
    "usr/lib/x86_64-linux-gnu",
    #[cfg(target_arch = "aarch64")]
    "lib/aarch64-linux-gnu",
    #[cfg(target_arch = "aarch64")]
    "usr/lib/aarch64-linux-gnu",
    "lib64",
    "usr/lib64",
    "lib",
    "usr/lib",
    "lib32",
    "usr/lib32",
];

/// The largest file that is looked at, in bytes.
pub(super) const MAX_PROGRAM: u64 = 1 << 30;

/// How much of a script's first line counts, in bytes (BINPRM_BUF_SIZE).
const FIRST_LINE: usize = 256;

/// Collects files.
struct Collector<'a> {
    findings: &'a Findings,
    /// Where libraries are, as paths in the system.
    libraries: Vec<String>,
    /// When no more is looked for.
    end: Instant,
    executed: BTreeSet<PathBuf>,
    mapped: BTreeSet<PathBuf>,
    /// Those of them that are still to be read.
    todo: Vec<PathBuf>,
}

/// The accesses of a boot by root that were found until `end`, and whether these are all. What is
/// not there is left out.
pub(super) fn subjects(findings: &Findings, end: Instant) -> (Subjects, bool) {
    let mut collector = Collector {
        findings,
        libraries: libraries(findings),
        end,
        executed: BTreeSet::new(),
        mapped: BTreeSet::new(),
        todo: Vec::new(),
    };
    let indispensable = INDISPENSABLE.iter().filter_map(|path| path.to_str().ok());
    for path in PROGRAMS.into_iter().chain(indispensable) {
        collector.execute(path);
    }
    for path in units::programs(findings, end) {
        collector.execute(&path);
    }
    for directory in DIRECTORIES {
        for name in findings.names(directory) {
            collector.execute(&format!("{directory}/{name}"));
        }
    }
    collector.follow();
    let all = !collector.is_late();
    let mut subjects = Subjects::default();
    for path in collector.executed {
        subjects.of_root(path, &EXECUTING);
    }
    for path in collector.mapped {
        subjects.of_root(path, &OPENING_AND_MAPPING);
    }
    for path in modules(findings) {
        subjects.of_root(path, &MODULE);
    }
    (subjects, all)
}

impl Collector<'_> {
    fn is_late(&self) -> bool {
        Instant::now() > self.end
    }

    /// Takes a program.
    fn execute(&mut self, path: &str) {
        if let Some(real) = self.file(path) {
            if self.executed.insert(real.clone()) {
                self.todo.push(real);
            }
        }
    }

    /// Takes what is mapped.
    fn map(&mut self, path: &str) {
        if let Some(real) = self.file(path) {
            if self.mapped.insert(real.clone()) {
                self.todo.push(real);
            }
        }
    }

    /// Takes what those that were taken ask for, and what that asks for.
    fn follow(&mut self) {
        while let Some(path) = self.todo.pop() {
            if self.is_late() {
                return;
            }
            self.findings.root.is_at(&path);
            let Ok(data) = read_regular(&path, MAX_PROGRAM) else {
                continue;
            };
            if let Some(rest) = data.strip_prefix(b"#!") {
                self.script(rest);
            } else if let Some(needs) = elf::needs(&data) {
                drop(data);
                self.needs(&path, needs);
            }
        }
    }

    /// Takes what the first line of a script names.
    fn script(&mut self, rest: &[u8]) {
        let rest = rest.get(..FIRST_LINE).unwrap_or(rest);
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        let mut words = line.split_whitespace();
        if let Some(interpreter) = words.next() {
            self.execute(interpreter);
            if interpreter.ends_with("/env") {
                for name in words.take(1) {
                    self.execute(&format!("usr/bin/{name}"));
                }
            }
        }
    }

    /// Takes what an ELF file asks for.
    fn needs(&mut self, path: &Path, needs: Needs) {
        let origin = self.findings.root.inside(path);
        let origin = origin.parent().map(|path| path.display().to_string());
        let origin = origin.unwrap_or_default();
        let own = needs.path.unwrap_or_default();
        let own = own.split(':').filter(|directory| !directory.is_empty());
        let own = own.take(elf::DIRECTORIES).map(|directory| {
            directory
                .replace("${ORIGIN}", &origin)
                .replace("$ORIGIN", &origin)
        });
        let mut directories: Vec<_> = own
            .filter(|directory| directory.len() < elf::PATH_MAX)
            .collect();
        directories.extend(self.libraries.iter().cloned());
        if let Some(interpreter) = needs.interpreter {
            self.map(&interpreter);
        }
        for name in needs.libraries {
            if self.is_late() {
                return;
            }
            let mut paths = directories
                .iter()
                .map(|directory| format!("{directory}/{name}"));
            let is_there = |path: &String| self.findings.root.real(Path::new(path));
            if let Some(path) = paths.find(|path| matches!(is_there(path), Ok(Some(_)))) {
                self.map(&path);
            }
        }
    }

    /// Where the file is, behind all links.
    fn file(&self, path: &str) -> Option<PathBuf> {
        let real = self.findings.root.real(Path::new(path)).ok()??;
        real.is_file().then_some(real)
    }
}

/// Where the loader looks for libraries, as paths in the system.
fn libraries(findings: &Findings) -> Vec<String> {
    let mut directories = Vec::new();
    let mut files = vec!["etc/ld.so.conf".to_owned()];
    let included = findings.names("etc/ld.so.conf.d").into_iter();
    files.extend(included.map(|name| format!("etc/ld.so.conf.d/{name}")));
    for file in files {
        let text = findings.text(&file).unwrap_or_default();
        let lines = text.lines().map(str::trim);
        directories.extend(
            lines
                .filter(|line| line.starts_with('/'))
                .map(str::to_owned),
        );
    }
    directories.extend(LIBRARIES.iter().map(|d| (*d).to_owned()));
    directories
}

/// The files of the modules that are loaded now, for each kernel that can be started.
fn modules(findings: &Findings) -> Vec<PathBuf> {
    let loaded = findings.text("proc/modules").unwrap_or_default();
    let loaded: BTreeSet<_> = loaded
        .lines()
        .filter_map(|line| line.split(' ').next())
        .map(|name| name.replace('-', "_"))
        .collect();
    let mut found = BTreeMap::new();
    for kernel in findings.names("lib/modules") {
        let directory = format!("lib/modules/{kernel}");
        let index = findings.text(&format!("{directory}/modules.dep"));
        for path in index.iter().flat_map(|index| index.lines()) {
            let path = path.split(':').next().unwrap_or_default();
            let file = path.rsplit('/').next().unwrap_or_default();
            let name = file.split(".ko").next().unwrap_or_default();
            if !loaded.contains(&name.replace('-', "_")) {
                continue;
            }
            let path = match path.starts_with('/') {
                true => path.to_owned(),
                false => format!("{directory}/{path}"),
            };
            if let Ok(Some(real)) = findings.root.real(Path::new(&path)) {
                found.insert(real, ());
            }
        }
    }
    found.into_keys().collect()
}
