// SPDX-License-Identifier: GPL-2.0

//! Lists that vendors have signed already: the headers of RPM packages.

use std::{
    fs,
    io::Write,
    path::{
        Path,
        PathBuf, //
    },
    process::Command, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use digest_logic::{
    cursor::Cursor,
    list::{
        ListType,
        ParsedList, //
    },
    openpgp,
    rpm::{
        Header,
        Package,
        StoredSignature, //
    }, //
};
use indicatif::ProgressBar;

use super::style;
use crate::{
    format,
    output::{
        write_atomically,
        Buffer, //
    },
    report::{
        count,
        quoted, //
    }, //
};

/// A list and the signature of it.
pub(super) struct Signed {
    name: String,
    list: Vec<u8>,
    signature: Option<Vec<u8>>,
}

/// What was made.
#[derive(Default)]
struct Made {
    lists: usize,
    unsigned: usize,
    left_out: usize,
}

/// Makes lists of what `read` finds in each of `sources`.
pub(super) fn run(
    sources: &[PathBuf],
    output: &Path,
    read: impl Fn(&[u8]) -> Result<Signed>,
) -> Result<()> {
    create(output)?;
    let mut made = Made::default();
    let bar = ProgressBar::new(sources.len() as u64).with_style(style("{wide_bar} {pos}/{len}"));
    for source in sources {
        let data = format::read(source)?;
        take(read(&data), &quoted(source), output, &mut made)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    summarise(output, &made)
}

/// Makes lists of the packages of the database in the directory that is named, of the headers in
/// the file that is named, which `rpmdb --exportdb` printed, or of the system's database.
pub(super) fn run_database(sources: &[PathBuf], output: &Path) -> Result<()> {
    create(output)?;
    let exported = match sources {
        [] => export(None)?,
        [file] if file.is_file() => format::read(file)?,
        [database] => export(Some(database))?,
        _ => bail!("one database at a time"),
    };
    let mut made = Made::default();
    let mut cursor = Cursor::new(&exported);
    while !cursor.is_empty() {
        let header =
            Header::read(&mut cursor).context("rpmdb exported something else than headers")?;
        take(
            signed(&header, header.signatures()),
            "the database",
            output,
            &mut made,
        )?;
    }
    summarise(output, &made)
}

/// The headers of a database, one after the other.
fn export(database: Option<&Path>) -> Result<Vec<u8>> {
    // Databases of old releases are in a format that has to be asked for.
    for define in [None, Some("_db_backend bdb_ro")] {
        let mut command = Command::new("rpmdb");
        if let Some(define) = define {
            command.args(["--define", define]);
        }
        if let Some(database) = database {
            let database = database
                .canonicalize()
                .with_context(|| format!("cannot find {}", quoted(database)))?;
            command.arg("--dbpath").arg(database);
        }
        let output = command
            .arg("--exportdb")
            .output()
            .context("cannot run rpmdb; it is in the package rpm")?;
        if output.status.success() && !output.stdout.is_empty() {
            return Ok(output.stdout);
        }
    }
    bail!("rpmdb finds no package in this database")
}

/// The list that the package file `data` is.
pub(super) fn from_package(data: &[u8]) -> Result<Signed> {
    let package = Package::parse(data).context("no RPM package")?;
    signed(&package.header, package.signatures.signatures())
}

fn signed<'a>(
    header: &Header<'a>,
    signatures: impl Iterator<Item = StoredSignature<'a>>,
) -> Result<Signed> {
    let mut list = Buffer::default();
    header.write_signed(&mut list)?;
    let name = name_of(header);
    ParsedList::parse(ListType::RpmHeader, &list.0).with_context(|| name.clone())?;
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

/// The name of the package as the name of a file.
fn name_of(header: &Header<'_>) -> String {
    let name = header.name();
    let part = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(['/', '\0'], "_");
    format!(
        "{}-{}-{}.{}",
        part(name.name),
        part(name.version),
        part(name.release),
        part(name.arch)
    )
}

fn create(output: &Path) -> Result<()> {
    fs::create_dir_all(output)
        .with_context(|| format!("cannot make the directory {}", quoted(output)))
}

fn take(signed: Result<Signed>, source: &str, output: &Path, made: &mut Made) -> Result<()> {
    let signed = match signed {
        Ok(signed) => signed,
        Err(error) => {
            eprintln!("digestctl: {source}: left out: {error:#}");
            made.left_out += 1;
            return Ok(());
        }
    };
    let path = output.join(&signed.name);
    write_atomically(&path, &signed.list)?;
    made.lists += 1;
    match &signed.signature {
        Some(signature) => {
            write_atomically(&output.join(format!("{}.sig", signed.name)), signature)?
        }
        None => made.unsigned += 1,
    }
    Ok(())
}

fn summarise(output: &Path, made: &Made) -> Result<()> {
    if made.lists == 0 {
        bail!("no package has a header that can be loaded");
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}: {}", quoted(output), count(made.lists, "list"))?;
    if made.unsigned > 0 {
        writeln!(out, "without a signature: {}", count(made.unsigned, "list"))?;
    }
    if made.left_out > 0 {
        writeln!(out, "left out: {}", count(made.left_out, "package"))?;
    }
    Ok(())
}
