// SPDX-License-Identifier: GPL-2.0

//! The files about digest lists.

use crate::{
    access::Monitor,
    lists::List,
    reason::refuse,
    requests::{
        line_of,
        load::{
            load_lists,
            MAX_METADATA, //
        },
        remove::{
            parse_digest,
            remove_lists,
            MAX_REMOVE, //
        },
        scrub::scrub, //
    },
    sys::{
        securityfs::{
            Dialog,
            Node, //
        },
        seq_file::SeqOut,
        text::Text, //
    },
};
use core::fmt::Write;
use digest_logic::{
    refusal::Cause,
    verity, //
};
use kernel::{
    prelude::*,
    sync::{
        atomic::Relaxed,
        Arc, //
    },
};

/// `digest_lists`: reading shows one line per list. Writing metadata, or the path of a file with
/// them, loads lists.
pub(super) struct DigestLists(pub(super) Arc<Monitor>);

impl Node for DigestLists {
    type Item = Arc<List>;
    const MODE: u16 = 0o600;
    const MAX_WRITE: usize = MAX_METADATA;

    fn item(&self, index: usize) -> Option<Self::Item> {
        self.0.stores().lists.get(index)
    }

    fn show(&self, list: &Self::Item, out: &mut SeqOut) {
        let _ = writeln!(
            out,
            "{} immutable={} mutable={} revoked={} hits={}",
            &**list,
            list.counts.immutable,
            list.counts.mutable,
            list.counts.revoked,
            list.hits.load(Relaxed),
        );
    }

    fn write(&self, data: KVVec<u8>, _continues: bool) -> Result {
        load_lists(&self.0, &data)
    }
}

/// `digest_lists_remove`: writing digests of list files, one per line, removes these lists.
pub(super) struct Remove(pub(super) Arc<Monitor>);

impl Node for Remove {
    type Item = ();
    const MODE: u16 = 0o200;
    const MAX_WRITE: usize = MAX_REMOVE;

    fn item(&self, _index: usize) -> Option<()> {
        None
    }

    fn show(&self, (): &(), _out: &mut SeqOut) {}

    fn write(&self, data: KVVec<u8>, _continues: bool) -> Result {
        remove_lists(self.0.stores(), &data)
    }
}

/// `digest_query`: after a write of a digest, reading the same open file shows one line per list
/// that has it. `verity:` precedes an fs-verity digest.
pub(super) struct Query(pub(super) Arc<Monitor>);

impl Dialog for Query {
    const MAX_QUESTION: usize = 256;

    fn answer(&self, question: KVVec<u8>) -> Result<KVVec<u8>> {
        let line = line_of(&question);
        let (text, of_verity) = match line.strip_prefix(b"verity:") {
            Some(text) => (text, true),
            None => (line, false),
        };
        let mut digest = parse_digest(text).map_err(|cause| refuse("digest_query", cause))?;
        if of_verity {
            digest = verity::entry(&digest);
        }
        let mut answer = Text::new();
        let mut written = Ok(());
        let lists = &self.0.stores().lists;
        lists.for_each_holder(&digest, |list, kind| {
            written = written.and_then(|()| writeln!(answer, "{list} kind={kind}"));
        });
        written.map_err(|_| ENOMEM)?;
        Ok(answer.into_bytes())
    }
}

/// `scrub`: writing `1` compares the digests in memory with what was loaded. Reading shows how many
/// lists had changed.
pub(super) struct Scrub(pub(super) Arc<Monitor>);

impl Node for Scrub {
    type Item = ();
    const MODE: u16 = 0o600;
    const MAX_WRITE: usize = 2;

    fn item(&self, index: usize) -> Option<()> {
        (index == 0).then_some(())
    }

    fn show(&self, (): &(), out: &mut SeqOut) {
        let _ = writeln!(out, "{}", self.0.stores().lists.corrupted());
    }

    fn write(&self, data: KVVec<u8>, _continues: bool) -> Result {
        if line_of(&data) != b"1" {
            return Err(refuse("scrub", Cause::NotOne));
        }
        let changed = scrub(self.0.stores())?;
        pr_info!("scrub: {} lists had changed in memory\n", changed);
        Ok(())
    }
}
