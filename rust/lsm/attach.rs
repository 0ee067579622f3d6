// SPDX-License-Identifier: GPL-2.0

//! Stubs of the BPF LSM attached to our functions, by ftrace.

use super::table::{
    Hook,
    Passed, //
};
use crate::sys::{
    bindings,
    kernel_crate::ENOSYS,
    module::Text,
    task, //
};
use core::mem::ManuallyDrop;
use kernel::{
    bindings as c,
    error::to_result,
    ffi,
    prelude::*,
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
    /// A jump where a hook is passed often and others are not expected, a redirect elsewhere.
    Auto,
    /// The same for every hook.
    Always(Way),
}

impl Preference {
    /// The module parameter `attach`.
    ///
    /// # Errors
    ///
    /// `EINVAL`, with the reason in the kernel log.
    pub(super) fn from_parameter() -> Result<Self> {
        let words = [
            ("auto", Self::Auto),
            ("redirect", Self::Always(Way::Redirect)),
            ("jump", Self::Always(Way::Jump)),
        ];
        Text::Attach.choose("attach", &words, "auto, redirect or jump")
    }

    fn way(self, hook: &Hook) -> Way {
        match (self, hook.passed) {
            (Self::Always(way), _) => way,
            (Self::Auto, Passed::Often) => Way::Jump,
            (Self::Auto, Passed::OftenBesideOthers | Passed::Seldom) => Way::Redirect,
        }
    }

    /// Whether hooks `a` and `b` are attached together. Each attachment makes ftrace walk all
    /// functions of the kernel several times, and each detachment waits for two grace periods of
    /// RCU tasks, so the fewer the better.
    pub(super) fn together(self, a: &Hook, b: &Hook) -> bool {
        [a, b]
            .iter()
            .all(|hook| hook.passed == Passed::Seldom && self.way(hook) == Way::Redirect)
    }
}

/// The addresses of the stubs of `hooks`, in their order. May sleep.
///
/// # Errors
///
/// `ENOENT` if the kernel does not have all of them; the kernel log names the first that is
/// missing.
pub(super) fn addresses(hooks: &[Hook]) -> Result<KVec<ffi::c_ulong>> {
    let mut names = KVec::with_capacity(hooks.len(), GFP_KERNEL)?;
    for hook in hooks {
        names.push(hook.stub.as_char_ptr(), GFP_KERNEL)?;
    }
    let mut addresses = KVec::from_elem(0, hooks.len(), GFP_KERNEL)?;
    // SAFETY: Task context. There are as many names, which end with a NUL, as places.
    to_result(unsafe {
        bindings::diglist_function_addresses(names.as_ptr(), addresses.as_mut_ptr(), names.len())
    })?;
    match hooks
        .iter()
        .zip(&addresses)
        .find(|(_, &address)| address == 0)
    {
        Some((hook, _)) => Err(ENOENT).inspect_err(|e| hook.complain(*e)),
        None => Ok(addresses),
    }
}

/// An `ftrace_ops` at an address that stays.
type Ops = Pin<KBox<Opaque<c::ftrace_ops>>>;

/// One stub attached to one function, or several stubs to one function each.
///
/// # Invariants
///
/// `ops` is registered with ftrace for the stubs of `hooks`, in the way `way`, with their
/// functions.
pub(super) struct Attachment {
    ops: ManuallyDrop<Ops>,
    pub(super) hooks: &'static [Hook],
    pub(super) way: Way,
    /// What `ops` looks the functions up in, if there are several.
    _redirections: KVec<bindings::diglist_redirection>,
}

// SAFETY: ftrace locks its own structures.
unsafe impl Send for Attachment {}
// SAFETY: As above.
unsafe impl Sync for Attachment {}

impl Attachment {
    /// An `ftrace_ops` whose filter are the functions at `addresses` alone and which
    /// `ftrace_enabled=0` cannot switch off.
    fn filter(addresses: &mut [ffi::c_ulong]) -> Result<Ops> {
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
        // SAFETY: `ops` is zeroed as ftrace wants it and pinned. There are so many addresses; the
        // table has few hooks.
        to_result(unsafe {
            c::ftrace_set_filter_ips(
                ops.get(),
                addresses.as_mut_ptr(),
                // CAST: There are few hooks.
                addresses.len() as ffi::c_uint,
                0,
                1,
            )
        })?;
        Ok(ops)
    }

    /// Attaches the functions of `hooks` to their stubs, which are at `addresses`: one as
    /// `preference` says or, where a BPF program holds the jump or the kernel has none, by a
    /// redirect; several by a redirect. May sleep.
    ///
    /// # Errors
    ///
    /// What ftrace says. The kernel log names the hook, or the first of them.
    ///
    /// # Safety
    ///
    /// A handler of the type that `hooks` were made for is in service for as long as the attachment
    /// lives, and until no task is in the functions afterwards.
    pub(super) unsafe fn new(
        hooks: &'static [Hook],
        addresses: &mut [ffi::c_ulong],
        preference: Preference,
    ) -> Result<Self> {
        let attached = match hooks {
            [hook] if preference.way(hook) == Way::Jump => {
                // SAFETY: By the requirement on the caller.
                match unsafe { Self::jump(hooks, hook, addresses) } {
                    // SAFETY: As above.
                    Err(e) if e == EBUSY || e == ENOSYS => unsafe {
                        Self::redirect(hooks, addresses)
                    },
                    jumped => jumped,
                }
            }
            // SAFETY: As above.
            _ => unsafe { Self::redirect(hooks, addresses) },
        };
        attached.inspect_err(|e| {
            if let [first, ..] = hooks {
                first.complain(*e);
            }
        })
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
    unsafe fn jump(
        hooks: &'static [Hook],
        hook: &Hook,
        address: &mut [ffi::c_ulong],
    ) -> Result<Self> {
        let target = Self::direct(hook.address());
        if target == 0 {
            return Err(ENOSYS);
        }
        let ops = Self::filter(address)?;
        // SAFETY: `ops` is set up and pinned. The function has the signature of the stub by the
        // invariants of `Hook`, and may be called by the requirement on the caller.
        let rc = unsafe { c::register_ftrace_direct(ops.get(), target) };
        if let Err(e) = to_result(rc) {
            Self::free_filter(&ops);
            return Err(e);
        }
        // INVARIANT: Registered just above.
        Ok(Self {
            ops: ManuallyDrop::new(ops),
            hooks,
            way: Way::Jump,
            _redirections: KVec::new(),
        })
    }

    /// Redirects the entries of the stubs to the functions, beside BPF programs that are there or
    /// come later. May sleep.
    ///
    /// # Errors
    ///
    /// As for [`Attachment::new`].
    ///
    /// # Safety
    ///
    /// As for [`Attachment::new`].
    unsafe fn redirect(hooks: &'static [Hook], addresses: &mut [ffi::c_ulong]) -> Result<Self> {
        let mut redirections = KVec::new();
        for (&from, hook) in addresses.iter().zip(hooks) {
            // CAST: An address.
            let to = hook.address() as ffi::c_ulong;
            redirections.push(bindings::diglist_redirection { from, to }, GFP_KERNEL)?;
        }
        redirections.push(bindings::diglist_redirection { from: 0, to: 0 }, GFP_KERNEL)?;
        let ops = Self::filter(addresses)?;
        // SAFETY: `ops` is ours and not registered yet.
        unsafe {
            if let [hook] = hooks {
                (*ops.get()).func = Some(bindings::diglist_ftrace_redirect);
                // CAST: An address.
                (*ops.get()).private = hook.address() as *mut ffi::c_void;
            } else {
                (*ops.get()).func = Some(bindings::diglist_ftrace_redirect_each);
                (*ops.get()).private = redirections.as_mut_ptr().cast();
            }
            // CAST: A bit of an unsigned long.
            (*ops.get()).flags |= c::FTRACE_OPS_FL_IPMODIFY as ffi::c_ulong;
        }
        let mut rc = 0;
        for _ in 0..RETRIES {
            // SAFETY: `ops` is set up and pinned. `redirections` ends with a 0 and lives as long as
            // `ops`. Each function has the signature of its stub by the invariants of `Hook`, and
            // may be called by the requirement on the caller.
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
            hooks,
            way: Way::Redirect,
            _redirections: redirections,
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
        let first = self.hooks.first();
        // SAFETY: By the type invariants `ops` is registered, in this way and with these functions.
        let rc = unsafe {
            match (self.way, first) {
                (Way::Jump, Some(hook)) => {
                    c::unregister_ftrace_direct(self.ops.get(), Self::direct(hook.address()), true)
                }
                _ => c::unregister_ftrace_function(self.ops.get()),
            }
        };
        if rc != 0 {
            pr_crit!(
                "detaching from {} failed ({}): the kernel calls the module as before, so it stays\n",
                first.map_or("?", Hook::name),
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
