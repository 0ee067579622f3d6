// SPDX-License-Identifier: GPL-2.0

//! The hooks: each names the function of the policy language that it serves and hands over to [`Monitor::evaluate`].

use crate::{
    evaluate::{
        Access,
        Done, //
    },
    monitor::Monitor,
    shortcut::Kind,
    sys::{
        file::File,
        inode::InodeKey,
        lsm::{
            Handler,
            Hook,
            KernelRead, //
        },
        path::{
            Dentry,
            Path, //
        },
        task::Ids,
        witness::Cred, //
    },
};
use digest_logic::policy::{
    Func,
    Mask, //
};
use kernel::{
    prelude::*,
    str::CStr, //
};

impl Handler for Monitor {
    #[inline(always)]
    fn is_settled(&self, hook: Hook, file: &File, cred: Cred) -> bool {
        Monitor::is_settled(self, hook.into(), file, cred)
    }

    fn exec(&self, file: &File) -> Result {
        self.settle(Kind::EXEC, file, Cred::CURRENT, || {
            self.check(Access::new(file, Func::BprmCheck, Mask::EXEC))
        })
    }

    fn exec_as(&self, file: &File, ids: Ids, cred: Cred) -> Result {
        self.settle(Kind::EXEC_AS, file, cred, || {
            self.check(Access::new(file, Func::CredsCheck, Mask::EXEC).with_ids(ids))
        })
    }

    fn map_exec(&self, file: &File, requested: bool, in_force: bool) -> Result {
        let check = |asked: bool, func| {
            if !asked {
                return Ok(Done::Unasked);
            }
            self.check(Access::new(file, func, Mask::EXEC))
        };
        self.settle(Kind::map(requested, in_force), file, Cred::CURRENT, || {
            let first = check(requested, Func::MmapCheckReqprot)?;
            Ok(first.max(check(in_force, Func::MmapCheck)?))
        })
    }

    fn map_shared(&self, file: &File) {
        if file.is_regular() {
            self.cache.note_shared(file);
        }
    }

    fn may_map_another(&self, file: &File) -> Result {
        if !self.is_running() {
            return Ok(());
        }
        self.refuse_mapping_another(file)
    }

    fn may_make_exec(&self, file: &File) -> Result {
        if !self.is_running() {
            return Ok(());
        }
        self.refuse_making_exec(file)
    }

    fn mapping_made_exec(&self, file: &File) {
        self.evaluate_late(file);
    }

    fn opened(&self, file: &File, mask: u32) -> Result {
        let access = Access::new(file, Func::FileCheck, Mask::from_bits(mask));
        if file.is_created() && file.size() == 0 && self.policies.appraises() {
            self.cache.note_created(file.real_inode().key());
        }
        self.settle(Kind::open(mask), file, Cred::CURRENT, || {
            let done = self.check(access)?;
            self.refuse_writing(file)?;
            Ok(done)
        })
    }

    fn truncated(&self, path: &Path) -> Result {
        self.refuse_truncating(path)?;
        self.cache.note_truncation(path.upmost_key());
        Ok(())
    }

    fn created(&self, key: InodeKey) {
        if self.policies.appraises() {
            self.cache.note_created(key);
        }
    }

    fn xattr_changed(&self, dentry: &Dentry, name: &CStr) -> Result {
        self.may_change_xattr(dentry, name)
    }

    fn kernel_load(&self, what: KernelRead) -> Result {
        let what = func_of(what);
        if !self.is_running() || what == Func::FileCheck {
            return Ok(());
        }
        self.refuse_bytes(what)
    }

    fn blacklisted(&self) {
        self.lists.doubt();
    }

    fn kernel_read(&self, file: &File, content: Option<&[u8]>, what: KernelRead) -> Result {
        if what == KernelRead::Module && self.unpacking.forget() {
            return Ok(());
        }
        self.check(Access::new(file, func_of(what), Mask::READ).with_content(content))?;
        if what == KernelRead::CompressedModule {
            self.unpacking.remember();
        }
        Ok(())
    }

    fn kernel_read_begins(&self) {
        self.unpacking.forget();
    }

    fn key_added(&self, keyring: &[u8], payload: &[u8]) {
        if self.is_running() {
            // The key is there already, and a failure to record has been logged.
            let _ = self.evaluate_data(Func::KeyCheck, keyring, payload);
        }
    }

    fn released(&self, file: &File) {
        let last = self.cache.closing(file);
        if last && self.is_running() {
            self.refresh_reference(file);
        }
        self.cache.closed(file, last);
    }

    fn inode_freed(&self, key: InodeKey) {
        self.cache.forget(key);
    }
}

/// The function of the policy language for what is read into the kernel.
fn func_of(what: KernelRead) -> Func {
    match what {
        KernelRead::Firmware => Func::FirmwareCheck,
        KernelRead::Module | KernelRead::CompressedModule => Func::ModuleCheck,
        KernelRead::KexecKernel => Func::KexecKernelCheck,
        KernelRead::KexecInitramfs => Func::KexecInitramfsCheck,
        KernelRead::Policy => Func::PolicyCheck,
        KernelRead::Other => Func::FileCheck,
    }
}

impl From<Hook> for Kind {
    fn from(hook: Hook) -> Self {
        match hook {
            Hook::Exec => Self::EXEC,
            Hook::ExecAs => Self::EXEC_AS,
            Hook::Map {
                requested,
                in_force,
            } => Self::map(requested, in_force),
            Hook::Open(mask) => Self::open(mask),
        }
    }
}

impl Monitor {
    /// Evaluates an access that arrived at a hook, unless the module itself is the one who makes it.
    fn check(&self, access: Access<'_>) -> Result<Done> {
        if !self.is_running() || self.exempt.current() {
            return Ok(Done::Something);
        }
        self.evaluate(&access)
    }
}
