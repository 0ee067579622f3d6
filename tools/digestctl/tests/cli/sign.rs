// SPDX-License-Identifier: GPL-2.0

//! `digestctl sign` and `verify`.

use std::{
    fs,
    path::Path,
    process::Command, //
};

use crate::{
    evidence::signer,
    skipped,
    Place, //
};

/// A list, and the keys and certificates of two people.
pub(crate) fn with_keys() -> Place {
    let place = Place::new();
    place.file("tree/a", "one");
    place.run("generate tree -o list").good();
    for name in ["alice", "bob"] {
        signer(&place, name);
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
        .said_no("1 list not verified");
    place
        .run("verify list --cert bob.pem --cert alice.pem")
        .good();
}

/// The certificate in a PEM file, in DER.
fn der(place: &Place, name: &str) -> Vec<u8> {
    use digest_logic::cursor::SliceSink;
    let pem = String::from_utf8(place.read(name)).expect("text");
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let mut room = vec![0; body.len()];
    let mut sink = SliceSink::new(&mut room);
    digest_logic::rpm::base64::decode(body.as_bytes(), &mut sink).expect("base64");
    sink.written().to_vec()
}

/// Verifies a copy of the list with its signature for each of `variants`, in one run, and returns
/// which of them are good, and the reason why each other is not.
fn verify_all(
    place: &Place,
    variants: &[(Vec<u8>, Vec<u8>)],
) -> (Vec<usize>, Vec<(usize, String)>) {
    fs::create_dir(place.path("variants")).expect("a directory");
    let mut line = "verify --cert alice.pem".to_owned();
    for (number, (list, signature)) in variants.iter().enumerate() {
        let name = format!("variants/{number}");
        fs::write(place.path(&name), list).expect("written");
        fs::write(place.path(&format!("{name}.p7s")), signature).expect("written");
        line.push_str(&format!(" {name}"));
    }
    let ran = place.run(&line);
    fs::remove_dir_all(place.path("variants")).expect("removed");
    let number = |text: &str| text.split(':').next().and_then(|n| n.parse().ok());
    let good = ran
        .out
        .lines()
        .filter_map(|line| number(line.strip_prefix("variants/")?))
        .collect();
    let bad = ran
        .err
        .lines()
        .filter_map(|line| {
            let rest = line.strip_prefix("digestctl: variants/")?;
            Some((number(rest)?, rest.to_owned()))
        })
        .collect();
    (good, bad)
}

#[test]
fn every_flipped_bit_of_the_list_is_noticed_by_the_format_or_by_the_signature() {
    let place = with_keys();
    place
        .run("sign list --key alice.key --cert alice.pem")
        .good();
    let (list, signature) = (place.read("list"), place.read("list.p7s"));
    let variants: Vec<_> = (0..list.len() * 8)
        .map(|bit| {
            let mut list = list.clone();
            list[bit / 8] ^= 1 << (bit % 8);
            (list, signature.clone())
        })
        .collect();
    let (good, bad) = verify_all(&place, &variants);
    assert_eq!(good, Vec::<usize>::new());
    assert_eq!(bad.len(), variants.len());
    for (bit, reason) in bad {
        // Of the header of 10 bytes, the second byte of the kind and all of count and length are
        // fixed by the rest of the list; the kind may become another one, which is a good list of
        // other meaning.
        let refused = ["not a digest list", "a damaged "]
            .iter()
            .any(|part| reason.contains(part));
        let by_format = (3..80).contains(&bit) || bit < 3 && refused;
        assert_eq!(refused, by_format, "bit {bit}: {reason}");
        assert!(
            by_format || reason.contains("erif"),
            "bit {bit} is refused by openssl: {reason}"
        );
    }
}

#[test]
fn a_flipped_bit_in_any_byte_of_the_signature_is_noticed_or_changes_nothing_of_who_signed() {
    let place = with_keys();
    place
        .run("sign list --key alice.key --cert alice.pem")
        .good();
    let (list, signature) = (place.read("list"), place.read("list.p7s"));
    let variants: Vec<_> = (0..signature.len())
        .map(|byte| {
            let mut signature = signature.clone();
            signature[byte] ^= 1 << (byte % 8);
            (list.clone(), signature)
        })
        .collect();
    let (good, bad) = verify_all(&place, &variants);
    assert_eq!(good.len() + bad.len(), variants.len());
    // The certificate that comes along only helps to find the signer's, which is the one that was
    // named.
    let certificate = der(&place, "alice.pem");
    let start = signature
        .windows(certificate.len())
        .position(|part| part == certificate);
    let inside = start.map_or(0..0, |start| start..start + certificate.len());
    let value = signature.len() - 256..signature.len();
    let outside: Vec<_> = good.iter().filter(|at| !inside.contains(at)).collect();
    eprintln!(
        "{} of {} bytes: a flipped bit was noticed; of the others {} are in the certificate, and these are not: {outside:?}",
        bad.len(),
        variants.len(),
        good.len() - outside.len()
    );
    assert!(outside.iter().all(|at| !value.contains(at)), "{outside:?}");
    // Versions and identifiers of algorithms and content that openssl does not look at: which bits
    // of these say nothing depends on where they stand.
    assert!(outside.len() < 48, "{outside:?}");
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
        .said_no("there is no signature beside it");
    place
        .run("verify list")
        .failed("--cert or --key has to name");
    place
        .run("verify list --key tree/a")
        .failed("has no OpenPGP key that can be used");
}

/// A key NAME.key and its certificate NAME.pem, issued by `issuer`, with the extensions
/// `extensions`.
fn issue(place: &Place, name: &str, issuer: &str, extensions: &str) {
    place.file("extensions", extensions);
    place.openssl(&format!(
        "req -newkey rsa:2048 -nodes -subj /CN={name} -keyout {name}.key -out {name}.csr"
    ));
    place.openssl(&format!(
            "x509 -req -in {name}.csr -CA {issuer}.pem -CAkey {issuer}.key -days 3000 -extfile extensions -out {name}.pem"
        ),
    );
}

#[test]
fn an_authority_that_only_the_system_trusts_vouches_for_nobody() {
    let place = with_keys();
    issue(&place, "leaf", "bob", "keyUsage=digitalSignature\n");
    place.run("sign list --key leaf.key --cert leaf.pem").good();
    fs::create_dir(place.path("system")).expect("a directory");
    fs::copy(place.path("bob.pem"), place.path("system/bob.pem")).expect("a copy");
    place.openssl("rehash system");
    let ran = Command::new(assert_cmd::cargo::cargo_bin!("digestctl"))
        .current_dir(place.path("."))
        .env("SSL_CERT_DIR", place.path("system"))
        .args(["verify", "list", "--cert", "alice.pem"])
        .output()
        .expect("digestctl runs");
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    place.run("verify list --cert bob.pem").good();
}

#[test]
fn an_authority_that_comes_along_vouches_for_nobody() {
    let place = with_keys();
    let authority = "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n";
    issue(&place, "between", "bob", authority);
    issue(&place, "leaf", "between", "keyUsage=digitalSignature\n");
    let sign = "cms -sign -binary -nosmimecap -md sha256 -outform DER -in list -signer leaf.pem -inkey leaf.key";
    place.openssl(&format!("{sign} -certfile between.pem -out list.p7s"));
    place
        .run("verify list --cert bob.pem")
        .said_no("1 list not verified");
    place.run("verify list --cert between.pem").good();
    place
        .run("verify list --cert bob.pem --cert between.pem")
        .good();
}

#[test]
fn a_key_by_which_the_kernel_takes_no_signature_signs_nothing_and_is_not_verified_by() {
    let place = with_keys();
    let request = "req -x509 -nodes -subj /CN=x -days 3000 -newkey";
    let usage = "-addext keyUsage=digitalSignature";
    place.openssl(&format!(
        "{request} rsa:2048 -keyout none.key -out none.pem"
    ));
    place.openssl(&format!(
        "{request} rsa:1024 {usage} -keyout weak.key -out weak.pem"
    ));
    place.openssl(&format!(
        "{request} ed25519 {usage} -keyout edwards.key -out edwards.pem"
    ));
    place.openssl(&format!("{request} ec {usage} -pkeyopt ec_paramgen_curve:secp256k1 -keyout curve.key -out curve.pem"),
    );
    for (name, reason) in [
        ("none", "digitalSignature"),
        ("weak", "2048"),
        ("edwards", "Ed25519"),
        ("curve", "ECDSA"),
    ] {
        place
            .run(&format!("sign list --key {name}.key --cert {name}.pem"))
            .failed(reason);
        // Ed25519 signs no other digest than this.
        let md = if name == "edwards" {
            "sha512"
        } else {
            "sha256"
        };
        place.openssl(&format!(
                "cms -sign -binary -nosmimecap -md {md} -outform DER -in list -signer {name}.pem -inkey {name}.key -out list.p7s"
            ),
        );
        place
            .run(&format!("verify list --cert {name}.pem"))
            .said_no(reason);
    }
    place.openssl(&format!(
        "{request} ec {usage} -pkeyopt ec_paramgen_curve:P-384 -keyout good.key -out good.pem"
    ));
    place.run("sign list --key good.key --cert good.pem").good();
    place.run("verify list --cert good.pem").good();
}

#[test]
fn a_signature_of_ima_counts_by_the_clock_only_while_the_certificate_is_valid() {
    let place = with_keys();
    let request = "req -x509 -newkey rsa:2048 -nodes -subj /CN=x -addext keyUsage=digitalSignature";
    let purpose = "-addext extendedKeyUsage=2.25.143659338753134025303514290992400176090";
    let times = "-not_before 20200101000000Z -not_after 20210101000000Z";
    place.openssl(&format!(
        "{request} {purpose} {times} -keyout old.key -out old.pem"
    ));
    place.openssl("dgst -sha256 -sign old.key -out value list");
    let value = place.read("value");
    // The identifier of the key is only a hint.
    let header = [3, 2, 4, 0, 0, 0, 0, 1, 0];
    place.file("list.sig", [&header[..], &value].concat());
    place.run("verify list --cert old.pem").good();
    place
        .run("verify list --cert old.pem --validity clock")
        .said_no("1 list not verified");
}

/// Runs a program that has to succeed, with a token of SoftHSM's in the place. `configuration` is
/// openssl's.
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
            "-addext",
            "keyUsage=digitalSignature",
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
