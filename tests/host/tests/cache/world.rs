// SPDX-License-Identifier: GPL-2.0

//! One inode as the kernel has it: storage, a page, references to the page, writers, readers.

use digest_logic::cache::{
    Entry,
    Inode,
    Signs, //
};

use crate::tasks::Task;

/// xorshift64*, so that a seed says everything.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// A page of memory. It is the file's while `World::page` says so; references to it stay when it is
/// not.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub content: u64,
    pub dirty: bool,
    /// How many references of devices and drivers there are.
    pub pins: usize,
}

/// How often the things happened that the claims are about.
#[derive(Debug, Default)]
pub struct Seen {
    pub answers: u64,
    pub kept: u64,
    pub let_through: u64,
    pub refused_writers: u64,
    pub cleansed: u64,
    pub lost_pages: u64,
    pub stale_stores: u64,
    pub evicted: u64,
    pub tomtou: u64,
    pub open_writers: u64,
    pub new: u64,
    pub two_last_writers: u64,
}

impl Seen {
    fn fields(&mut self) -> [&mut u64; 12] {
        [
            &mut self.answers,
            &mut self.kept,
            &mut self.let_through,
            &mut self.refused_writers,
            &mut self.cleansed,
            &mut self.lost_pages,
            &mut self.stale_stores,
            &mut self.evicted,
            &mut self.tomtou,
            &mut self.open_writers,
            &mut self.new,
            &mut self.two_last_writers,
        ]
    }

    pub fn add(&mut self, other: &Self) {
        let mut other = Self { ..*other };
        for (sum, more) in self.fields().into_iter().zip(other.fields()) {
            *sum += *more;
        }
    }

    pub fn assert_everything_happened(&mut self) {
        assert!(self.fields().iter().all(|count| **count > 100));
    }
}

/// The inode, what the module knows of it, and the tasks.
#[derive(Debug)]
pub struct World {
    /// What storage has.
    pub disk: u64,
    /// All pages there ever were; the file's is `page`.
    pub pages: Vec<Page>,
    pub page: Option<usize>,
    /// The change counter, and whether it was asked for since it moved.
    pub version: u64,
    pub queried: bool,
    /// `i_writecount` and `i_readcount`.
    pub writers: i32,
    pub readers: i32,
    /// Whether there is storage behind the pages.
    pub has_storage: bool,
    /// The module's: the counter of closes that this inode shares with others, its entry, the
    /// generation of the lists.
    pub epoch: u64,
    pub entry: Option<Entry>,
    pub lists: u64,
    /// The content under which the entry's result was kept; the module does not know it.
    pub kept_content: u64,
    /// Executable mappings of content that was let through as signed.
    pub used: Vec<u64>,
    /// Whether the inode was created and its makers are not all gone.
    pub is_new: bool,
    /// Whether one of them has closed it.
    pub closed: bool,
    /// Whether a violation says that it is open for writing, and no hook has seen since that
    /// nothing else had it open.
    pub reported: bool,
    pub tasks: Vec<Task>,
    pub seen: Seen,
    pub next_content: u64,
}

impl World {
    pub fn new(random: &mut Random) -> Self {
        let epoch = random.next() % 4;
        let is_new = random.once_in(2);
        Self {
            disk: 1,
            pages: Vec::new(),
            page: None,
            version: 1,
            queried: false,
            writers: 0,
            readers: 0,
            has_storage: !random.once_in(5),
            epoch,
            entry: is_new.then(|| Entry::created(None, epoch)),
            lists: 1,
            kept_content: 0,
            used: Vec::new(),
            is_new,
            closed: false,
            reported: false,
            tasks: Vec::new(),
            seen: Seen {
                new: is_new.into(),
                ..Seen::default()
            },
            next_content: 2,
        }
    }

    /// The inode as it is read under the lock.
    pub fn inode(&self) -> Inode {
        Inode {
            signs: self.signs(),
            writers: self.writers,
            readers: self.readers,
            cached: self.page.is_some(),
        }
    }

    pub fn signs(&self) -> Signs {
        Signs::new(self.version, 0, 0, 0, 0)
    }

    /// A content that was never there before.
    pub fn new_content(&mut self) -> u64 {
        self.next_content += 1;
        self.next_content
    }

    /// The file's page, read from storage if it is not there.
    pub fn fault(&mut self) -> usize {
        if let Some(page) = self.page {
            return page;
        }
        self.pages.push(Page {
            content: self.disk,
            dirty: false,
            pins: 0,
        });
        let page = self.pages.len() - 1;
        self.page = Some(page);
        page
    }

    /// What the next reader reads.
    pub fn content(&self) -> u64 {
        self.page.map_or(self.disk, |page| self.pages[page].content)
    }

    /// The change counter moves if it was asked for since it moved last.
    pub fn show_change(&mut self) {
        if self.queried {
            self.version += 1;
            self.queried = false;
        }
    }

    /// A store by write(2), or by a mapping: the first store to a clean page shows.
    pub fn store(&mut self, by_mapping: bool) {
        let page = self.fault();
        let content = self.new_content();
        if !(by_mapping && self.pages[page].dirty) {
            self.show_change();
        }
        self.pages[page].content = content;
        self.pages[page].dirty = true;
    }

    pub fn write_back(&mut self) {
        if let Some(page) = self.page.filter(|_| self.has_storage) {
            self.disk = self.pages[page].content;
            self.pages[page].dirty = false;
        }
    }

    /// Takes the page from the file, whoever holds references to it. Fails if it is dirty again.
    pub fn invalidate(&mut self) -> bool {
        match self.page {
            Some(page) if self.pages[page].dirty => false,
            _ => {
                self.page = None;
                true
            }
        }
    }

    pub fn check(&mut self) {
        if self.entry.is_some_and(|entry| entry.holds(self.signs())) && self.writers <= 0 {
            self.seen.answers += 1;
            assert_eq!(
                self.content(),
                self.kept_content,
                "the cache answers for content that is not there: {self:?}"
            );
        }
        for used in &self.used {
            assert_eq!(
                self.content(),
                *used,
                "content was changed that is mapped as signed: {self:?}"
            );
        }
    }
}
