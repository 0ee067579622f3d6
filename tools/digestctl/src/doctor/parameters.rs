// SPDX-License-Identifier: GPL-2.0

//! The parameters of the module that the next boot will have, as far as they are said: on the
//! kernel's command line, which counts more, or in the configuration of modprobe.

use std::collections::BTreeMap;

use super::Findings;

/// The directories of modprobe's configuration. A file in an earlier one replaces those of its name
/// in the later ones (modprobe.d(5)).
const DIRECTORIES: [&str; 4] = [
    "etc/modprobe.d",
    "run/modprobe.d",
    "usr/lib/modprobe.d",
    "lib/modprobe.d",
];

/// The value of the parameter; none if nothing says it.
pub(super) fn parameter(findings: &Findings, name: &str) -> Option<String> {
    let of_boot = || {
        let line = findings.text("proc/cmdline")?;
        let words = words(&line);
        let words = words.iter().filter_map(|word| {
            let (module, rest) = word.split_once('.')?;
            (module.replace('-', "_") == "digest_lists").then_some(rest)
        });
        value(words, name)
    };
    of_boot().or_else(|| {
        let options = options(findings);
        let words: Vec<_> = options.iter().flat_map(|line| words(line)).collect();
        value(words.iter().map(String::as_str), name)
    })
}

/// The last value that the words give to the parameter.
fn value<'a>(words: impl Iterator<Item = &'a str>, name: &str) -> Option<String> {
    let values = words.filter_map(|word| {
        let (key, value) = word.split_once('=')?;
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
