// SPDX-License-Identifier: GPL-2.0

//! Loading lists: metadata → its record → every list it names → the table, all of them or none.

use super::{
    floors::Floors,
    list::{
        Actions,
        List,
        Named,
        Staged, //
    },
    signature,
    signer::SignerId,
    table::{
        ByAlgo,
        PerAlgo, //
    },
    Lists, //
};
use crate::{
    access::{
        content,
        evaluate::Access, //
    },
    errno::refuse,
    monitor::Monitor,
    policy::MAX_POLICY,
    reason::Reason,
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
    appraise,
    digest::Digest,
    edition::{
        Floor,
        Standing, //
    },
    error::Error as Cause,
    hash_algo::HashAlgo,
    list::ParsedList,
    metadata::{
        Metadata,
        Record, //
    },
    policy::{
        Func,
        Mask, //
    },
};
use kernel::{
    prelude::*,
    str::CStr,
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

/// What the module reads for itself: how large it may be, and what it is called if it is larger.
#[derive(Clone, Copy)]
pub(crate) struct Limit {
    bytes: usize,
    reason: Reason,
}

impl Limit {
    /// That of policies.
    pub(crate) const POLICY: Self = Self {
        bytes: MAX_POLICY,
        reason: Reason::PolicyTooLarge,
    };
    /// That of key files.
    pub(super) const KEY_FILE: Self = Self {
        bytes: 1 << 20,
        reason: Reason::KeyFileTooLarge,
    };
    /// That of a key file's signature.
    pub(super) const KEY_SIGNATURE: Self = Self {
        bytes: 64 << 10,
        reason: Reason::KeyFileTooLarge,
    };
    /// That of metadata.
    const METADATA: Self = Self {
        bytes: MAX_METADATA,
        reason: Reason::MetadataTooLarge,
    };
}

/// Reads the file at `path`, and hands it to `look` while it is open. Errors of `look` have been logged.
fn read_file<T>(
    path: &[u8],
    limit: Limit,
    look: impl FnOnce(&OwnedFile, &[u8]) -> Result<T>,
) -> Result<(KVVec<u8>, T)> {
    let mut name = KVVec::with_capacity(path.len().saturating_add(1), GFP_KERNEL)?;
    name.extend_from_slice(path, GFP_KERNEL)?;
    name.push(0, GFP_KERNEL)?;
    let name = CStr::from_bytes_with_nul(&name).map_err(|_| refuse(Path(path), Cause::BadPath))?;
    let read = OwnedFile::open(name).and_then(|file| {
        let data = content::read_all(&file, limit.bytes)?;
        Ok((file, data))
    });
    match read {
        Ok((file, data)) => {
            let seen = look(&file, &data)?;
            Ok((data, seen))
        }
        Err(e) if e == EFBIG => Err(limit.reason.refuse(Path(path))),
        Err(e) => {
            pr_err!("cannot read {} ({})\n", Show(Path(path)), e.to_errno());
            Err(e)
        }
    }
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
            return Err(Reason::NotRunning.refuse("digest_lists"));
        }
        match as_path(data) {
            Some(path) => {
                let (data, ()) = self.read_own_file(path, Limit::METADATA, |_, _| Ok(()))?;
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
        limit: Limit,
        look: impl FnOnce(&OwnedFile, &[u8]) -> Result<T>,
    ) -> Result<(KVVec<u8>, T)> {
        self.exempt.run(|| read_file(path, limit, look))
    }

    /// Reads the list that `record` names, with its SHA-256, and applies the rules of `DIGEST_LIST_CHECK` to it. May
    /// sleep.
    fn read_list(&self, record: &Record<'_>) -> Result<(KVVec<u8>, Digest)> {
        let limit = Limit {
            bytes: self.lists.settings.max_list_size,
            reason: Reason::ListTooLarge,
        };
        self.read_own_file(record.path, limit, |file, data| {
            let access = Access::new(file, Func::DigestListCheck, Mask::READ);
            let decision = self.decide(&access);
            let digest = sha::digest(HashAlgo::Sha256, data).ok_or(EINVAL)?;
            if let Some(rule) = decision.measure {
                let pcr = rule.pcr.map_or(self.log.pcr(), u32::from);
                self.log
                    .measure_file(pcr, rule.template, &digest, false, file)?;
            }
            if decision.audit.is_some() {
                self.log.audit_file(&digest, file)?;
            }
            let unsigned = record.signature.is_empty();
            if let Some(rule) = decision.appraise.filter(|_| unsigned) {
                self.stats.appraised.count();
                let cause = appraise::Cause::SignatureRequired;
                self.refuse(file, cause, Some(&digest), rule.rule)
                    .map_err(|_| Reason::Unsigned.refuse(Path(record.path)))?;
            }
            Ok(digest)
        })
    }

    fn load_metadata(&self, data: &[u8], name: &[u8]) -> Result {
        let metadata = Metadata::parse(data).map_err(|cause| refuse(Path(name), cause))?;
        let _changing = self.lists.changing.lock();
        // However often: which lists are in force follows from the order of loads and removals.
        self.log.measure_own(data, name)?;
        let mut batch = Batch {
            lists: &self.lists,
            used: self.lists.memory(),
            staged: KVVec::new(),
            signed: KVVec::new(),
            memory: Writer::new(),
            more: 0,
            entries: PerAlgo::default(),
            floors: Floors::new(),
        };
        for record in metadata.records() {
            let (data, digest) = self.read_list(&record)?;
            batch
                .stage(&record, &data, digest)
                .map_err(|reason| reason.refuse(Path(record.path)))?;
        }
        let signed = batch.signed.len();
        let added = batch
            .publish()
            .map_err(|reason| reason.refuse(Path(name)))?;
        pr_info!(
            "{}: {} lists, {} of them new, {} newly signed; {} digests in all\n",
            Show(Path(name)),
            metadata.len(),
            added,
            signed,
            self.lists.digests()
        );
        self.remove_older()
            .map_err(|reason| reason.refuse(Path(name)))
    }
}

/// The lists of one write on their way into the table. All of them share one piece of memory.
struct Batch<'a> {
    lists: &'a Lists,
    /// The memory that loaded lists take, in bytes.
    used: usize,
    staged: KVVec<Staged>,
    /// What stands for lists that were loaded unsigned and are signed here.
    signed: KVVec<Arc<List>>,
    memory: Writer,
    /// The memory that the new lists take beside their digests, in bytes.
    more: usize,
    entries: PerAlgo<usize>,
    /// The floors that the lists of this write raise.
    floors: Floors,
}

impl Batch<'_> {
    /// Checks and parses one list, whose SHA-256 is `digest`. What is checked is the very buffer that is parsed. May
    /// sleep.
    fn stage(&mut self, record: &Record<'_>, data: &[u8], digest: Digest) -> Result<(), Reason> {
        let described = if record.algo == digest.algo() {
            digest
        } else {
            sha::digest(record.algo, data).ok_or(Cause::WeakAlgorithm)?
        };
        if described.as_bytes() != record.digest {
            return Err(Reason::OtherFile);
        }
        // Whoever writes the metadata chooses their algorithm, and must not choose a way past the blacklist by it.
        if is_data_blacklisted(digest.as_bytes()) || is_data_blacklisted(described.as_bytes()) {
            return Err(Reason::Blacklisted);
        }
        let signer = if record.signature.is_empty() {
            if self.lists.settings.require_signature {
                return Err(Reason::Unsigned);
            }
            None
        } else {
            let signer =
                signature::verify(&self.lists.trust, record.list_type, data, record.signature)?;
            Some(Arc::new(signer, GFP_KERNEL)?)
        };
        let list = ParsedList::parse(record.list_type, data)?;
        list.algo().strong()?;
        let named = match list.edition() {
            Some(edition) => Some(Arc::new(Named::new(&edition)?, GFP_KERNEL)?),
            None => None,
        };
        if let Some(named) = &named {
            self.enter_edition(named, &signer, &digest)?;
        }
        if self.has(record, &digest, &signer)? {
            return Ok(());
        }
        let actions = Actions {
            // The metadata that name it have a record.
            measure: true,
            appraise: signer.is_some(),
        };
        let mut staged = Staged {
            digest,
            list_type: record.list_type,
            algo: list.algo(),
            ref_id: printable(record.ref_id)?,
            counts: list.counts(),
            signer,
            named,
            actions,
            place: self.memory.len()..self.memory.len(),
        };
        self.more = self.more.saturating_add(staged.footprint());
        if let Some(entries) = self.entries.of(staged.algo) {
            *entries = entries.saturating_add(staged.counts.total() as usize);
        }
        self.check_limit(list.arena_len())?;
        list.write_arena(&mut self.memory)
            .map_err(|cause| match cause {
                // The memory's only failure.
                Cause::BufferTooSmall => Reason::Kernel(ENOMEM),
                cause => cause.into(),
            })?;
        staged.place.end = self.memory.len();
        self.staged.push(staged, GFP_KERNEL)?;
        Ok(())
    }

    /// Asks whether a list with this edition may be loaded, and makes it the floor of its name and signer if so. What the
    /// write had of a former one is left out. May sleep.
    fn enter_edition(
        &mut self,
        named: &Arc<Named>,
        signer: &Option<Arc<SignerId>>,
        digest: &Digest,
    ) -> Result<(), Reason> {
        let floor = Floor {
            serial: named.serial,
            list: *digest,
        };
        self.lists.floors.lock().judge(named, signer, &floor)?;
        if self.floors.judge(named, signer, &floor)? == Standing::Higher {
            self.floors.raise(named.clone(), signer.clone(), floor)?;
            let floors = &self.floors;
            let below = |of: &Option<Arc<Named>>, signer: &Option<Arc<SignerId>>| {
                of.as_ref().is_some_and(|of| floors.is_below(of, signer))
            };
            leave_out(&mut self.staged, |list| below(&list.named, &list.signer));
            leave_out(&mut self.signed, |list| below(&list.named, &list.signer));
        }
        Ok(())
    }

    /// Whether what was staged and `more` bytes of digests would be over the limit. May sleep.
    fn check_limit(&self, more: usize) -> Result<(), Reason> {
        let more = self.memory.footprint_with(more).saturating_add(self.more);
        self.lists.table.check_limit(self.used, more, &self.entries)
    }

    /// Whether the list is loaded or in the batch already. If it is there without a signature, and has one here, it counts
    /// as signed from then on.
    fn has(
        &mut self,
        record: &Record<'_>,
        digest: &Digest,
        signer: &Option<Arc<SignerId>>,
    ) -> Result<bool, Reason> {
        if let Some(staged) = self.staged.iter_mut().find(|list| list.digest == *digest) {
            if staged.signer.is_none() && signer.is_some() {
                staged.signer = signer.clone();
                staged.actions.appraise = true;
            }
            return Ok(true);
        }
        let snapshot = self.lists.table.snapshot();
        let Some(loaded) = snapshot.list(digest) else {
            return Ok(false);
        };
        let signed = |list: &Arc<List>| list.digest == *digest;
        if let Some(signer) = signer
            .clone()
            .filter(|_| loaded.signer.is_none() && !self.signed.iter().any(signed))
        {
            let list = loaded.signed_by(signer, printable(record.ref_id)?);
            self.more = self.more.saturating_add(list.footprint());
            self.check_limit(0)?;
            self.signed.push(Arc::new(list, GFP_KERNEL)?, GFP_KERNEL)?;
        }
        Ok(true)
    }

    /// Puts all lists into the table and returns how many are new. May sleep.
    fn publish(self) -> Result<usize, Reason> {
        let mut floors = self.lists.floors.lock();
        floors.reserve(&self.floors)?;
        if self.staged.is_empty() && self.signed.is_empty() {
            floors.take(self.floors)?;
            return Ok(0);
        }
        let memory = Arc::new(self.memory.seal()?, GFP_KERNEL)?;
        let mut lists = KVVec::with_capacity(self.staged.len(), GFP_KERNEL)?;
        for staged in self.staged {
            lists.push(List::new(staged, memory.clone()), GFP_KERNEL)?;
        }
        let count = lists.len();
        self.lists.table.add(lists, &self.signed)?;
        floors.take(self.floors)?;
        Ok(count)
    }
}

/// A reference as it is shown: what is not printable, and spaces, are underscores.
fn printable(ref_id: &[u8]) -> Result<KVVec<u8>, Reason> {
    let mut shown = KVVec::with_capacity(ref_id.len(), GFP_KERNEL)?;
    for byte in ref_id {
        let byte = if byte.is_ascii_graphic() { *byte } else { b'_' };
        shown.push(byte, GFP_KERNEL)?;
    }
    Ok(shown)
}

/// Removes what `is_out` says. (`Vec::retain()` has a path to a panic.)
fn leave_out<T>(list: &mut KVVec<T>, is_out: impl Fn(&T) -> bool) {
    while let Some(place) = list.iter().position(&is_out) {
        if list.remove(place).is_err() {
            break;
        }
    }
}
