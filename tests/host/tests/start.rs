// SPDX-License-Identifier: GPL-2.0

//! The text of the start record, and which PCRs records may extend.

use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo,
    pcr::{
        self,
        Unusable, //
    },
    start::{
        write_pcr,
        Initial,
        Start, //
    },
    storage::Kinds, //
};

const SM3: u16 = 0x0012;

fn start() -> Start<'static> {
    Start {
        allow_unload: false,
        dedicated_keys: true,
        ima_appraise: "enforce",
        kernel: "7.3.4+deb13-amd64",
        own_storage: Kinds::LOOP.and(Kinds::REMOVABLE),
        pcr: 12,
        policy: Digest::zero(HashAlgo::Sha256),
        require_signature: true,
        tpm_required: false,
        trust_machine_keyring: true,
        validity: "signing",
        version: "4.5.6",
    }
}

fn bank(algo: u16, value: &[u8]) -> Initial<'_> {
    Initial { algo, value }
}

fn text(initial: &[Initial<'_>]) -> String {
    let mut text = String::new();
    start().write(initial.iter().copied(), &mut text).unwrap();
    text
}

fn keys(text: &str) -> Vec<&str> {
    text.lines()
        .map(|line| line.split_once('=').unwrap().0)
        .collect()
}

#[test]
fn the_start_record_has_a_line_for_each_fact() {
    let zeros = "0".repeat(64);
    assert_eq!(
        text(&[bank(0x0b, &[0; 32]), bank(0x04, &[0xa5; 20])]),
        format!(
            "allow_unload=0\ndedicated_keys=1\nima_appraise=enforce\nkernel=7.3.4+deb13-amd64\nown_storage=loop,removable\npcr=12\npcr_initial_sha1={}\npcr_initial_sha256={zeros}\n\
             policy=sha256:{zeros}\nrequire_signature=1\ntpm_required=0\n\
             trust_machine_keyring=1\nvalidity=signing\nversion=4.5.6\n",
            "a5".repeat(20),
        )
    );
}

#[test]
fn without_a_tpm_it_says_nothing_of_the_pcr_but_its_number() {
    assert_eq!(
        keys(&text(&[])),
        [
            "allow_unload",
            "dedicated_keys",
            "ima_appraise",
            "kernel",
            "own_storage",
            "pcr",
            "policy",
            "require_signature",
            "tpm_required",
            "trust_machine_keyring",
            "validity",
            "version"
        ]
    );
}

#[test]
fn the_keys_are_sorted_whatever_the_order_of_the_banks() {
    let mut banks = [
        bank(0x04, &[1; 20]),
        bank(0x0b, &[2; 32]),
        bank(0x0c, &[3; 48]),
        bank(0x0d, &[4; 64]),
        bank(SM3, &[5; 32]),
        bank(0x27, &[6; 32]),
    ];
    let want = text(&banks);
    assert_eq!(keys(&want).len(), 12 + banks.len());
    let mut sorted = keys(&want);
    sorted.sort_unstable();
    assert_eq!(keys(&want), sorted);
    for turn in 1..banks.len() {
        banks.rotate_left(1);
        assert_eq!(text(&banks), want, "rotated by {turn}");
    }
    banks.reverse();
    assert_eq!(text(&banks), want);
}

#[test]
fn a_bank_without_a_name_is_named_by_its_number() {
    assert!(text(&[bank(SM3, &[0xab; 2])]).contains("\npcr_initial_0x0012=abab\n"));
}

#[test]
fn a_late_tpm_has_the_lines_of_the_pcr() {
    let mut text = String::new();
    write_pcr(13, [bank(0x0b, &[7; 3])].into_iter(), &mut text).unwrap();
    assert_eq!(text, "pcr=13\npcr_initial_sha256=070707\n");
}

#[test]
fn every_pcr_is_taken_or_refused_for_its_reason() {
    let want = |pcr, test| match pcr {
        8 | 11..=15 => Ok(()),
        16 | 23 if test => Ok(()),
        16 | 23 => Err(Unusable::Resettable),
        10 => Err(Unusable::Ima),
        17..=22 => Err(Unusable::Locality),
        0..=9 => Err(Unusable::Firmware),
        _ => Err(Unusable::Missing),
    };
    for test in [false, true] {
        for pcr in (0..40).chain([u32::MAX]) {
            assert_eq!(
                pcr::check(pcr, test),
                want(pcr, test),
                "pcr={pcr} test={test}"
            );
        }
    }
}

#[test]
fn every_refusal_says_why() {
    for (pcr, reason) in [
        (0, "firmware"),
        (9, "boot loader"),
        (10, "IMA"),
        (16, "root can reset"),
        (17, "cannot extend"),
        (24, "0 to 23"),
    ] {
        let text = pcr::check(pcr, false).unwrap_err().to_string();
        assert!(text.contains(reason), "pcr={pcr}: {text}");
    }
}
