// SPDX-License-Identifier: GPL-2.0

//! The points in the kernel at which rules apply (`func=`), and sets of them.

/// A point at which a rule can apply: IMA's hook functions, and the reading of digest lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Func {
    /// A program is executed.
    BprmCheck,
    /// A program is executed with the credentials it will run with.
    CredsCheck,
    /// A file is mapped with the protection `PROT_EXEC` in force.
    MmapCheck,
    /// A file is mapped and `PROT_EXEC` was requested, whether or not it is in force.
    MmapCheckReqprot,
    /// A file is opened.
    FileCheck,
    /// A kernel module is loaded.
    ModuleCheck,
    /// Firmware is loaded.
    FirmwareCheck,
    /// A kernel image is loaded for kexec.
    KexecKernelCheck,
    /// An initial RAM disk is loaded for kexec.
    KexecInitramfsCheck,
    /// A policy is loaded.
    PolicyCheck,
    /// A digest list or its metadata is loaded.
    DigestListCheck,
    /// A key is added to a keyring.
    KeyCheck,
    /// Data that some part of the kernel calls critical.
    CriticalData,
    /// The command line of a kernel loaded for kexec.
    KexecCmdline,
    /// `security.ima` is written.
    SetxattrCheck,
}

impl Func {
    /// Every function.
    pub const ALL: [Self; 15] = [
        Self::BprmCheck,
        Self::CredsCheck,
        Self::MmapCheck,
        Self::MmapCheckReqprot,
        Self::FileCheck,
        Self::ModuleCheck,
        Self::FirmwareCheck,
        Self::KexecKernelCheck,
        Self::KexecInitramfsCheck,
        Self::PolicyCheck,
        Self::DigestListCheck,
        Self::KeyCheck,
        Self::CriticalData,
        Self::KexecCmdline,
        Self::SetxattrCheck,
    ];

    /// The word of the policy language.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BprmCheck => "BPRM_CHECK",
            Self::CredsCheck => "CREDS_CHECK",
            Self::MmapCheck => "MMAP_CHECK",
            Self::MmapCheckReqprot => "MMAP_CHECK_REQPROT",
            Self::FileCheck => "FILE_CHECK",
            Self::ModuleCheck => "MODULE_CHECK",
            Self::FirmwareCheck => "FIRMWARE_CHECK",
            Self::KexecKernelCheck => "KEXEC_KERNEL_CHECK",
            Self::KexecInitramfsCheck => "KEXEC_INITRAMFS_CHECK",
            Self::PolicyCheck => "POLICY_CHECK",
            Self::DigestListCheck => "DIGEST_LIST_CHECK",
            Self::KeyCheck => "KEY_CHECK",
            Self::CriticalData => "CRITICAL_DATA",
            Self::KexecCmdline => "KEXEC_CMDLINE",
            Self::SetxattrCheck => "SETXATTR_CHECK",
        }
    }

    /// The function called `name`; IMA's older names `FILE_MMAP` and `PATH_CHECK` are accepted.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "FILE_MMAP" => Some(Self::MmapCheck),
            "PATH_CHECK" => Some(Self::FileCheck),
            _ => Self::ALL.into_iter().find(|func| func.name() == name),
        }
    }

    /// Whether what is checked is the content of a file, so that a rule without `func=` applies.
    pub const fn is_file(self) -> bool {
        !matches!(
            self,
            Self::KeyCheck | Self::CriticalData | Self::KexecCmdline | Self::SetxattrCheck
        )
    }
}

/// A set of [`Func`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FuncSet(u16);

impl FuncSet {
    /// No function.
    pub const EMPTY: Self = Self(0);
    /// Every function.
    pub const ALL: Self = Self(u16::MAX);

    /// The set with `func` added.
    #[must_use]
    pub const fn with(self, func: Func) -> Self {
        Self(self.0 | Self::bit(func))
    }

    /// Whether `func` is in the set.
    pub const fn contains(self, func: Func) -> bool {
        self.0 & Self::bit(func) != 0
    }

    const fn bit(func: Func) -> u16 {
        // CAST: The places of the variants, which are fewer than the bits.
        1u16.wrapping_shl(func as u32)
    }
}
