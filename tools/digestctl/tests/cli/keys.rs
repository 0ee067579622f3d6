// SPDX-License-Identifier: GPL-2.0

//! `digestctl keys`, against a file that stands in for securityfs; the kernel's own answers are
//! tested in the guest.

use std::process::Command;

use crate::Place;

const DIR: &str = "--securityfs security";

fn with_certificate() -> Place {
    let place = Place::new();
    place.file("security/trusted_keys", "");
    place.openssl(
        "req -x509 -newkey rsa:2048 -nodes -days 3650 -sha256 -subj /CN=alice \
         -keyout alice.key -out alice.pem -addext keyUsage=digitalSignature",
    );
    place
}

fn der_of(place: &Place, pem: &str) -> Vec<u8> {
    let der = Command::new("openssl")
        .current_dir(place.path(""))
        .args(["x509", "-in", pem, "-outform", "DER"])
        .output()
        .expect("openssl runs");
    der.stdout
}

#[test]
fn keys_are_shown_as_the_module_tells_them() {
    let place = Place::new();
    place.file("security/trusted_keys", "ab12 algo=rsa2048 state=valid\n");
    place
        .run(&format!("keys show {DIR}"))
        .good()
        .printed("ab12 algo=rsa2048 state=valid\n");
}

#[test]
fn a_certificate_is_added_without_its_armor() {
    let place = with_certificate();
    place
        .run(&format!("keys add alice.pem {DIR}"))
        .good()
        .printed("1 file added\n");
    let der = der_of(&place, "alice.pem");
    assert_eq!(place.read("security/trusted_keys"), der);
    place.file("alice.der", &der);
    place.file("security/trusted_keys", "");
    place.run(&format!("keys add alice.der {DIR}")).good();
    assert_eq!(place.read("security/trusted_keys"), der);
}

#[test]
fn a_key_file_is_a_line_and_the_certificate_and_is_added_by_its_path() {
    let place = with_certificate();
    place
        .run("keys sign alice.pem --key alice.key --cert alice.pem")
        .good()
        .printed("alice.pem.keyfile\n");
    let der = der_of(&place, "alice.pem");
    let file = [b"digest_lists key\n".as_slice(), &der].concat();
    assert_eq!(place.read("alice.pem.keyfile"), file);
    let verified = Command::new("openssl")
        .current_dir(place.path(""))
        .args([
            "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any",
        ])
        .args([
            "-in",
            "alice.pem.keyfile.sig",
            "-content",
            "alice.pem.keyfile",
        ])
        .args(["-CAfile", "alice.pem", "-out", "content"])
        .status()
        .expect("openssl runs");
    assert!(verified.success());

    place
        .run(&format!("keys add alice.pem.keyfile {DIR}"))
        .good();
    let path = place
        .path("alice.pem.keyfile")
        .canonicalize()
        .expect("there");
    assert_eq!(
        place.read("security/trusted_keys"),
        path.to_str().expect("UTF-8").as_bytes()
    );
}

#[test]
fn keys_are_revoked_by_their_identifiers() {
    let place = Place::new();
    place.file("security/trusted_keys", "");
    place
        .run(&format!("keys revoke 00112233 {DIR}"))
        .good()
        .printed("1 key revoked\n");
    assert_eq!(place.read("security/trusted_keys"), b"revoke 00112233");
}

#[test]
fn what_is_no_certificate_or_more_than_one_is_refused() {
    let place = with_certificate();
    place.file("text", "no key");
    let twice = [place.read("alice.pem"), place.read("alice.pem")].concat();
    place.file("two.pem", &twice);
    place.file("openpgp", [0x99, 0, 0]);
    for (file, reason) in [
        ("text", "malformed public key"),
        ("two.pem", "more than one certificate"),
        ("alice.key", "is no certificate"),
        ("openpgp", "in a key file that a trusted key signed"),
        ("none", "cannot read"),
    ] {
        place.run(&format!("keys add {file} {DIR}")).failed(reason);
    }
    place
        .run("keys sign two.pem --key alice.key --cert alice.pem")
        .failed("more than one certificate");
    place
        .run("keys sign text --key alice.key --cert alice.pem")
        .failed("text is no certificate");
    assert!(!place.has("text.keyfile"));
}

/// What openssl prints for the certificate alice.pem, without what separates the bytes.
fn openssl_hex(place: &Place, args: &[&str]) -> String {
    let printed = Command::new("openssl")
        .current_dir(place.path(""))
        .args(args)
        .output()
        .expect("openssl runs");
    assert!(printed.status.success());
    let text = String::from_utf8_lossy(&printed.stdout);
    let last = text.lines().last().unwrap_or_default();
    let hex = last.rsplit([' ', '=']).next().unwrap_or_default();
    hex.replace(':', "").to_lowercase()
}

#[test]
fn keys_in_files_are_shown_by_the_identifiers_of_the_module() {
    let place = with_certificate();
    place
        .run("keys sign alice.pem --key alice.key --cert alice.pem")
        .good();
    let id = openssl_hex(
        &place,
        &[
            "x509",
            "-in",
            "alice.pem",
            "-noout",
            "-ext",
            "subjectKeyIdentifier",
        ],
    );
    assert_eq!(id.len(), 40);
    place
        .run("keys show alice.pem alice.pem.keyfile")
        .good()
        .printed(&format!(
            "{id} file=alice.pem\n{id} file=alice.pem.keyfile\n"
        ));
    place.file("alice.der", der_of(&place, "alice.pem"));
    place
        .run("keys show alice.der --json")
        .good()
        .printed(&format!(
            "[\n  {{\n    \"file\": \"alice.der\",\n    \"id\": \"{id}\"\n  }}\n]\n"
        ));
}

#[test]
fn a_certificate_without_an_identifier_has_that_of_its_signed_part() {
    let place = with_certificate();
    for args in [
        "req -x509 -new -key alice.key -subj /CN=bob -addext keyUsage=digitalSignature -addext subjectKeyIdentifier=none -out bob.pem",
        "x509 -in bob.pem -outform DER -out bob.der",
        "asn1parse -inform DER -in bob.der -strparse 4 -noout -out signed",
    ] {
        openssl_hex(&place, &args.split(' ').collect::<Vec<_>>());
    }
    let id = openssl_hex(&place, &["dgst", "-sha256", "signed"]);
    assert_eq!(id.len(), 64);
    place
        .run("keys show bob.pem")
        .good()
        .printed(&format!("{id} file=bob.pem\n"));
}

#[test]
fn a_file_without_a_key_is_named() {
    let place = with_certificate();
    place.file("other", "no key\n");
    place
        .run("keys show alice.pem other")
        .failed("other has no key");
}

/// Makes the certificate NAME.pem of a new key, with more options for openssl.
fn certificate(place: &Place, name: &str, key: &str, more: &str) {
    let line = format!(
        "req -x509 -newkey {key} -nodes -days 3650 -subj /CN={name} -keyout {name}.key \
         -out {name}.pem {more}"
    );
    place.openssl(&line);
}

#[test]
fn a_key_that_the_module_would_not_take_is_shown_with_the_reason() {
    let place = with_certificate();
    let sign = "-addext keyUsage=digitalSignature";
    for (name, key, more, reason) in [
        (
            "server",
            "rsa:2048",
            "-addext keyUsage=digitalSignature -addext extendedKeyUsage=serverAuth",
            "the certificate's extendedKeyUsage is neither for signing code nor for lists",
        ),
        (
            "cipher",
            "rsa:2048",
            "-addext keyUsage=keyEncipherment",
            "the certificate does not allow its key this use",
        ),
        ("short", "rsa:1024", sign, "RSA key shorter than 2048 bits"),
        (
            "edwards",
            "ed25519",
            sign,
            "the kernel cannot verify Ed25519 signatures",
        ),
        (
            "old",
            "rsa:2048",
            "-sha1 -addext keyUsage=digitalSignature",
            "the signature is over SHA-1: too weak",
        ),
    ] {
        certificate(&place, name, key, more);
        let file = format!("{name}.pem");
        let ran = place.run(&format!("keys show {file}"));
        assert!(
            ran.out.contains(&format!(" file={file} refused={reason}")),
            "{}",
            ran.out
        );
        ran.said_no(&format!("{file} has no key that the module would take"));
    }
    // Another one in the file is one.
    let both = [place.read("server.pem"), place.read("alice.pem")].concat();
    place.file("both.pem", both);
    let ran = place.run("keys show both.pem").good();
    let refused: Vec<_> = ran
        .out
        .lines()
        .map(|line| line.contains("refused="))
        .collect();
    assert_eq!(refused, [true, false]);
    let ran = place.run("keys show server.pem --json");
    assert!(ran
        .out
        .contains("\"refused\": \"the certificate's extendedKeyUsage"));
}

#[test]
fn an_authority_is_taken_as_a_certificate_and_not_in_a_key_file() {
    let place = with_certificate();
    certificate(
        &place,
        "authority",
        "rsa:2048",
        "-addext keyUsage=critical,keyCertSign",
    );
    place.run("keys show authority.pem").good();
    let file = [&b"digest_lists key\n"[..], &der_of(&place, "authority.pem")].concat();
    place.file("authority.keyfile", file);
    let ran = place.run("keys show authority.keyfile");
    ran.said_no("authority.keyfile has no key that the module would take")
        .printed("refused=the certificate does not allow its key this use");
}
