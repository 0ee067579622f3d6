// SPDX-License-Identifier: GPL-2.0

//! SipHash-1-3 with a 128-bit key and a 64-bit result. The digest table places its entries by it.
//!
//! The key is drawn at load and never shown, so the author of a list cannot craft digests that
//! collide. It authenticates nothing.

/// The key of a table.
#[derive(Clone, Copy)]
pub struct Key(pub [u64; 2]);

/// Shows nothing of the key.
impl core::fmt::Debug for Key {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// The hash of `data`.
    #[inline]
    pub fn hash(&self, data: &[u8]) -> u64 {
        let mut state = State::new(self);
        let mut rest = data;
        while let Some((word, tail)) = rest.split_first_chunk::<8>() {
            state.absorb(u64::from_le_bytes(*word));
            rest = tail;
        }
        let mut last = [0u8; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        // CAST: Only the lowest byte of the length enters the hash; the tail has at most seven
        // bytes.
        state.absorb(u64::from_le_bytes(last) | ((data.len() as u64) << 56));
        state.finish()
    }
}

struct State {
    v0: u64,
    v1: u64,
    v2: u64,
    v3: u64,
}

impl State {
    #[inline]
    const fn new(key: &Key) -> Self {
        let [k0, k1] = key.0;
        Self {
            v0: k0 ^ 0x736f_6d65_7073_6575,
            v1: k1 ^ 0x646f_7261_6e64_6f6d,
            v2: k0 ^ 0x6c79_6765_6e65_7261,
            v3: k1 ^ 0x7465_6462_7974_6573,
        }
    }

    #[inline]
    fn absorb(&mut self, word: u64) {
        self.v3 ^= word;
        self.round();
        self.v0 ^= word;
    }

    #[inline]
    fn finish(mut self) -> u64 {
        self.v2 ^= 0xff;
        self.round();
        self.round();
        self.round();
        self.v0 ^ self.v1 ^ self.v2 ^ self.v3
    }

    #[inline]
    fn round(&mut self) {
        self.v0 = self.v0.wrapping_add(self.v1);
        self.v1 = self.v1.rotate_left(13) ^ self.v0;
        self.v0 = self.v0.rotate_left(32);
        self.v2 = self.v2.wrapping_add(self.v3);
        self.v3 = self.v3.rotate_left(16) ^ self.v2;
        self.v0 = self.v0.wrapping_add(self.v3);
        self.v3 = self.v3.rotate_left(21) ^ self.v0;
        self.v2 = self.v2.wrapping_add(self.v1);
        self.v1 = self.v1.rotate_left(17) ^ self.v2;
        self.v2 = self.v2.rotate_left(32);
    }
}
