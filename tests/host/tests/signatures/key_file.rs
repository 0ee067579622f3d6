// SPDX-License-Identifier: GPL-2.0

//! Key files: a first line, and a certificate.

use digest_logic::{
    key_file::{
        KeyFile,
        MAGIC, //
    },
    refusal::Cause, //
};

fn parsed(certificate: &[u8]) -> Result<bool, Cause> {
    let file = [MAGIC, certificate].concat();
    KeyFile::parse(&file).map(|file| {
        assert_eq!(file.certificate(), certificate);
        matches!(file, KeyFile::OpenPgp(_))
    })
}

#[test]
fn a_key_file_holds_an_x509_or_an_openpgp_certificate() {
    for (first, openpgp) in [
        (0x30, false),
        (0x80, true),
        (0x99, true),
        (0xc6, true),
        (0xff, true),
    ] {
        assert_eq!(parsed(&[first, 1, 2]), Ok(openpgp), "{first:#x}");
    }
}

#[test]
fn a_key_file_with_something_else_is_refused() {
    for (certificate, cause) in [
        (b"".as_slice(), Cause::Empty),
        (b"-----BEGIN CERTIFICATE-----", Cause::BadKey),
        (&[0x7f, 0x30], Cause::BadKey),
        (MAGIC, Cause::BadKey),
    ] {
        assert_eq!(parsed(certificate), Err(cause));
    }
}

#[test]
fn without_its_first_line_a_certificate_is_no_key_file() {
    for data in [
        b"".as_slice(),
        b"\x30\x03\x02\x01\x00",
        b"digest_lists key",
        b"digest_lists key\r\n0",
        b"Digest_lists key\n0",
    ] {
        assert_eq!(KeyFile::parse(data), Err(Cause::BadMagic));
    }
}
