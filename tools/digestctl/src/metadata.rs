// SPDX-License-Identifier: GPL-2.0

//! `digestctl metadata`: what tells the kernel which lists to load.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
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
    edition::Edition,
    hash_algo::HashAlgo,
    list::ListType,
    metadata::Record, //
};

use crate::{
    format::{
        self,
        Format,
        Parsed, //
    },
    hash::hash_bytes,
    output::{
        is_standard,
        write_atomically,
        Buffer, //
    },
    progress,
    report::{
        count,
        quoted,
        remark_of, //
    },
    signature::beside, //
};

/// Make the metadata by which the kernel loads lists.
///
/// They have, for each LIST: its absolute path, its type, its SHA-256 digest, a reference by which
/// a verifier finds it, and its signature. The signature is beside the list: LIST.p7s, as
/// `digestctl sign` makes it, or LIST.sig, as `digestctl generate --from rpm` and `evmctl` make it.
/// Each list is checked first. Loading the metadata costs one measurement, whatever the number of
/// lists. The lists are sorted by path, and those of one name by their serial numbers: the same
/// lists give the same metadata, in whatever order they are named.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  digestctl metadata base.list -o metadata
  digestctl metadata --root /srv/image /srv/image/etc/digest_lists/base -o metadata")]
pub(crate) struct Args {
    /// Digest lists
    #[arg(required = true, value_name = "LIST")]
    lists: Vec<PathBuf>,

    /// The metadata to write; replaced if it exists
    #[arg(short, long, value_name = "META")]
    output: PathBuf,

    /// The directory that will be / when the lists are loaded
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,

    /// The reference of the lists [default: the name of each file]
    #[arg(long, value_name = "TEXT")]
    ref_id: Option<String>,

    /// The format of the lists [default: told from their content]
    #[arg(long)]
    format: Option<ListFormat>,

    /// Leave out the signatures
    #[arg(long)]
    unsigned: bool,
}

/// A format of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ListFormat {
    /// A compact list
    Compact,
    /// The header of an RPM package
    Rpm,
    /// A compact list with headers of 16 bytes
    Compact16,
    /// A list of fields with type and length
    Tlv,
}

impl From<ListFormat> for Format {
    fn from(format: ListFormat) -> Self {
        match format {
            ListFormat::Compact => Self::Compact,
            ListFormat::Rpm => Self::Rpm,
            ListFormat::Compact16 => Self::Compact16,
            ListFormat::Tlv => Self::Tlv,
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = args
        .root
        .canonicalize()
        .with_context(|| format!("cannot find {}", quoted(&args.root)))?;
    let mut lists = sorted(&args.lists)?;
    sort_editions(&mut lists)?;
    let mut metadata = Buffer::default();
    let mut signed = 0;
    let bar = progress::of_lists(lists.len());
    for list in &lists {
        signed += usize::from(add(&mut metadata, args, &root, list)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    write_atomically(&args.output, &metadata.0)?;
    let lists = count(lists.len(), "list");
    let output = quoted(&args.output);
    let signed = match signed {
        0 => String::new(),
        _ => format!(", {signed} signed"),
    };
    remark_of(
        &args.output,
        format_args!("{output}: metadata of {lists}{signed}"),
    )
}

/// The lists by their paths, bytewise, each once.
fn sorted(lists: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut by_path = BTreeMap::new();
    for list in lists {
        if is_standard(list) {
            bail!(
                "the kernel reads lists by their paths, so a list cannot come from standard input"
            );
        }
        let absolute = list
            .canonicalize()
            .with_context(|| format!("cannot find {}", quoted(list)))?;
        by_path.entry(absolute.into_os_string()).or_insert(list);
    }
    Ok(by_path.into_values().cloned().collect())
}

/// Puts lists of one name into the order of their serial numbers, in the places that they have: the
/// module takes the lists of a write one after the other, and refuses a lower number after a higher
/// one.
fn sort_editions(lists: &mut [PathBuf]) -> Result<()> {
    let mut places: BTreeMap<Vec<u8>, Vec<(usize, u64)>> = BTreeMap::new();
    for (place, list) in lists.iter().enumerate() {
        let data = format::read(list)?;
        if let Ok(Some(edition)) = Edition::read(&mut Cursor::new(&data)) {
            let of_name = places.entry(edition.name().to_vec()).or_default();
            of_name.push((place, edition.serial()));
        }
    }
    let before = lists.to_vec();
    for of_name in places.values() {
        let mut sorted = of_name.clone();
        sorted.sort_by_key(|(_, serial)| *serial);
        for ((place, _), (from, _)) in of_name.iter().zip(&sorted) {
            lists[*place].clone_from(&before[*from]);
        }
    }
    Ok(())
}

/// Adds `list`, and says whether it is signed.
fn add(metadata: &mut Buffer, args: &Args, root: &Path, list: &Path) -> Result<bool> {
    let name = quoted(list);
    let absolute = list
        .canonicalize()
        .with_context(|| format!("cannot find {name}"))?;
    let Ok(inside) = absolute.strip_prefix(root) else {
        bail!("{name} is not below {}", quoted(root));
    };
    let path = Path::new("/").join(inside);
    let data = format::read(list)?;
    let list_type = list_type(args, list, &data)?;
    let signature = if args.unsigned { None } else { beside(list)? };
    let signature = signature.map(|(_, data)| data).unwrap_or_default();
    let digest = hash_bytes(&data);
    let file_name = path.file_name().map_or(&b""[..], OsStr::as_bytes);
    let ref_id = args.ref_id.as_ref().map_or(file_name, String::as_bytes);
    Record {
        algo: HashAlgo::Sha256,
        digest: &digest,
        signature: &signature,
        path: path.as_os_str().as_bytes(),
        ref_id,
        list_type,
    }
    .write(metadata)
    .with_context(|| format!("cannot describe {name}"))?;
    Ok(!signature.is_empty())
}

fn list_type(args: &Args, list: &Path, data: &[u8]) -> Result<ListType> {
    if let Some(format) = args.format {
        if let Parsed::List(list_type, _) = format::parse(data, Some(format.into()), list)? {
            return Ok(list_type);
        }
    }
    match format::list(data) {
        Ok((list_type, _)) => Ok(list_type),
        Err(error) => bail!("{} is {error}", quoted(list)),
    }
}
