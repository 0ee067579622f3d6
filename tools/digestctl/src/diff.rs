// SPDX-License-Identifier: GPL-2.0

//! `digestctl diff`: what a list says that another one does not.

use std::{
    collections::BTreeMap,
    io::{
        Write, //
    },
    path::{
        Path,
        PathBuf, //
    }, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use digest_logic::{
    list::Kind,
    verity, //
};
use serde_json::{
    json,
    Value, //
};

use crate::{
    colour::Colour,
    format,
    json,
    report::{
        count,
        if_read,
        quoted,
        No, //
    },
    terminal::Printer, //
};

/// Show how a digest list differs from another.
///
/// The lists may be of different formats. A line that begins with + is of a digest that only NEW
/// has, one with - of a digest that only OLD has, one with ~ of a digest of which they say
/// different things. The exit status is 1 if there is any.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  digestctl diff base.list.old base.list
  ssh machine cat /etc/digest_lists/lists/base | digestctl diff - base")]
pub(crate) struct Args {
    /// A digest list
    old: PathBuf,

    /// Another one
    new: PathBuf,

    /// Print JSON: an object with the digests that are added, removed and changed
    #[arg(long)]
    json: bool,
}

/// What a list says of each digest.
type Said = BTreeMap<String, Kind>;

/// How two lists differ.
#[derive(Default)]
struct Difference {
    added: Vec<(String, Kind)>,
    removed: Vec<(String, Kind)>,
    changed: Vec<(String, Kind, Kind)>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    if args.old == args.new && args.old == Path::new("-") {
        bail!("one of the two lists can come from standard input");
    }
    let difference = Difference::between(&read(&args.old)?, read(&args.new)?);
    if_read(match args.json {
        true => json::print(&difference.as_json()),
        false => difference.show(),
    })?;
    let number = difference.len();
    match number {
        0 => Ok(()),
        _ => Err(No::error(format!("{} different", count(number, "digest")))),
    }
}

fn read(path: &Path) -> Result<Said> {
    let data = format::read(path)?;
    let (_, list) = format::list(&data).with_context(|| quoted(path))?;
    let mut said = Said::new();
    let mut entries = list.entries();
    while let Some((kind, digest)) = entries.next() {
        let digest = match entries.is_verity() {
            true => format!("verity:{}", verity::entry(&digest)),
            false => digest.to_string(),
        };
        // As in the kernel, of what a list says twice the stronger counts.
        let stronger = said.get(&digest).map_or(kind, |there| there.or(kind));
        said.insert(digest, stronger);
    }
    Ok(said)
}

impl Difference {
    fn between(old: &Said, new: Said) -> Self {
        let mut difference = Self::default();
        for (digest, kind) in old {
            if !new.contains_key(digest) {
                difference.removed.push((digest.clone(), *kind));
            }
        }
        for (digest, kind) in new {
            match old.get(&digest) {
                None => difference.added.push((digest, kind)),
                Some(before) if *before != kind => difference.changed.push((digest, *before, kind)),
                Some(_) => (),
            }
        }
        difference
    }

    fn len(&self) -> usize {
        self.added.len() + self.removed.len() + self.changed.len()
    }

    fn show(&self) -> Result<()> {
        let mut out = Printer::text();
        let mut put = |line: String, colour| {
            out.paint(&line, colour)?;
            writeln!(out)
        };
        for (digest, kind) in &self.removed {
            put(format!("- {kind} {digest}"), Colour::Red)?;
        }
        for (digest, kind) in &self.added {
            put(format!("+ {kind} {digest}"), Colour::Green)?;
        }
        for (digest, old, new) in &self.changed {
            put(format!("~ {old} is {new} {digest}"), Colour::Yellow)?;
        }
        out.flush()?;
        Ok(())
    }

    fn as_json(&self) -> Value {
        let entry =
            |(digest, kind): &(String, Kind)| json!({"kind": kind.name(), "digest": digest});
        let changed = self.changed.iter().map(
            |(digest, old, new)| json!({"digest": digest, "old": old.name(), "new": new.name()}),
        );
        json!({
            "same": self.len() == 0,
            "added": self.added.iter().map(entry).collect::<Vec<_>>(),
            "removed": self.removed.iter().map(entry).collect::<Vec<_>>(),
            "changed": changed.collect::<Vec<_>>(),
        })
    }
}
