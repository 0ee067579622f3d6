// SPDX-License-Identifier: GPL-2.0

//! One stub of the BPF LSM attached to one function, by ftrace.

use super::table::{
    Hook,
    Neighbours, //
};
use crate::sys::{
    bindings,
    kernel_crate::ENOSYS,
    module,
    task, //
};
use core::mem::ManuallyDrop;
use kernel::{
    bindings as c,
    error::to_result,
    ffi,
    prelude::*,
    str::CStr,
    time::{
        delay::fsleep,
        Delta, //
    },
    types::Opaque, //
};

/// How often attachment is tried while a BPF trampoline is being changed.
const RETRIES: usize = 100;

/// How a hook is attached.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// The stub jumps to our function.
    Jump,
    /// The stub's entry is redirected: a BPF program holds the jump, or one may come.
    Redirect,
}

impl Way {
    /// The word for it in `status`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Jump => "jump",
            Self::Redirect => "redirect",
        }
    }
}

/// Which way is tried first.
#[derive(Clone, Copy)]
pub(super) enum Preference {
    /// A redirect where others are expected, a jump elsewhere.
    Auto,
    /// The same for every hook.
    Always(Way),
}

impl Preference {
    /// The module parameter `attach`.
    ///
    /// # Errors
    ///
    /// `EINVAL` for another word, with a message in the kernel log.
    pub(super) fn from_parameter() -> Result<Self> {
        let word = module::Text::Attach.get();
        match word.to_bytes() {
            b"auto" => Ok(Self::Auto),
            b"redirect" => Ok(Self::Always(Way::Redirect)),
            b"jump" => Ok(Self::Always(Way::Jump)),
            _ => {
                pr_err!(
                    "attach={}: expected auto, redirect or jump\n",
                    word.to_str().unwrap_or("?")
                );
                Err(EINVAL)
            }
        }
    }

    fn way(self, hook: &Hook) -> Way {
        match (self, hook.neighbours) {
            (Self::Always(way), _) => way,
            (Self::Auto, Neighbours::Expected) => Way::Redirect,
            (Self::Auto, Neighbours::Rare) => Way::Jump,
        }
    }
}

/// One stub attached to one function.
///
/// # Invariants
///
/// `ops` is registered with ftrace for the stub of `hook`, in the way `way`, with its function.
pub(super) struct Attachment {
    ops: ManuallyDrop<Pin<KBox<Opaque<c::ftrace_ops>>>>,
    pub(super) hook: Hook,
    pub(super) way: Way,
}

// SAFETY: ftrace locks its own structures.
unsafe impl Send for Attachment {}
// SAFETY: As above.
unsafe impl Sync for Attachment {}

impl Attachment {
    /// An `ftrace_ops` whose filter is `stub` alone and which `ftrace_enabled=0` cannot switch off.
    fn filter(stub: &CStr) -> Result<Pin<KBox<Opaque<c::ftrace_ops>>>> {
        // SAFETY: Task context; `stub` ends with a NUL.
        let address = unsafe { bindings::diglist_function_address(stub.as_char_ptr()) };
        if address == 0 {
            return Err(ENOENT);
        }
        let ops = KBox::pin(
            Opaque::new(c::ftrace_ops {
                // CAST: An address; a bit of an unsigned long.
                flags: c::FTRACE_OPS_FL_PERMANENT as ffi::c_ulong,
                ..pin_init::zeroed()
            }),
            GFP_KERNEL,
        )?;
        // By address: the kernel would compare a name with that of every function of the kernel and
        // its modules, which takes seconds where many modules are loaded, once per hook.
        // SAFETY: `ops` is zeroed as ftrace wants it and pinned.
        to_result(unsafe { c::ftrace_set_filter_ip(ops.get(), address, 0, 1) })?;
        Ok(ops)
    }

    /// Attaches the function of `hook` to its stub, as `preference` says or, where a BPF program
    /// holds the jump or the kernel has none, by a redirect. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOENT` if the kernel has no such stub; what ftrace says.
    ///
    /// # Safety
    ///
    /// A handler of the type that `hook` was made for is in service for as long as the attachment
    /// lives, and until no task is in the function afterwards.
    pub(super) unsafe fn new(hook: Hook, preference: Preference) -> Result<Self> {
        if preference.way(&hook) == Way::Jump {
            // SAFETY: By the requirement on the caller.
            let jumped = unsafe { Self::jump(hook) };
            if !matches!(&jumped, Err(e) if *e == EBUSY || *e == ENOSYS) {
                return jumped;
            }
        }
        // SAFETY: As above.
        unsafe { Self::redirect(hook) }
    }

    /// Makes the stub jump to the function. May sleep.
    ///
    /// # Errors
    ///
    /// `EBUSY` if it jumps somewhere already; `ENOSYS` if the kernel's ftrace has no jump; as for
    /// [`Attachment::new`] otherwise.
    ///
    /// # Safety
    ///
    /// As for [`Attachment::new`].
    unsafe fn jump(hook: Hook) -> Result<Self> {
        let address = Self::direct(hook.address());
        if address == 0 {
            return Err(ENOSYS);
        }
        let ops = Self::filter(hook.stub)?;
        // SAFETY: `ops` is set up and pinned. The function has the signature of the stub by the
        // invariants of `Hook`, and may be called by the requirement on the caller.
        let rc = unsafe { c::register_ftrace_direct(ops.get(), address) };
        if let Err(e) = to_result(rc) {
            Self::free_filter(&ops);
            return Err(e);
        }
        // INVARIANT: Registered just above.
        Ok(Self {
            ops: ManuallyDrop::new(ops),
            hook,
            way: Way::Jump,
        })
    }

    /// Redirects the entry of the stub to the function, beside a BPF program that is there or comes
    /// later. May sleep.
    ///
    /// # Errors
    ///
    /// As for [`Attachment::new`].
    ///
    /// # Safety
    ///
    /// As for [`Attachment::new`].
    unsafe fn redirect(hook: Hook) -> Result<Self> {
        let ops = Self::filter(hook.stub)?;
        // SAFETY: `ops` is ours and not registered yet.
        unsafe {
            (*ops.get()).func = Some(bindings::diglist_ftrace_redirect);
            // CAST: An address.
            (*ops.get()).private = hook.address() as *mut ffi::c_void;
            // CAST: A bit of an unsigned long.
            (*ops.get()).flags |= c::FTRACE_OPS_FL_IPMODIFY as ffi::c_ulong;
        }
        let mut rc = 0;
        for _ in 0..RETRIES {
            // SAFETY: `ops` is set up and pinned. The function has the signature of the stub by the
            // invariants of `Hook`, and may be called by the requirement on the caller.
            rc = unsafe { c::register_ftrace_function(ops.get()) };
            // The BPF trampoline is being changed by somebody else.
            if rc != EAGAIN.to_errno() {
                break;
            }
            fsleep(Delta::from_millis(1));
        }
        if let Err(e) = to_result(rc) {
            Self::free_filter(&ops);
            return Err(e);
        }
        // INVARIANT: Registered just above.
        Ok(Self {
            ops: ManuallyDrop::new(ops),
            hook,
            way: Way::Redirect,
        })
    }

    /// What ftrace is given to make a stub jump to `function`; 0 where it has no jump.
    fn direct(function: usize) -> usize {
        // SAFETY: Arithmetic on an address.
        unsafe { bindings::diglist_ftrace_direct_addr(function) }
    }

    /// Frees the filter of an `ftrace_ops` that is not registered.
    fn free_filter(ops: &Opaque<c::ftrace_ops>) {
        // SAFETY: `ops` is set up and not registered.
        unsafe { c::ftrace_free_filter(ops.get()) };
    }
}

/// Detaches. Does not return if that fails, since what is attached must stay then.
impl Drop for Attachment {
    fn drop(&mut self) {
        // SAFETY: By the type invariants `ops` is registered, in this way and with this function.
        let rc = unsafe {
            match self.way {
                Way::Jump => c::unregister_ftrace_direct(
                    self.ops.get(),
                    Self::direct(self.hook.address()),
                    true,
                ),
                Way::Redirect => c::unregister_ftrace_function(self.ops.get()),
            }
        };
        if rc != 0 {
            pr_crit!(
                "detaching from {} failed ({}): the kernel calls the module as before, so it stays\n",
                self.hook.name(),
                rc
            );
            // Whoever drops this would free the code and the state behind it next.
            task::sleep_forever();
        }
        if self.way == Way::Redirect {
            // `unregister_ftrace_direct()` has done so by itself.
            Self::free_filter(&self.ops);
        }
        // SAFETY: ftrace has no use for it any more, and it is dropped once, here.
        unsafe { ManuallyDrop::drop(&mut self.ops) };
    }
}
