// SPDX-License-Identifier: GPL-2.0

//! One stub of the BPF LSM attached to one function, by ftrace.

use crate::sys::{
    bindings,
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
    /// The stub's entry is redirected, since a BPF program holds the jump.
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

/// One stub attached to one function.
///
/// # Invariants
///
/// `ops` is registered with ftrace for the stub, in the way `way`, with `function`.
pub(super) struct Attachment {
    ops: ManuallyDrop<Pin<KBox<Opaque<c::ftrace_ops>>>>,
    pub(super) stub: &'static CStr,
    function: usize,
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
                // CAST: A bit of an unsigned long.
                flags: c::FTRACE_OPS_FL_PERMANENT as ffi::c_ulong,
                ..pin_init::zeroed()
            }),
            GFP_KERNEL,
        )?;
        // By address: the kernel would compare a name with that of every function of the kernel and its modules, which
        // takes seconds where many modules are loaded, once per hook.
        // SAFETY: `ops` is zeroed as ftrace wants it and pinned.
        to_result(unsafe { c::ftrace_set_filter_ip(ops.get(), address, 0, 1) })?;
        Ok(ops)
    }

    /// Attaches `function` to `stub`. May sleep.
    ///
    /// # Safety
    ///
    /// `function` is the address of a function with the signature of the hook whose stub is `stub`, which may be called
    /// wherever that hook is.
    pub(super) unsafe fn new(stub: &'static CStr, function: usize) -> Result<Self> {
        let ops = Self::filter(stub)?;
        // SAFETY: `ops` is set up and pinned. `function` has the signature of `stub` by the requirement on the caller.
        let rc = unsafe { c::register_ftrace_direct(ops.get(), Self::direct(function)) };
        // INVARIANT: Registered just above; elsewhere just below.
        match to_result(rc) {
            Ok(()) => Ok(Self {
                ops: ManuallyDrop::new(ops),
                stub,
                function,
                way: Way::Jump,
            }),
            Err(e) if e == EBUSY => {
                Self::free_filter(&ops);
                // SAFETY: By the requirement on the caller.
                unsafe { Self::redirect(stub, function) }
            }
            Err(e) => {
                Self::free_filter(&ops);
                Err(e)
            }
        }
    }

    /// As [`Attachment::new`], where a BPF program holds the jump.
    ///
    /// # Safety
    ///
    /// As for [`Attachment::new`].
    unsafe fn redirect(stub: &'static CStr, function: usize) -> Result<Self> {
        let ops = Self::filter(stub)?;
        // SAFETY: `ops` is ours and not registered yet. `function` has the signature of `stub` by the requirement on the
        // caller.
        unsafe {
            bindings::diglist_ftrace_set_redirect(ops.get(), function);
            // CAST: A bit of an unsigned long.
            (*ops.get()).flags |= c::FTRACE_OPS_FL_IPMODIFY as ffi::c_ulong;
        }
        let mut rc = 0;
        for _ in 0..RETRIES {
            // SAFETY: As above.
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
        Ok(Self {
            ops: ManuallyDrop::new(ops),
            stub,
            function,
            way: Way::Redirect,
        })
    }

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
                Way::Jump => {
                    c::unregister_ftrace_direct(self.ops.get(), Self::direct(self.function), true)
                }
                Way::Redirect => c::unregister_ftrace_function(self.ops.get()),
            }
        };
        if rc != 0 {
            pr_crit!(
                "detaching from {} failed ({}): the kernel calls the module as before, so it stays\n",
                self.stub.to_str().unwrap_or("?"),
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
