// SPDX-License-Identifier: GPL-2.0

//! Lists of the files of trees.

use anyhow::{
    bail,
    Context,
    Result, //
};
use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo, //
};
use rayon::prelude::*;

use super::{
    encode,
    report_errors,
    report_number,
    report_unread,
    sort,
    Args,
    Entry, //
};
use crate::{
    hash::{
        self,
        hash_file,
        Content, //
    },
    output::write_list,
    progress,
    report::{
        count,
        quoted,
        remark_of, //
    },
    walk::{
        walk,
        Options,
        Walk, //
    }, //
};

/// Makes the list.
pub(super) fn run(args: &Args) -> Result<()> {
    let walk = find(args);
    let Hashed {
        mut entries,
        empty,
        errors,
    } = hash_all(args, &walk);
    let files = entries.len();
    entries.extend(named(args)?);
    sort(&mut entries);

    let mut errors: Vec<_> = walk.errors.iter().cloned().chain(errors).collect();
    report_errors(args, &mut errors, "path")?;
    if entries.is_empty() {
        bail!("no file with content was found; no list was written");
    }
    let list = encode(args.format, args.algo.into(), args.edition()?, &entries)?;
    write_list(&args.output, &list)?;
    summarise(args, &walk, files, entries.len(), empty)?;
    report_unread(&errors, "path", "the list was")
}

fn find(args: &Args) -> Walk {
    let bar = progress::spinner("{spinner} {pos} files found");
    let walk = walk(
        &args.sources,
        &Options {
            one_file_system: args.one_file_system,
            except: &args.output,
        },
        |files| bar.set_position(files as u64),
    );
    bar.finish_and_clear();
    walk
}

struct Hashed {
    entries: Vec<Entry>,
    empty: usize,
    errors: Vec<String>,
}

fn hash_all(args: &Args, walk: &Walk) -> Hashed {
    let bytes = walk.files.iter().map(|file| file.size).sum();
    let bar = progress::bar(
        bytes,
        "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left",
    );
    let contents: Vec<_> = walk
        .files
        .par_iter()
        .map_init(hash::Buffer::new, |buffer, file| {
            hash_file(&file.path, args.algo.into(), buffer, |read| bar.inc(read))
        })
        .collect();
    bar.finish_and_clear();

    let mut hashed = Hashed {
        entries: Vec::with_capacity(contents.len()),
        empty: 0,
        errors: Vec::new(),
    };
    for (file, content) in walk.files.iter().zip(contents) {
        match content {
            Ok(Content::Digest(digest)) => hashed.entries.push(Entry {
                kind: args.kind(false),
                verity: false,
                digest,
            }),
            Ok(Content::Empty) => hashed.empty += 1,
            Err(error) => {
                let error = format!("{}: {error}", quoted(&file.path));
                hashed.errors.push(error);
            }
        }
    }
    hashed
}

/// The digests that stand on the command line.
fn named(args: &Args) -> Result<Vec<Entry>> {
    let algo = HashAlgo::from(args.algo);
    args.digest
        .iter()
        .map(|text| {
            let digest =
                Digest::parse(text).with_context(|| format!("'{text}' is not a digest"))?;
            if digest.algo() != algo {
                bail!("'{text}' is not of the list's algorithm, {algo}; --algo chooses another");
            }
            if digest.as_bytes() == algo.empty_digest() {
                bail!("'{text}' is the digest of the empty file, which no list can have");
            }
            Ok(Entry {
                kind: args.kind(false),
                verity: args.verity,
                digest: digest.as_bytes().to_vec(),
            })
        })
        .collect()
}

fn summarise(args: &Args, walk: &Walk, files: usize, digests: usize, empty: usize) -> Result<()> {
    let say = |text: String| remark_of(&args.output, text);
    say(format!(
        "{}: {} of {}",
        quoted(&args.output),
        count(digests, "digest"),
        count(files, "file")
    ))?;
    report_number(args, "left out", empty, "empty file")?;
    report_number(args, "not followed", walk.links, "symbolic link")?;
    if walk.special > 0 {
        let special = count(walk.special, "special file");
        say(format!("left out: {special} (devices, sockets and pipes)"))?;
    }
    let mut pseudo: Vec<_> = walk.pseudo.iter().collect();
    pseudo.sort();
    for path in pseudo {
        say(format!(
            "not entered: {} (pseudo file system)",
            quoted(path)
        ))?;
    }
    Ok(())
}
