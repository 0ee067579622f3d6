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

const MEASURED: (bool, bool) = (true, false);
const SIGNED: (bool, bool) = (true, true);

fn verdict(kind: Kind, (measure, appraise): (bool, bool)) -> Option<Verdict> {
    Some(Verdict::of(kind, measure, appraise))
}

fn reach(lists: &[(Kind, (bool, bool))]) -> Reach {
    let mut reach = Reach::default();
    for (kind, (measure, appraise)) in lists {
        let mut counts = Counts::default();
        *match kind {
            Kind::Immutable => &mut counts.immutable,
            Kind::Mutable => &mut counts.mutable,
            Kind::Revoked => &mut counts.revoked,
        } = 1;
        reach.add(&counts, *measure, *appraise);
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
    // The lists of the other algorithm, what SHA-256 says, and whether they are asked where the file is measured only,
    // and where it is appraised.
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
