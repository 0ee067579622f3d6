// SPDX-License-Identifier: GPL-2.0

//! Real RPM headers, as distributions built and signed them: the parser agrees with rpm itself and
//! with the crate `rpm`, and every signature that is accepted is good under the distribution's key.
//!
//! The data are fetched by `scripts/test-data`; without them the tests are skipped and say so.

mod data;
mod keys;

use std::{
    collections::BTreeMap,
    io::Cursor, //
};

use data::{
    Data,
    Said,
    SaidFile, //
};
use digest_logic::{
    list::{
        Kind,
        ListType,
        ParsedList, //
    },
    openpgp::{
        self,
        PublicKeyAlgo,
        Value,
        WeakHash, //
    },
    refusal::Cause,
    rpm, //
};
use host_tests::{
    fuzz,
    written, //
};
use keys::Keys;
use sha1::Sha1;
use sha2::{
    Digest as _,
    Sha256,
    Sha384,
    Sha512, //
};

/// What a header says of its files, in the words of rpm.
fn files_of(header: &rpm::Header<'_>) -> Vec<SaidFile> {
    let Ok(files) = rpm::Files::of(header) else {
        return Vec::new();
    };
    let directories: Vec<&[u8]> = files.directories().collect();
    files
        .map(|file| SaidFile {
            mode: file.content.mode,
            flags: file.content.flags,
            size: file.content.size,
            digest: text(file.content.digest),
            path: text(directories[file.directory as usize]) + &text(file.name),
        })
        .collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The files of a header whose digests should be loaded, told from rpm's words alone.
fn expected_entries(said: &Said) -> Vec<(Kind, String)> {
    said.files
        .iter()
        .filter(|file| !file.digest.is_empty() && file.size > 0 && file.mode >> 12 == 0o10)
        .map(|file| {
            let data = file.mode & 0o7111 == 0 && file.mode & 0o222 != 0;
            let config_or_ghost = file.flags & 1 != 0 || file.flags & 64 != 0;
            let kind = match data || config_or_ghost {
                true => Kind::Mutable,
                false => Kind::Immutable,
            };
            (kind, file.digest.clone())
        })
        .collect()
}

/// Why a header is no list, told from rpm's words, but for the tag that a binary package has
/// (`SOURCERPM`).
fn expected_refusal(header: &rpm::Header<'_>, said: &Said) -> Option<Cause> {
    if header.find(rpm::tag::SOURCE_RPM).is_none() {
        return Some(Cause::SourcePackage);
    }
    match (
        said.files.iter().all(|file| file.digest.is_empty()),
        said.algo,
    ) {
        (true, _) => Some(Cause::NoFileDigests),
        (false, None) => Some(Cause::NoFileDigestAlgorithm),
        (false, Some(1 | 2)) => Some(Cause::WeakAlgorithm),
        (false, Some(8..=10)) => None,
        (false, Some(_)) => Some(Cause::UnknownAlgorithm),
    }
}

#[test]
fn the_parser_agrees_with_rpm() {
    let Some(data) = Data::open() else { return };
    let mut compared = 0;
    let mut lists = 0;
    let mut digests = 0;
    let mut refused = BTreeMap::new();
    for (header, said) in data.headers() {
        let signed = written(|sink| header.write_signed(sink)).unwrap();
        assert_eq!(header.name().to_string(), said.name.replace("(none)", ""));
        for (size, expected, actual) in [
            (40, &said.sha1, format!("{:x}", Sha1::digest(&signed))),
            (64, &said.sha256, format!("{:x}", Sha256::digest(&signed))),
        ] {
            if expected.len() == size {
                assert_eq!(*expected, actual, "{}", said.name);
            }
        }
        assert_eq!(files_of(&header), said.files, "{}", said.name);

        let list = ParsedList::parse(ListType::RpmHeader, &signed);
        assert_eq!(
            list.err(),
            expected_refusal(&header, &said),
            "{}",
            said.name
        );
        if let Ok(list) = list {
            let entries: Vec<(Kind, String)> = list
                .entries()
                .map(|(kind, digest)| {
                    let text = digest.to_string();
                    (kind, text.split_once(':').unwrap().1.to_owned())
                })
                .collect();
            let skipped = list.skipped_empty();
            let expected = expected_entries(&said);
            let empty = digest_logic::digest::Hex(list.algo().empty_digest()).to_string();
            let expected: Vec<_> = expected
                .into_iter()
                .filter(|(_, digest)| *digest != empty)
                .collect();
            assert_eq!(entries, expected, "{}", said.name);
            let empty_files = said
                .files
                .iter()
                .filter(|file| !file.digest.is_empty() && file.size == 0);
            assert_eq!(empty_files.count(), skipped as usize, "{}", said.name);
            lists += 1;
            digests += entries.len();
        } else {
            *refused
                .entry(expected_refusal(&header, &said).unwrap().text())
                .or_insert(0) += 1;
        }
        fuzz::rpm_header(&signed);
        compared += 1;
    }
    println!("{compared} headers compared with rpm; {lists} lists of {digests} digests; refused: {refused:?}");
    assert_eq!((compared, lists, digests), (1575, 1428, 137_301));
    assert_eq!(
        refused.into_values().collect::<Vec<u32>>().as_slice(),
        [27, 12, 108]
    );
}

#[test]
fn the_parser_agrees_with_the_crate_rpm() {
    let Some(data) = Data::open() else { return };
    let mut compared = 0;
    let mut unread = 0;
    for (header, said) in data.headers() {
        let signed = written(|sink| header.write_signed(sink)).unwrap();
        // The crate reads packages.
        let mut package = host_tests::build::rpm::package(&Default::default(), &Default::default());
        package.truncate(96 + 16 + 32);
        assert_eq!(package.len() % 8, 0);
        package[4] = 3;
        package[77] = 1;
        package[79] = 5;
        package.extend(&signed);
        let Ok(metadata) = ::rpm::PackageMetadata::parse(&mut Cursor::new(&package)) else {
            // A tag the crate does not know.
            unread += 1;
            continue;
        };
        let name = header.name();
        assert_eq!(metadata.get_name().unwrap().as_bytes(), name.name);
        assert_eq!(metadata.get_version().unwrap().as_bytes(), name.version);
        assert_eq!(metadata.get_release().unwrap().as_bytes(), name.release);
        let Ok(entries) = metadata.get_file_entries() else {
            unread += 1;
            continue;
        };
        let files: Vec<SaidFile> = entries
            .iter()
            .map(|entry| SaidFile {
                mode: entry.mode.raw_mode(),
                flags: entry.flags.bits(),
                size: entry.size as u64,
                digest: entry
                    .digest
                    .as_ref()
                    .map(|digest| digest.as_hex().to_owned())
                    .unwrap_or_default(),
                path: entry.path.to_string_lossy().into_owned(),
            })
            .collect();
        assert_eq!(files_of(&header), files, "{}", said.name);
        compared += 1;
    }
    println!("{compared} headers compared with the crate rpm; {unread} it does not read");
    assert_eq!((compared, unread), (1575, 0));
}

#[test]
fn every_accepted_signature_is_good_under_its_key() {
    let Some(data) = Data::open() else { return };
    let keys = Keys::read(&data.keys());
    let mut good = BTreeMap::new();
    let mut refused = BTreeMap::new();
    let mut unknown_keys = Vec::new();
    for (header, stored, name) in data.signatures() {
        let packet = written(|sink| stored.write(sink)).unwrap();
        let signature = match openpgp::Signature::parse(&packet) {
            Ok(signature) => signature,
            Err(error) => {
                assert!(
                    matches!(
                        error,
                        Cause::UnverifiableSignature(_)
                            | Cause::WeakSignatureHash(_)
                            | Cause::OpenPgpVersion6
                    ),
                    "{name}: {error:?}"
                );
                *refused.entry(error.text()).or_insert(0) += 1;
                continue;
            }
        };
        let mut hashed = written(|sink| header.write_signed(sink)).unwrap();
        hashed.extend(written(|sink| signature.write_trailer(sink)).unwrap());
        let digest = match signature.hash().name() {
            "sha256" => Sha256::digest(&hashed).to_vec(),
            "sha384" => Sha384::digest(&hashed).to_vec(),
            _ => Sha512::digest(&hashed).to_vec(),
        };
        assert_eq!(digest[..2], signature.left(), "{name}");
        let kind = format!(
            "version {} {} {}",
            signature.version(),
            signature.value().algo(),
            signature.hash()
        );
        let verified = match signature.value() {
            Value::Rsa(value) => {
                keys.verify_rsa(&signature.issuer(), signature.hash(), &digest, &value)
            }
            Value::Ecdsa { r, s } => keys.verify_ecdsa(&signature.issuer(), &digest, &r, &s),
        };
        match verified {
            Some(verified) => assert!(verified, "{name}"),
            None => {
                unknown_keys.push(signature.issuer().to_string());
                continue;
            }
        }
        *good.entry(kind).or_insert(0) += 1;
    }
    println!("good: {good:?}; refused: {refused:?}; keys unknown: {unknown_keys:?}");
    for (kind, count) in [
        ("version 3 RSA sha256", 1142),
        ("version 3 RSA sha512", 1),
        ("version 4 RSA sha512", 1),
        ("version 4 ECDSA sha256", 1),
    ] {
        assert_eq!(good.get(kind), Some(&count), "{kind}");
    }
    assert_eq!(good.len(), 4);
    for (cause, count) in [
        (Cause::OpenPgpVersion6, 5),
        (Cause::UnverifiableSignature(PublicKeyAlgo::Dsa), 110),
        (Cause::UnverifiableSignature(PublicKeyAlgo::EdDsa), 1),
        (Cause::WeakSignatureHash(WeakHash::Sha1), 289),
    ] {
        assert_eq!(refused.get(cause.text()), Some(&count), "{cause}");
    }
    assert_eq!(refused.len(), 4);
    // A package of the crate whose maker published no key.
    assert_eq!(unknown_keys, ["a699c3e3d7715607"]);
}

#[test]
fn the_keys_of_distributions_are_read() {
    let Some(data) = Data::open() else { return };
    let files = data.keys();
    let keys = Keys::read(&files);
    println!(
        "{} files, {} keys; {} for verification with RSA or ECDSA; refused: {:?}",
        files.len(),
        keys.all,
        keys.usable,
        keys.refused
    );
    // The package with the keys grows.
    assert!(keys.usable >= 500);
}

#[test]
fn real_headers_with_a_changed_bit_are_survived() {
    let Some(data) = Data::open() else { return };
    let mut tried = 0u32;
    for (number, (header, _)) in data.headers().enumerate() {
        let signed = written(|sink| header.write_signed(sink)).unwrap();
        if signed.len() > 200_000 {
            continue;
        }
        for round in 0..8usize {
            let mut changed = signed.clone();
            // Mostly in the index, where it matters.
            let range = match round % 2 {
                0 => signed.len().min(1600),
                _ => signed.len(),
            };
            let at = (number * 7919 + round * 104_729) % range;
            changed[at] ^= 1 << (number % 8);
            fuzz::rpm_header(&changed);
            fuzz::rpm_header(&changed[..at]);
            tried += 2;
        }
    }
    println!("{tried} changed headers");
    assert!(tried >= 24_000);
}
