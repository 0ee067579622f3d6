// SPDX-License-Identifier: GPL-2.0

//! Whether a file is good enough: every combination of what is known of it with what rules ask for.

use digest_logic::{
    appraise::{
        judge,
        Denial,
        Evidence,
        Own,
        Reference as Good,
        Vouchers, //
    },
    cursor::SliceSink,
    digest::Digest,
    hash_algo::HashAlgo,
    list::Kind,
    modsig,
    policy::{
        evaluate,
        rules,
        ActionSet,
        Appraise,
        Capabilities,
        Context,
        Func,
        Mask,
        Task, //
    },
    reference::{
        is_signature,
        write_digest,
        Reference,
        MAX_DIGEST_VALUE, //
    },
    refusal::Cause, //
};

/// The rule in `text`, as the policy language gives it.
fn rule(options: &str) -> Appraise {
    let text = format!("appraise func=BPRM_CHECK {options}");
    let parsed: Vec<_> = rules(&text, &Capabilities::SERVED)
        .collect::<Result<_, _>>()
        .expect("a rule");
    let context = Context {
        func: Func::BprmCheck,
        mask: Mask::EXEC,
        task: Task {
            uid: 0,
            euid: 0,
            suid: 0,
            cap_setuid: false,
            gid: 0,
            egid: 0,
            sgid: 0,
            cap_setgid: false,
            label: None,
        },
        file: Some(digest_logic::policy::File {
            owner: 0,
            group: 0,
            fsmagic: 0,
            fsuuid: [0; 16],
            fsname: "ext4",
            fs_subtype: None,
            label: None,
        }),
        data: None,
    };
    evaluate(&parsed, &text, &context, ActionSet::ALL, |_| ())
        .appraise
        .expect("the rule matches")
}

const DIGEST: Own = Own::Good(Good {
    algo: HashAlgo::Sha256,
    signed: false,
});
const SIGNATURE: Own = Own::Good(Good {
    algo: HashAlgo::Sha256,
    signed: true,
});
const BAD: Own = Own::Bad(Denial::InvalidHash);

fn judged(rule: &Appraise, own: Own, list: Option<Kind>) -> Result<Vouchers, Denial> {
    let evidence = Evidence {
        own,
        list,
        is_new: false,
        is_empty: false,
    };
    judge(rule, &evidence)
}

#[test]
fn the_table_of_the_documentation_holds() {
    use Denial::{
        InvalidHash,
        MissingHash,
        Revoked,
        SignatureRequired, //
    };
    use Kind::{
        Immutable,
        Mutable, //
    };
    // What is known, then the refusal by a plain rule and by one with appraise_type=imasig; none
    // for a pass.
    let cases = [
        (SIGNATURE, Some(Immutable), None, None),
        (SIGNATURE, Some(Mutable), None, None),
        (SIGNATURE, None, None, None),
        (DIGEST, Some(Immutable), None, None),
        (DIGEST, Some(Mutable), None, Some(SignatureRequired)),
        (DIGEST, None, None, Some(SignatureRequired)),
        (BAD, Some(Immutable), None, None),
        (BAD, Some(Mutable), Some(InvalidHash), Some(InvalidHash)),
        (BAD, None, Some(InvalidHash), Some(InvalidHash)),
        (Own::Absent, Some(Immutable), None, None),
        (Own::Absent, Some(Mutable), None, Some(SignatureRequired)),
        (
            Own::Absent,
            None,
            Some(MissingHash),
            Some(SignatureRequired),
        ),
    ];
    let (plain, imasig) = (
        rule("digest_list"),
        rule("appraise_type=imasig digest_list"),
    );
    for (own, list, by_plain, by_imasig) in cases {
        assert_eq!(
            judged(&plain, own, list).err(),
            by_plain,
            "{own:?} {list:?}"
        );
        assert_eq!(
            judged(&imasig, own, list).err(),
            by_imasig,
            "{own:?} {list:?}"
        );
    }
    for own in [SIGNATURE, DIGEST, BAD, Own::Absent] {
        for rule in [&plain, &imasig] {
            assert_eq!(judged(rule, own, Some(Kind::Revoked)), Err(Revoked));
        }
    }
}

#[test]
fn without_digest_list_no_list_counts() {
    let plain = rule("");
    for list in [
        None,
        Some(Kind::Immutable),
        Some(Kind::Mutable),
        Some(Kind::Revoked),
    ] {
        assert_eq!(judged(&plain, Own::Absent, list), Err(Denial::MissingHash));
        let passed = judged(&plain, DIGEST, list).expect("a digest is enough");
        assert_eq!(passed.list, None);
        assert!(!passed.are_signed());
    }
}

#[test]
fn algorithms_are_asked_of_the_reference_value_only() {
    let sha512 = rule("appraise_algos=sha512 digest_list");
    assert_eq!(
        judged(&sha512, DIGEST, None),
        Err(Denial::DeniedHashAlgorithm)
    );
    assert_eq!(
        judged(&sha512, SIGNATURE, None),
        Err(Denial::DeniedHashAlgorithm)
    );
    judged(&sha512, Own::Absent, Some(Kind::Immutable)).expect("a list is enough");
    let two = rule("appraise_algos=sha256,sha512");
    judged(&two, DIGEST, None).expect("one of the two");
}

#[test]
fn a_new_file_passes_until_it_is_closed() {
    let evidence = |is_new, is_empty, own| Evidence {
        own,
        list: None,
        is_new,
        is_empty,
    };
    let (plain, imasig) = (rule(""), rule("appraise_type=imasig"));
    assert_eq!(
        judge(&plain, &evidence(true, false, Own::Absent)),
        Ok(Vouchers::default())
    );
    assert_eq!(
        judge(&imasig, &evidence(true, true, Own::Absent)),
        Ok(Vouchers::default())
    );
    assert!(judge(&imasig, &evidence(true, false, Own::Absent)).is_err());
    assert!(judge(&plain, &evidence(true, true, BAD)).is_err());
    assert!(judge(&plain, &evidence(false, true, Own::Absent)).is_err());
}

#[test]
fn what_passed_once_passes_again_from_memory() {
    let rules = [
        rule(""),
        rule("digest_list"),
        rule("appraise_type=imasig"),
        rule("appraise_type=imasig digest_list"),
        rule("appraise_algos=sha256 digest_list"),
        rule("appraise_algos=sha512"),
    ];
    for own in [SIGNATURE, DIGEST, BAD, Own::Absent] {
        for list in [None, Some(Kind::Immutable), Some(Kind::Mutable)] {
            for first in &rules {
                let Ok(vouchers) = judged(first, own, list) else {
                    continue;
                };
                assert!(vouchers.satisfy(first));
                // Nothing passes from memory that would not pass by itself.
                for second in &rules {
                    assert!(!vouchers.satisfy(second) || judged(second, own, list).is_ok());
                }
            }
        }
    }
}

#[test]
fn reference_values_are_read_as_they_are_written() {
    for algo in HashAlgo::STRONG {
        let digest = Digest::new(algo, &vec![7; algo.digest_size()]).expect("a digest");
        let mut buf = [0; MAX_DIGEST_VALUE];
        let mut sink = SliceSink::new(&mut buf);
        write_digest(&digest, &mut sink).expect("room");
        let value = sink.written().to_vec();
        assert_eq!(value[..2], [4, u8::try_from(algo.id()).expect("small")]);
        assert_eq!(Reference::parse(&value), Ok(Reference::Digest(digest)));
        assert!(!is_signature(&value));
        for len in 0..value.len() {
            Reference::parse(&value[..len]).expect_err("cut short");
        }
        Reference::parse(&[&value[..], &[0]].concat()).expect_err("too long");
    }
    let old = [&[1u8][..], &[0; 20]].concat();
    assert_eq!(Reference::parse(&old), Err(Cause::WeakAlgorithm));
    let sha1 = [&[4u8, 2][..], &[0; 20]].concat();
    assert_eq!(Reference::parse(&sha1), Err(Cause::WeakAlgorithm));
    let signature = [3, 2, 4, 1, 2, 3, 4, 0, 2, 9, 9];
    assert!(matches!(
        Reference::parse(&signature),
        Ok(Reference::Signature(_))
    ));
    assert!(is_signature(&signature));
    let verity = [6, 3, 4, 1, 2, 3, 4, 0, 2, 9, 9];
    assert_eq!(Reference::parse(&verity), Err(Cause::SignatureOfOtherKind));
    assert!(is_signature(&verity));
    for kind in [0, 2, 5, 7, 0xff] {
        assert_eq!(Reference::parse(&[kind, 4, 0]), Err(Cause::BadMagic));
    }
}

#[test]
fn an_appended_signature_is_split_off() {
    let made = |content: &[u8], signature: &[u8], len: u32| {
        let info = [&[0, 0, 2, 0, 0, 0, 0, 0][..], &len.to_be_bytes()].concat();
        [content, signature, &info, modsig::MARKER].concat()
    };
    let whole = made(b"content", b"signature", 9);
    assert_eq!(
        modsig::split(&whole),
        Some((&b"content"[..], &b"signature"[..]))
    );
    assert_eq!(
        modsig::split(&made(b"", b"signature", 9)),
        Some((&b""[..], &b"signature"[..]))
    );
    assert_eq!(modsig::split(&made(b"content", b"signature", 17)), None);
    assert_eq!(modsig::split(b"content"), None);
    assert_eq!(modsig::split(modsig::MARKER), None);
    for place in whole.len() - 40..whole.len() - 32 {
        let mut other = whole.clone();
        other[place] ^= 1;
        assert_eq!(modsig::split(&other), None, "byte {place}");
    }
}
