// SPDX-License-Identifier: GPL-2.0

//! The parameters of the module that the next boot will have, as far as they are said: in the
//! configuration of modprobe, or on the kernel's command line, which counts more, but is of this
//! boot.

use std::collections::BTreeMap;

use super::Findings;

/// The directories of modprobe's configuration. A file in an earlier one replaces those of its name
/// in the later ones (modprobe.d(5)).
const DIRECTORIES: [&str; 5] = [
    "etc/modprobe.d",
    "run/modprobe.d",
    "usr/local/lib/modprobe.d",
    "usr/lib/modprobe.d",
    "lib/modprobe.d",
];

/// What is said of a parameter.
pub(super) struct Said {
    /// By the command line of this boot, which need not be that of the next.
    pub(super) now: Option<String>,
    /// By the configuration of modprobe.
    pub(super) configured: Option<String>,
}

/// Whether a parameter permits what else is a problem.
pub(super) enum Permitted {
    No,
    /// This boot's command line alone does, by these words.
    Now(String),
    /// The configuration does, by this value, and nothing else is said.
    Always(String),
}

/// What is said of the parameter.
pub(super) fn said(findings: &Findings, name: &str) -> Said {
    let line = findings.text("proc/cmdline").unwrap_or_default();
    let line = words(&line);
    let of_module = line.iter().filter_map(|word| {
        let (module, rest) = word.split_once('.')?;
        (module.replace('-', "_") == "digest_lists").then_some(rest)
    });
    let options = options(findings);
    let options: Vec<_> = options.iter().flat_map(|line| words(line)).collect();
    Said {
        now: value(of_module, name),
        configured: value(options.iter().map(String::as_str), name),
    }
}

/// Whether the parameter has a value that `permits`.
pub(super) fn permitted(
    findings: &Findings,
    name: &str,
    permits: impl Fn(&str) -> bool,
) -> Permitted {
    let said = said(findings, name);
    let configured = said.configured.filter(|value| permits(value));
    match (said.now, configured) {
        (Some(now), _) if !permits(&now) => Permitted::No,
        (_, Some(value)) => Permitted::Always(value),
        (Some(now), None) => Permitted::Now(only(name, &now)),
        (None, None) => Permitted::No,
    }
}

/// How a value is told that the next boot need not have.
pub(super) fn only(name: &str, value: &str) -> String {
    format!("only this boot's command line says {name}={value}")
}

/// Whether a switch is off: the values are those of kstrtobool().
pub(super) fn is_off(value: &str) -> bool {
    let off = ["0", "n", "f", "of"];
    let value = value.to_ascii_lowercase();
    off.iter().any(|word| value.starts_with(word))
}

/// The last value that the words give to the parameter. A name alone switches it on.
fn value<'a>(words: impl Iterator<Item = &'a str>, name: &str) -> Option<String> {
    let values = words.filter_map(|word| {
        let (key, value) = word.split_once('=').unwrap_or((word, "y"));
        (key.replace('-', "_") == name).then(|| value.to_owned())
    });
    values.last()
}

/// What the lines `options digest_lists …` have behind that, in the order in which they count.
fn options(findings: &Findings) -> Vec<String> {
    let mut files = BTreeMap::new();
    for directory in DIRECTORIES {
        for name in findings.names(directory) {
            if name.ends_with(".conf") {
                files.entry(name).or_insert(directory);
            }
        }
    }
    let mut options = Vec::new();
    for (name, directory) in files {
        let text = findings.text(&format!("{directory}/{name}"));
        // A line whose end is escaped goes on.
        let text = text.unwrap_or_default().replace("\\\n", " ");
        options.extend(text.lines().filter_map(|line| {
            let line = line.trim().strip_prefix("options")?.trim_start();
            let (module, rest) = line.split_once([' ', '\t'])?;
            (module.replace('-', "_") == "digest_lists").then(|| rest.to_owned())
        }));
    }
    options
}

/// The words of a line. In quotes, spaces are part of a word.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for char in line.trim().chars() {
        match char {
            '"' => quoted = !quoted,
            char if char.is_whitespace() && !quoted => words.push(String::new()),
            char => words
                .iter_mut()
                .last()
                .into_iter()
                .for_each(|word| word.push(char)),
        }
    }
    words
}
