// SPDX-License-Identifier: GPL-2.0

//! The hooks: each names the function of the policy language that it serves and calls
//! [`super::evaluate`].

use super::{
    appraise::{
        protect,
        refresh, //
    },
    evaluate::{
        evaluate_data,
        report_writer,
        Data, //
    },
    file_access::{
        drop_foreign_pages,
        Access, //
    },
    late::{
        self,
        Before, //
    },
    loaded,
    mapping,
    monitor::Monitor, //
};
use crate::{
    cache::Answer,
    policy::Query,
    stores::Stores,
    sys::{
        bytes::joined,
        cred::{
            Cred,
            Ids, //
        },
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
    },
};
use digest_logic::{
    policy::{
        Func,
        Mask, //
    },
    template::MAX_NAME, //
};
use kernel::{
    prelude::*,
    str::CStr, //
};

// SAFETY: `is_settled()` only compares numbers. `inode_freed()` takes only a spinlock. Neither
// sleeps.
unsafe impl Handler for Monitor {
    type Token = Before;

    #[inline(always)]
    fn is_settled(&self, kind: AccessKind, file: &File, cred: Cred<'_>) -> bool {
        let Some(generation) = self.generation() else {
            return false;
        };
        let stores = self.stores();
        let Some(answer) = stores.cache.answer(kind.code(), file, cred, generation) else {
            return false;
        };
        if answer == Answer::Unchanged {
            stores.stats.shortcuts.count();
        }
        true
    }

    fn exec(&self, file: &File) -> Result {
        self.settle(AccessKind::Exec, file, Cred::CURRENT, || {
            self.check(Access::new(file, Func::BprmCheck, Mask::EXEC))
        })
    }

    fn exec_as(&self, file: &File, ids: Ids, cred: Cred<'_>) -> Result {
        self.settle(AccessKind::ExecAs, file, cred, || {
            let query = Query::new(file, Func::CredsCheck, Mask::EXEC);
            self.check(query.with_ids(ids).into())
        })
    }

    fn map_exec(&self, file: &File, requested: bool, in_force: bool) -> Result {
        let kind = AccessKind::Map {
            requested,
            in_force,
        };
        self.settle(kind, file, Cred::CURRENT, || {
            mapping::evaluate(file, [requested, in_force], |access| self.check(access))
        })
    }

    fn map_shared(&self, file: &File) -> Result {
        if file.is_regular() {
            self.stores().cache.note_shared(file);
        }
        Ok(())
    }

    fn may_map_another(&self, file: &File, backing: &File) -> Result<Before> {
        if self.is_running() {
            protect::may_map_another(self.stores(), file)?;
        }
        Ok(late::begin(&self.stores().cache, backing))
    }

    fn may_make_exec(&self, file: &File) -> Result<Before> {
        if self.is_running() {
            protect::may_make_exec_of(self.stores(), file)?;
        }
        Ok(late::begin(&self.stores().cache, file))
    }

    fn mapping_made_exec(&self, file: &File, before: Before) {
        let evaluated = self.map_exec(file, true, true);
        late::finish(self.stores(), file, &before, evaluated);
    }

    fn writing_directly(&self, file: &File) {
        // Where the pages are the file, nothing is written past them.
        if file.is_regular() && file.can_be_cleansed() {
            self.stores().cache.note_shared(file);
        }
    }

    fn remapping(&self, file: &File) -> Result {
        if !self.is_running() {
            return Ok(());
        }
        protect::may_remap(self.stores(), file)
    }

    fn opening_to_write(&self, file: &File) -> Result {
        if !self.is_running() || self.exempt().current() || !file.is_regular() {
            return Ok(());
        }
        // A stacked file system calls this twice: for this file, and for the lower file that will
        // be written. Readers of this file see what is written, so both are reported. Its content
        // may still be that of another layer, which stays, so only the lower file is protected.
        report_writer(self.stores(), file)?;
        if file.is_stacked() {
            return Ok(());
        }
        protect::may_write(self.stores(), file)
    }

    fn opened_to_execute(&self, file: &File) {
        if self.is_running() {
            drop_foreign_pages(&self.stores().cache, file);
        }
    }

    fn opened(&self, file: &File, mask: u32) -> Result {
        let access = Access::new(file, Func::FileCheck, Mask::from_bits(mask));
        if file.is_created() && file.size() == 0 && self.stores().policies.appraises() {
            self.stores().cache.note_created(file.real_inode());
        }
        self.settle(AccessKind::Open(mask), file, Cred::CURRENT, || {
            self.check(access)
        })
    }

    fn truncated(&self, path: &Path) -> Result {
        if self.is_running() {
            protect::may_truncate(self.stores(), path)?;
        }
        self.stores().cache.truncated(path);
        Ok(())
    }

    fn created(&self, inode: InodeRef<'_>) {
        if self.stores().policies.appraises() {
            self.stores().cache.note_created(inode);
        }
    }

    fn xattr_changed(&self, dentry: &Dentry, name: &CStr) -> Result {
        protect::may_change_xattr(&self.stores().log, dentry, name)
    }

    fn kernel_load(&self, what: KernelRead, is_unseen: bool) -> Result {
        let func = func_of(what);
        if !self.is_running() || func == Func::FileCheck {
            return Ok(());
        }
        protect::may_come_as_bytes(self.stores(), func)?;
        if is_unseen {
            loaded::report_unseen(self.stores(), func, loaded::KEXEC_NAME)?;
        }
        Ok(())
    }

    fn kernel_loaded(&self, loaded: Loaded<'_>) -> Result {
        let func = func_of(loaded.what);
        if !self.is_running() || func == Func::FileCheck {
            return Ok(());
        }
        loaded::evaluate(self.stores(), func, &loaded)
    }

    fn bpf_gives_results(&self) -> Result {
        if !self.is_running() {
            return Ok(());
        }
        protect::may_give_results(self.stores())?;
        loaded::report_unseen(self.stores(), Func::ModuleCheck, loaded::BPF_NAME)
    }

    fn blacklisted(&self) {
        self.stores().lists.invalidate();
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
            // The key has been added already, and the failure to record is in the kernel log.
            let _ = evaluate_key(self.stores(), keyring, payload);
        }
    }

    fn released(&self, file: &File) -> bool {
        if !file.is_regular() {
            return false;
        }
        let look = self.stores().cache.glance(file);
        let is_last = self.stores().cache.is_last_writer(file);
        if is_last && self.is_running() {
            refresh::refresh_reference(self.stores(), file);
        }
        self.stores().cache.closed(file, is_last.then_some(look))
    }

    fn left_by_writer(&self, path: &Path) {
        let stores = self.stores();
        // If the file cannot be opened, the next look updates the reference value, as in IMA.
        if let Ok(file) = stores.reader.run(|| path.open()) {
            if stores.cache.left_by_writers(&file) && self.is_running() {
                refresh::refresh_left(stores, &file);
            }
        }
    }

    fn inode_freed(&self, key: InodeKey) {
        self.stores().cache.forget(key);
    }

    fn detaching(&self) {
        self.stores().cache.retire();
    }
}

/// The prefix of a keyring's name in a record, unless it is one of the kernel's keyrings.
const KEYRING: &[u8] = b"keyring:";

/// Records the key `payload` that was added to `keyring`, if the policy says so. May sleep.
///
/// Only the kernel makes keyrings whose names begin with a dot. Users choose all other names, so a
/// prefix keeps them apart from files and from root's records. A name that is too long for a record
/// is cut: a key without a record would be worse.
fn evaluate_key(stores: &Stores, keyring: &[u8], payload: &[u8]) -> Result {
    let prefix = if keyring.starts_with(b".") {
        b""
    } else {
        KEYRING
    };
    let mut name = joined(&[prefix, keyring])?;
    name.truncate(MAX_NAME - 1);
    let data = Data {
        label: keyring,
        name: &name,
        bytes: payload,
    };
    evaluate_data(&stores.log, &stores.policies.load(), Func::KeyCheck, &data)
}

/// The function of the policy language for a read by the kernel.
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
