// SPDX-License-Identifier: GPL-2.0

//! The kernel's SHA-1 and SHA-2.
//!
//! C header: [`include/crypto/sha2.h`](srctree/include/crypto/sha2.h). The library uses the
//! processor's instructions. None of these functions sleeps or fails.

use super::bindings;
use digest_logic::{
    cursor::Sink,
    digest::Digest,
    hash_algo::HashAlgo, //
};
use kernel::{
    bindings as c,
    types::Opaque, //
};

/// The most bytes per call of the library.
///
/// The library disables preemption during a call. With a list of 64 MiB, the watchdog of a slow
/// machine could fire.
const PIECE: usize = 64 << 10;

/// A SHA-256 computation over data that arrives in pieces.
///
/// # Invariants
///
/// `ctx` has been initialised by `sha256_init()`.
pub(crate) struct Sha256 {
    ctx: Opaque<c::sha256_ctx>,
}

impl Sha256 {
    /// Starts a computation.
    pub(crate) fn new() -> Self {
        let ctx = Opaque::uninit();
        // SAFETY: `ctx` is valid for writes of a whole context.
        unsafe { c::sha256_init(ctx.get()) };
        // INVARIANT: Initialised just above; the context holds no pointer to itself, so it may
        // move.
        Self { ctx }
    }

    /// Adds `data`.
    pub(crate) fn update(&mut self, data: &[u8]) {
        for piece in data.chunks(PIECE) {
            // SAFETY: The context is initialised by the type invariants and `piece` is valid for
            // its length.
            unsafe {
                let ctx = &raw mut (*self.ctx.get()).ctx;
                c::__sha256_update(ctx, piece.as_ptr(), piece.len());
            }
        }
    }

    /// Ends the computation.
    pub(crate) fn finish(self) -> [u8; 32] {
        let mut out = [0; 32];
        // SAFETY: The context is initialised by the type invariants, `out` has room for the digest
        // of 32 bytes.
        unsafe { c::sha256_final(self.ctx.get(), out.as_mut_ptr()) };
        out
    }
}

/// SHA-256 of `data`.
pub(crate) fn sha256(data: &[u8]) -> [u8; 32] {
    let mut sha = Sha256::new();
    sha.update(data);
    sha.finish()
}

/// SHA-1 of `data`, at most some KiB, for records and OpenPGP fingerprints.
pub(crate) fn sha1(data: &[u8]) -> [u8; 20] {
    let mut out = [0; 20];
    // SAFETY: `data` is valid for its length and `out` has room for the digest.
    unsafe { bindings::sha1(data.as_ptr(), data.len(), out.as_mut_ptr()) };
    out
}

/// A computation of SHA-256, SHA-384 or SHA-512 over data that arrives in pieces.
///
/// # Invariants
///
/// The context has been initialised by the function of its algorithm.
pub(crate) enum Hasher {
    /// SHA-256.
    Sha256(Sha256),
    /// SHA-384.
    Sha384(Opaque<c::sha384_ctx>),
    /// SHA-512.
    Sha512(Opaque<c::sha512_ctx>),
}

impl Hasher {
    /// Starts a computation; `None` for SHA-1.
    pub(crate) fn new(algo: HashAlgo) -> Option<Self> {
        // INVARIANT: Initialised here; the contexts hold no pointers to themselves, so they may
        // move.
        match algo {
            HashAlgo::Sha1 => None,
            HashAlgo::Sha256 => Some(Self::Sha256(Sha256::new())),
            HashAlgo::Sha384 => {
                let ctx = Opaque::uninit();
                // SAFETY: `ctx` is valid for writes of a whole context.
                unsafe { c::sha384_init(ctx.get()) };
                Some(Self::Sha384(ctx))
            }
            HashAlgo::Sha512 => {
                let ctx = Opaque::uninit();
                // SAFETY: `ctx` is valid for writes of a whole context.
                unsafe { c::sha512_init(ctx.get()) };
                Some(Self::Sha512(ctx))
            }
        }
    }

    /// Adds `data`.
    pub(crate) fn update(&mut self, data: &[u8]) {
        let ctx = match self {
            Self::Sha256(sha) => return sha.update(data),
            // SAFETY: The context is valid; only the address of its field is taken.
            Self::Sha384(ctx) => unsafe { &raw mut (*ctx.get()).ctx },
            // SAFETY: As above.
            Self::Sha512(ctx) => unsafe { &raw mut (*ctx.get()).ctx },
        };
        for piece in data.chunks(PIECE) {
            // SAFETY: The context is initialised by the type invariants and `piece` is valid for
            // its length.
            unsafe { c::__sha512_update(ctx, piece.as_ptr(), piece.len()) };
        }
    }

    /// Ends the computation.
    pub(crate) fn finish(self) -> Digest {
        let (algo, bytes, len) = match self {
            Self::Sha256(sha) => {
                let mut out = [0; 64];
                for (to, from) in out.iter_mut().zip(sha.finish()) {
                    *to = from;
                }
                (HashAlgo::Sha256, out, 32)
            }
            Self::Sha384(ctx) => {
                let mut out = [0; 64];
                // SAFETY: The context is initialised by the type invariants, `out` has room for 48
                // bytes.
                unsafe { c::sha384_final(ctx.get(), out.as_mut_ptr()) };
                (HashAlgo::Sha384, out, 48)
            }
            Self::Sha512(ctx) => {
                let mut out = [0; 64];
                // SAFETY: The context is initialised by the type invariants, `out` has room for 64
                // bytes.
                unsafe { c::sha512_final(ctx.get(), out.as_mut_ptr()) };
                (HashAlgo::Sha512, out, 64)
            }
        };
        Digest::new(algo, bytes.get(..len).unwrap_or_default()).unwrap_or(Digest::zero(algo))
    }
}

impl Sink for Hasher {
    fn put(&mut self, bytes: &[u8]) -> digest_logic::refusal::Result {
        self.update(bytes);
        Ok(())
    }
}

/// The SHA-256 digest of `data`.
pub(crate) fn sha256_digest(data: &[u8]) -> Digest {
    let mut hasher = Hasher::Sha256(Sha256::new());
    hasher.update(data);
    hasher.finish()
}

/// The digest of `data`; `None` for SHA-1.
pub(crate) fn digest(algo: HashAlgo, data: &[u8]) -> Option<Digest> {
    let mut hasher = Hasher::new(algo)?;
    hasher.update(data);
    Some(hasher.finish())
}
