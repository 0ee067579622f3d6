// SPDX-License-Identifier: GPL-2.0

//! Keyrings and asymmetric keys.
//!
//! C headers: [`include/linux/key.h`](srctree/include/linux/key.h),
//! [`include/keys/asymmetric-type.h`](srctree/include/keys/asymmetric-type.h),
//! [`include/linux/verification.h`](srctree/include/linux/verification.h).

use super::{
    bindings,
    cred,
    kernel_crate::ENOKEY,
    x509::Certificate, //
};
use core::ptr::{
    self,
    NonNull, //
};
use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo, //
};
use kernel::{
    bindings as c,
    error::{
        from_err_ptr,
        to_result, //
    },
    ffi,
    prelude::*,
    str::CStr, //
};

/// A key.
///
/// # Invariants
///
/// Owns one reference to the key.
pub(crate) struct Key(NonNull<c::key>);

// SAFETY: Keys belong to no task.
unsafe impl Send for Key {}
// SAFETY: The key functions serialise what needs it.
unsafe impl Sync for Key {}

impl Key {
    /// Takes over the result of a function that returns a reference or an error.
    ///
    /// # Safety
    ///
    /// `ptr` is an error pointer, or a key with a reference for the caller.
    unsafe fn from_result(ptr: *mut c::key) -> Result<Self> {
        // INVARIANT: The reference is ours by the requirement on the caller.
        NonNull::new(from_err_ptr(ptr)?).map(Self).ok_or(ENOKEY)
    }

    /// Whether it may be used.
    ///
    /// # Errors
    ///
    /// `EKEYREVOKED`, `EKEYEXPIRED`, `ENOKEY` (invalidated).
    pub(crate) fn validate(&self) -> Result {
        // SAFETY: The key is alive by the type invariants.
        to_result(unsafe { c::key_validate(self.0.as_ptr()) })
    }

    /// Revokes it. May sleep.
    pub(crate) fn revoke(&self) {
        // SAFETY: The key is alive by the type invariants.
        unsafe { c::key_revoke(self.0.as_ptr()) };
    }

    /// Verifies the signature `sig` of `digest` with the given `encoding`. May sleep.
    ///
    /// # Errors
    ///
    /// `EKEYREJECTED`, `EBADMSG` or `EINVAL` for a signature that does not verify, `ENOPKG` or
    /// `ENOENT` if the kernel lacks the algorithm, `ENOMEM`.
    pub(crate) fn verify(&self, encoding: &CStr, digest: &Digest, sig: &[u8]) -> Result {
        let hash = match digest.algo() {
            HashAlgo::Sha1 => c"sha1",
            HashAlgo::Sha256 => c"sha256",
            HashAlgo::Sha384 => c"sha384",
            HashAlgo::Sha512 => c"sha512",
        };
        let digest = digest.as_bytes();
        // SAFETY: The key is alive, the strings are NUL-terminated and the slices valid for their
        // lengths. Nothing is kept after the call.
        to_result(unsafe {
            bindings::diglist_key_verify(
                self.0.as_ptr(),
                encoding.as_char_ptr(),
                hash.as_char_ptr(),
                digest.as_ptr(),
                digest.len(),
                sig.as_ptr(),
                sig.len(),
            )
        })
    }

    /// Verifies the signature on a certificate. May sleep. The errors are those of [`Key::verify`].
    pub(crate) fn verify_certificate(&self, cert: &Certificate<'_>) -> Result {
        // SAFETY: Both are alive.
        to_result(unsafe { bindings::diglist_key_verify_cert(self.0.as_ptr(), cert.as_ptr()) })
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: By the type invariants there is one reference to give back.
        unsafe { c::key_put(self.0.as_ptr()) };
    }
}

/// The name of temporary keyrings.
const SCRATCH: &CStr = c".digest_lists_candidate";

/// The type of keys that verify signatures.
const ASYMMETRIC: &CStr = c"asymmetric";

/// User space may view, read and search a keyring, and nothing else.
const RING_PERMISSIONS: u32 = (c::KEY_POS_ALL & !(c::KEY_POS_SETATTR | c::KEY_POS_LINK))
    | c::KEY_USR_VIEW
    | c::KEY_USR_READ
    | c::KEY_USR_SEARCH;

/// A task that may search a key may also invalidate it. This flag of the keyring forbids that for
/// all its keys, even to root. It does not bind the kernel. CAST: A set of bits.
const RING_FLAGS: ffi::c_ulong =
    (c::KEY_ALLOC_NOT_IN_QUOTA | c::KEY_ALLOC_SET_KEEP) as ffi::c_ulong;

/// User space may view and read a key.
const KEY_PERMISSIONS: u32 =
    (c::KEY_POS_ALL & !(c::KEY_POS_SETATTR | c::KEY_POS_WRITE)) | c::KEY_USR_VIEW | c::KEY_USR_READ;

/// A keyring of the module. User space may view and search it; only [`Keyring::add`] puts keys in.
pub(crate) struct Keyring(Key);

impl Keyring {
    /// An empty keyring. May sleep.
    pub(crate) fn new(name: &CStr) -> Result<Self> {
        let root = (c::kuid_t { val: 0 }, c::kgid_t { val: 0 });
        // SAFETY: `name` is NUL-terminated, the current credentials are alive; a new keyring comes
        // with a reference.
        let ring = unsafe {
            Key::from_result(c::keyring_alloc(
                name.as_char_ptr(),
                root.0,
                root.1,
                cred::current_cred(),
                RING_PERMISSIONS,
                RING_FLAGS,
                ptr::null_mut(),
                ptr::null_mut(),
            ))
        }?;
        Ok(Self(ring))
    }

    /// A reference to the keyring with the rights of its possessor.
    fn possessed(&self) -> c::key_ref_t {
        // Bit 0 says that it is possessed (`make_key_ref()`).
        self.0 .0.as_ptr().map_addr(|address| address | 1).cast()
    }

    /// Accepts only links to keys of the given type that satisfy the restriction. Without a type it
    /// accepts none.
    fn restrict(&self, by: Option<(&CStr, &CStr)>) -> Result {
        let (type_, restriction) = by.map_or((ptr::null(), ptr::null()), |(type_, restriction)| {
            (type_.as_char_ptr(), restriction.as_char_ptr())
        });
        // SAFETY: The keyring is alive; the strings are both null, or NUL-terminated.
        to_result(unsafe { c::keyring_restrict(self.possessed(), type_, restriction) })
    }

    /// Accepts no more links except through [`Keyring::add`]. May sleep.
    pub(crate) fn close(&self) -> Result {
        self.restrict(None)
    }

    /// Makes a key of `der` and links it. Without a `name` the key names itself.
    fn make(&self, name: Option<&CStr>, der: &[u8], flags: u32) -> Result<Key> {
        // SAFETY: The keyring is alive, the name null or NUL-terminated, `der` valid for its
        // length.
        let key = unsafe {
            c::key_create_or_update(
                self.possessed(),
                ASYMMETRIC.as_char_ptr(),
                name.map_or(ptr::null(), CStr::as_char_ptr),
                der.as_ptr().cast(),
                der.len(),
                KEY_PERMISSIONS,
                // CAST: A set of bits.
                (c::KEY_ALLOC_NOT_IN_QUOTA | flags) as ffi::c_ulong,
            )
        };
        // Bit 0 of a key reference says whether it is possessed. An error has no such bit.
        let key = from_err_ptr(key)?.map_addr(|address| address & !1);
        // SAFETY: The new key comes with a reference.
        unsafe { Key::from_result(key.cast()) }
    }

    /// Adds the key of a certificate with the encoding `der`, whatever vouches for it. May sleep.
    ///
    /// # Errors
    ///
    /// Those of [`Certificate::parse`], `EKEYREJECTED` if the kernel's blacklist has it.
    pub(crate) fn add(&self, cert: &Certificate<'_>, der: &[u8]) -> Result<Key> {
        // Each certificate needs a name of its own: a key replaces one of the same name.
        let name = cert.name()?;
        self.make(Some(&name), der, c::KEY_ALLOC_BYPASS_RESTRICTION)
    }

    /// A keyring with only this key. May sleep.
    pub(crate) fn of(key: &Key) -> Result<Self> {
        let ring = Self::new(SCRATCH)?;
        // SAFETY: Both are alive; the keyring takes a reference of its own.
        to_result(unsafe { c::key_link(ring.0 .0.as_ptr(), key.0.as_ptr()) })?;
        Ok(ring)
    }

    /// A keyring with only the key of this certificate, which has the encoding `der`. May sleep.
    /// The errors are those of [`Keyring::add`].
    pub(crate) fn of_certificate(cert: &Certificate<'_>, der: &[u8]) -> Result<Self> {
        let ring = Self::new(SCRATCH)?;
        ring.add(cert, der)?;
        Ok(ring)
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        // SAFETY: The keyring is alive. User space that views it finds it empty.
        unsafe { c::keyring_clear(self.0 .0.as_ptr()) };
    }
}

/// Which of the kernel's own keys count. A module learns only whether one of them has signed.
#[derive(Clone, Copy)]
pub(crate) enum SystemKeys {
    /// Those of the builtin keyring, which came with the kernel.
    Builtin,
    /// Also those of the secondary keyring and of the machine keyring that is linked into it. The
    /// origin of such a key is not known: root may add any key that one of them has signed.
    Secondary,
}

/// Whether one of the kernel's `keys` signed the certificate in `der`. May sleep.
///
/// The kernel offers those keyrings to a module only as a restriction of another keyring, so a
/// temporary one is made.
///
/// # Errors
///
/// `ENOKEY` if none has, and those of [`Certificate::parse`].
pub(crate) fn system_vouches_for(der: &[u8], keys: SystemKeys) -> Result {
    let scratch = Keyring::new(SCRATCH)?;
    let restriction = match keys {
        SystemKeys::Builtin => c"builtin_trusted",
        SystemKeys::Secondary => c"builtin_and_secondary_trusted",
    };
    // Both exist in every kernel with asymmetric keys.
    scratch.restrict(Some((ASYMMETRIC, restriction)))?;
    scratch.make(None, der, 0).map(|_| ())
}

/// The keys that a signature is verified against.
#[derive(Clone, Copy)]
pub(crate) enum Ring<'a> {
    /// Those of a keyring of the module.
    Own(&'a Keyring),
    /// The kernel's own.
    System(SystemKeys),
}

/// Verifies a detached PKCS#7 signature of `data` against the keys in `ring`. May sleep.
///
/// # Errors
///
/// `ENOKEY` if nothing vouches for the signer, `EKEYREJECTED` if a signature does not verify or a
/// key is blacklisted, `EBADMSG` for a malformed message, `ENOPKG` for an algorithm that the kernel
/// lacks.
pub(crate) fn verify_pkcs7(data: &[u8], sig: &[u8], ring: Ring<'_>) -> Result {
    let (own, secondary) = match ring {
        Ring::Own(ring) => (ring.0 .0.as_ptr(), false),
        Ring::System(SystemKeys::Builtin) => (ptr::null_mut(), false),
        Ring::System(SystemKeys::Secondary) => (ptr::null_mut(), true),
    };
    // SAFETY: The slices are valid for their lengths; the keyring, if any, is alive.
    to_result(unsafe {
        bindings::diglist_pkcs7_verify(
            data.as_ptr(),
            data.len(),
            sig.as_ptr(),
            sig.len(),
            own,
            secondary,
        )
    })
}

/// Whether the kernel's blacklist has a certificate whose signed part has this SHA-256. May sleep.
pub(crate) fn is_certificate_blacklisted(tbs_digest: &[u8]) -> bool {
    // SAFETY: The slice is valid for its length.
    unsafe { bindings::diglist_cert_is_blacklisted(tbs_digest.as_ptr(), tbs_digest.len()) }
}

/// Whether the kernel's blacklist has data with this digest. May sleep.
pub(crate) fn is_data_blacklisted(digest: &[u8]) -> bool {
    // SAFETY: The slice is valid for its length.
    unsafe { bindings::diglist_data_is_blacklisted(digest.as_ptr(), digest.len()) }
}
