// SPDX-License-Identifier: GPL-2.0

//! The transitions of the cache, beside a model of files, writers and page references, under random
//! interleavings.
//!
//! The model ([`world`]) is one inode with storage, a page, writers, mappings and references to the
//! page that outlive them. Nothing of it looks at the cache but where the kernel calls the module's
//! hooks. The tasks ([`tasks`]) do what the module does at these hooks, one atomic step at a time.
//! After each step the model says what must be true:
//!
//! - an answer from the cache is that of the content that the next reader gets;
//! - content that was let through as signed is what every page of a mapping shows, for as long as
//!   it is mapped;
//! - no pair of a measured reader and a writer goes unreported;
//! - an inode is new until the last of its makers is gone.
//!
//! Each run takes a new seed and prints it; `DIGEST_LISTS_SEED` repeats one, `DIGEST_LISTS_STEPS`
//! makes it longer.

mod entry;
mod tasks;
mod world;

use std::time::{
    SystemTime,
    UNIX_EPOCH, //
};

use world::{
    Random,
    World, //
};

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn seed() -> u64 {
    number("DIGEST_LISTS_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.map_or(0, |now| now.as_nanos() as u64)
    })
}

#[test]
fn what_was_looked_at_is_what_is_used_under_random_interleavings() {
    let steps = number("DIGEST_LISTS_STEPS").unwrap_or(2_000_000);
    let seed = seed();
    println!("DIGEST_LISTS_SEED={seed} DIGEST_LISTS_STEPS={steps}");
    let mut random = Random::new(seed);
    let mut done = 0;
    let mut seen = world::Seen::default();
    // A new inode from time to time: each begins with nothing known.
    while done < steps {
        let mut world = World::new(&mut random);
        for _ in 0..2000 {
            tasks::step(&mut world, &mut random);
            world.check();
            done += 1;
        }
        seen.add(&world.seen);
    }
    println!("{seen:?}");
    // A model in which nothing happens proves nothing.
    seen.assert_everything_happened();
}
