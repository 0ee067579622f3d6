// SPDX-License-Identifier: GPL-2.0

//! Signatures that lie beside lists.

use std::{
    ffi::OsStr,
    fs,
    io::ErrorKind,
    path::{
        Path,
        PathBuf, //
    }, //
};

use anyhow::{
    Context,
    Result, //
};
use digest_logic::signature::Signature;

use crate::report::{
    complain,
    quoted, //
};

/// What follows the name of a list: PKCS#7, and what `evmctl` and vendors of RPM packages make.
pub(crate) const SUFFIXES: [&str; 2] = ["p7s", "sig"];

/// The name of `list` with a suffix behind it, whatever suffix it has.
pub(crate) fn with_suffix(list: &Path, suffix: &str) -> PathBuf {
    let mut name = list.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// Whether a file of this name is a signature. Nothing is read.
pub(crate) fn is_signature(name: impl AsRef<Path>) -> bool {
    let suffix = name.as_ref().extension().and_then(OsStr::to_str);
    suffix.is_some_and(|suffix| SUFFIXES.contains(&suffix))
}

/// Removes what lies beside `list` as its signatures.
pub(crate) fn remove_signatures(list: &Path) -> Result<()> {
    for suffix in SUFFIXES {
        let path = with_suffix(list, suffix);
        match fs::remove_file(&path) {
            Ok(()) => complain(format_args!(
                "note: {} was of the list that was there before, and is removed",
                quoted(&path)
            )),
            Err(error) if error.kind() == ErrorKind::NotFound => (),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot remove {}", quoted(&path)))
            }
        }
    }
    Ok(())
}

/// The signature that lies beside `list`, and where; none if there is none.
pub(crate) fn beside(list: &Path) -> Result<Option<(PathBuf, Vec<u8>)>> {
    for suffix in SUFFIXES {
        let path = with_suffix(list, suffix);
        match fs::read(&path) {
            Ok(data) => {
                Signature::parse(&data)
                    .with_context(|| format!("{} is no signature", quoted(&path)))?;
                return Ok(Some((path, data)));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => (),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", quoted(&path)))
            }
        }
    }
    Ok(None)
}
