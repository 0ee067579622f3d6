// SPDX-License-Identifier: GPL-2.0

//! The hooks: each names the function of the policy language that it serves and hands over to [`Monitor::evaluate`].

use crate::{
    access::evaluate::{
        Access,
        Done, //
    },
    cache::{
        Answer,
        Look, //
    },
    monitor::Monitor,
    sys::{
        file::File,
        inode::{
            InodeKey,
            InodeRef, //
        },
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
    type Token = Look;

    #[inline(always)]
    fn is_settled(&self, kind: AccessKind, file: &File, cred: Cred) -> bool {
        let Some(generation) = self.generation() else {
            return false;
        };
        let Some(answer) = self.cache.answer(kind.code(), file, cred, generation) else {
            return false;
        };
        if answer == Answer::Unchanged {
            self.stats.shortcuts.count();
        }
        true
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
                return Ok(Done::Nothing(Answer::Unasked));
            }
            self.check(Access::new(file, func, Mask::EXEC))
        };
        let kind = AccessKind::Map {
            requested,
            in_force,
        };
        self.settle(kind, file, Cred::CURRENT, || {
            let first = check(requested, Func::MmapCheckReqprot)?;
            Ok(first.and(check(in_force, Func::MmapCheck)?))
        })
    }

    fn map_shared(&self, file: &File) -> Result {
        if file.is_regular() {
            self.cache.note_shared(file);
        }
        Ok(())
    }

    fn may_map_another(&self, file: &File, backing: &File) -> Result<Look> {
        if self.is_running() {
            self.refuse_mapping_another(file)?;
        }
        Ok(self.begin_late(backing))
    }

    fn may_make_exec(&self, file: &File) -> Result<Look> {
        if self.is_running() {
            self.refuse_making_exec(file)?;
        }
        Ok(self.begin_late(file))
    }

    fn mapping_made_exec(&self, file: &File, look: Look) {
        self.evaluate_late(file, &look);
    }

    fn opening_to_write(&self, file: &File) -> Result {
        if !self.is_running() || self.exempt.current() || !file.is_regular() {
            return Ok(());
        }
        // Of a stacked file system both come here, this file and the one below that holds what will be written. What reads
        // this one will see what is written, even if the content is still that of another layer; which stays as it is.
        self.report_writer(file)?;
        if file.is_stacked() {
            return Ok(());
        }
        self.refuse_writing(file)
    }

    fn opened(&self, file: &File, mask: u32) -> Result {
        let access = Access::new(file, Func::FileCheck, Mask::from_bits(mask));
        if file.is_created() && file.size() == 0 && self.policies.appraises() {
            self.cache.note_created(file.real_inode());
        }
        self.settle(AccessKind::Open(mask), file, Cred::CURRENT, || {
            self.check(access)
        })
    }

    fn truncated(&self, path: &Path) -> Result {
        self.refuse_truncating(path)?;
        self.cache.truncated(path.upmost_inode());
        Ok(())
    }

    fn created(&self, inode: InodeRef<'_>) {
        if self.policies.appraises() {
            self.cache.note_created(inode);
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
            let _ = self.evaluate_data(&self.policies.load(), Func::KeyCheck, keyring, payload);
        }
    }

    fn released(&self, file: &File) -> bool {
        if !file.is_regular() {
            return false;
        }
        let look = self.cache.glance(file);
        let is_last = self.cache.is_last_writer(file);
        if is_last && self.is_running() {
            self.refresh_reference(file);
        }
        self.cache.closed(file, is_last.then_some(look))
    }

    fn left_by_writer(&self, path: &Path) {
        // Where it cannot be opened, the reference value is left to the next look, as in IMA.
        if let Ok(file) = self.reader.run(|| path.open()) {
            if self.cache.left_by_writers(&file) && self.is_running() {
                self.refresh_left(&file);
            }
        }
    }

    fn inode_freed(&self, key: InodeKey) {
        self.cache.forget(key);
    }

    fn detaching(&self) {
        self.cache.retire();
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
    /// A number that changes with the policy, the lists and the keys; none if what the policy says of an access depends on
    /// more than a witness shows. Taken before they are asked, it never is that of later ones.
    #[inline(always)]
    fn generation(&self) -> Option<u64> {
        // Both only grow, so the sum is the same only if both are.
        Some(
            self.policies
                .generation()?
                .wrapping_add(self.lists.generation()),
        )
    }

    /// Runs `evaluate`, and if it says that nothing was to be done notes that, unless something changed meanwhile. May
    /// sleep.
    fn settle(
        &self,
        kind: AccessKind,
        file: &File,
        cred: Cred,
        evaluate: impl FnOnce() -> Result<Done>,
    ) -> Result {
        self.cache.settle(
            kind.code(),
            file,
            cred,
            || self.generation(),
            || evaluate().map(Done::answer),
        )
    }

    /// Evaluates an access that arrived at a hook, unless the module itself is the one who makes it.
    fn check(&self, access: Access<'_>) -> Result<Done> {
        if !self.is_running() || self.exempt.current() {
            return Ok(Done::Something);
        }
        self.evaluate(&access)
    }
}
