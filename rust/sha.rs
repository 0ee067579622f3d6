// SPDX-License-Identifier: GPL-2.0

//! The kernel's SHA-1 and SHA-2.
//!
//! C header: [`include/crypto/sha2.h`](srctree/include/crypto/sha2.h). The library uses the
//! processor's instructions. None of these functions sleeps or fails.

use super::bindings;
use digest_logic::{
    cursor::Sink,
    digest::Digest,
    hash_algo::{
        HashAlgo,
        MAX_DIGEST_SIZE, //
    },
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

/// A computation of SHA-256, SHA-384 or SHA-512 over data that arrives in pieces.
///
/// # Invariants
///
/// The context has been initialised by the function of its algorithm.
pub(crate) enum Hasher {
    /// SHA-256.
    Sha256(Opaque<c::sha256_ctx>),
    /// SHA-384.
    Sha384(Opaque<c::sha384_ctx>),
    /// SHA-512.
    Sha512(Opaque<c::sha512_ctx>),
}

impl Hasher {
    /// Starts a computation of SHA-256.
    pub(crate) fn sha256() -> Self {
        let ctx = Opaque::uninit();
        // SAFETY: `ctx` is valid for writes of a whole context.
        unsafe { c::sha256_init(ctx.get()) };
        // INVARIANT: Initialised just above; the context holds no pointer to itself, so it may
        // move. The same holds of the others.
        Self::Sha256(ctx)
    }

    /// Starts a computation; `None` for SHA-1.
    pub(crate) fn new(algo: HashAlgo) -> Option<Self> {
        match algo {
            HashAlgo::Sha1 => None,
            HashAlgo::Sha256 => Some(Self::sha256()),
            HashAlgo::Sha384 => {
                let ctx = Opaque::uninit();
                // SAFETY: As in `sha256()`.
                unsafe { c::sha384_init(ctx.get()) };
                Some(Self::Sha384(ctx))
            }
            HashAlgo::Sha512 => {
                let ctx = Opaque::uninit();
                // SAFETY: As in `sha256()`.
                unsafe { c::sha512_init(ctx.get()) };
                Some(Self::Sha512(ctx))
            }
        }
    }

    /// Adds `data`.
    pub(crate) fn update(&mut self, data: &[u8]) {
        for piece in data.chunks(PIECE) {
            let (start, len) = (piece.as_ptr(), piece.len());
            // SAFETY: The context is initialised by the type invariants and `piece` is valid for
            // its length.
            unsafe {
                match self {
                    Self::Sha256(ctx) => {
                        c::__sha256_update(&raw mut (*ctx.get()).ctx, start, len);
                    }
                    Self::Sha384(ctx) => {
                        c::__sha512_update(&raw mut (*ctx.get()).ctx, start, len);
                    }
                    Self::Sha512(ctx) => {
                        c::__sha512_update(&raw mut (*ctx.get()).ctx, start, len);
                    }
                }
            }
        }
    }

    /// Ends the computation.
    pub(crate) fn finish(self) -> Digest {
        let mut out = [0; MAX_DIGEST_SIZE];
        // SAFETY: The context is initialised by the type invariants, `out` has room for the longest
        // digest.
        let algo = unsafe {
            match self {
                Self::Sha256(ctx) => {
                    c::sha256_final(ctx.get(), out.as_mut_ptr());
                    HashAlgo::Sha256
                }
                Self::Sha384(ctx) => {
                    c::sha384_final(ctx.get(), out.as_mut_ptr());
                    HashAlgo::Sha384
                }
                Self::Sha512(ctx) => {
                    c::sha512_final(ctx.get(), out.as_mut_ptr());
                    HashAlgo::Sha512
                }
            }
        };
        let digest = out.get(..algo.digest_size()).unwrap_or_default();
        Digest::new(algo, digest).unwrap_or(Digest::zero(algo))
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
    let mut hasher = Hasher::sha256();
    hasher.update(data);
    hasher.finish()
}

/// The bytes of the SHA-256 digest of `data`.
pub(crate) fn sha256(data: &[u8]) -> [u8; 32] {
    let digest = sha256_digest(data);
    (digest.as_bytes().first_chunk()).map_or([0; 32], |bytes| *bytes)
}

/// The digest of `data`; `None` for SHA-1.
pub(crate) fn digest(algo: HashAlgo, data: &[u8]) -> Option<Digest> {
    let mut hasher = Hasher::new(algo)?;
    hasher.update(data);
    Some(hasher.finish())
}

/// SHA-1 of `data`, at most some KiB, for records and OpenPGP fingerprints.
pub(crate) fn sha1(data: &[u8]) -> [u8; 20] {
    let mut out = [0; 20];
    // SAFETY: `data` is valid for its length and `out` has room for the digest.
    unsafe { bindings::sha1(data.as_ptr(), data.len(), out.as_mut_ptr()) };
    out
}
