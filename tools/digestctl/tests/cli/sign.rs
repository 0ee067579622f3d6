// SPDX-License-Identifier: GPL-2.0

//! `digestctl sign` and `verify`.

use std::{
    fs,
    path::Path,
    process::Command, //
};

use crate::{
    skipped,
    Place, //
};

/// A list, and the keys and certificates of two people.
fn with_keys() -> Place {
    let place = Place::new();
    place.file("tree/a", "one");
    place.run("generate tree -o list").good();
    for name in ["alice", "bob"] {
        let made = Command::new("openssl")
            .current_dir(place.path(""))
            .args([
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-sha256",
            ])
            .args([
                "-subj",
                &format!("/CN={name}"),
                "-keyout",
                &format!("{name}.key"),
            ])
            .args(["-out", &format!("{name}.pem")])
            .output()
            .expect("openssl runs");
        assert!(made.status.success());
    }
    place
}

#[test]
fn what_one_signs_is_good_by_his_certificate_and_no_other() {
    let place = with_keys();
    place
        .run("sign list --key alice.key --cert alice.pem")
        .good()
        .printed("list.p7s: ");
    place
        .run("verify list --cert alice.pem")
        .good()
        .printed("list: good signature, PKCS#7\n");
    place
        .run("verify list --cert bob.pem")
        .failed("1 list not verified");
    place
        .run("verify list --cert bob.pem --cert alice.pem")
        .good();
}

#[test]
fn every_flipped_bit_of_the_list_or_the_signature_is_noticed() {
    let place = with_keys();
    place
        .run("sign list --key alice.key --cert alice.pem")
        .good();
    for (name, places) in [
        ("list", vec![12, 20, 41]),
        ("list.p7s", vec![600, 900, 1000]),
    ] {
        let good = place.read(name);
        for place_of_bit in places {
            let mut bad = good.clone();
            bad[place_of_bit] ^= 4;
            fs::write(place.path(name), &bad).expect("written");
            // In the certificate that comes along some bits mean nothing: then it must be the same signer's.
            let ran = place.run("verify list --cert alice.pem");
            assert!(
                ran.code == 1 || name == "list.p7s" && place_of_bit < 700,
                "{name} {place_of_bit}"
            );
        }
        fs::write(place.path(name), &good).expect("written");
    }
    place.run("verify list --cert alice.pem").good();
}

#[test]
fn metadata_carry_the_signature_that_lies_beside_a_list() {
    let place = with_keys();
    place
        .run("metadata list -o meta")
        .good()
        .printed("metadata of 1 list\n");
    place
        .run("sign list --key alice.key --cert alice.pem")
        .good();
    let size = place.read("list.p7s").len();
    place
        .run("metadata list -o meta")
        .good()
        .printed("metadata of 1 list, 1 signed\n");
    place
        .run("show meta")
        .good()
        .printed(&format!("signature: {size} bytes\n"));
    place.run("metadata --unsigned list -o meta").good();
    place.run("show meta").good().printed("signature: none\n");
    place.file("list.p7s", "no signature");
    place
        .run("metadata list -o meta")
        .failed("list.p7s is no signature");
}

#[test]
fn what_cannot_be_signed_or_verified_is_told() {
    let place = with_keys();
    place
        .run("sign tree/a --key alice.key --cert alice.pem")
        .failed("tree/a is not a digest list");
    place
        .run("sign list --key none.key --cert alice.pem")
        .failed("openssl cannot sign list");
    place
        .run("sign list --key bob.key --cert alice.pem")
        .failed("openssl cannot sign list");
    assert!(!place.has("list.p7s"));
    place
        .run("verify list --cert alice.pem")
        .failed("there is no signature beside it");
    place.run("verify list").failed("(--cert, --key)");
    place
        .run("verify list --key tree/a")
        .failed("is no OpenPGP key");
}

/// Runs a program that has to succeed, with a token of SoftHSM's in the place. `configuration` is openssl's.
fn with_token(place: &Place, configuration: &str, program: &mut Command) {
    let ran = program
        .current_dir(place.path("."))
        .env("SOFTHSM2_CONF", place.path("softhsm2.conf"))
        .env("OPENSSL_CONF", place.path(configuration))
        .output()
        .expect("it runs");
    assert!(ran.status.success(), "{ran:?}");
}

#[test]
fn the_key_may_be_in_a_token() {
    const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
    const KEY: &str = "pkcs11:token=test;object=signer;type=private?pin-value=1234";
    if !Path::new(MODULE).exists() {
        skipped("SoftHSM is not installed");
        return;
    }
    let place = Place::new();
    fs::create_dir(place.path("tokens")).expect("a directory");
    let tokens = place.path("tokens");
    place.file(
        "softhsm2.conf",
        format!("directories.tokendir = {}\n", tokens.display()),
    );
    place.file(
        "openssl.cnf",
        format!(
            "openssl_conf = init\n[init]\nproviders = all\n[all]\ndefault = own\npkcs11 = token\n\
             [own]\nactivate = 1\n[token]\npkcs11-module-path = {MODULE}\n\
             pkcs11-module-quirks = no-deinit no-operation-state\n\
             pkcs11-module-load-behavior = early\nactivate = 1\n\
             [req]\ndistinguished_name = name\n[name]\n"
        ),
    );
    // SoftHSM uses openssl's library itself, which must not ask SoftHSM.
    place.file("none", "");
    let init = "--init-token --free --label test --pin 1234 --so-pin 1234";
    with_token(
        &place,
        "none",
        Command::new("softhsm2-util").args(init.split(' ')),
    );
    let generate = "--login --pin 1234 --keypairgen --key-type rsa:2048 --id 01 --label signer";
    with_token(
        &place,
        "none",
        Command::new("pkcs11-tool")
            .args(["--module", MODULE])
            .args(generate.split(' ')),
    );
    with_token(
        &place,
        "openssl.cnf",
        Command::new("openssl").args([
            "req",
            "-x509",
            "-new",
            "-key",
            KEY,
            "-subj",
            "/CN=token",
            "-out",
            "cert",
            "-days",
            "9",
        ]),
    );
    place.file("a", "a");
    place.run("generate a -o list").good();
    with_token(
        &place,
        "openssl.cnf",
        Command::new(assert_cmd::cargo::cargo_bin!("digestctl"))
            .args(["sign", "list", "--cert", "cert", "--key", KEY]),
    );
    place.run("verify list --cert cert").good();
    // Without the configuration the remedy is named.
    place
        .run(&format!("sign list --cert cert --key {KEY}"))
        .failed("package pkcs11-provider");
}
