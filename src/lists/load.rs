// SPDX-License-Identifier: GPL-2.0

//! Loading lists: metadata → its record → every list it names → the table, all of them or none.

use super::{
    list::{
        Actions,
        List,
        Staged, //
    },
    reason::Reason,
    signature,
    Lists, //
};
use crate::{
    content,
    errno::refuse,
    evaluate::Access,
    monitor::Monitor,
    sys::{
        console::Show,
        file::OwnedFile,
        key::is_data_blacklisted,
        pages::Writer,
        sha, //
    },
};
use core::fmt;
use digest_logic::{
    digest::Digest,
    error::Error as Cause,
    list::ParsedList,
    metadata::{
        Metadata,
        Record, //
    },
    policy::{
        Decision,
        Func,
        Mask, //
    },
};
use kernel::{
    prelude::*,
    str::CString,
    sync::Arc, //
};

/// The largest metadata in bytes.
pub(crate) const MAX_METADATA: usize = 16 << 20;

/// The name of the record of metadata that were written as bytes.
const METADATA_EVENT: &[u8] = b"digest_lists_metadata";

/// The name of the file in `data` if it is a path: it begins with a slash and has no NUL, which every metadata has.
/// One newline at the end is not part of it.
pub(crate) fn as_path(data: &[u8]) -> Option<&[u8]> {
    let path = data.strip_suffix(b"\n").unwrap_or(data);
    (path.starts_with(b"/") && !path.contains(&0)).then_some(path)
}

/// A path in a message.
struct Path<'a>(&'a [u8]);

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// Reads the file at `path`, and hands it to `look` while it is open.
fn read_file<T>(
    path: &[u8],
    limit: usize,
    look: impl FnOnce(&OwnedFile, &[u8]) -> Result<T>,
) -> Result<(KVVec<u8>, T)> {
    let text = core::str::from_utf8(path).map_err(|_| refuse(Path(path), Cause::BadPath))?;
    let name = CString::try_from_fmt(kernel::prelude::fmt!("{}", text))?;
    OwnedFile::open(&name)
        .and_then(|file| {
            let data = content::read_all(&file, limit)?;
            let seen = look(&file, &data)?;
            Ok((data, seen))
        })
        .map_err(|e| {
            if e == EFBIG {
                return Reason::ListTooLarge.refuse(Path(path));
            }
            pr_err!("cannot read {} ({})\n", Show(Path(path)), e.to_errno());
            e
        })
}

impl Monitor {
    /// Loads the lists that `data` describe: metadata, or the absolute path of a file with metadata. The metadata are
    /// recorded before any list is read. May sleep.
    ///
    /// # Errors
    ///
    /// One errno per cause (`Documentation/life-cycle.md`), with the reason in the kernel log; nothing is loaded then.
    pub(crate) fn load_lists(&self, data: &[u8]) -> Result {
        if !self.is_running() {
            return Err(EAGAIN);
        }
        match as_path(data) {
            Some(path) => {
                let (data, ()) = self.read_own_file(path, MAX_METADATA, |_, _| Ok(()))?;
                self.load_metadata(&data, path)
            }
            None => self.load_metadata(data, METADATA_EVENT),
        }
    }

    /// Reads the file at `path` for the module's own use, without evaluating the access, and hands it to `look` while
    /// it is open. May sleep.
    pub(crate) fn read_own_file<T>(
        &self,
        path: &[u8],
        limit: usize,
        look: impl FnOnce(&OwnedFile, &[u8]) -> Result<T>,
    ) -> Result<(KVVec<u8>, T)> {
        self.exempt.run(|| read_file(path, limit, look))
    }

    /// Reads a list and applies the rules of `DIGEST_LIST_CHECK` to it. May sleep.
    fn read_list(&self, path: &[u8]) -> Result<(KVVec<u8>, Decision)> {
        let limit = self.lists.settings.max_list_size;
        self.read_own_file(path, limit, |file, data| {
            let access = Access::new(file, Func::DigestListCheck, Mask::READ);
            let decision = self.policies.decide(&access);
            if let Some(rule) = decision.measure {
                let digest =
                    sha::digest(digest_logic::hash_algo::HashAlgo::Sha256, data).ok_or(EINVAL)?;
                let pcr = rule.pcr.map_or(self.log.pcr(), u32::from);
                self.log
                    .measure_file(&self.stats, pcr, rule.template, &digest, false, file)?;
            }
            Ok(decision)
        })
    }

    fn load_metadata(&self, data: &[u8], name: &[u8]) -> Result {
        let metadata = Metadata::parse(data).map_err(|cause| refuse(Path(name), cause))?;
        let _changing = self.lists.changing.lock();
        self.log.measure_bytes(&self.stats, data, name)?;
        let mut batch = Batch {
            lists: &self.lists,
            staged: KVVec::new(),
            memory: Writer::new(),
            entries: 0,
        };
        for record in metadata.records() {
            let (data, decision) = self.read_list(record.path)?;
            batch
                .stage(&record, &data, &decision)
                .map_err(|reason| reason.refuse(Path(record.path)))?;
        }
        let added = batch
            .publish()
            .map_err(|reason| reason.refuse(Path(name)))?;
        pr_info!(
            "{}: {} lists, {} of them new; {} digests in all\n",
            Show(Path(name)),
            metadata.len(),
            added,
            self.lists.digests()
        );
        Ok(())
    }
}

/// The lists of one write on their way into the table. All of them share one piece of memory.
struct Batch<'a> {
    lists: &'a Lists,
    staged: KVVec<Staged>,
    memory: Writer,
    entries: usize,
}

impl Batch<'_> {
    /// Checks and parses one list. What is checked is the very buffer that is parsed. May sleep.
    fn stage(
        &mut self,
        record: &Record<'_>,
        data: &[u8],
        decision: &Decision,
    ) -> Result<(), Reason> {
        let digest = sha::digest(record.algo, data).ok_or(Cause::WeakAlgorithm)?;
        if digest.as_bytes() != record.digest {
            return Err(Reason::OtherFile);
        }
        if is_data_blacklisted(digest.as_bytes()) {
            return Err(Reason::Blacklisted);
        }
        let signer = if record.signature.is_empty() {
            if self.lists.settings.require_signature || decision.appraise.is_some() {
                return Err(Reason::Unsigned);
            }
            None
        } else {
            Some(signature::verify(
                &self.lists.trust,
                record.list_type,
                data,
                record.signature,
            )?)
        };
        if self.has(&digest) {
            return Ok(());
        }

        let list = ParsedList::parse(record.list_type, data)?;
        list.algo().strong()?;
        self.entries = self.entries.saturating_add(list.counts().total() as usize);
        let start = self.memory.len();
        let more = start.saturating_add(list.arena_len());
        self.lists.table.check_limit(more, self.entries)?;
        list.write_arena(&mut self.memory)
            .map_err(|cause| match cause {
                // The memory's only failure.
                Cause::BufferTooSmall => Reason::Kernel(ENOMEM),
                cause => cause.into(),
            })?;
        let mut ref_id = KVVec::new();
        for byte in record.ref_id {
            let shown = if byte.is_ascii_graphic() { *byte } else { b'_' };
            ref_id.push(shown, GFP_KERNEL)?;
        }
        let actions = Actions {
            // The metadata that name it have a record.
            measure: true,
            appraise: signer.is_some(),
        };
        self.staged.push(
            Staged {
                digest,
                list_type: record.list_type,
                algo: list.algo(),
                ref_id,
                counts: list.counts(),
                signer,
                actions,
                place: start..self.memory.len(),
            },
            GFP_KERNEL,
        )?;
        Ok(())
    }

    /// Whether the list is loaded or in the batch already.
    fn has(&self, digest: &Digest) -> bool {
        self.staged.iter().any(|staged| staged.digest == *digest)
            || self.lists.table.snapshot().list(digest).is_some()
    }

    /// Puts all lists into the table and returns how many. May sleep.
    fn publish(self) -> Result<usize, Reason> {
        if self.staged.is_empty() {
            return Ok(0);
        }
        let memory = Arc::new(self.memory.seal()?, GFP_KERNEL)?;
        let mut lists = KVVec::with_capacity(self.staged.len(), GFP_KERNEL)?;
        for staged in self.staged {
            lists.push(List::new(staged, memory.clone()), GFP_KERNEL)?;
        }
        let count = lists.len();
        self.lists.table.add(lists)?;
        Ok(count)
    }
}
