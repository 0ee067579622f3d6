// SPDX-License-Identifier: GPL-2.0

//! X.509 certificates, as the kernel parses them.
//!
//! C header: `crypto/asymmetric_keys/x509_parser.h` of the kernel tree. Whether to trust a
//! certificate is not decided here.

use super::bindings;
use core::{
    marker::PhantomData,
    ops::Deref,
    ptr::NonNull, //
};
use kernel::{
    bindings as c,
    error::from_err_ptr,
    ffi,
    prelude::*,
    str::CStr, //
};

/// The public key of a certificate.
///
/// # Invariants
///
/// The pointers in `raw` are valid for `'a`: `algo` a NUL-terminated string, `key` valid for
/// `key_len` bytes (or null with a length of 0).
pub(crate) struct PublicKey<'a> {
    raw: bindings::diglist_pubkey,
    _owner: PhantomData<&'a ()>,
}

impl PublicKey<'_> {
    /// # Safety
    ///
    /// The pointers in `raw` are what the type invariants ask for, for the lifetime of the result.
    pub(super) unsafe fn from_raw(raw: bindings::diglist_pubkey) -> Self {
        // INVARIANT: By the requirement on the caller.
        Self {
            raw,
            _owner: PhantomData,
        }
    }

    /// Its algorithm: `rsa`, `ecdsa-nist-p256` and so on.
    pub(crate) fn algo(&self) -> &str {
        // SAFETY: By the type invariants.
        unsafe { CStr::from_char_ptr(self.raw.algo) }
            .to_str()
            .unwrap_or("?")
    }

    /// Its encoding: DER of `RSAPublicKey`, or the point of an elliptic curve.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        if self.raw.key.is_null() {
            return &[];
        }
        // SAFETY: By the type invariants.
        unsafe { core::slice::from_raw_parts(self.raw.key, self.raw.key_len) }
    }

    /// Whether it may sign certificates: a CA, with the usage `keyCertSign`.
    pub(crate) fn may_certify(&self) -> bool {
        self.raw.ca != 0 && self.raw.cert_sign != 0
    }

    /// Whether it may sign data: the usage `digitalSignature`.
    pub(crate) fn may_sign(&self) -> bool {
        self.raw.digital_signature != 0
    }
}

/// A certificate.
///
/// # Invariants
///
/// `ptr` came from `x509_cert_parse()`, for DER that lives for `'a`, and is ours.
pub(crate) struct Certificate<'a> {
    ptr: NonNull<bindings::x509_certificate>,
    /// The kernel's structure points into the DER.
    _der: PhantomData<&'a [u8]>,
}

// SAFETY: A parsed certificate belongs to no task.
unsafe impl Send for Certificate<'_> {}
// SAFETY: It is only read.
unsafe impl Sync for Certificate<'_> {}

impl<'a> Certificate<'a> {
    /// Parses DER, to which the result refers. Checks the signature of a self-signed certificate.
    /// May sleep.
    ///
    /// # Errors
    ///
    /// `EBADMSG` and others of the kernel's parser, `EKEYREJECTED` for a bad self-signature,
    /// `ENOPKG` for a public key whose algorithm the kernel lacks.
    pub(crate) fn parse(der: &'a [u8]) -> Result<Self> {
        // SAFETY: `der` is valid for its length.
        let ptr = from_err_ptr(unsafe { bindings::diglist_x509_parse(der.as_ptr(), der.len()) })?;
        // INVARIANT: From `x509_cert_parse()`.
        Ok(Self {
            ptr: NonNull::new(ptr).ok_or(EINVAL)?,
            _der: PhantomData,
        })
    }

    pub(super) fn as_ptr(&self) -> *const bindings::x509_certificate {
        self.ptr.as_ptr()
    }

    fn raw(&self) -> bindings::diglist_cert {
        let mut raw = bindings::diglist_cert::default();
        // SAFETY: The certificate is valid by the type invariants, `raw` valid for writes.
        unsafe { bindings::diglist_x509_cert(self.as_ptr(), &mut raw) };
        raw
    }

    /// A unique name. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn name(&self) -> Result<Name> {
        // SAFETY: The certificate is valid by the type invariants.
        // INVARIANT: From `kasprintf()`.
        NonNull::new(unsafe { bindings::diglist_x509_name(self.as_ptr()) })
            .map(Name)
            .ok_or(ENOMEM)
    }

    /// Its public key.
    pub(crate) fn public_key(&self) -> PublicKey<'_> {
        let mut raw = bindings::diglist_pubkey::default();
        // SAFETY: The certificate is valid by the type invariants, `raw` is valid for writes. All
        // pointers in `raw` belong to the certificate or to constant strings.
        unsafe {
            bindings::diglist_x509_pubkey(self.as_ptr(), &mut raw);
            PublicKey::from_raw(raw)
        }
    }

    /// Its subject key identifier, if it has one.
    pub(crate) fn key_id(&self) -> Option<&[u8]> {
        // SAFETY: The bytes come from this certificate.
        unsafe { self.bytes(self.raw().key_id) }
    }

    /// The SHA-256 of its signed part. The kernel's blacklist uses it as the name.
    pub(crate) fn tbs_digest(&self) -> [u8; 32] {
        // SAFETY: The digest belongs to the certificate and has 32 bytes.
        unsafe { *self.raw().tbs_digest.cast() }
    }

    /// The first and the last second of its validity, since 1970.
    pub(crate) fn validity(&self) -> (i64, i64) {
        let raw = self.raw();
        (raw.valid_from, raw.valid_to)
    }

    /// Whether the kernel's blacklist contained it when it was parsed.
    pub(crate) fn is_blacklisted(&self) -> bool {
        self.raw().blacklisted != 0
    }

    /// Whether the kernel lacks the algorithm of its own signature.
    pub(crate) fn is_unverifiable(&self) -> bool {
        self.raw().unsupported != 0
    }

    /// # Safety
    ///
    /// `bytes` came from this certificate.
    unsafe fn bytes(&self, bytes: bindings::diglist_bytes) -> Option<&[u8]> {
        if bytes.start.is_null() {
            return None;
        }
        // SAFETY: By the requirement on the caller they belong to the certificate and have this
        // length.
        Some(unsafe { core::slice::from_raw_parts(bytes.start, bytes.len) })
    }

    /// The serial number, then the name of the issuer.
    pub(crate) fn id(&self) -> &[u8] {
        // SAFETY: The bytes come from this certificate.
        unsafe { self.bytes(self.raw().id) }.unwrap_or_default()
    }

    /// The name of its subject, in DER.
    pub(crate) fn subject(&self) -> &[u8] {
        // SAFETY: The bytes come from this certificate.
        unsafe { self.bytes(self.raw().subject) }.unwrap_or_default()
    }

    /// Identifiers of its issuer: [`Certificate::id`], [`Certificate::key_id`] and
    /// [`Certificate::subject`], as far as it has them.
    pub(crate) fn issuer(&self) -> [Option<&[u8]>; 3] {
        // SAFETY: The bytes come from this certificate.
        self.raw().issuer.map(|id| unsafe { self.bytes(id) })
    }
}

impl Drop for Certificate<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the certificate is ours.
        unsafe { bindings::diglist_x509_free(self.ptr.as_ptr()) };
    }
}

/// The name of a certificate.
///
/// # Invariants
///
/// A NUL-terminated string of `kasprintf()` that is ours.
pub(super) struct Name(NonNull<ffi::c_char>);

impl Deref for Name {
    type Target = CStr;

    fn deref(&self) -> &CStr {
        // SAFETY: By the type invariants.
        unsafe { CStr::from_char_ptr(self.0.as_ptr()) }
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        // SAFETY: By the type invariants it is ours.
        unsafe { c::kfree(self.0.as_ptr().cast()) };
    }
}

/// The certificates that were linked into the module: DER, one after another.
pub(crate) fn linked_in() -> &'static [u8] {
    let mut len = 0;
    // SAFETY: `len` is valid for writes; the result is a constant array of that length in the
    // module's image.
    unsafe {
        let start = bindings::diglist_trusted_certs(&mut len);
        core::slice::from_raw_parts(start, len)
    }
}
