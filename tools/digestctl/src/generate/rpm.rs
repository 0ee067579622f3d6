// SPDX-License-Identifier: GPL-2.0

//! Lists that vendors have signed already: the headers of RPM packages.

use std::{
    collections::BTreeMap,
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
    cursor::Cursor,
    digest::Hex,
    list::{
        ListType,
        ParsedList, //
    },
    openpgp,
    refusal::Cause,
    rpm::{
        Frame,
        Header,
        Name,
        Package,
        StoredSignature, //
    }, //
};

use super::create_directory;
use crate::{
    format,
    hash::hash_bytes,
    output::{
        write_atomically,
        write_list,
        Buffer, //
    },
    progress,
    report::{
        complain,
        count,
        quoted,
        remark, //
    },
    signature::{
        is_signature,
        with_suffix, //
    }, //
};

mod database;

/// A list and the signature of it.
struct Signed {
    name: String,
    list: Vec<u8>,
    signature: Option<Vec<u8>>,
}

/// The lists that are to be written.
#[derive(Default)]
struct Lists {
    /// By their names; of one name there may be several, of different content.
    by_name: BTreeMap<String, Vec<Signed>>,
    /// Whether each package is to have a list, unless it has no files.
    complete: bool,
    /// Packages without files that could be listed, where `complete`.
    without_files: usize,
    left_out: usize,
    repeated: usize,
}

/// Makes lists of package files; with `complete`, of all or none.
pub(super) fn run(sources: &[PathBuf], output: &Path, complete: bool) -> Result<()> {
    create_directory(output)?;
    let mut lists = Lists::new(complete);
    let bar = progress::bar(sources.len() as u64, "{wide_bar} {pos}/{len}");
    for source in sources {
        let data = format::read(source)?;
        lists.take(from_package(&data), &quoted(source));
        bar.inc(1);
    }
    bar.finish_and_clear();
    lists.write(output)
}

/// Makes lists of the packages of the database in the directory that is named, of the headers in
/// the file that is named, which `rpmdb --exportdb` printed, or of the system's database; with
/// `complete`, of all or none.
pub(super) fn run_database(sources: &[PathBuf], output: &Path, complete: bool) -> Result<()> {
    create_directory(output)?;
    let exported = match sources {
        [] => database::export(None)?,
        [file] if !file.is_dir() => format::read(file)?,
        [database] => database::export(Some(database))?,
        _ => bail!("one database at a time"),
    };
    let origin = sources
        .first()
        .map_or("rpmdb".to_owned(), |path| quoted(path));
    let mut lists = Lists::new(complete);
    let mut cursor = Cursor::new(&exported);
    while !cursor.is_empty() {
        let place = cursor.offset();
        // What is wrong in one header says nothing of the next.
        let frame = Frame::read(&mut cursor)
            .with_context(|| format!("{origin}: at byte {place} is no header of rpmdb's"))?;
        let made = Header::of_frame(&frame)
            .map_err(Into::into)
            .and_then(|header| signed(&header, header.signatures()));
        lists.take(made, &label(&frame.name()));
    }
    lists.write(output)
}

/// The list that the package file `data` is.
fn from_package(data: &[u8]) -> Result<Signed> {
    let package = Package::parse(data).context("no RPM package")?;
    signed(&package.header, package.signatures.signatures())
}

fn signed<'a>(
    header: &Header<'a>,
    signatures: impl Iterator<Item = StoredSignature<'a>>,
) -> Result<Signed> {
    let mut list = Buffer::default();
    header.write_signed(&mut list)?;
    let name = name_of(&header.name());
    ParsedList::parse(ListType::RpmHeader, &list.0)?;
    // The first that the kernel can verify, or else the first, so that its refusal says why.
    let mut packets = signatures.filter_map(|signature| {
        let mut packet = Buffer::default();
        signature.write(&mut packet).ok().map(|()| packet.0)
    });
    let first = packets.next();
    let better = match &first {
        Some(packet) if openpgp::Signature::parse(packet).is_err() => {
            packets.find(|packet| openpgp::Signature::parse(packet).is_ok())
        }
        _ => None,
    };
    Ok(Signed {
        name,
        list: list.0,
        signature: better.or(first),
    })
}

/// The longest name of a list in bytes: there is room behind it for a part of its digest, and for
/// the suffix of its signature.
const MOST_NAME: usize = 240;

/// The name of the package as the name of a file, which is not that of a signature.
fn name_of(name: &Name<'_>) -> String {
    let part = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(['/', '\0'], "_");
    let mut file = format!(
        "{}-{}-{}.{}",
        part(name.name),
        part(name.version),
        part(name.release),
        part(name.arch)
    );
    while file.len() > MOST_NAME {
        file.pop();
    }
    // What a shell's * leaves out is in no directory of lists.
    if file.starts_with('.') {
        file.insert(0, '_');
    }
    if is_signature(&file) {
        file.push('_');
    }
    file
}

/// The name of the package for messages. A key in a database has no architecture.
fn label(name: &Name<'_>) -> String {
    let label = quoted(Path::new(&name_of(name)));
    label.trim_end_matches('.').to_owned()
}

impl Lists {
    fn new(complete: bool) -> Self {
        Self {
            complete,
            ..Self::default()
        }
    }

    fn take(&mut self, made: Result<Signed>, source: &str) {
        let signed = match made {
            Ok(signed) => signed,
            // Nothing of it needs to be known.
            Err(error) if self.complete && error.downcast_ref() == Some(&Cause::NoFileDigests) => {
                self.without_files += 1;
                return;
            }
            Err(error) => {
                complain(format_args!("{source}: left out: {error:#}"));
                self.left_out += 1;
                return;
            }
        };
        let of_name = self.by_name.entry(signed.name.clone()).or_default();
        match of_name.iter_mut().find(|other| other.list == signed.list) {
            Some(other) => {
                self.repeated += 1;
                other.signature = other.signature.take().or(signed.signature);
            }
            None => of_name.push(signed),
        }
    }

    /// Writes the lists into the directory `output`, and says how many there are.
    fn write(&self, output: &Path) -> Result<()> {
        if self.complete && self.left_out > 0 {
            let left_out = count(self.left_out, "package");
            bail!("{left_out} cannot be listed; no list was written");
        }
        if self.by_name.is_empty() && self.without_files == 0 {
            bail!("no package has a header that can be loaded");
        }
        let (mut made, mut unsigned) = (0, 0);
        for of_name in self.by_name.values() {
            for signed in of_name {
                let mut name = signed.name.clone();
                // Epochs are in no name, and a package can be built twice.
                if of_name.len() > 1 {
                    let digest = Hex(&hash_bytes(&signed.list)).to_string();
                    name = format!("{name}-{}", &digest[..8]);
                }
                let path = output.join(name);
                write_list(&path, &signed.list)?;
                made += 1;
                match &signed.signature {
                    Some(signature) => write_atomically(&with_suffix(&path, "sig"), signature)?,
                    // One that lies there already is of this list.
                    None => unsigned += 1,
                }
            }
        }
        remark(format_args!("{}: {}", quoted(output), count(made, "list")))?;
        let more = [
            ("without a signature", unsigned, "list"),
            ("named twice", self.repeated, "package"),
            ("without files", self.without_files, "package"),
            ("left out", self.left_out, "package"),
        ];
        for (what, number, noun) in more {
            if number > 0 {
                remark(format_args!("{what}: {}", count(number, noun)))?;
            }
        }
        Ok(())
    }
}
