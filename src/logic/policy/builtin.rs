// SPDX-License-Identifier: GPL-2.0

//! The built-in policies, as text in the policy language.
//!
//! Their rules are IMA's of the same name, with `digest_list` wherever it has a meaning. The
//! `exec_` variants cover what is executed only.

use core::fmt;

use super::{
    capabilities::Capabilities,
    parse::parse_line,
    tokens::is, //
};

/// The names of the built-in policies, in the order in which their rules stand when joined.
///
/// `secure_boot` comes before the other `appraise` rules so that its signatures are required.
pub const BUILTIN_NAMES: [&str; 6] = [
    "tcb",
    "exec_tcb",
    "secure_boot",
    "appraise_tcb",
    "appraise_exec_tcb",
    "critical_data",
];

/// The whole text of the built-in policy `name`. It may use words that the module does not serve.
pub fn builtin(name: &str) -> Option<&'static str> {
    match name {
        "tcb" => Some(TCB),
        "exec_tcb" => Some(EXEC_TCB),
        "secure_boot" => Some(SECURE_BOOT),
        "appraise_tcb" => Some(APPRAISE_TCB),
        "appraise_exec_tcb" => Some(APPRAISE_EXEC_TCB),
        "critical_data" => Some(CRITICAL_DATA),
        _ => None,
    }
}

/// Why a selection of built-in policies was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectionError<'s> {
    /// There is no built-in policy of this name.
    Unknown(&'s str),
    /// The module serves no rule of this policy.
    Unserved(&'static str),
    /// The selection names no policy.
    Empty,
    /// The writer failed.
    Write,
}

impl fmt::Display for SelectionError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => {
                let name = name.as_bytes().escape_ascii();
                write!(f, "there is no built-in policy '{name}': expected")?;
                let mut separator = " ";
                for known in BUILTIN_NAMES {
                    write!(f, "{separator}{known}")?;
                    separator = ", ";
                }
                Ok(())
            }
            Self::Unserved(name) => write!(
                f,
                "the built-in policy '{name}' is not served by this version of the module"
            ),
            Self::Empty => f.write_str("no built-in policy is named"),
            Self::Write => f.write_str("the policy could not be written"),
        }
    }
}

impl core::error::Error for SelectionError<'_> {}

impl From<fmt::Error> for SelectionError<'_> {
    fn from(_: fmt::Error) -> Self {
        Self::Write
    }
}

/// Writes the policies that `selection` names, joined by `|`, to `out`.
///
/// Rules that `capabilities` does not cover are left out, so the text is what will be active. A
/// policy without a positive rule left is refused. Each policy is written once, in the order of
/// [`BUILTIN_NAMES`].
pub fn write_selection<'s>(
    selection: &'s str,
    capabilities: &Capabilities,
    out: &mut impl fmt::Write,
) -> Result<(), SelectionError<'s>> {
    let names = || {
        let trimmed = selection.split(is('|')).map(str::trim_ascii);
        trimmed.filter(|name| !name.is_empty())
    };
    if let Some(unknown) = names().find(|name| builtin(name).is_none()) {
        return Err(SelectionError::Unknown(unknown));
    }
    if names().next().is_none() {
        return Err(SelectionError::Empty);
    }
    for known in BUILTIN_NAMES {
        if names().any(|name| name == known) {
            let text = builtin(known).unwrap_or_default();
            if !write_served(text, capabilities, out)? {
                return Err(SelectionError::Unserved(known));
            }
        }
    }
    Ok(())
}

/// Writes the served rules of `text`. Returns whether one of them is positive.
fn write_served(
    text: &str,
    capabilities: &Capabilities,
    out: &mut impl fmt::Write,
) -> Result<bool, fmt::Error> {
    let mut positive = false;
    for line in text.split(is('\n')) {
        if let Ok(Some(rule)) = parse_line(line, 1, 0, capabilities) {
            positive |= rule.action().is_positive();
            out.write_str(line)?;
            out.write_char('\n')?;
        }
    }
    Ok(positive)
}

/// Pseudo file systems: proc, sysfs, debugfs, devpts, binfmt_misc, securityfs, selinuxfs, smackfs,
/// cgroup, cgroup2, nsfs, efivarfs, configfs.
macro_rules! pseudo_file_systems {
    ($action:literal) => {
        concat!(
            $action,
            " fsmagic=0x9fa0\n",
            $action,
            " fsmagic=0x62656572\n",
            $action,
            " fsmagic=0x64626720\n",
            $action,
            " fsmagic=0x1cd1\n",
            $action,
            " fsmagic=0x42494e4d\n",
            $action,
            " fsmagic=0x73636673\n",
            $action,
            " fsmagic=0xf97cff8c\n",
            $action,
            " fsmagic=0x43415d53\n",
            $action,
            " fsmagic=0x27e0eb\n",
            $action,
            " fsmagic=0x63677270\n",
            $action,
            " fsmagic=0x6e736673\n",
            $action,
            " fsmagic=0xde5e81e4\n",
            $action,
            " fsmagic=0x62656570\n",
        )
    };
}

/// IMA skips opens on tmpfs, but not executions. Lists need no rule of their own, because the
/// record of the metadata covers all of them.
const TCB: &str = concat!(
    pseudo_file_systems!("dont_measure"),
    "dont_measure func=FILE_CHECK fsmagic=0x1021994\n",
    "measure func=MMAP_CHECK mask=MAY_EXEC digest_list\n",
    "measure func=BPRM_CHECK mask=MAY_EXEC digest_list\n",
    "measure func=FILE_CHECK mask=^MAY_READ euid=0 digest_list\n",
    "measure func=FILE_CHECK mask=^MAY_READ uid=0 digest_list\n",
    "measure func=MODULE_CHECK digest_list\n",
    "measure func=FIRMWARE_CHECK digest_list\n",
    "measure func=POLICY_CHECK digest_list\n",
);

const EXEC_TCB: &str = concat!(
    pseudo_file_systems!("dont_measure"),
    "measure func=MMAP_CHECK mask=MAY_EXEC digest_list\n",
    "measure func=BPRM_CHECK mask=MAY_EXEC digest_list\n",
    "measure func=MODULE_CHECK digest_list\n",
);

const SECURE_BOOT: &str = concat!(
    "appraise func=MODULE_CHECK appraise_type=imasig|modsig digest_list\n",
    "appraise func=FIRMWARE_CHECK appraise_type=imasig digest_list\n",
    "appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig digest_list\n",
    "appraise func=POLICY_CHECK appraise_type=imasig digest_list\n",
);

/// What the kernel loads is appraised on all file systems. These rules precede each
/// `dont_appraise`, since root can make files on every file system that those leave out, on proc as
/// well.
macro_rules! appraise_what_the_kernel_takes_in {
    () => {
        concat!(
            "appraise func=POLICY_CHECK appraise_type=imasig digest_list\n",
            "appraise func=DIGEST_LIST_CHECK appraise_type=imasig\n",
            "appraise func=MODULE_CHECK digest_list\n",
            "appraise func=KEXEC_KERNEL_CHECK digest_list\n",
        )
    };
}

/// Tmpfs and ramfs besides the pseudo file systems: they lose extended attributes or have none.
const APPRAISE_TCB: &str = concat!(
    appraise_what_the_kernel_takes_in!(),
    pseudo_file_systems!("dont_appraise"),
    "dont_appraise fsmagic=0x1021994\n",
    "dont_appraise fsmagic=0x858458f6\n",
    "appraise fowner=0 digest_list\n",
);

/// Only known files run, whatever their owner, and also on tmpfs and ramfs, which any user can
/// mount in a user namespace. The kernel's own initramfs, the only file system of its type, is left
/// out, so that the policy can be in force from there on.
const APPRAISE_EXEC_TCB: &str = concat!(
    appraise_what_the_kernel_takes_in!(),
    pseudo_file_systems!("dont_appraise"),
    "dont_appraise func=MMAP_CHECK fsname=rootfs\n",
    "dont_appraise func=BPRM_CHECK fsname=rootfs\n",
    "appraise func=MMAP_CHECK mask=MAY_EXEC digest_list\n",
    "appraise func=BPRM_CHECK mask=MAY_EXEC digest_list\n",
);

const CRITICAL_DATA: &str = "measure func=CRITICAL_DATA\n";
