// SPDX-License-Identifier: GPL-2.0

//! Guards what appraisal relies on:
//! - content in use as signed is not written;
//! - only the administrator sets reference values;
//! - with `appraise` rules, the kernel loads content from files only.

use super::{
    super::{
        file_access::Access,
        known::{
            digest_and_verdict,
            Found, //
        },
    },
    deny,
    weigh, //
};
use crate::{
    log::Log,
    policy::{
        Mode,
        Query, //
    },
    stores::Stores,
    sys::{
        file::File,
        module,
        path::{
            Dentry,
            Path, //
        },
        task, //
    },
};
use digest_logic::{
    appraise::Denial,
    lockout::MAPPING,
    policy::{
        Appraise,
        AppraiseType,
        Func,
        Mask, //
    },
};
use kernel::{
    prelude::*,
    str::CStr, //
};

/// How programs, libraries and kernel modules are used.
const USES: [Func; 5] = [
    Func::BprmCheck,
    Func::CredsCheck,
    Func::MmapCheck,
    Func::MmapCheckReqprot,
    Func::ModuleCheck,
];

/// The rule that content in use as signed must satisfy.
const ANY_SIGNED: Appraise = Appraise {
    rule: 0,
    digest_list: true,
    kind: Some(AppraiseType::Imasig),
    algos: None,
};

/// Whether a refusal under [`ANY_SIGNED`] means "not signed". Otherwise the file could not be
/// checked.
fn says_unsigned(denial: Denial) -> bool {
    denial.is_of_content() && !matches!(denial, Denial::InvalidHmac | Denial::NoLabel)
}

/// Whether only the administrator may change the extended attribute `name` (`evm_xattrs=`). Does
/// not sleep.
fn is_protected(name: &[u8]) -> bool {
    module::Text::EvmXattrs
        .get()
        .to_bytes()
        .split(|byte| *byte == b',')
        .any(|known| !known.is_empty() && known == name)
}

/// Whether the current task may change or remove the extended attribute `name`. May sleep.
///
/// # Errors
///
/// `EPERM`, with an audit record, if that needs `CAP_SYS_ADMIN` in the initial user namespace.
pub(in crate::access) fn may_change_xattr(log: &Log, dentry: &Dentry, name: &CStr) -> Result {
    if is_protected(name.to_bytes()) && !task::may_configure() {
        log.audit_xattr(dentry, name);
        return Err(EPERM);
    }
    Ok(())
}

/// Refuses to open a file for writing; see [`may_change`]. May sleep.
///
/// # Errors
///
/// `EACCES`; `EINTR` if the task was killed.
pub(in crate::access) fn may_write(stores: &Stores, file: &File) -> Result {
    if !file.is_writable() || !stores.policies.enforces() {
        return Ok(());
    }
    may_change(stores, file)
}

/// Refuses to truncate a file by its path; see [`may_change`]. May sleep.
///
/// # Errors
///
/// `EACCES`; `EINTR` if the task was killed; an error of opening the file.
pub(in crate::access) fn may_truncate(stores: &Stores, path: &Path) -> Result {
    // This comes first: other files need not be readable.
    if !stores.policies.enforces() || !stores.cache.is_signed(path.upmost_inode()) {
        return Ok(());
    }
    // Whoever cuts a file keeps its file system from being frozen.
    let file = stores.reader.run(|| path.open_unasked())?;
    may_change(stores, &file)
}

/// Refuses to change content in use as signed, whatever the rules say of the open. A file that
/// cannot be checked is refused too. May sleep.
///
/// Content that has not been used yet may be written: package managers reopen files they have just
/// unpacked in order to sync them. Afterwards the lists do not know it. The same holds for a new
/// file, which nothing has mapped.
///
/// Content that is mapped is in use as it is, even if it no longer counts as signed: its list was
/// removed, or the file was cut by nfsd, which no hook can refuse. What is written would be
/// executed in the mappings.
///
/// # Errors
///
/// `EACCES`; `EINTR` if the task was killed.
fn may_change(stores: &Stores, file: &File) -> Result {
    if !file.is_regular() || !stores.cache.is_signed(file.real_inode()) {
        return Ok(());
    }
    let is_mapped = file.is_mapped();
    // New content passes unsigned.
    if !is_mapped && (file.size() == 0 || stores.cache.is_new(file)) {
        return Ok(());
    }
    let rule = asking_rule(stores, file);
    let access = Access::new(file, Func::FileCheck, Mask::WRITE);
    let (digest, looked) = match digest_and_verdict(stores, &access, false) {
        Ok(read) => read,
        Err(e) if e == EINTR => return Err(e),
        Err(_) => return deny(stores, file, Denial::Failed, None, rule),
    };
    let found = Found::now(&digest, false, looked);
    let denial = match weigh(stores, &access, &ANY_SIGNED, &found) {
        Ok(_) => Denial::Immutable,
        // Its list or its key was removed. Mappings that were allowed before that go on, and one
        // may still be being made: so only the administrator may write it, and not while it is
        // mapped, since some of the administrator's programs write what users give them.
        Err(denial) if says_unsigned(denial) => {
            if task::may_configure() && !is_mapped {
                stores.cache.note_unsigned(file);
                return Ok(());
            }
            Denial::Immutable
        }
        Err(denial) => denial,
    };
    deny(stores, file, denial, Some(&digest), rule)
}

/// The rule that looks the file up in lists if the current task executes, maps or loads it; 0 for
/// none. May sleep if a rule has a condition on the label of a file.
fn asking_rule(stores: &Stores, file: &File) -> usize {
    let rule = USES.iter().find_map(|func| {
        let query = Query::new(file, *func, Mask::EXEC);
        let rule = stores.policies.decide(&query).appraise;
        rule.filter(|rule| rule.digest_list)
    });
    rule.map_or(0, |rule| rule.rule)
}

/// Refuses to give parts of files other storage below their cached pages: what is looked at would
/// not be what is read later. The other files are known only to the kernel. Root may, since root
/// can write to storage anyway. May sleep.
///
/// # Errors
///
/// `EACCES`.
pub(in crate::access) fn may_remap(stores: &Stores, file: &File) -> Result {
    let Stores { policies, log, .. } = stores;
    if !file.is_regular() || !(policies.enforces() || policies.measures()) || task::may_configure()
    {
        return Ok(());
    }
    stores.stats.denied.count();
    log.audit_denial(file, Denial::UnstableContent, None, 0, true);
    Err(EACCES)
}

/// Refuses bytes from user space if a rule appraises them, which needs a file. May sleep.
///
/// # Errors
///
/// `EACCES`.
pub(crate) fn may_come_as_bytes(stores: &Stores, func: Func) -> Result {
    let Some(rule) = stores.policies.wants_file(func) else {
        return Ok(());
    };
    let enforced = stores.policies.mode() == Mode::Enforce;
    stores.stats.denied.count();
    stores.log.audit_no_file(func, rule, enforced);
    pr_err!(
        "{}: the policy wants a file, and this comes from memory\n",
        func.name()
    );
    if enforced {
        return Err(EACCES);
    }
    Ok(())
}

/// Refuses a BPF program that can give the results of hooks in place of this module, and of all
/// others, while files are refused. Does not sleep.
///
/// # Errors
///
/// `EPERM`.
pub(in crate::access) fn may_give_results(stores: &Stores) -> Result {
    if !stores.policies.enforces() {
        return Ok(());
    }
    stores.stats.denied.count();
    pr_err!("bpf: a program that replaces results of the kernel (fmod_ret) is refused\n");
    Err(EPERM)
}

/// Refuses an executable mapping of another layer than the one that is read, since nothing checked
/// that content. The file system acts with the mounter's credentials, so rules are evaluated with
/// those of the task. Does not read the file.
///
/// # Errors
///
/// `EACCES`.
pub(in crate::access) fn may_map_another(stores: &Stores, file: &File) -> Result {
    if !stores.policies.appraises() {
        return Ok(());
    }
    for func in MAPPING {
        let query = Query::new(file, func, Mask::EXEC).by_task();
        if let Some(rule) = stores.policies.decide(&query).appraise {
            return deny(stores, file, Denial::UnstableContent, None, rule.rule);
        }
    }
    Ok(())
}

/// Refuses to make a mapping executable unless its file is known to be good. Does not read the
/// file.
///
/// # Errors
///
/// `EACCES`.
pub(in crate::access) fn may_make_exec_of(stores: &Stores, file: &File) -> Result {
    if !file.is_regular() || !stores.policies.enforces() {
        return Ok(());
    }
    for func in MAPPING {
        let access = Access::new(file, func, Mask::EXEC);
        let decision = stores.policies.decide(&access);
        let Some(rule) = decision.appraise else {
            continue;
        };
        let (pcr, lists) = (stores.log.pcr(), stores.lists.generation());
        let left = access.left(&stores.cache, &decision, pcr, lists);
        if left.appraise {
            deny(stores, file, Denial::MadeExecutable, None, rule.rule)?;
        }
    }
    Ok(())
}
