// SPDX-License-Identifier: GPL-2.0

//! The digest table with memory of the host: `Arc` and a lock in place of RCU, allocations that are
//! counted, and that fail where a test says so.

use std::{
    cell::{
        Cell,
        RefCell, //
    },
    marker::PhantomData,
    ops::{
        Deref,
        DerefMut, //
    },
    sync::{
        atomic::{
            fence,
            AtomicU32,
            AtomicU64,
            AtomicU8,
            Ordering, //
        },
        Arc,
        Mutex,
        RwLock,
        Weak, //
    },
    thread, //
};

use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo,
    list::{
        Counts,
        Kind, //
    },
    refusal::Cause,
    seen,
    siphash::Key,
    table::{
        self,
        Current,
        Memory,
        Writer, //
    },
};

thread_local! {
    /// Arrays, indexes and shared values that this thread made and that are there.
    static LIVE: Cell<isize> = const { Cell::new(0) };
    /// How many allocations of this thread succeed before one fails, and whether all later ones
    /// fail as well.
    static FAILURE: Cell<Option<(usize, bool)>> = const { Cell::new(None) };
    /// Whether one failed.
    static FAILED: Cell<bool> = const { Cell::new(false) };
    /// Every index that this thread made.
    static INDEXES: RefCell<Vec<Weak<Counted<Slots>>>> = const { RefCell::new(Vec::new()) };
}

/// Why the writer did nothing.
#[derive(Debug, PartialEq, Eq)]
pub enum Error {
    /// An allocation was told to fail.
    NoMemory,
    /// The table refused.
    Cause(Cause),
}

impl From<Cause> for Error {
    fn from(cause: Cause) -> Self {
        Self::Cause(cause)
    }
}

/// How many pieces of memory there are that this thread made.
pub fn live() -> isize {
    LIVE.get()
}

/// How many indexes this thread made.
pub fn indexes_made() -> usize {
    INDEXES.with_borrow(Vec::len)
}

/// How many entries, and how many tombstones, are in the indexes of this thread that are there.
pub fn slots_in_use() -> (usize, usize) {
    INDEXES.with_borrow(|indexes| {
        let there = indexes.iter().filter_map(Weak::upgrade);
        there.fold((0, 0), |(live, tombstones), slots| {
            let values = || slots.0.iter().map(|slot| slot.load(Ordering::Relaxed));
            let removed = values().filter(|value| *value == 0xff_ffff).count();
            let used = values().filter(|value| *value != 0).count();
            (live + used - removed, tombstones + removed)
        })
    })
}

/// Runs `body` with an allocation that fails after `count` that succeed, and, if `all`, with all
/// later ones failing as well. Returns what it returned and whether an allocation failed.
pub fn failing<T>(count: usize, all: bool, body: impl FnOnce() -> T) -> (T, bool) {
    FAILURE.set(Some((count, all)));
    let result = body();
    FAILURE.set(None);
    (result, FAILED.take())
}

/// Counts one allocation.
fn allocate() -> Result<(), Error> {
    match FAILURE.get() {
        None => (),
        Some((0, all)) => {
            FAILURE.set(all.then_some((0, true)));
            FAILED.set(true);
            return Err(Error::NoMemory);
        }
        Some((count, all)) => FAILURE.set(Some((count - 1, all))),
    }
    LIVE.set(LIVE.get() + 1);
    Ok(())
}

/// A piece of memory that counts as one allocation while it is there.
pub struct Counted<T>(T);

impl<T> Drop for Counted<T> {
    fn drop(&mut self) {
        LIVE.set(LIVE.get() - 1);
    }
}

/// Values side by side.
pub struct Array<T>(Counted<Vec<T>>);

impl<T> Deref for Array<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0 .0
    }
}

impl<T> DerefMut for Array<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0 .0
    }
}

/// A value with owners.
pub struct Shared<T>(Arc<Counted<T>>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0 .0
    }
}

/// The slots of an index.
pub type Slots = Vec<AtomicU32>;

/// The memory of the host, for lists of this type.
pub struct Host<L = List>(PhantomData<L>);

impl<L: table::List> Memory for Host<L> {
    type Error = Error;
    type List = L;
    type Shared<T> = Shared<T>;
    type Array<T> = Array<T>;
    type Slots = Slots;

    fn share<T>(value: T) -> Result<Shared<T>, Error> {
        allocate()?;
        Ok(Shared(Arc::new(Counted(value))))
    }

    fn array<T>(capacity: usize) -> Result<Array<T>, Error> {
        allocate()?;
        Ok(Array(Counted(Vec::with_capacity(capacity))))
    }

    fn push<T>(array: &mut Array<T>, value: T) -> Result<(), Error> {
        let vec = &mut array.0 .0;
        if vec.len() == vec.capacity() {
            // What grows takes the place of what it was.
            allocate()?;
            LIVE.set(LIVE.get() - 1);
        }
        vec.push(value);
        Ok(())
    }

    fn slots(count: usize) -> Result<Shared<Slots>, Error> {
        // Two allocations, as in the kernel; one is there at last as far as is counted.
        allocate()?;
        LIVE.set(LIVE.get() - 1);
        let slots = Self::share((0..count).map(|_| AtomicU32::new(0)).collect::<Slots>())?;
        INDEXES.with_borrow_mut(|indexes| indexes.push(Arc::downgrade(&slots.0)));
        Ok(slots)
    }

    fn pause() {}
}

/// What readers hold.
pub type Snapshot<L = List> = table::Snapshot<Host<L>>;

/// The snapshot in force.
pub struct Published<L: table::List = List> {
    now: RwLock<Shared<Snapshot<L>>>,
    /// Snapshots that readers may hold.
    former: Mutex<Vec<Weak<Counted<Snapshot<L>>>>>,
}

impl<L: table::List> Published<L> {
    /// No lists.
    pub fn new(key: Key) -> Self {
        let first = Snapshot::new(key).and_then(Host::<L>::share).unwrap();
        Self {
            now: RwLock::new(first),
            former: Mutex::default(),
        }
    }

    /// The snapshot in force, for as long as a reader wants it.
    pub fn get(&self) -> Shared<Snapshot<L>> {
        self.now.read().unwrap().clone()
    }

    fn swap(&self, next: Shared<Snapshot<L>>) -> Shared<Snapshot<L>> {
        let old = std::mem::replace(&mut *self.now.write().unwrap(), next);
        self.former.lock().unwrap().push(Arc::downgrade(&old.0));
        old
    }
}

impl<L: table::List> Current<Host<L>> for Published<L> {
    fn load(&self) -> Shared<Snapshot<L>> {
        self.get()
    }

    fn replace(&self, next: Shared<Snapshot<L>>) -> Shared<Snapshot<L>> {
        let old = self.swap(next);
        for former in self.former.lock().unwrap().drain(..) {
            let ours = usize::from(former.as_ptr() == Arc::as_ptr(&old.0));
            while former.strong_count() > ours {
                thread::yield_now();
            }
        }
        fence(Ordering::Acquire);
        old
    }

    // Without a wait: tests hold snapshots while lists are added.
    fn publish(&self, next: Shared<Snapshot<L>>) {
        drop(self.swap(next));
    }
}

/// Bytes that begin at a cache line, as those of an arena of whole pages do.
struct Lines {
    bytes: Vec<u8>,
    start: usize,
}

impl Lines {
    const LINE: usize = 64;

    fn new(bytes: &[u8]) -> Self {
        let mut lines = vec![0; bytes.len() + Self::LINE];
        let start = lines.as_ptr().align_offset(Self::LINE);
        lines[start..start + bytes.len()].copy_from_slice(bytes);
        lines.truncate(start + bytes.len());
        Self {
            bytes: lines,
            start,
        }
    }
}

/// A list.
pub struct List {
    pub digest: Digest,
    pub algo: HashAlgo,
    pub counts: Counts,
    pub signed: bool,
    pub hits: AtomicU64,
    pub seen: Vec<AtomicU8>,
    digests: Lines,
}

impl List {
    /// A list of digests that are grouped already. Its own digest is `number`.
    pub fn new(number: u64, algo: HashAlgo, counts: Counts, digests: &[u8]) -> Self {
        assert_eq!(digests.len(), counts.total() as usize * algo.digest_size());
        let mut name = [0; 32];
        name[..8].copy_from_slice(&number.to_le_bytes());
        Self {
            digest: Digest::new(HashAlgo::Sha256, &name).unwrap(),
            algo,
            counts,
            signed: false,
            hits: AtomicU64::new(0),
            seen: { 0..seen::bytes_for(counts.total()) }
                .map(|_| AtomicU8::new(0))
                .collect(),
            digests: Lines::new(digests),
        }
    }

    /// What is left of it if only its revocations are intact.
    pub fn rest(&self) -> Self {
        let counts = Counts {
            revoked: self.counts.revoked,
            ..Counts::default()
        };
        let size = counts.revoked as usize * self.algo.digest_size();
        let bytes = table::List::digests(self);
        let mut rest = Self::new(0, self.algo, counts, &bytes[bytes.len() - size..]);
        rest.digest = self.digest;
        rest
    }
}

impl table::List for List {
    fn digest(&self) -> &Digest {
        &self.digest
    }

    #[inline]
    fn algo(&self) -> HashAlgo {
        self.algo
    }

    #[inline]
    fn counts(&self) -> Counts {
        self.counts
    }

    #[inline]
    fn digests(&self) -> &[u8] {
        &self.digests.bytes[self.digests.start..]
    }

    #[inline]
    fn counts_for_appraisal(&self) -> bool {
        self.signed
    }

    #[inline]
    fn found(&self, position: u32) {
        self.hits.fetch_add(1, Ordering::Relaxed);
        seen::note(&self.seen, position);
    }
}

/// A table with its writer.
pub struct Table {
    pub writer: Writer,
    pub published: Arc<Published>,
    lists: u64,
}

impl Table {
    pub fn new(key: Key) -> Self {
        Self {
            writer: Writer::default(),
            published: Arc::new(Published::new(key)),
            lists: 0,
        }
    }

    /// A list for [`Self::add`], of digests that are grouped already.
    pub fn list(&mut self, algo: HashAlgo, counts: Counts, digests: &[u8]) -> List {
        self.lists += 1;
        List::new(self.lists, algo, counts, digests)
    }

    /// Adds lists with one publication.
    pub fn add(&mut self, lists: &[Shared<List>]) -> Result<(), Error> {
        self.writer.add(&*self.published, lists, |_| None)
    }

    /// Adds one list, and returns the digest by which it can be removed.
    pub fn load(&mut self, algo: HashAlgo, counts: Counts, digests: &[u8]) -> Digest {
        let list = Host::<List>::share(self.list(algo, counts, digests)).unwrap();
        self.add(std::slice::from_ref(&list)).unwrap();
        list.digest
    }

    /// Removes the list with this digest.
    pub fn remove(&mut self, list: &Digest) {
        let gone = |other: &List| other.digest == *list;
        let commit = || Ok::<_, Error>(());
        self.writer.remove(&*self.published, gone, commit).unwrap();
    }

    /// Everything the table takes for digests, in bytes.
    pub fn bytes(&self) -> usize {
        let now = self.published.get();
        let arenas: usize = now.lists().map(|l| table::List::digests(&**l).len()).sum();
        arenas + now.footprint()
    }
}

/// Groups digests as an arena holds them.
pub fn grouped(entries: &[(Kind, Vec<u8>)]) -> (Counts, Vec<u8>) {
    let mut digests = Vec::new();
    let mut counts = Counts::default();
    for kind in Kind::ALL {
        for (_, digest) in entries.iter().filter(|(other, _)| *other == kind) {
            digests.extend_from_slice(digest);
            match kind {
                Kind::Immutable => counts.immutable += 1,
                Kind::Mutable => counts.mutable += 1,
                Kind::Revoked => counts.revoked += 1,
            }
        }
    }
    (counts, digests)
}
