// SPDX-License-Identifier: GPL-2.0

//! The module's files in securityfs, and what its answers mean.

use std::{
    fs::OpenOptions,
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
use digest_logic::error::Error as Cause;
use rustix::io::Errno;

use crate::report::quoted;

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
        let path = self.securityfs.join(name);
        OpenOptions::new()
            .write(true)
            .open(&path)
            .map(drop)
            .map_err(|error| self.no_access(error))
            .with_context(|| format!("cannot open {}", quoted(&path)))
    }

    /// Writes `data` to the file `name` in one piece, as the module expects it.
    pub(crate) fn write(&self, name: &str, data: &[u8]) -> Result<()> {
        let path = self.securityfs.join(name);
        let mut file = OpenOptions::new()
            .write(true)
            .open(&path)
            .map_err(|error| self.no_access(error))
            .with_context(|| format!("cannot open {}", quoted(&path)))?;
        match file.write(data) {
            Ok(written) if written == data.len() => Ok(()),
            Ok(written) => Err(anyhow!("the kernel took {written} of {} bytes", data.len())),
            Err(error) => Err(refused(error)),
        }
        .with_context(|| format!("cannot write to {}", quoted(&path)))
    }

    /// Writes `question` to the file `name`, and reads the answer from the same open file.
    pub(crate) fn ask(&self, name: &str, question: &[u8]) -> Result<Vec<u8>> {
        let path = self.securityfs.join(name);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|error| self.no_access(error))
            .with_context(|| format!("cannot open {}", quoted(&path)))?;
        file.write_all(question)
            .map_err(refused)
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
            _ => return error.into(),
        };
        Error::new(error).context(remedy)
    }
}

fn is_empty(directory: Option<&Path>) -> bool {
    let entries = directory.and_then(|directory| directory.read_dir().ok());
    entries.is_none_or(|mut entries| entries.next().is_none())
}

/// What the kernel's refusal of a write means, as far as an errno tells; its log tells the rest.
fn refused(error: io::Error) -> Error {
    let errno = error.raw_os_error();
    // The module gives each cause of a refused format an errno of its own.
    let cause = Cause::ALL
        .into_iter()
        .find(|cause| Some(cause.errno()) == errno)
        .map(Cause::cause);
    let meaning = match Errno::from_io_error(&error) {
        Some(Errno::PERM) => "this needs root, with CAP_SYS_ADMIN in the initial user namespace",
        Some(Errno::ACCESS) => {
            "a list is not signed, a file may not be read, or the policy does not allow it"
        }
        Some(Errno::STALE) => "a list is not the one that its metadata describes",
        Some(Errno::NOENT) => "the kernel did not find a file or list that is named there",
        Some(Errno::FBIG) => "it is larger than the module accepts",
        Some(Errno::DQUOT) => "the lists would take more memory than max_digest_memory",
        Some(Errno::NOMEM) => "the kernel has too little memory for it",
        Some(Errno::BUSY) => {
            "a list revokes what no other list revokes, and files are being appraised"
        }
        Some(Errno::AGAIN) => "the module is still starting; try again",
        Some(Errno::INTR) => "it was interrupted, and nothing was changed",
        Some(Errno::NOKEY) => "no trusted key has the identifier that the signature names",
        Some(Errno::KEYEXPIRED) => "the key that signed has expired",
        Some(Errno::KEYREVOKED) => "the key that signed was revoked",
        Some(Errno::REMCHG) => "a signature does not verify",
        Some(Errno::RFKILL) => "the kernel's blacklist has the list or its signer",
        Some(Errno::TIME) => "the certificate of the signer is not valid yet",
        Some(Errno::UNATCH) => "the certificate of the signer does not allow its key this use",
        _ => cause.unwrap_or("the kernel refused it"),
    };
    Error::new(error).context(format!(
        "{meaning}; the reason is in the kernel log: dmesg | grep digest_lists"
    ))
}
