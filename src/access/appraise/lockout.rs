// SPDX-License-Identifier: GPL-2.0

//! Checks before a policy is put in force that it would not stop what is running.

use super::{
    super::{
        exempt::Exempt,
        file_access::Access,
        known::{
            digest_and_verdict,
            Found,
            Looked, //
        },
    },
    weigh, //
};
use crate::{
    policy::{
        ActivePolicy,
        Mode,
        Query, //
    },
    reason::{
        error_of,
        refuse, //
    },
    stores::Stores,
    sys::{
        console::Show,
        cred::Ids,
        exec_files::{
            Use,
            Uses, //
        },
        file::{
            File,
            OwnedFile, //
        },
        inode::InodeKey,
        kernel_crate::kvec_zeroed,
        module,
        task, //
    },
};
use digest_logic::{
    appraise::Denial,
    digest::Digest,
    lockout::{
        EXECUTING,
        INDISPENSABLE,
        OPENING_AND_MAPPING, //
    },
    refusal::Cause,
    template::MAX_NAME, //
};
use kernel::prelude::*;

const ROOT: Ids = Ids {
    uid: 0,
    euid: 0,
    suid: 0,
    cap_setuid: true,
    gid: 0,
    egid: 0,
    sgid: 0,
    cap_setgid: true,
};

/// The most files that are named in the kernel log.
const NAMED: usize = 20;

/// The answers about the last file. The uses of one file follow each other.
struct Judged {
    key: InodeKey,
    sha256: Option<Content>,
    verity: Option<Content>,
    /// The places in the policy of the rules that allow it.
    allowed: KVec<usize>,
    denied: bool,
}

/// The digest of a file, and what the lists say of it.
#[derive(Clone, Copy)]
struct Content {
    digest: Digest,
    looked: Looked,
}

impl Judged {
    fn new(key: InodeKey) -> Self {
        Self {
            key,
            sha256: None,
            verity: None,
            allowed: KVec::new(),
            denied: false,
        }
    }
}

/// Refuses a policy that would deny the next execution of
/// - a running program, or a library it uses, by its users;
/// - the shell or `digestctl`, by root.
///
/// The module parameter `force` skips the check. The kernel log names the files. Files that pass as
/// signed count as in use from now on. May sleep until all of these files are read.
///
/// # Errors
///
/// `EDEADLK`; `E2BIG` if too many files are in use; `ENOMEM`; `EINTR` if the task was killed.
pub(crate) fn check_lockout(stores: &Stores, exempt: &Exempt, policy: &ActivePolicy) -> Result {
    if stores.policies.mode() != Mode::Enforce || !policy.appraises_anything() {
        return Ok(());
    }
    match look_for_lockout(stores, exempt, policy) {
        Err(e) if e != EINTR && module::force() => {
            pr_warn!("policy: taken all the same, because of force=1\n");
            Ok(())
        }
        result => result,
    }
}

/// Notes what came into use as signed between [`check_lockout`] and the moment at which the policy
/// was in force. Programs and libraries that are known to be in use as signed are not read again.
/// May sleep until all others are read.
pub(crate) fn note_late_uses(stores: &Stores) {
    let policy = stores.policies.load();
    if stores.policies.mode() != Mode::Enforce || !policy.appraises_anything() {
        return;
    }
    if let Err(e) = look_for_late_uses(stores, &policy) {
        pr_warn!(
            "policy: what came into use meanwhile could not be looked at ({})\n",
            e.to_errno()
        );
    }
}

fn look_for_late_uses(stores: &Stores, policy: &ActivePolicy) -> Result {
    task::finish_hooks();
    let uses = Uses::by_processes()?;
    let mut judged = None;
    for used in uses.iter() {
        if !used.file.is_regular() || stores.cache.is_signed(used.file.real_inode()) {
            continue;
        }
        let judged = judged_for(&mut judged, &used.file);
        for access in accesses(used) {
            // Who may not use it again goes on as it is.
            let _denied = would_allow(stores, policy, &access, judged)?;
        }
    }
    Ok(())
}

fn look_for_lockout(stores: &Stores, exempt: &Exempt, policy: &ActivePolicy) -> Result {
    let uses = Uses::by_processes().map_err(|e| match e {
        E2BIG => refuse("policy", Cause::ManyInUse),
        e => e,
    })?;
    if uses.unseen > 0 {
        pr_warn!(
            "policy: the files of {} processes, which are busy, were not looked at\n",
            uses.unseen
        );
    }
    let mut denied = 0usize;
    let mut judged = None;
    for used in uses.iter() {
        denied = denied.saturating_add(denials(stores, policy, used, &mut judged, denied)?);
    }
    for path in INDISPENSABLE {
        if let Ok(file) = exempt.run(|| OwnedFile::open(path)) {
            let used = Use {
                file,
                ids: ROOT,
                executed: true,
                mapped: true,
                shared: false,
            };
            denied = denied.saturating_add(denials(stores, policy, &used, &mut judged, denied)?);
        }
    }
    if denied == 0 {
        return Ok(());
    }
    pr_err!(
        "policy: {} files in use would be denied; load their lists first, or set the parameter force=1\n",
        denied
    );
    Err(error_of(Cause::LockOut))
}

/// How many more files (0 or 1) would be denied with this use. The file is named in the kernel log
/// if fewer than [`NAMED`] were.
fn denials(
    stores: &Stores,
    policy: &ActivePolicy,
    used: &Use,
    judged: &mut Option<Judged>,
    before: usize,
) -> Result<usize> {
    let file = &*used.file;
    if !file.is_regular() {
        return Ok(0);
    }
    let judged = judged_for(judged, file);
    for access in accesses(used) {
        let Err(denial) = would_allow(stores, policy, &access, judged)? else {
            continue;
        };
        if judged.denied {
            return Ok(0);
        }
        judged.denied = true;
        if before < NAMED {
            name(file, denial)?;
        }
        return Ok(1);
    }
    Ok(0)
}

/// The answers about `file`: those that there are if it is the last one.
fn judged_for<'a>(judged: &'a mut Option<Judged>, file: &File) -> &'a mut Judged {
    let key = file.real_inode().key();
    if judged.as_ref().is_some_and(|judged| judged.key != key) {
        *judged = None;
    }
    judged.get_or_insert_with(|| Judged::new(key))
}

/// The accesses that the next execution makes.
fn accesses(used: &Use) -> impl Iterator<Item = Access<'_>> {
    let executing = EXECUTING.iter().filter(|_| used.executed);
    let mapping = OPENING_AND_MAPPING.iter().filter(|_| used.mapped);
    Iterator::chain(executing, mapping).map(|(func, mask)| {
        Query::new(&used.file, *func, *mask)
            .with_ids(used.ids)
            .into()
    })
}

fn would_allow(
    stores: &Stores,
    policy: &ActivePolicy,
    access: &Access<'_>,
    judged: &mut Judged,
) -> Result<Result<(), Denial>> {
    let decision = policy.would_decide(access);
    let Some(rule) = decision.appraise else {
        return Ok(Ok(()));
    };
    if judged.allowed.contains(&rule.rule) {
        return Ok(Ok(()));
    }
    // These come first. A writer may keep readers waiting, and itself wait for anything, so what is
    // being written is denied unread, and nothing begins to write it meanwhile. A file of a server
    // that does not answer is denied without waiting for it.
    let Some(_unwritten) = access.file.real_inode().deny_writers() else {
        return Ok(Err(Denial::OpenWriters));
    };
    let look = stores.cache.glance(access.file);
    if !access.is_stable(&stores.cache, &look) {
        return Ok(Err(Denial::UnstableContent));
    }
    let known = if decision.verity {
        &mut judged.verity
    } else {
        &mut judged.sha256
    };
    let content = match known {
        Some(content) => *content,
        None => match digest_and_verdict(stores, access, decision.verity) {
            Ok((digest, looked)) => *known.insert(Content { digest, looked }),
            Err(e) if e == EINTR => return Err(e),
            Err(_) => return Ok(Err(Denial::Failed)),
        },
    };
    if !access.shows_no_more(&look) {
        return Ok(Err(Denial::UnstableContent));
    }
    let found = Found::now(&content.digest, decision.verity, content.looked);
    match weigh(stores, access, &rule, &found) {
        Ok(vouchers) => {
            if vouchers.are_signed() {
                stores.cache.note_signed(access.file);
            }
            judged.allowed.push(rule.rule, GFP_KERNEL)?;
            Ok(Ok(()))
        }
        Err(denial) => Ok(Err(denial)),
    }
}

/// Names a file that would be denied in the kernel log.
fn name(file: &File, denial: Denial) -> Result {
    let mut buf = kvec_zeroed(MAX_NAME, GFP_KERNEL)?;
    let path = file.path(&mut buf).unwrap_or(c"?");
    pr_err!(
        "policy: would deny {} ({})\n",
        Show(path.to_bytes().escape_ascii()),
        denial.name().to_str().unwrap_or("?")
    );
    Ok(())
}
