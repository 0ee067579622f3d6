// SPDX-License-Identifier: GPL-2.0

//! The tables. Each is loaded from the bytes of a compact list, as the kernel would be.

use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo,
    list::{
        ListType,
        ParsedList, //
    },
    siphash::Key, //
};
use hashbrown::HashSet;
use host_tests::{
    table::{
        self,
        Shared,
        Snapshot, //
    },
    VecSink, //
};

/// A SHA-256 digest.
pub type Bytes = [u8; 32];

/// The bytes of a SHA-256 digest.
#[inline]
fn bytes_of(digest: &Digest) -> Bytes {
    digest.as_bytes().try_into().expect("SHA-256")
}

/// A table under measurement.
pub trait Table {
    /// The name in the results.
    const NAME: &'static str;

    /// A table of the digests of `list`, a compact list; `count` is how many those are.
    fn load(list: &[u8], count: usize) -> Self;

    /// Whether the digest is in the table.
    fn has(&self, digest: &Digest) -> bool;

    /// The bytes that the table takes, as far as it can tell; what an allocator adds is not in it.
    fn bytes(&self) -> usize;
}

fn parsed(list: &[u8]) -> ParsedList<'_> {
    ParsedList::parse(ListType::Compact, list).expect("a list")
}

fn digests(list: &[u8]) -> impl Iterator<Item = Bytes> + '_ {
    parsed(list)
        .entries()
        .map(|(_, digest)| bytes_of(&digest))
        .collect::<Vec<_>>()
        .into_iter()
}

/// The table of the module, with the host's memory.
pub struct Ours {
    snapshot: Shared<Snapshot>,
    bytes: usize,
}

impl Table for Ours {
    const NAME: &'static str = "digest_lists";

    fn load(list: &[u8], _count: usize) -> Self {
        let list = parsed(list);
        let mut arena = VecSink::default();
        list.write_arena(&mut arena).expect("memory");
        let mut table = table::Table::new(Key([0x0123_4567, 0x89ab_cdef]));
        table.load(HashAlgo::Sha256, list.counts(), &arena.0);
        Self {
            snapshot: table.published.get(),
            bytes: table.bytes(),
        }
    }

    #[inline]
    fn has(&self, digest: &Digest) -> bool {
        self.snapshot.verdict(digest).is_some()
    }

    fn bytes(&self) -> usize {
        self.bytes
    }
}

/// A node of a chain, as the kernel's `hlist` has them: one allocation per digest.
struct Node {
    next: Option<Box<Node>>,
    digest: Bytes,
}

/// Chains of nodes.
struct Chained(Vec<Option<Box<Node>>>);

impl Chained {
    fn load(list: &[u8], buckets: usize) -> Self {
        let mut chains: Vec<Option<Box<Node>>> = (0..buckets).map(|_| None).collect();
        for digest in digests(list) {
            let bucket = Self::bucket(&digest, buckets);
            let next = chains[bucket].take();
            chains[bucket] = Some(Box::new(Node { next, digest }));
        }
        Self(chains)
    }

    fn bucket(digest: &Bytes, buckets: usize) -> usize {
        let word = u64::from_le_bytes(digest[..8].try_into().expect("eight bytes"));
        word as usize % buckets
    }

    fn has(&self, digest: &Digest) -> bool {
        let digest = bytes_of(digest);
        let mut node = &self.0[Self::bucket(&digest, self.0.len())];
        while let Some(there) = node {
            if there.digest == digest {
                return true;
            }
            node = &there.next;
        }
        false
    }

    fn bytes(&self, count: usize) -> usize {
        self.0.len() * size_of::<usize>() + count * size_of::<Node>()
    }
}

impl Drop for Chained {
    fn drop(&mut self) {
        // Not by recursion: chains are long.
        for chain in &mut self.0 {
            let mut node = chain.take();
            while let Some(mut there) = node {
                node = there.next.take();
            }
        }
    }
}

/// 1,024 chains, as openEuler's digest lists have.
pub struct Chains1024(Chained, usize);

impl Table for Chains1024 {
    const NAME: &'static str = "1,024 chains";

    fn load(list: &[u8], count: usize) -> Self {
        Self(Chained::load(list, 1024), count)
    }

    #[inline]
    fn has(&self, digest: &Digest) -> bool {
        self.0.has(digest)
    }

    fn bytes(&self) -> usize {
        self.0.bytes(self.1)
    }
}

/// Chains of about 30 nodes, as the Integrity Digest Cache sizes its tables.
pub struct ChainsOf30(Chained, usize);

impl Table for ChainsOf30 {
    const NAME: &'static str = "chains of 30";

    fn load(list: &[u8], count: usize) -> Self {
        Self(Chained::load(list, count.div_ceil(30).max(1)), count)
    }

    #[inline]
    fn has(&self, digest: &Digest) -> bool {
        self.0.has(digest)
    }

    fn bytes(&self) -> usize {
        self.0.bytes(self.1)
    }
}

/// The hash table of Rust's standard library, with its keyed hash.
pub struct Hashbrown(HashSet<Bytes, std::hash::RandomState>);

impl Table for Hashbrown {
    const NAME: &'static str = "hashbrown";

    fn load(list: &[u8], _count: usize) -> Self {
        let mut set = HashSet::default();
        set.extend(digests(list));
        Self(set)
    }

    #[inline]
    fn has(&self, digest: &Digest) -> bool {
        self.0.contains(&bytes_of(digest))
    }

    fn bytes(&self) -> usize {
        self.0.allocation_size()
    }
}
