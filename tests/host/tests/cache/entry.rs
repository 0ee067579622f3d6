// SPDX-License-Identifier: GPL-2.0

//! Single transitions, where the random ones do not say which value is the right one.

use digest_logic::{
    appraise::{
        Reference,
        Vouchers, //
    },
    cache::{
        chains,
        Entry,
        Inode,
        Left,
        Mark,
        Marks,
        Outcome,
        Signs,
        Stamp, //
    },
    hash_algo::HashAlgo,
    list::Kind,
    policy::{
        Appraise,
        Decision,
        Measure, //
    },
};

const SIGNS: Signs = Signs::new(7, 1_700_000_000, 999_999_999, 4096, 3);
const IDLE: Inode = Inode {
    signs: SIGNS,
    writers: 0,
    readers: 0,
    cached: true,
};
const STAMP: Stamp = Stamp {
    signs: SIGNS,
    epoch: 5,
};
const MEASURED: Outcome = Outcome {
    lists: 9,
    known: false,
    measured: Some(12),
    audited: true,
    vouchers: None,
};

fn measure(digest_list: bool) -> Decision {
    Decision {
        measure: Some(Measure {
            rule: 0,
            digest_list,
            pcr: None,
            template: None,
        }),
        ..Decision::default()
    }
}

fn kept(outcome: &Outcome) -> Entry {
    Entry::kept(None, 5, &IDLE, &STAMP, outcome).expect("nothing moved")
}

#[test]
fn signs_differ_where_any_field_does() {
    let fields = [
        Signs::new(8, 1_700_000_000, 999_999_999, 4096, 3),
        Signs::new(7, 1_700_000_001, 999_999_999, 4096, 3),
        Signs::new(7, 1_700_000_000, 999_999_998, 4096, 3),
        Signs::new(7, 1_700_000_000, 999_999_999, 4097, 3),
        Signs::new(7, 1_700_000_000, 999_999_999, 4096 | (1 << 40), 3),
        Signs::new(7, 1_700_000_000, 999_999_999, 4096, 2),
    ];
    for signs in fields {
        assert_ne!(signs, SIGNS);
    }
}

#[test]
fn a_result_is_kept_only_if_nothing_moved() {
    assert!(kept(&MEASURED).holds(SIGNS));
    let moved = [
        Inode { writers: 1, ..IDLE },
        Inode {
            signs: Signs {
                version: 8,
                ..SIGNS
            },
            ..IDLE
        },
    ];
    for inode in moved {
        assert_eq!(Entry::kept(None, 5, &inode, &STAMP, &MEASURED), None);
    }
    assert_eq!(
        Entry::kept(None, 6, &IDLE, &STAMP, &MEASURED),
        None,
        "a close was counted"
    );
    let executed = Inode {
        writers: -1,
        ..IDLE
    };
    assert!(Entry::kept(None, 5, &executed, &STAMP, &MEASURED).is_some());
}

#[test]
fn a_record_settles_one_pcr_and_a_list_its_generation() {
    let unknown = kept(&MEASURED);
    assert!(Left::of(&measure(false), 12, 9, &unknown).is_nothing());
    assert!(Left::of(&measure(false), 11, 9, &unknown).measure);
    let known = kept(&Outcome {
        known: true,
        measured: None,
        ..MEASURED
    });
    assert!(Left::of(&measure(true), 12, 9, &known).is_nothing());
    assert!(
        Left::of(&measure(true), 12, 10, &known).measure,
        "other lists"
    );
    assert!(
        Left::of(&measure(false), 12, 9, &known).measure,
        "lists may not answer"
    );
    assert!(
        Left::of(&measure(true), 12, 9 | (1 << 32), &known).measure,
        "all 64 bits count"
    );
}

#[test]
fn a_pcr_that_no_rule_may_name_is_never_settled() {
    for pcr in 0..=u8::MAX {
        let entry = kept(&Outcome {
            measured: Some(pcr),
            ..MEASURED
        });
        let named = matches!(pcr, 8 | 11..=16 | 23);
        assert_eq!(entry.is_measured(pcr), named, "{pcr}");
        let others = (0..=u8::MAX).filter(|other| *other != pcr && entry.is_measured(*other));
        assert_eq!(others.count(), 0);
    }
}

#[test]
fn an_appraisal_holds_for_the_lists_that_were_asked() {
    let rule = Appraise {
        rule: 0,
        digest_list: true,
        kind: None,
        algos: None,
    };
    let decision = Decision {
        appraise: Some(rule),
        ..Decision::default()
    };
    let cases = [
        Vouchers {
            own: None,
            list: Some(Kind::Mutable),
        },
        Vouchers {
            own: Some(Reference {
                algo: HashAlgo::Sha256,
                signed: true,
            }),
            list: None,
        },
    ];
    for vouchers in cases {
        let entry = kept(&Outcome {
            vouchers: Some(vouchers),
            ..MEASURED
        });
        assert_eq!(entry.vouchers(9), Some(vouchers));
        assert!(Left::of(&decision, 12, 9, &entry).is_nothing());
        assert!(Left::of(&decision, 12, 8, &entry).appraise);
    }
    assert!(Left::of(&decision, 12, 9, &kept(&MEASURED)).appraise);
}

#[test]
fn a_close_takes_the_result_and_leaves_marks() {
    let all = Mark::ALL
        .iter()
        .fold(Marks::NONE, |all, mark| all.with((*mark).into()));
    let entry = Entry::marked(Some(kept(&MEASURED)), 5, all);
    let last =
        Entry::closed(entry, 6, &Inode { writers: 1, ..IDLE }, false).expect("marks are left");
    assert!(!last.holds(SIGNS));
    for mark in Mark::ALL {
        let ended = matches!(mark, Mark::New | Mark::Closed | Mark::Reported);
        assert_eq!(last.marks().has(mark), !ended, "{mark:?}");
    }
    let unmarked = Entry::closed(kept(&MEASURED), 6, &Inode { writers: 1, ..IDLE }, false);
    assert_eq!(unmarked, None);
}

#[test]
fn a_stacked_file_is_never_the_last_writer() {
    let new = Entry::created(None, 5);
    let left = Entry::closed(new, 6, &Inode { writers: 1, ..IDLE }, true).expect("it is new");
    assert!(left.is_new(&Inode { writers: 1, ..IDLE }));
    assert!(!left.is_new(&IDLE));
}

#[test]
fn what_is_in_use_as_signed_does_not_become_new() {
    let signed = Entry::marked(None, 5, Mark::Signed.into());
    let created = Entry::created(Some(signed), 5);
    assert!(!created.is_new(&IDLE));
    assert_eq!(created, signed);
    let other = Entry::marked(None, 5, Mark::Read.into());
    assert!(Entry::created(Some(other), 5).is_new(&IDLE));
}

#[test]
fn only_marks_that_cannot_matter_are_evicted() {
    let used = [
        (Mark::Read, Inode { readers: 1, ..IDLE }),
        (Mark::Reported, Inode { writers: 1, ..IDLE }),
        (Mark::Passed, Inode { writers: 1, ..IDLE }),
        (Mark::New, IDLE),
        (
            Mark::Signed,
            Inode {
                cached: false,
                ..IDLE
            },
        ),
        (Mark::Shared, IDLE),
        (
            Mark::Shared,
            Inode {
                cached: false,
                writers: 1,
                ..IDLE
            },
        ),
    ];
    for (mark, inode) in used {
        assert!(
            !Entry::marked(None, 5, mark.into()).is_evictable(&inode),
            "{mark:?}"
        );
    }
    let unused = [
        (Mark::Read, IDLE),
        (Mark::Reported, IDLE),
        (Mark::Passed, IDLE),
        (
            Mark::Unreadable,
            Inode {
                writers: 1,
                readers: 1,
                ..IDLE
            },
        ),
        (
            Mark::Shared,
            Inode {
                cached: false,
                ..IDLE
            },
        ),
    ];
    for (mark, inode) in unused {
        assert!(
            Entry::marked(None, 5, mark.into()).is_evictable(&inode),
            "{mark:?}"
        );
    }
    assert!(kept(&MEASURED).is_evictable(&IDLE), "a result alone");
}

#[test]
fn what_passed_has_not_passed_for_a_writer_that_comes_after_a_change() {
    let passed = |entry: Option<Entry>| entry.is_some_and(|entry| entry.marks().has(Mark::Passed));
    let opened = |old| Entry::opened_to_write(old, &Inode { writers: 1, ..IDLE }, false, false).0;
    let vouchers = Some(Vouchers {
        own: None,
        list: Some(Kind::Mutable),
    });
    let good = kept(&Outcome {
        vouchers,
        ..MEASURED
    });
    let good = Entry::marked(Some(good), 5, Mark::Passed.into());
    assert!(passed(opened(good)), "the content is what passed");
    let changed = Entry::closed(good, 6, &Inode { writers: 1, ..IDLE }, false);
    assert!(passed(changed), "its last writer refreshes the reference");
    assert!(!passed(opened(changed.expect("there is a mark"))));
    let other = Entry::marked(Some(kept(&MEASURED)), 5, Mark::Passed.into());
    assert!(!passed(opened(other)), "read again, and nothing vouches");
    let second = Inode { writers: 2, ..IDLE };
    assert!(passed(
        Entry::opened_to_write(other, &second, false, false).0
    ));
    assert!(passed(opened(Entry::created(None, 5))), "new");
}

#[test]
fn a_writer_that_comes_during_a_truncate_is_no_heir_of_former_writers() {
    let marks = Marks::of(&[Mark::Passed, Mark::Reported, Mark::Read]);
    let one = Inode { writers: 1, ..IDLE };
    let two = Inode { writers: 2, ..IDLE };
    let during = |old: Entry, stacked| {
        let cut = Entry::truncated(old, 6, if stacked { &IDLE } else { &one }, stacked);
        let (new, _) = Entry::opened_to_write(cut?, &two, stacked, false);
        new.map(|entry| entry.marks())
    };
    for stacked in [false, true] {
        let old = Entry::marked(Some(kept(&MEASURED)), 5, marks);
        assert_eq!(during(old, stacked), Some(Mark::Read.into()));
        let new = Entry::created(None, 5);
        assert_eq!(during(new, stacked), Some(new.marks()), "new");
    }
    let old = Entry::marked(None, 5, marks);
    let beside = Entry::truncated(old, 6, &two, false).map(|entry| entry.marks());
    assert_eq!(beside, Some(marks), "another writer is there");
}

#[test]
fn the_number_of_chains_grows_with_the_memory() {
    let gib = 1u64 << 30;
    let expected = [
        (0, 1 << 14),
        (gib, 1 << 14),
        (gib + (1 << 16), 1 << 15),
        (8 * gib, 1 << 17),
        (24 * gib, 1 << 19),
        (256 * gib, 1 << 22),
        (u64::MAX, 1 << 22),
    ];
    for (memory, count) in expected {
        assert_eq!(chains(memory), count, "{memory} bytes");
    }
}
