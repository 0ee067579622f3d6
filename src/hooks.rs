// SPDX-License-Identifier: GPL-2.0

//! The hooks: each names the function of the policy language that it serves and hands over to [`Monitor::evaluate`].

use crate::{
    evaluate::{
        Access,
        Done, //
    },
    monitor::Monitor,
    sys::{
        file::File,
        inode::InodeKey,
        lsm::{
            AccessKind,
            Handler,
            KernelRead,
            Loaded, //
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

// SAFETY: `is_settled()` compares numbers, and `inode_freed()` takes a spinlock for moments: neither sleeps.
unsafe impl Handler for Monitor {
    type Token = ();

    #[inline(always)]
    fn is_settled(&self, kind: AccessKind, file: &File, cred: Cred) -> bool {
        Monitor::is_settled(self, kind, file, cred)
    }

    fn exec(&self, file: &File) -> Result {
        self.settle(AccessKind::Exec, file, Cred::CURRENT, || {
            self.check(Access::new(file, Func::BprmCheck, Mask::EXEC))
        })
    }

    fn exec_as(&self, file: &File, ids: Ids, cred: Cred) -> Result {
        self.settle(AccessKind::ExecAs, file, cred, || {
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
        let kind = AccessKind::Map {
            requested,
            in_force,
        };
        self.settle(kind, file, Cred::CURRENT, || {
            let first = check(requested, Func::MmapCheckReqprot)?;
            Ok(first.max(check(in_force, Func::MmapCheck)?))
        })
    }

    fn map_shared(&self, file: &File) -> Result {
        if file.is_regular() {
            self.cache.note_shared(file);
        }
        Ok(())
    }

    fn may_map_another(&self, file: &File, _backing: &File) -> Result {
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

    fn mapping_made_exec(&self, file: &File, (): ()) {
        self.evaluate_late(file);
    }

    fn opening_to_write(&self, file: &File) -> Result {
        // A file of a stacked file system may still have the content of another layer, which stays as it is. The file that
        // holds what will be written comes here as well.
        if !self.is_running() || self.exempt.current() || !file.is_regular() || file.is_stacked() {
            return Ok(());
        }
        self.report_writer(file)?;
        self.refuse_writing(file)
    }

    fn opened(&self, file: &File, mask: u32) -> Result {
        let access = Access::new(file, Func::FileCheck, Mask::from_bits(mask));
        if file.is_created() && file.size() == 0 && self.policies.appraises() {
            self.cache.note_created(file.real_inode().key());
        }
        self.settle(AccessKind::Open(mask), file, Cred::CURRENT, || {
            self.check(access)
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

    fn kernel_load(&self, what: KernelRead, is_unseen: bool) -> Result {
        let func = func_of(what);
        if !self.is_running() || func == Func::FileCheck {
            return Ok(());
        }
        self.refuse_bytes(func)?;
        if is_unseen {
            self.report_unseen_bytes(func)?;
        }
        Ok(())
    }

    fn kernel_loaded(&self, loaded: Loaded<'_>) -> Result {
        let func = func_of(loaded.what);
        if !self.is_running() || func == Func::FileCheck {
            return Ok(());
        }
        self.evaluate_loaded(func, &loaded)
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

    fn detaching(&self) {}
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
    fn check(&self, access: Access<'_>) -> Result<Done> {
        if !self.is_running() || self.exempt.current() {
            return Ok(Done::Something);
        }
        self.evaluate(&access)
    }
}
