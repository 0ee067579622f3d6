// SPDX-License-Identifier: GPL-2.0

//! The points in the kernel at which rules apply (`func=`), and sets of them.

use super::words::{
    set,
    words, //
};

words! {
    /// A point at which a rule can apply: IMA's hook functions, and the reading of digest lists.
    Func {
        /// A program is executed.
        BprmCheck = "BPRM_CHECK";
        /// A program is executed with the credentials it will run with.
        CredsCheck = "CREDS_CHECK";
        /// A file is mapped with the protection `PROT_EXEC` in force.
        MmapCheck = "MMAP_CHECK";
        /// A file is mapped and `PROT_EXEC` was requested, whether or not it is in force.
        MmapCheckReqprot = "MMAP_CHECK_REQPROT";
        /// A file is opened.
        FileCheck = "FILE_CHECK";
        /// A kernel module is loaded.
        ModuleCheck = "MODULE_CHECK";
        /// Firmware is loaded.
        FirmwareCheck = "FIRMWARE_CHECK";
        /// A kernel image is loaded for kexec.
        KexecKernelCheck = "KEXEC_KERNEL_CHECK";
        /// An initial RAM disk is loaded for kexec.
        KexecInitramfsCheck = "KEXEC_INITRAMFS_CHECK";
        /// A policy is loaded.
        PolicyCheck = "POLICY_CHECK";
        /// A digest list or its metadata is loaded.
        DigestListCheck = "DIGEST_LIST_CHECK";
        /// A key is added to a keyring.
        KeyCheck = "KEY_CHECK";
        /// Data that some part of the kernel calls critical.
        CriticalData = "CRITICAL_DATA";
        /// The command line of a kernel loaded for kexec.
        KexecCmdline = "KEXEC_CMDLINE";
        /// `security.ima` is written.
        SetxattrCheck = "SETXATTR_CHECK";
    }
}

set! {
    /// A set of [`Func`]s.
    FuncSet of Func in u16
}

impl Func {
    /// Whether what is checked is the content of a file, so that a rule without `func=` applies.
    pub const fn is_file(self) -> bool {
        !matches!(
            self,
            Self::KeyCheck | Self::CriticalData | Self::KexecCmdline | Self::SetxattrCheck
        )
    }
}
