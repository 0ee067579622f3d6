// SPDX-License-Identifier: GPL-2.0

//! What lists say together, and when a file has to be hashed with one more algorithm.

use digest_logic::{
    list::{
        Counts,
        Kind, //
    },
    verdict::{
        join,
        Reach,
        Verdict, //
    },
};

/// Whether a list counts for appraisal.
const MEASURED: bool = false;
const SIGNED: bool = true;

fn verdict(kind: Kind, appraise: bool) -> Option<Verdict> {
    Some(Verdict::of(kind, appraise))
}

fn reach(lists: &[(Kind, bool)]) -> Reach {
    let mut reach = Reach::default();
    for (kind, appraise) in lists {
        let mut counts = Counts::default();
        *match kind {
            Kind::Immutable => &mut counts.immutable,
            Kind::Mutable => &mut counts.mutable,
            Kind::Revoked => &mut counts.revoked,
        } = 1;
        reach.add(&counts, *appraise);
    }
    reach
}

#[test]
fn an_unsigned_list_does_not_hide_what_a_signed_one_of_another_algorithm_says() {
    let both = join(
        verdict(Kind::Immutable, MEASURED),
        verdict(Kind::Mutable, SIGNED),
    )
    .unwrap();
    assert_eq!(both.kind, Kind::Immutable);
    assert_eq!(both.appraise, Some(Kind::Mutable));
    assert!(both.is_known());
}

#[test]
fn a_revocation_counts_for_appraisal_though_its_list_is_not_signed() {
    let both = join(
        verdict(Kind::Immutable, SIGNED),
        verdict(Kind::Revoked, MEASURED),
    )
    .unwrap();
    assert_eq!(both.appraise, Some(Kind::Revoked));
    assert!(!both.is_known());
    assert!(!Verdict::REVOKED.is_known());
}

#[test]
fn immutable_wins_over_mutable_whichever_algorithm_comes_first() {
    let (a, b) = (
        verdict(Kind::Mutable, SIGNED),
        verdict(Kind::Immutable, SIGNED),
    );
    assert_eq!(join(a, b), join(b, a));
    assert_eq!(join(a, b), b);
    assert_eq!(join(a, None), a);
    assert_eq!(join(None, b), b);
}

#[test]
fn another_algorithm_is_asked_while_it_can_raise_the_verdict_and_not_longer() {
    let nothing = reach(&[]);
    let unsigned = reach(&[(Kind::Immutable, MEASURED)]);
    let mutable = reach(&[(Kind::Mutable, SIGNED)]);
    let immutable = reach(&[(Kind::Mutable, SIGNED), (Kind::Immutable, SIGNED)]);
    let revoking = reach(&[(Kind::Revoked, MEASURED)]);
    let unknown = None;
    let known = verdict(Kind::Immutable, MEASURED);
    let vouched_mutable = verdict(Kind::Mutable, SIGNED);
    let vouched = verdict(Kind::Immutable, SIGNED);
    let revoked = verdict(Kind::Revoked, SIGNED);
    // The lists of the other algorithm, what SHA-256 says, and whether they are asked where the
    // file is measured only, and where it is appraised.
    for (name, reach, first, measured, appraised) in [
        ("no list", nothing, unknown, false, false),
        ("an unsigned list, unknown", unsigned, unknown, true, true),
        ("an unsigned list, known", unsigned, known, false, false),
        (
            "a signed list, known by an unsigned one",
            immutable,
            known,
            false,
            true,
        ),
        (
            "a mutable signed list, vouched for as mutable",
            mutable,
            vouched_mutable,
            false,
            false,
        ),
        (
            "an immutable one, vouched for as mutable",
            immutable,
            vouched_mutable,
            false,
            true,
        ),
        (
            "an immutable one, vouched for as immutable",
            immutable,
            vouched,
            false,
            false,
        ),
        (
            "revocations, vouched for as immutable",
            revoking,
            vouched,
            true,
            true,
        ),
        ("revocations, unknown", revoking, unknown, true, true),
        (
            "revocations, revoked already",
            revoking,
            revoked,
            false,
            false,
        ),
    ] {
        assert_eq!(reach.may_raise(first, false), measured, "{name}, measured");
        assert_eq!(reach.may_raise(first, true), appraised, "{name}, appraised");
    }
}

#[test]
fn a_verdict_is_the_last_word_only_where_no_list_can_add_to_it() {
    let kinds = [
        (Kind::Mutable, MEASURED),
        (Kind::Mutable, SIGNED),
        (Kind::Immutable, MEASURED),
        (Kind::Immutable, SIGNED),
        (Kind::Revoked, MEASURED),
        (Kind::Revoked, SIGNED),
    ];
    // Every set of lists with one digest each, and every verdict that one of them, or two together,
    // give.
    for lists in 0..1 << kinds.len() {
        let lists: Vec<_> = (0..kinds.len())
            .filter(|bit| lists & (1 << bit) != 0)
            .map(|bit| kinds[bit])
            .collect();
        let reach = reach(&lists);
        for a in &lists {
            for b in &lists {
                let one = join(verdict(a.0, a.1), verdict(b.0, b.1));
                let changed = lists
                    .iter()
                    .any(|list| join(one, verdict(list.0, list.1)) != one);
                assert_eq!(
                    reach.is_exhausted_by(&one.unwrap()),
                    !changed,
                    "{lists:?} {one:?}"
                );
            }
        }
    }
}
