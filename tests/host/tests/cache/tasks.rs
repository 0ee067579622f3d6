// SPDX-License-Identifier: GPL-2.0

//! What happens to the inode: by the kernel, and by the module at its hooks. Each step is what one
//! task does without another in between: one access to a counter, or what stands under the lock of
//! the map.

use digest_logic::{
    appraise::Vouchers,
    cache::{
        Entry,
        Mark,
        Marks,
        Outcome,
        Signs,
        Stamp, //
    },
    list::Kind, //
};

use crate::world::{
    Random,
    World, //
};

/// A task, by what it does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Has the file open for writing.
    Writer(Writer),
    /// Has it open for reading, or is opening it.
    Reader(Reader),
    /// Looks at the content under a rule.
    Look(Look),
    /// Runs after a close, when the file counts no more.
    AfterClose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Writer {
    pub at: WriterAt,
    /// Whether it has a shared mapping.
    pub mapped: bool,
    /// Whether a violation named the writers while this one was there.
    pub reported: bool,
    /// The count of closes that its close has made.
    closed_as: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriterAt {
    /// Counts as a writer, but the hook has not been called.
    Opening,
    Open,
    /// The hook for the close has counted it.
    Counted,
    /// It has changed the entry; the file still counts.
    Noted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader {
    pub at: ReaderAt,
    /// Whether a rule matched its open.
    pub measured: bool,
    /// Whether a violation was reported of a writer that came after it.
    pub reported: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReaderAt {
    Opening,
    Marked,
    SeesWriters,
    Open,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    at: LookAt,
    epoch: u64,
    written: bool,
    shared: bool,
    stable: bool,
    signs: Option<Signs>,
    content: u64,
    lists: u64,
    /// Whether the content is executed if it passes, by a mapping.
    enforced: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LookAt {
    Epoch,
    Writers,
    WriteBack,
    Invalidate,
    Cleansed,
    Arm,
    Signs,
    Read,
    Mark,
    Keep,
    Unwritten,
    Unchanged,
}

const NOTHING_SEEN: Look = Look {
    at: LookAt::Epoch,
    epoch: 0,
    written: false,
    shared: false,
    stable: false,
    signs: None,
    content: 0,
    lists: 0,
    enforced: false,
};

/// One step of one task, or something that the kernel does by itself.
pub fn step(world: &mut World, random: &mut Random) {
    if random.once_in(3) || world.tasks.is_empty() {
        begin(world, random);
    } else {
        let at = random.below(world.tasks.len());
        let task = world.tasks[at];
        let next = match task {
            Task::Writer(writer) => writer.step(world, random).map(Task::Writer),
            Task::Reader(reader) => reader.step(world, random, at).map(Task::Reader),
            Task::Look(look) => look.step(world).map(Task::Look),
            Task::AfterClose => after_close(world),
        };
        // A step that reports changes other tasks too.
        match next {
            Some(Task::Writer(mut writer)) => {
                if let Task::Writer(now) = world.tasks[at] {
                    writer.reported |= now.reported;
                }
                world.tasks[at] = Task::Writer(writer);
            }
            Some(Task::Reader(mut reader)) => {
                if let Task::Reader(now) = world.tasks[at] {
                    reader.reported |= now.reported;
                }
                world.tasks[at] = Task::Reader(reader);
            }
            Some(task) => world.tasks[at] = task,
            None => {
                world.tasks.swap_remove(at);
            }
        }
    }
    check_pairs(world);
    check_new(world);
}

fn begin(world: &mut World, random: &mut Random) {
    match random.below(20) {
        0..=2 if world.writers >= 0 && world.tasks.len() < 8 => {
            world.writers += 1;
            world.tasks.push(Task::Writer(Writer {
                at: WriterAt::Opening,
                mapped: false,
                reported: false,
                closed_as: 0,
            }));
        }
        3..=4 if world.tasks.len() < 8 => {
            world.readers += 1;
            world.tasks.push(Task::Reader(Reader {
                at: ReaderAt::Opening,
                measured: !random.once_in(3),
                reported: false,
            }));
        }
        5..=9 if world.tasks.len() < 8 => world.tasks.push(Task::Look(Look {
            enforced: random.once_in(5),
            ..NOTHING_SEEN
        })),
        10..=11 => world.write_back(),
        12 => {
            // Memory pressure takes a clean page that nothing else holds.
            if let Some(page) = world.page {
                if world.has_storage && !world.pages[page].dirty && world.pages[page].pins == 0 {
                    world.page = None;
                }
            }
        }
        13 if random.once_in(4) => {
            // A page is lost, or could not be written and is given up: storage has what it had.
            if let Some(page) = world.page {
                if world.has_storage && (world.writers > 0 || !world.pages[page].dirty) {
                    if world.pages[page].dirty {
                        world.seen.lost_pages += 1;
                    }
                    world.page = None;
                }
            }
        }
        14..=15 => {
            // A device writes to a page that it holds; the file system does not see it.
            let pinned: Vec<usize> = (0..world.pages.len())
                .filter(|page| world.pages[*page].pins > 0)
                .collect();
            if !pinned.is_empty() {
                let page = pinned[random.below(pinned.len())];
                let content = world.new_content();
                world.pages[page].content = content;
                world.pages[page].dirty |= random.once_in(2);
                if world.page != Some(page) {
                    world.seen.stale_stores += 1;
                    world.pages[page].dirty = false;
                }
                if random.once_in(2) {
                    world.pages[page].pins -= 1;
                }
            }
        }
        16 => {
            if let Some(entry) = world.entry {
                if entry.is_evictable(&world.inode()) {
                    world.entry = None;
                    world.epoch += 1;
                    world.seen.evicted += 1;
                }
            }
        }
        // Another inode of the same share.
        17 => world.epoch += 1,
        18 => {
            // A list goes; a look finds that the content is not signed any more.
            world.lists += 1;
            let passing = world.tasks.iter().any(|task| {
                matches!(task, Task::Look(look) if look.enforced && look.at != LookAt::Epoch)
            });
            let idle = world.used.is_empty() && !passing;
            if let Some(old) = world.entry.filter(|_| idle) {
                world.entry = Entry::unmarked(old, Mark::Signed.into());
                world.epoch += 1;
            }
        }
        // Programs end.
        _ => {
            world.used.pop();
        }
    }
}

impl Writer {
    fn step(self, world: &mut World, random: &mut Random) -> Option<Self> {
        match self.at {
            WriterAt::Opening => {
                // One that made it has closed it: what comes now is no maker.
                world.is_new &= !world.closed;
                // What has been said of the others holds for this one too.
                world.reported &= world.writers > 1;
                let reported = world.reported;
                if let Some(old) = world.entry {
                    let inode = world.inode();
                    let (new, violation) =
                        Entry::opened_to_write(old, &inode, false, world.readers > 0);
                    world.entry = new;
                    if violation {
                        world.epoch += 1;
                        world.seen.tomtou += 1;
                        report_readers(world);
                    }
                }
                if has(world, Mark::Signed) {
                    // Refused; the open is undone without another hook.
                    world.seen.refused_writers += 1;
                    world.writers -= 1;
                    if world.writers == 0 {
                        world.is_new &= !world.closed;
                    }
                    return None;
                }
                Some(Self {
                    at: WriterAt::Open,
                    reported: self.reported || reported,
                    ..self
                })
            }
            WriterAt::Open => match random.below(8) {
                0..=1 => {
                    world.store(false);
                    Some(self)
                }
                2 => {
                    let old = world.entry;
                    let epoch = world.epoch;
                    world.entry = Some(Entry::marked(old, epoch, Mark::Shared.into()));
                    Some(Self {
                        mapped: true,
                        ..self
                    })
                }
                3..=4 if self.mapped => {
                    world.store(true);
                    Some(self)
                }
                5 if self.mapped => {
                    let page = world.fault();
                    world.pages[page].pins += 1;
                    Some(self)
                }
                _ => {
                    world.epoch += 1;
                    Some(Self {
                        at: WriterAt::Counted,
                        closed_as: world.epoch,
                        ..self
                    })
                }
            },
            WriterAt::Counted => {
                // The only one that counts: what comes while it goes is no maker.
                world.is_new &= world.writers > 1;
                world.closed = true;
                world.reported &= world.writers > 1;
                if let Some(old) = world.entry {
                    world.entry = Entry::closed(old, self.closed_as, &world.inode(), false);
                }
                Some(Self {
                    at: WriterAt::Noted,
                    ..self
                })
            }
            WriterAt::Noted => {
                world.writers -= 1;
                if world.writers == 0 {
                    world.is_new = false;
                }
                let others = world.tasks.iter().any(|task| {
                    matches!(task, Task::Writer(other) if other.at == WriterAt::Noted)
                        && *task != Task::Writer(self)
                });
                if others {
                    world.seen.two_last_writers += 1;
                }
                world.tasks.push(Task::AfterClose);
                None
            }
        }
    }
}

impl Reader {
    fn step(self, world: &mut World, random: &mut Random, at: usize) -> Option<Self> {
        let next = |at| Some(Self { at, ..self });
        match self.at {
            ReaderAt::Opening if !self.measured => next(ReaderAt::Open),
            ReaderAt::Opening => {
                let old = world.entry;
                world.entry = Some(Entry::marked(old, world.epoch, Mark::Read.into()));
                next(ReaderAt::Marked)
            }
            ReaderAt::Marked => {
                if world.writers <= 0 || has(world, Mark::Reported) {
                    return next(ReaderAt::Open);
                }
                next(ReaderAt::SeesWriters)
            }
            ReaderAt::SeesWriters => {
                if !has(world, Mark::Reported) {
                    world.seen.open_writers += 1;
                    report_writers(world);
                    if let Task::Reader(reader) = &mut world.tasks[at] {
                        reader.reported |= self.reported;
                    }
                }
                let marks = Marks::of(&[Mark::Read, Mark::Reported]);
                let old = world.entry;
                world.entry = Some(Entry::marked(old, world.epoch, marks));
                next(ReaderAt::Open)
            }
            ReaderAt::Open if random.once_in(4) => {
                world.readers -= 1;
                None
            }
            ReaderAt::Open => Some(self),
        }
    }
}

impl Look {
    fn step(mut self, world: &mut World) -> Option<Self> {
        self.at = match self.at {
            LookAt::Epoch => {
                self.epoch = Entry::epoch_of(world.entry.as_ref(), world.epoch);
                LookAt::Writers
            }
            LookAt::Writers => {
                self.written = world.writers > 0;
                self.shared = has(world, Mark::Shared);
                self.stable = !self.shared || world.has_storage;
                if self.written {
                    LookAt::Read
                } else if world.has_storage {
                    LookAt::WriteBack
                } else {
                    LookAt::Arm
                }
            }
            LookAt::WriteBack => {
                world.write_back();
                if self.shared {
                    LookAt::Invalidate
                } else {
                    LookAt::Arm
                }
            }
            LookAt::Invalidate => {
                self.stable = world.invalidate();
                if self.stable {
                    LookAt::Cleansed
                } else {
                    LookAt::Arm
                }
            }
            LookAt::Cleansed => {
                self.stable = match world.entry {
                    None => world.writers <= 0,
                    Some(old) => {
                        let (new, clean) = Entry::cleansed(old, &world.inode(), self.epoch);
                        world.entry = new;
                        clean
                    }
                };
                world.seen.cleansed += u64::from(self.stable);
                LookAt::Arm
            }
            LookAt::Arm => {
                world.queried = true;
                LookAt::Signs
            }
            LookAt::Signs => {
                // Without storage stores leave no sign that could be trusted.
                self.signs = world.has_storage.then(|| world.signs());
                LookAt::Read
            }
            LookAt::Read => {
                self.lists = world.lists;
                let page = world.fault();
                self.content = world.pages[page].content;
                if self.enforced {
                    LookAt::Mark
                } else {
                    LookAt::Keep
                }
            }
            LookAt::Mark => {
                if !self.stable {
                    return None;
                }
                let marks = Marks::of(&[Mark::Passed, Mark::Signed]);
                let old = world.entry;
                world.entry = Some(Entry::marked(old, world.epoch, marks));
                LookAt::Keep
            }
            LookAt::Keep => {
                if let Some(signs) = self.signs.filter(|_| self.stable) {
                    let stamp = Stamp {
                        signs,
                        epoch: self.epoch,
                    };
                    let outcome = Outcome {
                        lists: self.lists,
                        known: true,
                        measured: Some(12),
                        audited: false,
                        vouchers: self.enforced.then_some(Vouchers {
                            own: None,
                            list: Some(Kind::Immutable),
                        }),
                    };
                    let new =
                        Entry::kept(world.entry, world.epoch, &world.inode(), &stamp, &outcome);
                    if new != world.entry
                        || new.is_some_and(|new| new.holds(signs))
                            && self.content == world.content()
                    {
                        world.seen.kept += 1;
                        world.kept_content = self.content;
                    }
                    world.entry = new;
                }
                if !self.enforced {
                    return None;
                }
                LookAt::Unwritten
            }
            LookAt::Unwritten => {
                if self.written || world.writers > 0 {
                    return None;
                }
                LookAt::Unchanged
            }
            LookAt::Unchanged => {
                let epoch = Entry::epoch_of(world.entry.as_ref(), world.epoch);
                if epoch == self.epoch && self.signs.is_none_or(|signs| signs == world.signs()) {
                    world.seen.let_through += 1;
                    world.used.push(self.content);
                }
                return None;
            }
        };
        Some(self)
    }
}

fn after_close(world: &mut World) -> Option<Task> {
    if let Some(old) = world.entry {
        world.entry = Entry::left_by_writers(old, &world.inode());
    }
    None
}

fn has(world: &World, mark: Mark) -> bool {
    world.entry.is_some_and(|entry| entry.marks().has(mark))
}

/// A ToMToU violation was reported: it tells of all that read.
fn report_readers(world: &mut World) {
    for task in &mut world.tasks {
        if let Task::Reader(reader) = task {
            reader.reported = true;
        }
    }
}

/// An open-writers violation was reported: it tells of all that write.
fn report_writers(world: &mut World) {
    world.reported = true;
    for task in &mut world.tasks {
        if let Task::Writer(writer) = task {
            writer.reported = true;
        }
    }
}

/// A measured reader and a writer that have the inode open at once: one of them was reported.
fn check_pairs(world: &World) {
    let readers = world.tasks.iter().filter_map(|task| match task {
        Task::Reader(r) if r.at == ReaderAt::Open && r.measured => Some(r),
        _ => None,
    });
    for reader in readers {
        let unreported = world.tasks.iter().any(|task| {
            matches!(task, Task::Writer(w) if w.at == WriterAt::Open && !w.reported && !reader.reported)
        });
        assert!(
            !unreported,
            "nothing tells of a reader and a writer: {world:?}"
        );
    }
}

/// What counts as new is what the model says, but that use as a program ends it.
fn check_new(world: &World) {
    let is_new = world
        .entry
        .is_some_and(|entry| entry.is_new(&world.inode()));
    let closing = world.tasks.iter().any(|task| {
        matches!(task, Task::Writer(w) if matches!(w.at, WriterAt::Opening | WriterAt::Counted | WriterAt::Noted))
    });
    if !closing {
        assert_eq!(is_new, world.is_new, "{world:?}");
    }
}
