// SPDX-License-Identifier: GPL-2.0

//! What the decisions rest on: content that counts as signed is not written, reference values are
//! not set by just anybody, and content that comes from no file is not loaded where files are
//! appraised.

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

/// How a program, a library or a kernel module is used.
const USES: [Func; 5] = [
    Func::BprmCheck,
    Func::CredsCheck,
    Func::MmapCheck,
    Func::MmapCheckReqprot,
    Func::ModuleCheck,
];

/// What content must satisfy to be in use as signed.
const ANY_SIGNED: Appraise = Appraise {
    rule: 0,
    digest_list: true,
    kind: Some(AppraiseType::Imasig),
    algos: None,
};

/// Whether a refusal under [`ANY_SIGNED`] tells that the content does not count as signed, rather
/// than that this could not be found out.
fn says_unsigned(denial: Denial) -> bool {
    denial.is_of_content() && !matches!(denial, Denial::InvalidHmac | Denial::NoLabel)
}

/// Whether only the administrator may change the extended attribute called `name` (`evm_xattrs=`).
/// Does not sleep.
fn is_protected(name: &[u8]) -> bool {
    module::Text::EvmXattrs
        .get()
        .to_bytes()
        .split(|byte| *byte == b',')
        .any(|known| !known.is_empty() && known == name)
}

/// Whether the current task may change, or remove, the extended attribute called `name`. May sleep.
///
/// # Errors
///
/// `EPERM` for what only a task with `CAP_SYS_ADMIN` in the initial user namespace may change; the
/// audit log says so.
pub(in crate::access) fn may_change_xattr(log: &Log, dentry: &Dentry, name: &CStr) -> Result {
    if is_protected(name.to_bytes()) && !task::may_configure() {
        log.audit_xattr(dentry, name);
        return Err(EPERM);
    }
    Ok(())
}

/// Refuses to open for writing what must not change; see [`may_change`]. May sleep.
///
/// # Errors
///
/// `EACCES`; `EINTR` if the task was killed meanwhile.
pub(in crate::access) fn may_write(stores: &Stores, file: &File) -> Result {
    if !file.is_writable() || !stores.policies.enforces() {
        return Ok(());
    }
    may_change(stores, file)
}

/// Refuses to cut by its path what must not change; see [`may_change`]. May sleep.
///
/// # Errors
///
/// `EACCES`; `EINTR` if the task was killed meanwhile; why the file cannot be opened.
pub(in crate::access) fn may_truncate(stores: &Stores, path: &Path) -> Result {
    // Asked first: another file need not be readable.
    if !stores.policies.enforces() || !stores.cache.is_signed(path.upmost_inode()) {
        return Ok(());
    }
    let file = stores.reader.run(|| path.open())?;
    may_change(stores, &file)
}

/// Refuses to change content that is in use as signed, whatever the policy says of opens. What
/// cannot be found out is refused. May sleep.
///
/// Content that was not used yet can be written, and is not known any more then: package managers
/// open what they have just unpacked once more, to flush it.
///
/// # Errors
///
/// `EACCES`; `EINTR` if the task was killed meanwhile.
fn may_change(stores: &Stores, file: &File) -> Result {
    // What is new passes without being signed, and what is empty cannot have been used.
    if !file.is_regular()
        || !stores.cache.is_signed(file.real_inode())
        || stores.cache.is_new(file)
        || file.size() == 0
    {
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
        Err(denial) if says_unsigned(denial) => {
            // Not any more: its list was removed, or its key.
            stores.cache.note_unsigned(file);
            return Ok(());
        }
        Err(denial) => denial,
    };
    deny(stores, file, denial, Some(&digest), rule)
}

/// The rule by which a list would be asked if the current task executed, mapped or loaded the file,
/// 0 for none. May sleep, if a rule asks for the label of a file.
fn asking_rule(stores: &Stores, file: &File) -> usize {
    let rule = USES.iter().find_map(|func| {
        let query = Query::new(file, *func, Mask::EXEC);
        let rule = stores.policies.decide(&query).appraise;
        rule.filter(|rule| rule.digest_list)
    });
    rule.map_or(0, |rule| rule.rule)
}

/// Refuses content that user space hands over as bytes where rules want a file for it. May sleep.
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

/// Refuses to map, for execution, content that nobody looked at: that of another layer than is
/// read. Rules are asked about the task itself, since the file system has taken over the mounter's
/// credentials. Does not read.
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

/// Refuses to make a mapping executable whose file is not known to be good: it cannot be read here.
/// Does not read.
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
