// SPDX-License-Identifier: GPL-2.0

//! What happens to one access to a file: the whole decision, in order.

use crate::{
    access::{
        appraise::{
            Found,
            Mode, //
        },
        content,
        known::Looked, //
    },
    cache::{
        Answer,
        Look, //
    },
    log::Violation,
    monitor::Monitor,
    policy::ActivePolicy,
    sys::{
        file::File,
        task::Ids, //
    },
};
use digest_logic::{
    appraise::Cause,
    cache::{
        Left,
        Outcome, //
    },
    digest::Digest,
    policy::{
        Decision,
        Func,
        Mask, //
    },
};
use kernel::prelude::*;

/// What an evaluation came to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    /// Nothing was to be done, and nothing is to be done the next time if all is as it was.
    Nothing(Answer),
    /// Something was done, or may have to be the next time.
    Something,
}

impl Done {
    /// Both: what this one and `other` came to, for two functions that one access serves.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing(Answer::Unasked), done) | (done, Self::Nothing(Answer::Unasked)) => done,
            (Self::Nothing(_), Self::Nothing(_)) => Self::Nothing(Answer::Unchanged),
            _ => Self::Something,
        }
    }

    /// Why nothing was to be done.
    pub(crate) fn answer(self) -> Option<Answer> {
        match self {
            Self::Nothing(answer) => Some(answer),
            Self::Something => None,
        }
    }
}

/// How often a file is read that is written meanwhile.
pub(crate) const ATTEMPTS: usize = 4;

/// One access to a file.
pub(crate) struct Access<'a> {
    /// The file.
    pub(crate) file: &'a File,
    /// The function of the policy language that is being served.
    pub(crate) func: Func,
    /// What is to be done with the file.
    pub(crate) mask: Mask,
    /// Who does it, where that is not the current task as it is.
    pub(crate) ids: Option<Ids>,
    /// Whether the label of who does it is that of the task itself, whatever credentials it has taken over.
    pub(crate) is_by_task: bool,
    /// The content, where the kernel has read it already and will use just that.
    pub(crate) content: Option<&'a [u8]>,
}

impl<'a> Access<'a> {
    /// An access by the current task to the content on disk.
    pub(crate) fn new(file: &'a File, func: Func, mask: Mask) -> Self {
        Self {
            file,
            func,
            mask,
            ids: None,
            is_by_task: false,
            content: None,
        }
    }

    /// The same access with other ids.
    pub(crate) fn with_ids(self, ids: Ids) -> Self {
        Self {
            ids: Some(ids),
            ..self
        }
    }

    /// The same access by the task itself, where the hook is called with credentials that it has taken over; see
    /// [`Handler`](crate::sys::lsm::Handler) for which those are.
    pub(crate) fn by_task(self) -> Self {
        Self {
            ids: Some(Ids::of_task()),
            is_by_task: true,
            ..self
        }
    }

    /// The same access to content in memory.
    pub(crate) fn with_content(self, content: Option<&'a [u8]>) -> Self {
        Self { content, ..self }
    }
}

impl Monitor {
    /// Lets the access proceed, after measuring the file if the policy asks for it and no list knows it, unless the
    /// policy wants the file appraised and nothing vouches for it. May sleep.
    ///
    /// # Errors
    ///
    /// `EACCES` if the file is refused; `EINTR` if the task was killed while the file was read, `ENOMEM` if the file could
    /// not be recorded: the access must not proceed then either.
    pub(crate) fn evaluate(&self, access: &Access<'_>) -> Result<Done> {
        if !access.file.is_regular() {
            return Ok(Done::Nothing(Answer::Unasked));
        }
        let decision = self.decide(access);
        let pcr = decision.measure.and_then(|m| m.pcr);
        let pcr = pcr.map_or(self.log.pcr(), u32::from);
        self.report_concurrent_use(access, &decision, pcr)?;
        if decision.is_empty() {
            return Ok(Done::Nothing(Answer::Unasked));
        }
        self.stats.checked.count();
        let rule = decision
            .appraise
            .filter(|_| self.must_execute_what_was_read(access));
        let Some(rule) = rule else {
            let look = self.cache.glance(access.file);
            return self.evaluate_once(access, &decision, pcr, look);
        };
        self.cache.watch(access.file);
        for _ in 0..ATTEMPTS {
            let look = self.cache.glance(access.file);
            let done = self.evaluate_once(access, &decision, pcr, look)?;
            // The mark that the content is in use as signed was set before.
            if self.cache.is_unchanged(access.file, &look) {
                return Ok(done);
            }
        }
        self.refuse(access.file, Cause::OpenWriters, None, rule.rule)?;
        Ok(Done::Something)
    }

    /// Does what `decision` asks for, given the content that the file has after `look` began. May sleep.
    fn evaluate_once(
        &self,
        access: &Access<'_>,
        decision: &Decision,
        pcr: u32,
        look: Look,
    ) -> Result<Done> {
        let lists = self.lists.generation();
        let left = self.left(access, decision, pcr, lists);
        if left.is_nothing() {
            self.stats.cache_hits.count();
            return Ok(Done::Nothing(Answer::Unchanged));
        }

        // A digest says what the file is only if the next reader will read the same.
        let stable = self.is_stable(access, &look);
        if let Some(rule) = decision.appraise {
            let appraised_only = !left.measure && !left.audit && !left.hash;
            if !stable && appraised_only && self.appraisal != Mode::Fix {
                // Whatever its digest, so a server that does not answer holds nothing up.
                self.appraise_unstable(access, &rule)?;
                return Ok(Done::Something);
            }
        }
        let look = if stable {
            self.cache.arm(access.file, look)
        } else {
            look
        };
        let digest = self
            .reader
            .run(|| content::digest(access, decision.verity, &self.stats));
        let digest = match digest {
            Ok(digest) => digest,
            Err(e) if e == EINTR => return Err(e),
            Err(e) => {
                self.report_unreadable(access, decision, pcr, e)?;
                return Ok(Done::Something);
            }
        };
        self.cache.note_readable(access.file);

        let looked = self.look_up(access, &digest, decision)?;
        let known = is_known(&looked);
        // A known file needs no record, unless it is mapped and may become another while it is.
        let settled = known && stable && !(look.is_written() && maps(access.func));
        let rule = decision
            .measure
            .filter(|rule| left.measure && !(settled && rule.digest_list));
        if let Some(rule) = rule {
            self.log
                .measure_file(pcr, rule.template, &digest, decision.verity, access.file)?;
        }
        if left.audit {
            self.log.audit_file(&digest, access.file)?;
        }
        let found = Found {
            digest: &digest,
            verity: decision.verity,
            looked,
            stable,
            permit_directio: decision.permit_directio,
        };
        if left.hash {
            self.store_digest(access.file, &found);
        }
        let appraised = decision
            .appraise
            .filter(|_| left.appraise)
            .map(|rule| self.appraise(access, &rule, &found))
            .transpose();
        if stable && !decision.verity && access.content.is_none() {
            let outcome = Outcome {
                lists,
                known,
                measured: rule.map(|_| small(pcr)),
                audited: left.audit,
                vouchers: appraised.ok().flatten(),
            };
            self.cache.keep(access.file, &look, &outcome);
        }
        appraised.map(|_| Done::Something)
    }

    /// What earlier looks leave to be done of what `decision` asks for. Does not read the file.
    pub(crate) fn left(
        &self,
        access: &Access<'_>,
        decision: &Decision,
        pcr: u32,
        lists: u64,
    ) -> Left {
        if access.content.is_some() {
            return Left::all(decision);
        }
        let mut left = self.cache.left(access.file, decision, small(pcr), lists);
        left.appraise &= !self.is_between(access);
        // What was found out about the page cache says nothing of a way past it.
        left.appraise |=
            decision.appraise.is_some() && access.file.is_direct() && !decision.permit_directio;
        left
    }

    /// Makes what is read after `look` began what the next reader reads, as long as nothing opens the file for writing: on
    /// storage that keeps what it has, dirty pages are written to it, and pages that something else may hold a reference
    /// to are replaced. Returns whether that is so; of a file that is open for writing it says nothing more than of its
    /// storage. May sleep.
    pub(crate) fn is_stable(&self, access: &Access<'_>, look: &Look) -> bool {
        let file = access.file;
        if access.content.is_some() {
            return true;
        }
        if !file.content_is_stable() {
            return false;
        }
        if look.is_written() || file.is_sealed() {
            return true;
        }
        if self.cache.is_shared(file) {
            return file.cleanse().is_ok() && self.cache.cleansed(file, look);
        }
        file.write_back().is_ok()
    }

    /// What the policy says of an access, without what `ima_appraise` switches off. As [`Policies::decide`], it takes no
    /// lock.
    ///
    /// [`Policies::decide`]: crate::policy::Policies::decide
    pub(crate) fn decide(&self, access: &Access<'_>) -> Decision {
        let mut decision = self.policies.decide(access);
        if self.appraisal == Mode::Off {
            decision.appraise = None;
        }
        decision
    }

    /// Nobody knows what will be executed or read: says so in the log, once per file, and lets it happen, as IMA does.
    ///
    /// # Errors
    ///
    /// `EACCES` if the policy wants the file appraised.
    fn report_unreadable(
        &self,
        access: &Access<'_>,
        decision: &Decision,
        pcr: u32,
        error: Error,
    ) -> Result {
        self.stats.unreadable.count();
        if self.cache.note_unreadable(access.file) {
            self.log
                .violation(pcr, access.file, Violation::Unreadable(error))?;
        } else {
            self.log.admit_reported(access.file)?;
        }
        match &decision.appraise {
            Some(rule) => self.appraise_unreadable(access, rule),
            None => Ok(()),
        }
    }

    /// What the lists say of the file. May sleep.
    fn look_up(&self, access: &Access<'_>, digest: &Digest, decision: &Decision) -> Result<Looked> {
        let looked = if decision.verity {
            Looked::only(self.lists.verdict_of_verity(digest))
        } else {
            let appraised = decision.appraise.is_some_and(|rule| rule.digest_list);
            self.reader
                .run(|| self.verdict(access, digest, appraised))?
        };
        if is_known(&looked) {
            self.stats.known.count();
        } else {
            self.stats.unknown.count();
        }
        Ok(looked)
    }

    /// Records that content is relied on which is open for writing (open writers), as IMA does, when it is opened for
    /// reading, or mapped: through a descriptor of the task's own that can write, as well. The other order, a file opened
    /// for writing on which something relies, is [`Monitor::report_writer`].
    fn report_concurrent_use(&self, access: &Access<'_>, decision: &Decision, pcr: u32) -> Result {
        let reads = match access.func {
            Func::FileCheck => !access.file.is_writable(),
            func => maps(func),
        };
        if !reads || decision.measure.is_none() {
            return Ok(());
        }
        if self.cache.opened_to_read(access.file) {
            let why = Violation::OpenWriters;
            return self.log.violation(pcr, access.file, why);
        }
        // What was reported may wait for the TPM.
        if access.file.has_writers() {
            return self.log.admit_reported(access.file);
        }
        Ok(())
    }

    /// Records that a file is about to be opened for writing while something reads it that had it measured (ToMToU), in the
    /// PCR of the rule for such an open. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, or `EACCES` where records must not wait for a TPM: the file must not be opened.
    pub(crate) fn report_writer(&self, file: &File) -> Result {
        // The marks of former writers end in any case.
        if !self.cache.opened_to_write(file) || !self.policies.measures() {
            return Ok(());
        }
        let access = Access::new(file, Func::FileCheck, Mask::from_bits(file.accesses())).by_task();
        let rule = self.policies.decide(&access).measure;
        let pcr = rule.and_then(|rule| rule.pcr);
        let pcr = pcr.map_or(self.log.pcr(), u32::from);
        let why = Violation::TimeOfMeasureTimeOfUse;
        let admitted = self.log.violation(pcr, file, why);
        if admitted.is_err() {
            // The writer is refused: the next one is to be reported again.
            self.cache.note_measured_reader(file);
        }
        admitted
    }

    /// Records data that are no file, with the data themselves, if `policy` asks for it. May sleep.
    pub(crate) fn evaluate_data(
        &self,
        policy: &ActivePolicy,
        func: Func,
        name: &[u8],
        data: &[u8],
    ) -> Result {
        let Some(rule) = policy.decide_data(func, name).measure else {
            return Ok(());
        };
        let pcr = rule.pcr.map_or(self.log.pcr(), u32::from);
        self.log.measure_data(pcr, rule.template, name, data)
    }
}

/// Whether a list that answers for measurement knows the file.
fn is_known(looked: &Looked) -> bool {
    looked.verdict.is_some_and(|verdict| verdict.is_known())
}

/// Whether an access maps the file.
fn maps(func: Func) -> bool {
    matches!(func, Func::MmapCheck | Func::MmapCheckReqprot)
}

/// The kernel's numbers of PCRs are small.
fn small(pcr: u32) -> u8 {
    u8::try_from(pcr).unwrap_or(u8::MAX)
}
