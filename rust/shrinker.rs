// SPDX-License-Identifier: GPL-2.0

//! Caches that free memory when the kernel needs it.
//!
//! C header: [`include/linux/shrinker.h`](srctree/include/linux/shrinker.h)

use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    bindings as c,
    ffi,
    prelude::*,
    str::CStr,
    sync::Arc, //
};

// CAST: A number of one digit.
/// The cost of making a value again, relative to other caches.
const SEEKS: ffi::c_int = c::DEFAULT_SEEKS as ffi::c_int;

/// A cache that can shrink. Its functions run during memory reclaim: they must not allocate, and
/// take only locks under which no task allocates.
pub(crate) trait Shrink: Send + Sync + 'static {
    /// How many objects could be freed.
    fn count(&self) -> usize;

    /// Frees up to `count` objects. Returns how many.
    fn scan(&self, count: usize) -> usize;
}

/// A registered shrinker, unregistered when dropped.
///
/// # Invariants
///
/// `ptr` came from `shrinker_alloc()` and is registered; its private data came from
/// `Arc::into_raw()` and are ours.
pub(crate) struct Shrinker<T: Shrink> {
    ptr: NonNull<c::shrinker>,
    cache: *const T,
    _owns: PhantomData<Arc<T>>,
}

// SAFETY: The kernel locks its own structures; the cache is `Send` and `Sync`.
unsafe impl<T: Shrink> Send for Shrinker<T> {}
// SAFETY: As above.
unsafe impl<T: Shrink> Sync for Shrinker<T> {}

impl<T: Shrink> Shrinker<T> {
    /// Registers `cache` under `name`. May sleep.
    pub(crate) fn new(name: &'static CStr, cache: Arc<T>) -> Result<Self> {
        // SAFETY: The format takes one string, and the name is NUL-terminated.
        let ptr = unsafe { c::shrinker_alloc(0, c"%s".as_char_ptr(), name.as_char_ptr()) };
        let ptr = NonNull::new(ptr).ok_or(ENOMEM)?;
        let cache = Arc::into_raw(cache);
        // SAFETY: The shrinker is ours until it is registered.
        unsafe {
            let shrinker = ptr.as_ptr();
            (*shrinker).count_objects = Some(count::<T>);
            (*shrinker).scan_objects = Some(scan::<T>);
            (*shrinker).seeks = SEEKS;
            (*shrinker).private_data = cache.cast_mut().cast();
            c::shrinker_register(shrinker);
        }
        // INVARIANT: Just registered.
        Ok(Self {
            ptr,
            cache,
            _owns: PhantomData,
        })
    }
}

impl<T: Shrink> Drop for Shrinker<T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants; `shrinker_free()` waits for calls that are running.
        unsafe {
            c::shrinker_free(self.ptr.as_ptr());
            drop(Arc::from_raw(self.cache));
        }
    }
}

/// # Safety
///
/// Called by the kernel for a shrinker made by [`Shrinker::new`] with a `T`.
unsafe extern "C" fn count<T: Shrink>(
    shrinker: *mut c::shrinker,
    _sc: *mut c::shrink_control,
) -> ffi::c_ulong {
    // SAFETY: The private data are a `T` that the registration keeps alive.
    unsafe { (*(*shrinker).private_data.cast::<T>()).count() }
}

/// # Safety
///
/// As for [`count`].
unsafe extern "C" fn scan<T: Shrink>(
    shrinker: *mut c::shrinker,
    sc: *mut c::shrink_control,
) -> ffi::c_ulong {
    // SAFETY: As in `count()`; the kernel passes a valid request.
    unsafe { (*(*shrinker).private_data.cast::<T>()).scan((*sc).nr_to_scan) }
}
