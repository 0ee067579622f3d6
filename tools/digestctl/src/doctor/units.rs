// SPDX-License-Identifier: GPL-2.0

//! Which programs systemd starts in a boot: those of the units that `default.target` asks for.
//!
//! Not followed: what is started on demand of something else (D-Bus, udev's rules).

use std::{
    collections::{
        BTreeMap,
        BTreeSet,
        VecDeque, //
    },
    path::Path,
    time::Instant, //
};

use super::Findings;

/// Where units are; those in an earlier directory count more (systemd.unit(5)).
const DIRECTORIES: [&str; 7] = [
    "etc/systemd/system",
    "run/systemd/system",
    "run/systemd/generator",
    "run/systemd/generator.late",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
];

/// What every boot comes to.
const FIRST: [&str; 3] = ["default.target", "sysinit.target", "basic.target"];

/// Options that name further units.
const ASKING: [&str; 8] = [
    "Wants",
    "Requires",
    "Requisite",
    "BindsTo",
    "Upholds",
    "Unit",
    "Service",
    "OnFailure",
];

/// Where systemd looks for programs without a path.
const PATH: [&str; 6] = [
    "usr/local/sbin",
    "usr/local/bin",
    "usr/sbin",
    "usr/bin",
    "sbin",
    "bin",
];

/// How many units are looked at.
const MOST: usize = 10_000;

/// Units that are still to be looked at.
struct Todo {
    names: VecDeque<String>,
    /// Those that were asked for.
    seen: BTreeSet<String>,
    /// Whether there are more than are looked at.
    more: bool,
}

impl Todo {
    fn new() -> Self {
        let mut todo = Self {
            names: VecDeque::new(),
            seen: BTreeSet::new(),
            more: false,
        };
        todo.ask(FIRST);
        todo
    }

    /// Takes those that were not asked for before.
    fn ask(&mut self, names: impl IntoIterator<Item = impl Into<String>>) {
        for name in names {
            let name = name.into();
            if self.seen.contains(&name) {
                continue;
            }
            if self.seen.len() == MOST {
                self.more = true;
                return;
            }
            self.seen.insert(name.clone());
            self.names.push_back(name);
        }
    }
}

/// The programs that were found until `end`, as paths in the system.
pub(super) fn programs(findings: &Findings, end: Instant) -> BTreeSet<String> {
    let mut programs = BTreeSet::new();
    let mut todo = Todo::new();
    while let Some(name) = todo.names.pop_front() {
        if Instant::now() > end {
            break;
        }
        for started in [".socket", ".timer", ".path"] {
            if let Some(stem) = name.strip_suffix(started) {
                todo.ask([format!("{stem}.service")]);
            }
        }
        let names = names_of(&name);
        let own = match own(findings, &names) {
            Own::Masked => continue,
            Own::Text(text) => Some(text),
            Own::None => None,
        };
        let mut commands: Vec<(String, String)> = Vec::new();
        for text in own.into_iter().chain(drop_ins(findings, &names)) {
            for (key, value) in options(&text) {
                if ASKING.contains(&key) {
                    todo.ask(value.split_whitespace());
                } else if key.starts_with("Exec") && value.is_empty() {
                    commands.retain(|(other, _)| other != key);
                } else if key.starts_with("Exec") {
                    commands.push((key.to_owned(), value.to_owned()));
                }
            }
        }
        let found = commands
            .iter()
            .filter_map(|(_, command)| program(findings, command));
        programs.extend(found);
        for unit in names {
            todo.ask(links(findings, &unit));
            // A link's other name, such as default.target's.
            todo.ask(alias(findings, &unit));
        }
    }
    if todo.more {
        findings.note(
            "next boot",
            format!("more than {MOST} units are asked for; what the others start was not judged"),
            "digestctl appraise --dry-run POLICY FILE… judges what is named",
        );
    }
    programs
}

/// The name, and that of the template.
fn names_of(name: &str) -> Vec<String> {
    let mut names = vec![name.to_owned()];
    if let Some((template, rest)) = name.split_once('@') {
        if let Some((_, kind)) = rest.rsplit_once('.') {
            names.push(format!("{template}@.{kind}"));
        }
    }
    names
}

/// The units in the directories `NAME.wants` and `NAME.requires`.
fn links(findings: &Findings, unit: &str) -> Vec<String> {
    let directories = DIRECTORIES.iter().flat_map(|directory| {
        ["wants", "requires"].map(|kind| findings.names(&format!("{directory}/{unit}.{kind}")))
    });
    directories.flatten().collect()
}

/// The file of a unit.
enum Own {
    None,
    /// It is empty, or a link to /dev/null: the unit cannot be started.
    Masked,
    Text(String),
}

/// The unit's file that counts: the first of the first of its names.
fn own(findings: &Findings, names: &[String]) -> Own {
    for unit in names {
        for directory in DIRECTORIES {
            let path = format!("{directory}/{unit}");
            let target = findings.root.link(Path::new(&path));
            if target.is_some_and(|target| target.ends_with("dev/null")) {
                return Own::Masked;
            }
            match findings.text(&path) {
                Some(text) if text.is_empty() => return Own::Masked,
                Some(text) => return Own::Text(text),
                None => (),
            }
        }
    }
    Own::None
}

/// What is added to the unit's file, in the order of the names of the files. One in an earlier
/// directory replaces those of its name in the later ones.
fn drop_ins(findings: &Findings, names: &[String]) -> Vec<String> {
    let mut units = names.to_vec();
    for unit in names {
        let Some((stem, kind)) = unit.rsplit_once('.') else {
            continue;
        };
        // `a-b-c.service` has `a-b-.service` and `a-.service`, and all of the type have `service`.
        let dashes = stem.trim_end_matches('-').rmatch_indices('-');
        let prefixes = dashes.filter_map(|(at, _)| stem.get(..=at));
        units.extend(prefixes.map(|prefix| format!("{prefix}.{kind}")));
    }
    let kind = names.first().and_then(|name| name.rsplit_once('.'));
    let of_type = kind.map(|(_, kind)| kind.to_owned());
    let mut files = BTreeMap::new();
    for units in [units, of_type.into_iter().collect()] {
        for directory in DIRECTORIES {
            for unit in &units {
                let added = format!("{directory}/{unit}.d");
                for name in findings.names(&added) {
                    if name.ends_with(".conf") {
                        let path = format!("{added}/{name}");
                        files.entry(name).or_insert(path);
                    }
                }
            }
        }
    }
    let texts = files.values().filter_map(|path| findings.text(path));
    texts.collect()
}

/// The name of the file behind the unit's.
fn alias(findings: &Findings, unit: &str) -> Option<String> {
    let real = DIRECTORIES.iter().find_map(|directory| {
        let path = format!("{directory}/{unit}");
        findings.root.real(Path::new(&path)).ok()?
    })?;
    let name = real.file_name()?.to_str()?.to_owned();
    (name != unit).then_some(name)
}

/// The lines `KEY=VALUE`.
fn options(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| {
        let (key, value) = line.trim().split_once('=')?;
        Some((key.trim_end(), value.trim()))
    })
}

/// The program of a command line.
fn program(findings: &Findings, command: &str) -> Option<String> {
    let command = command.trim_start_matches(['@', '-', ':', '+', '!', '|']);
    let name = command.split_whitespace().next()?.trim_matches('"');
    if name.starts_with('/') {
        return Some(name.to_owned());
    }
    let found = PATH.iter().map(|directory| format!("/{directory}/{name}"));
    let is_there = |path: &String| matches!(findings.root.real(Path::new(path)), Ok(Some(_)));
    found.into_iter().find(is_there)
}
