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
    }, //
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
    elf, //
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
const LIBRARIES: [&str; 8] = [
    "lib/x86_64-linux-gnu",
    "usr/lib/x86_64-linux-gnu",
    "lib64",
    "usr/lib64",
    "lib",
    "usr/lib",
    "lib32",
    "usr/lib32",
];

/// The largest file whose needs are looked at, in bytes.
const MAX_PROGRAM: u64 = 1 << 30;

/// Collects files.
struct Collector<'a> {
    findings: &'a Findings,
    /// Where libraries are, as paths in the system.
    libraries: Vec<String>,
    executed: BTreeSet<PathBuf>,
    mapped: BTreeSet<PathBuf>,
}

/// The accesses of a boot by root. What is not there is left out.
pub(super) fn subjects(findings: &Findings) -> Subjects {
    let mut collector = Collector {
        findings,
        libraries: libraries(findings),
        executed: BTreeSet::new(),
        mapped: BTreeSet::new(),
    };
    let indispensable = INDISPENSABLE.iter().filter_map(|path| path.to_str().ok());
    for path in PROGRAMS.into_iter().chain(indispensable) {
        collector.execute(path, 0);
    }
    for path in units::programs(findings) {
        collector.execute(&path, 0);
    }
    for directory in DIRECTORIES {
        for name in findings.names(directory) {
            collector.execute(&format!("{directory}/{name}"), 0);
        }
    }
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
    subjects
}

impl Collector<'_> {
    /// Takes a program, what its first line names, and what it maps.
    fn execute(&mut self, path: &str, depth: usize) {
        let Some((real, data)) = self.read(path) else {
            return;
        };
        if !self.executed.insert(real.clone()) || depth > 4 {
            return;
        }
        if let Some(rest) = data.strip_prefix(b"#!") {
            let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let line = String::from_utf8_lossy(line);
            let mut words = line.split_whitespace();
            if let Some(interpreter) = words.next() {
                self.execute(interpreter, depth + 1);
                if interpreter.ends_with("/env") {
                    for name in words.take(1) {
                        self.execute(&format!("usr/bin/{name}"), depth + 1);
                    }
                }
            }
            return;
        }
        self.needs(&real, &data);
    }

    /// Takes what an ELF file asks for, and what that asks for.
    fn needs(&mut self, path: &Path, data: &[u8]) {
        let Some(needs) = elf::needs(data) else {
            return;
        };
        let origin = self.findings.root.inside(path);
        let origin = origin.parent().map(|path| path.display().to_string());
        let origin = origin.unwrap_or_default();
        let own = needs.path.unwrap_or_default();
        let own = own
            .replace("${ORIGIN}", &origin)
            .replace("$ORIGIN", &origin);
        let mut found: Vec<String> = needs.interpreter.into_iter().collect();
        for name in needs.libraries {
            let directories = own.split(':').filter(|directory| !directory.is_empty());
            let directories = directories.chain(self.libraries.iter().map(String::as_str));
            let mut paths = directories.map(|directory| format!("{directory}/{name}"));
            let is_there = |path: &String| self.findings.root.real(Path::new(path));
            found.extend(paths.find(|path| matches!(is_there(path), Ok(Some(_)))));
        }
        for path in found {
            if let Some((real, data)) = self.read(&path) {
                if self.mapped.insert(real.clone()) {
                    self.needs(&real, &data);
                }
            }
        }
    }

    fn read(&self, path: &str) -> Option<(PathBuf, Vec<u8>)> {
        let real = self.findings.root.real(Path::new(path)).ok()??;
        let metadata = real.metadata().ok()?;
        (metadata.is_file() && metadata.len() <= MAX_PROGRAM).then_some(())?;
        let data = std::fs::read(&real).ok()?;
        Some((real, data))
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
    directories.extend(LIBRARIES.map(str::to_owned));
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
