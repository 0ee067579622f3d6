// SPDX-License-Identifier: GPL-2.0

//! The module's files in securityfs, and what its answers mean.

use std::{
    collections::BTreeMap,
    fs::{
        File,
        OpenOptions, //
    },
    io::{
        self,
        Read,
        Seek,
        Write, //
    },
    path::{
        Path,
        PathBuf, //
    }, //
};

use anyhow::{
    anyhow,
    Context,
    Error,
    Result, //
};
use digest_logic::refusal::{
    Cause,
    Layer, //
};
use rustix::io::Errno;

use crate::report::{
    count,
    detail,
    quoted, //
};

/// Where the module's files are.
#[derive(clap::Args)]
pub(crate) struct Location {
    /// The module's directory in securityfs
    #[arg(
        long,
        value_name = "DIR",
        default_value = "/sys/kernel/security/digest_lists"
    )]
    securityfs: PathBuf,
}

impl Location {
    /// Reads the file `name` whole.
    pub(crate) fn read(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.securityfs.join(name);
        std::fs::read(&path)
            .map_err(|error| self.no_access(error))
            .with_context(|| format!("cannot read {}", quoted(&path)))
    }

    /// Whether the file `name` can be written to.
    pub(crate) fn check(&self, name: &str) -> Result<()> {
        self.open(name, false).map(drop)
    }

    /// The lines `key: value` of the file `status`.
    pub(crate) fn status(&self) -> Result<BTreeMap<String, String>> {
        let status = self.read("status")?;
        Ok(status_of(&String::from_utf8_lossy(&status)))
    }

    /// Reads the file `name` whole, of which a task holds another one.
    pub(crate) fn read_held(&self, name: &str) -> Result<Vec<u8>> {
        let mut data = Vec::new();
        // The module lets that task open it to write, and nobody to read only.
        self.hold(name)?
            .read_to_end(&mut data)
            .with_context(|| format!("cannot read {}", quoted(&self.securityfs.join(name))))?;
        Ok(data)
    }

    /// Opens the file `name` to keep others from it, for as long as the file is open.
    pub(crate) fn hold(&self, name: &str) -> Result<File> {
        self.open(name, true)
    }

    /// Opens the file `name` to write, and to `read` as well.
    fn open(&self, name: &str, read: bool) -> Result<File> {
        let path = self.securityfs.join(name);
        OpenOptions::new()
            .read(read)
            .write(true)
            .open(&path)
            .map_err(|error| self.no_access(error))
            .with_context(|| format!("cannot open {}", quoted(&path)))
    }

    /// Writes `data` to the file `name` in one piece, as the module expects it.
    pub(crate) fn write(&self, name: &str, data: &[u8]) -> Result<()> {
        let path = self.securityfs.join(name);
        detail(format_args!(
            "writing {} to {}",
            count(data.len(), "byte"),
            quoted(&path)
        ));
        let mut file = self.open(name, false)?;
        match file.write(data) {
            Ok(written) if written == data.len() => Ok(()),
            Ok(written) => Err(anyhow!("the kernel took {written} of {} bytes", data.len())),
            Err(error) => Err(refused(name, error)),
        }
        .with_context(|| format!("cannot write to {}", quoted(&path)))
    }

    /// Writes `question` to the file `name`, and reads the answer from the same open file.
    pub(crate) fn ask(&self, name: &str, question: &[u8]) -> Result<Vec<u8>> {
        let path = self.securityfs.join(name);
        let mut file = self.open(name, true)?;
        file.write_all(question)
            .map_err(|error| refused(name, error))
            .with_context(|| format!("cannot write to {}", quoted(&path)))?;
        let mut answer = Vec::new();
        file.rewind()
            .and_then(|()| file.read_to_end(&mut answer))
            .with_context(|| format!("cannot read {}", quoted(&path)))?;
        Ok(answer)
    }

    fn no_access(&self, error: io::Error) -> Error {
        let remedy = match Errno::from_io_error(&error) {
            Some(Errno::NOENT) if is_empty(self.securityfs.parent()) => {
                "securityfs is not mounted: mount -t securityfs securityfs /sys/kernel/security"
            }
            Some(Errno::NOENT) => {
                "the module is not loaded: modprobe digest_lists, \
                 and see the kernel log (dmesg) if it does not load"
            }
            Some(Errno::ACCESS | Errno::PERM) => {
                "this needs root, with CAP_SYS_ADMIN in the initial user namespace"
            }
            Some(Errno::BUSY) => {
                "another program reads or trims the measurement list at this moment; try again"
            }
            _ => return error.into(),
        };
        Error::new(error).context(remedy)
    }
}

fn is_empty(directory: Option<&Path>) -> bool {
    let entries = directory.and_then(|directory| directory.read_dir().ok());
    entries.is_none_or(|mut entries| entries.next().is_none())
}

/// What the refusal of a write to the file `name` means, as far as an errno tells; the kernel's log
/// tells the rest.
fn refused(name: &str, error: io::Error) -> Error {
    let meanings: Vec<&str> = own_meaning(name, &error)
        .into_iter()
        .chain(causes(name, &error).map(Cause::row))
        .collect();
    let meaning = match &meanings[..] {
        [] => "the kernel refused it".to_string(),
        meanings => meanings.join("; or: "),
    };
    Error::new(error).context(format!(
        "{meaning}; the reason is in the kernel log: dmesg | grep digest_lists"
    ))
}

/// The module's causes with this errno that a write to the file `name` may have.
fn causes<'a>(name: &'a str, error: &io::Error) -> impl Iterator<Item = Cause> + use<'a> {
    let errno = error.raw_os_error();
    Cause::ALL.into_iter().filter(move |cause| {
        Some(cause.errno().number()) == errno
            && match (cause, cause.layer()) {
                (_, Layer::Internal) => false,
                (_, Layer::Policy) => name == "policy",
                (Cause::NotOne, _) => name == "scrub",
                (Cause::NotLoaded, _) => name == "digest_lists_remove",
                (Cause::KeyFileTooLarge, _) => name == "trusted_keys",
                (_, Layer::File) => name == "digest_lists",
                (_, Layer::Request) => true,
                _ => name != "policy",
            }
    })
}

/// What the kernel itself says by an errno, whatever the module makes of the data.
fn own_meaning(name: &str, error: &io::Error) -> Option<&'static str> {
    let takes_path = matches!(name, "digest_lists" | "policy" | "trusted_keys");
    match Errno::from_io_error(error)? {
        Errno::PERM => Some("this needs root, with CAP_SYS_ADMIN in the initial user namespace"),
        Errno::ACCESS if takes_path => Some("a file may not be read"),
        Errno::NOENT if takes_path => Some("there is no file of a name that is given"),
        Errno::NOMEM => Some("the kernel has too little memory for it"),
        Errno::INTR => Some("it was interrupted, and nothing was changed"),
        _ => None,
    }
}

/// The lines `key: value` in the text of the file `status`.
pub(crate) fn status_of(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let words = lines.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()));
    words.collect()
}
