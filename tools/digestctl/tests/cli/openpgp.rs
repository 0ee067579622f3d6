// SPDX-License-Identifier: GPL-2.0

//! OpenPGP certificates and signatures in clear, as the owner of an archive makes them (RFC 9580).
//! `openssl` has the key.

use std::{
    path::PathBuf,
    process::Command, //
};

use base64::{
    engine::general_purpose::STANDARD,
    Engine, //
};
use sha1::{
    Digest,
    Sha1, //
};

use crate::Place;

/// When keys and signatures are made: 2020-01-01 and a day later.
const CREATED: u32 = 1_577_836_800;
const SIGNED: u32 = CREATED + 86_400;

const USER: &[u8] = b"archive";

/// An RSA key of an archive.
pub(crate) struct Key {
    file: PathBuf,
    /// The body of the packet.
    public: Vec<u8>,
}

impl Key {
    pub(crate) fn new(place: &Place, name: &str) -> Self {
        let file = place.path(&format!("{name}.rsa"));
        openssl(&["genrsa", "-out", path(&file), "3072"]);
        let text = openssl(&["rsa", "-in", path(&file), "-noout", "-modulus"]);
        let text = String::from_utf8(text).expect("text");
        let digits = text.trim().strip_prefix("Modulus=").expect("a modulus");
        let digits = digits.as_bytes().chunks(2);
        let modulus: Vec<u8> = digits
            .map(|pair| std::str::from_utf8(pair).expect("digits"))
            .map(|pair| u8::from_str_radix(pair, 16).expect("digits"))
            .collect();
        let public = [
            &[4][..],
            &CREATED.to_be_bytes(),
            &[1],
            &number(&modulus),
            &number(&[1, 0, 1]),
        ]
        .concat();
        Self { file, public }
    }

    fn digest(&self) -> [u8; 20] {
        Sha1::digest(prefixed(&self.public)).into()
    }

    /// In upper-case hexadecimal digits.
    pub(crate) fn fingerprint(&self) -> String {
        self.digest().map(|byte| format!("{byte:02X}")).concat()
    }

    /// The certificate, without armor.
    pub(crate) fn certificate(&self) -> Vec<u8> {
        let user = [&[0xb4][..], &(USER.len() as u32).to_be_bytes(), USER].concat();
        // It may certify and sign.
        let binding = self.signature(0x13, &[2, 27, 3], &[prefixed(&self.public), user].concat());
        [
            packet(6, &self.public),
            packet(13, USER),
            packet(2, &binding),
        ]
        .concat()
    }

    /// The text, signed in clear.
    pub(crate) fn sign_clear(&self, text: &str) -> String {
        let lines: Vec<_> = text.trim_end_matches('\n').split('\n').collect();
        let signed: Vec<_> = lines.iter().map(|line| line.trim_end()).collect();
        let signature = self.signature(1, &[], signed.join("\r\n").as_bytes());
        let body = STANDARD.encode(packet(2, &signature));
        let body: Vec<_> = body
            .as_bytes()
            .chunks(64)
            .map(String::from_utf8_lossy)
            .collect();
        let escaped = lines.iter().map(|line| match line.starts_with('-') {
            true => format!("- {line}\n"),
            false => format!("{line}\n"),
        });
        format!(
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{}-----BEGIN PGP SIGNATURE-----\n\n\
             {}\n-----END PGP SIGNATURE-----\n",
            escaped.collect::<String>(),
            body.join("\n")
        )
    }

    /// The body of a signature of that kind.
    fn signature(&self, kind: u8, more: &[u8], data: &[u8]) -> Vec<u8> {
        let digest = self.digest();
        let hashed = [
            &[5, 2][..],
            &SIGNED.to_be_bytes(),
            more,
            &[22, 33, 4],
            &digest,
        ]
        .concat();
        let begin = [
            &[4, kind, 1, 8][..],
            &(hashed.len() as u16).to_be_bytes(),
            &hashed,
        ]
        .concat();
        let trailer = [&[4, 0xff][..], &(begin.len() as u32).to_be_bytes()].concat();
        let signed = [data, &begin, &trailer].concat();
        let left = <sha2::Sha256 as sha2::Digest>::digest(&signed);
        let input = self.file.with_extension("data");
        std::fs::write(&input, &signed).expect("written");
        let value = openssl(&["dgst", "-sha256", "-sign", path(&self.file), path(&input)]);
        let issuer = [&[0, 10, 9, 16][..], &digest[12..]].concat();
        [&begin[..], &issuer, &left[..2], &number(&value)].concat()
    }
}

/// What fingerprints and certifications are over.
fn prefixed(key: &[u8]) -> Vec<u8> {
    [&[0x99][..], &(key.len() as u16).to_be_bytes(), key].concat()
}

fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let len = (body.len() as u32).to_be_bytes();
    [&[0xc0 | tag, 0xff][..], &len, body].concat()
}

/// A number with its length in bits.
fn number(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = &bytes[zeros..];
    let bits = bytes.len() as u32 * 8 - bytes.first().map_or(0, |byte| byte.leading_zeros());
    [&(bits as u16).to_be_bytes()[..], bytes].concat()
}

fn path(path: &std::path::Path) -> &str {
    path.to_str().expect("text")
}

fn openssl(args: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl").args(args).output();
    let output = output.expect("openssl runs");
    assert!(output.status.success(), "{output:?}");
    output.stdout
}
