// SPDX-License-Identifier: GPL-2.0

//! The hooks: each names the function of the policy language that it serves and hands over to [`Monitor::evaluate`].

use crate::{
    evaluate::Access,
    monitor::Monitor,
    sys::{
        file::File,
        inode::InodeKey,
        lsm::{
            Handler,
            KernelRead, //
        },
        task::Ids, //
    },
};
use digest_logic::policy::{
    Func,
    Mask, //
};
use kernel::prelude::*;

impl Handler for Monitor {
    fn exec(&self, file: &File) -> Result {
        self.check(Access::new(file, Func::BprmCheck, Mask::EXEC))
    }

    fn exec_as(&self, file: &File, ids: Ids) -> Result {
        self.check(Access::new(file, Func::CredsCheck, Mask::EXEC).with_ids(ids))
    }

    fn map_exec(&self, file: &File, requested: bool, in_force: bool) -> Result {
        if requested {
            self.check(Access::new(file, Func::MmapCheckReqprot, Mask::EXEC))?;
        }
        if in_force {
            self.check(Access::new(file, Func::MmapCheck, Mask::EXEC))?;
        }
        Ok(())
    }

    fn may_make_exec(&self, file: &File) -> Result {
        if !self.is_running() {
            return Ok(());
        }
        self.refuse_making_exec(file)
    }

    fn mapping_made_exec(&self, file: &File) {
        // It is too late to refuse, and a failure to record has been logged.
        let _ = self.map_exec(file, true, true);
    }

    fn opened(&self, file: &File, mask: u32) -> Result {
        let access = Access::new(file, Func::FileCheck, Mask::from_bits(mask));
        if file.is_created() && file.size() == 0 && self.policies.appraises() {
            self.cache.note_created(file.real_inode().key());
        }
        self.check(access)?;
        self.refuse_writing(file)
    }

    fn truncated(&self, key: InodeKey) -> Result {
        self.refuse_truncating(key)
    }

    fn created(&self, key: InodeKey) {
        if self.policies.appraises() {
            self.cache.note_created(key);
        }
    }

    fn xattr_changed(&self, name: &[u8]) -> Result {
        self.may_change_xattr(name)
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
        if self.is_running() {
            self.refresh_reference(file);
        }
        self.cache.closed(file);
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

impl Monitor {
    /// Evaluates an access that arrived at a hook, unless the module itself is the one who makes it.
    fn check(&self, access: Access<'_>) -> Result {
        if !self.is_running() || self.exempt.current() {
            return Ok(());
        }
        self.evaluate(&access)
    }
}
