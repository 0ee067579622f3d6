// SPDX-License-Identifier: GPL-2.0

//! Attachment to the LSM hooks of a kernel that offers modules none.
//!
//! `security_add_hooks()` is for built-in modules only. The BPF LSM, however, gives every hook an
//! empty function `bpf_lsm_<hook>()`, with the hook's own signature, which the kernel calls on
//! every access. ftrace makes that function *jump* to ours: it runs in the hook's own context, may
//! sleep where the hook may, and what it returns is the verdict. A stub has room for one jump.
//! Where BPF programs are expected, where one has taken the jump already, and where the
//! instructions do not count, ftrace rewrites the instruction pointer on entry instead: the
//! program's trampoline calls us as the original function.
//!
//! C header: [`include/linux/ftrace.h`](srctree/include/linux/ftrace.h)

mod attach;
mod deferred;
mod handler;
mod probe;
mod stubs;
mod table;

pub(crate) use handler::{
    AccessKind,
    Handler,
    KernelRead,
    Loaded, //
};

use attach::{
    Attachment,
    Preference,
    Way, //
};
use handler::Active;
use kernel::{
    bindings as c,
    prelude::*,
    sync::Arc, //
};
use table::{
    Hook,
    Hooks, //
};

/// All hooks attached to one handler. Dropping it detaches them and waits until no task is in the
/// handler; may sleep. If one cannot be detached it never returns: the code and the handler must
/// stay then.
///
/// # Invariants
///
/// `active` is in service, and every attachment is to a function of the same `H`.
pub(crate) struct Registration<H: Handler> {
    attachments: KVec<Attachment>,
    active: Arc<Active<H>>,
}

impl<H: Handler> Registration<H> {
    /// Attaches `handler` to all hooks, and makes sure that they arrive. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` for an unknown word in the module parameter `attach`; `EBUSY` if there is a
    /// registration already; `ENOENT` with a remedy in the kernel log if the BPF LSM is not active;
    /// what ftrace says otherwise.
    pub(crate) fn new(handler: Arc<H>) -> Result<Self> {
        let preference = Preference::from_parameter()?;
        let active = Active::new(handler)?;
        // INVARIANT: In service since just above. Whatever returns early drops this, and thereby
        // retires it.
        let mut registration = Self {
            attachments: KVec::new(),
            active,
        };
        let mut addresses = attach::addresses(Hooks::<H>::ALL)?;
        let (mut hooks, mut at) = (Hooks::<H>::ALL, addresses.as_mut_slice());
        while let Some(first) = hooks.first() {
            let beside = |hook: &&Hook| preference.together(first, hook);
            let count = hooks.iter().take_while(beside).count().max(1);
            let (these, others) = hooks.split_at_checked(count).ok_or(EINVAL)?;
            let (stubs, left) = at.split_at_mut_checked(count).ok_or(EINVAL)?;
            // SAFETY: `active` is a handler of this type, in service until this is dropped, which
            // waits for all tasks.
            let attachment = unsafe { Attachment::new(these, stubs, preference) }?;
            registration.attachments.push(attachment, GFP_KERNEL)?;
            (hooks, at) = (others, left);
        }
        probe::run()?;
        Ok(registration)
    }

    /// The hooks by name and how they are attached.
    pub(crate) fn ways(&self) -> impl Iterator<Item = (&'static str, Way)> + '_ {
        self.attachments
            .iter()
            .flat_map(|a| a.hooks.iter().map(|hook| (hook.name(), a.way)))
    }

    /// Detaches the hooks, the last first, until `left` remain, and waits until no task is in the
    /// functions of the others or in the handler on their behalf. May sleep.
    fn detach_until(&mut self, left: usize) {
        while self.attachments.len() > left {
            drop(self.attachments.pop());
        }
        // Tasks that had entered a function before it was detached have left it, or sleep inside
        // the SRCU section...
        // SAFETY: Task context; may sleep.
        unsafe { c::synchronize_rcu_tasks() };
        // ... which ends here ...
        self.active.synchronize();
        // ... what they have put off has been done ...
        deferred::drain();
        // ... and here all have executed the few instructions that follow.
        // SAFETY: As above.
        unsafe { c::synchronize_rcu_tasks() };
    }
}

impl<H: Handler> Drop for Registration<H> {
    fn drop(&mut self) {
        // The first alone, which tells what inodes are freed, until nothing is kept by inode.
        self.detach_until(1);
        self.active.handler().detaching();
        self.detach_until(0);
        self.active.retire();
    }
}
