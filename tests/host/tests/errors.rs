// SPDX-License-Identifier: GPL-2.0

//! Causes: each has an errno and a text of its own.

use std::collections::HashSet;

use digest_logic::{
    error::Error,
    openpgp::{
        PublicKeyAlgo,
        WeakHash, //
    }, //
};

#[test]
fn every_cause_has_an_errno_and_a_text_of_its_own() {
    let errnos: HashSet<i32> = Error::ALL.iter().map(|error| error.errno()).collect();
    let causes: HashSet<&str> = Error::ALL.iter().map(|error| error.cause()).collect();
    assert_eq!(errnos.len(), Error::ALL.len());
    assert_eq!(causes.len(), Error::ALL.len());
    for error in Error::ALL {
        // What Linux knows, without those that tell of files, memory, permissions and keys.
        assert!((1..=133).contains(&error.errno()), "{error:?}");
        for other in [1, 2, 4, 5, 9, 11, 12, 13, 14, 16, 21, 22, 27, 126, 127, 128] {
            assert_ne!(error.errno(), other, "{error:?}");
        }
        assert_eq!(error.to_string(), error.cause());
    }
}

#[test]
fn algorithms_that_cannot_be_verified_are_refused_by_name() {
    let cases = [
        (16, "Elgamal"),
        (17, "DSA"),
        (22, "EdDSA"),
        (27, "Ed25519"),
        (28, "Ed448"),
        (30, "ML-DSA-65+Ed25519"),
        (31, "ML-DSA-87+Ed448"),
        (32, "SLH-DSA"),
    ];
    for (id, name) in cases {
        let algo = PublicKeyAlgo::from_id(id);
        assert_eq!(algo.to_string(), name);
        let error = algo.verifiable().unwrap_err();
        assert_eq!(error, Error::UnverifiableSignature(algo));
        assert!(error.cause().contains(name), "{}", error.cause());
    }
    for (hash, name) in [
        (WeakHash::Md5, "MD5"),
        (WeakHash::Sha1, "SHA-1"),
        (WeakHash::Ripemd160, "RIPEMD-160"),
    ] {
        assert!(Error::WeakSignatureHash(hash).cause().contains(name));
    }
    for id in 0..=u8::MAX {
        let algo = PublicKeyAlgo::from_id(id);
        let expected = matches!(id, 1 | 3 | 19);
        assert_eq!(algo.verifiable().is_ok(), expected, "{id}");
    }
}

/// The names that stand as comments beside the numbers in a source file: `… => 28, // ENOSPC`.
fn errno_names(source: &str) -> Vec<(i32, &str)> {
    source
        .lines()
        .filter_map(|line| line.split_once(" => ")?.1.split_once("// E"))
        .map(|(number, _)| number)
        .zip(
            source
                .lines()
                .filter(|line| line.contains(" => ") && line.contains("// E"))
                .filter_map(|line| line.split_once("// ").map(|(_, name)| name.trim())),
        )
        .map(|(number, name)| (number.trim().trim_end_matches(',').parse().unwrap(), name))
        .collect()
}

#[test]
fn the_documentation_has_every_errno_of_the_module() {
    let abi = include_str!("../../../Documentation/abi.md");
    let causes = errno_names(include_str!("../../../src/logic/errno.rs"));
    let reasons = errno_names(include_str!("../../../src/reason.rs"));
    assert_eq!(causes.len(), Error::ALL.len());
    assert!(reasons.len() > 10, "{reasons:?}");
    for (number, name) in causes.iter().chain(&reasons) {
        assert!(
            abi.contains(&format!("`{name}`")),
            "{name} ({number}) is not in abi.md"
        );
    }
    for error in Error::ALL {
        assert!(causes.iter().any(|(number, _)| *number == error.errno()));
    }
}
