// SPDX-License-Identifier: GPL-2.0

//! Writes the corpus of the fuzz targets whose inputs are made, below `fuzz/corpus`: good ones, and
//! hostile ones that get as far as a parser goes before it refuses.

use std::{
    fs,
    path::Path, //
};

use digest_logic::{
    cms,
    compact16,
    digest::Digest,
    hash_algo::HashAlgo,
    list::Kind,
    policy::Template,
    rpm::tag,
    template::{
        batch,
        write_binary,
        Event, //
    },
    tlv, //
};
use host_tests::{
    build::{
        evidence,
        openpgp,
        rpm::{
            package,
            some_files,
            Entry,
            File,
            Header, //
        }, //
    },
    written, //
};

fn main() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let put = |target: &str, name: &str, data: &[u8]| {
        let directory = corpus.join(target);
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(name), data).unwrap();
    };

    for (name, algo) in [
        ("sha256", HashAlgo::Sha256),
        ("sha384", HashAlgo::Sha384),
        ("sha512", HashAlgo::Sha512),
    ] {
        let digests = [
            vec![1; algo.digest_size()],
            algo.empty_digest().to_vec(),
            vec![2; algo.digest_size()],
        ];
        let slices = || digests.iter().map(Vec::as_slice);
        let blocks = written(|sink| {
            compact16::write_block(Kind::Immutable, algo, slices(), sink)?;
            compact16::write_block(Kind::Mutable, algo, slices().take(1), sink)
        });
        put("compact16", name, &blocks.unwrap());
        let list = written(|sink| {
            let entries = slices().zip([None, Some(b"/bin/sh".as_slice()), Some(b"x")]);
            let entries: Vec<_> = entries
                .map(|(digest, path)| tlv::Entry { digest, path })
                .collect();
            tlv::write(algo, entries.into_iter(), sink)
        });
        put("tlv", name, &list.unwrap());
    }

    for (name, list) in hostile_compact16() {
        let good = name == "only-the-empty-file";
        assert_eq!(compact16::List::parse(&list).is_ok(), good, "{name}");
        put("compact16", name, &list);
    }
    for (name, list) in hostile_tlv() {
        assert!(tlv::List::parse(&list).is_err(), "{name}");
        put("tlv", name, &list);
    }
    // Made by openssl: a message with everything that the parser walks over.
    let message = fs::read(corpus.join("cms/with-certificate")).unwrap();
    for (name, message) in hostile_cms(&message) {
        let good = ["certificates-of-nothing", "nested", "one-signer"].contains(&name);
        assert_eq!(cms::Message::parse(&message).is_ok(), good, "{name}");
        put("cms", name, &message);
    }

    let header = Header::of_files(&some_files());
    put("rpm", "some-files", &header.build());
    put("rpm", "no-files", &Header::default().build());
    let one = Header::of_files(&[File::new(9, 0o755)]);
    let long_sizes = one
        .clone()
        .without(tag::FILE_SIZES)
        .with(Entry::int64(tag::LONG_FILE_SIZES, &[1 << 33]));
    put("rpm", "long-sizes", &long_sizes.build());
    let sha512 = one
        .clone()
        .with(Entry::strings(tag::FILE_DIGESTS, &["ab".repeat(64)]))
        .with(Entry::int32(tag::FILE_DIGEST_ALGO, &[10]));
    put("rpm", "sha512", &sha512.build());
    put(
        "rpm",
        "md5",
        &one.clone().without(tag::FILE_DIGEST_ALGO).build(),
    );
    let signature = openpgp::signature(1, 8, &openpgp::rsa_value());
    let installed = Header {
        added: vec![
            Entry::binary(tag::RSA_HEADER, &signature),
            Entry::int32(1008, &[1]),
        ],
        ..one.clone()
    };
    put("rpm", "installed", &installed.build());
    let signatures = Header {
        entries: vec![
            Entry::binary(tag::RSA_HEADER, &signature),
            Entry::strings(tag::OPENPGP, &["iHUEABYKAB0="]),
        ],
        added: vec![],
    };
    put("rpm", "package", &package(&signatures, &one));

    let (hashed, unhashed) = openpgp::usual_subpackets();
    put("openpgp", "v4-rsa", &signature);
    put(
        "openpgp",
        "v4-ecdsa",
        &openpgp::signature(19, 10, &openpgp::ecdsa_value()),
    );
    let v3 = openpgp::v3(0, 1, 8, &openpgp::rsa_value());
    put("openpgp", "v3-rsa", &openpgp::packet(2, &v3));
    let fingerprint = openpgp::subpacket(33, &[&[4], [7; 20].as_slice()].concat());
    let expiring = [
        hashed.clone(),
        vec![openpgp::subpacket(3, &[0, 1, 0, 0]), fingerprint],
    ]
    .concat();
    let v4 = openpgp::v4(0, 1, 9, &expiring, &[], &openpgp::rsa_value());
    put("openpgp", "v4-fingerprint", &openpgp::new_packet(2, &v4));
    put("openpgp", "ed25519", &openpgp::signature(27, 8, &[0; 64]));
    let flags = [
        hashed,
        vec![openpgp::subpacket(27, &[3]), openpgp::subpacket(9, &[1; 4])],
    ]
    .concat();
    let certification = openpgp::v4(0x13, 1, 2, &flags, &unhashed, &openpgp::rsa_value());
    let binding = openpgp::v4(0x18, 1, 8, &flags, &unhashed, &openpgp::rsa_value());
    let certificate = [
        openpgp::packet(6, &openpgp::rsa_key(256)),
        openpgp::new_packet(13, b"Vendor <a@b>"),
        openpgp::packet(2, &certification),
        openpgp::packet(14, &openpgp::ecdsa_key()),
        openpgp::packet(2, &binding),
    ];
    put("openpgp", "certificate", &certificate.concat());
    put("openpgp", "key", &openpgp::ecdsa_key());

    put("ima_sig", "sha256", b"\x03\x02\x04keyi\0\x04sign");
    put("ima_sig", "sha1", b"\x03\x02\x02keyi\0\x04sign");
    put("ima_sig", "longer", b"\x03\x02\x06keyi\0\x04signature");
    put("ima_sig", "version-3", b"\x06\x03\x04keyi\0\x04sign");

    for (name, text) in [
        ("measure", "measure func=BPRM_CHECK mask=MAY_EXEC digest_list pcr=12\n"),
        ("appraise", "appraise func=MODULE_CHECK appraise_type=imasig|modsig uid>=5 fowner<7\n"),
        ("dont", "# a comment\ndont_measure fsmagic=0x9fa0 fsname=proc\ndont_appraise obj_type=x\n"),
        ("options", "audit func=FILE_CHECK template=ima-ng fsuuid=01234567-89ab-cdef-0123-456789abcdef digest_type=verity\n"),
    ] {
        put("policy", name, text.as_bytes());
    }

    let list = format!("sha256:{}", "0a".repeat(32));
    for (name, text) in [
        ("line", format!("{list} 12 2308\n")),
        ("two-lines", format!("{list} 8 ff\n{list} 0 \n")),
        ("long-line", format!("{list} 100 {}0f\n", "ff".repeat(12))),
        ("checkpoint", format!("{list} 250123\n")),
        ("checkpoint-reset", format!("{list} 0 reset\n")),
    ] {
        put("seen", name, text.as_bytes());
    }
    for (target, name, data) in of_verifiers() {
        put(target, name, &data);
    }
}

/// What a verifier reads.
fn of_verifiers() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let attestation = 0x0005_0072;
    let record = |template: Template, name: &[u8], buffer: &[u8]| {
        let digest = Digest::new(HashAlgo::Sha256, &[7; 32]).unwrap();
        let event = Event {
            buffer,
            ..Event::new(digest, name)
        };
        let data = written(|sink| event.write(template, sink)).unwrap();
        let digest = Digest::zero(HashAlgo::Sha1);
        written(|sink| write_binary(12, &digest, template.name(), &data, sink)).unwrap()
    };
    let list = [
        record(Template::ImaNg, b"boot_aggregate", b""),
        record(Template::ImaBuf, b"digest_lists_start", b"pcr=12\n"),
        record(Template::ImaSigv2, b"/bin/sh", b""),
    ];
    let digest = Digest::new(HashAlgo::Sha1, &[7; 20]).unwrap();
    let members = list[1..].concat();
    let batch = written(|sink| write_binary(12, &digest, batch::NAME, &members, sink)).unwrap();
    let banks = [(0x04, 1 << 12), (0x0b, 0x1003ff)];
    vec![
        (
            "tpm",
            "quote",
            evidence::quote(b"a name", &[1; 32], 77, &banks, &[2; 32]),
        ),
        (
            "tpm",
            "quote-of-nothing",
            evidence::quote(b"", b"", 0, &[], b""),
        ),
        (
            "tpm",
            "rsassa",
            evidence::signature(0x14, 0x0b, &[&[3; 256]]),
        ),
        (
            "tpm",
            "rsapss",
            evidence::signature(0x16, 0x0c, &[&[3; 256]]),
        ),
        (
            "tpm",
            "ecdsa",
            evidence::signature(0x18, 0x0b, &[&[3; 32], &[4; 31]]),
        ),
        ("tpm", "rsa-key", evidence::rsa_key(attestation, &[5; 256])),
        (
            "tpm",
            "ecc-key",
            evidence::ecc_key(attestation, &[6; 32], &[7; 32]),
        ),
        (
            "tpm",
            "sized-key",
            evidence::sized(&evidence::ecc_key(attestation, &[6; 32], &[7; 32])),
        ),
        ("records", "list", list.concat()),
        ("records", "batch", [&list[0][..], &batch].concat()),
        ("records", "cut", list.concat()[..100].to_vec()),
        (
            "firmware",
            "log",
            evidence::firmware_log(
                &[(0x04, 20), (0x0b, 32)],
                &[
                    (0, 3, b"StartupLocality\0\x03"),
                    (4, 0x8000_0003, b"an image"),
                ],
            ),
        ),
        (
            "firmware",
            "unknown-bank",
            evidence::firmware_log(&[(0x12, 32)], &[(1, 1, b"")]),
        ),
        (
            "evidence",
            "start",
            b"kernel=7.3.4\npcr=12\npcr_initial_sha256=00\n".to_vec(),
        ),
    ]
}

/// A name and an input.
type Seed = (&'static str, Vec<u8>);

/// Lists whose numbers lie, or that mix what does not go together.
fn hostile_compact16() -> Vec<Seed> {
    let header = |version: u8, kind: u16, modifiers: u16, algo: u16, count: u32, len: u32| {
        [
            &[version, 0],
            kind.to_le_bytes().as_slice(),
            &modifiers.to_le_bytes(),
            &algo.to_le_bytes(),
            &count.to_le_bytes(),
            &len.to_le_bytes(),
        ]
        .concat()
    };
    let with = |header: Vec<u8>, digests: usize| [header, vec![7; digests]].concat();
    let good = || with(header(1, 2, 1, 4, 1, 32), 32);
    vec![
        ("version-0", with(header(0, 2, 1, 4, 1, 32), 32)),
        ("block-of-keys", with(header(1, 0, 1, 4, 1, 32), 32)),
        ("unknown-modifier", with(header(1, 2, 2, 4, 1, 32), 32)),
        ("sha1", with(header(1, 2, 1, 2, 1, 20), 20)),
        (
            "unknown-algorithm",
            with(header(1, 2, 1, 0xffff, 1, 32), 32),
        ),
        ("no-digests", header(1, 2, 1, 4, 0, 0)),
        ("count-wraps", with(header(1, 2, 1, 4, 0x0800_0001, 32), 32)),
        (
            "count-of-gigabytes",
            with(header(1, 2, 1, 4, 1 << 26, 1 << 31), 32),
        ),
        (
            "length-of-half-a-digest",
            with(header(1, 2, 1, 4, 1, 16), 16),
        ),
        (
            "two-algorithms",
            [good(), with(header(1, 2, 0, 5, 1, 48), 48)].concat(),
        ),
        (
            "second-block-is-cut",
            [good(), good()[..20].to_vec()].concat(),
        ),
        ("trailing-byte", [good(), vec![1]].concat()),
        (
            "only-the-empty-file",
            [
                header(1, 2, 1, 4, 1, 32),
                HashAlgo::Sha256.empty_digest().to_vec(),
            ]
            .concat(),
        ),
    ]
}

/// Lists whose fields contradict each other.
fn hostile_tlv() -> Vec<Seed> {
    let field = |number: u16, data: &[u8]| {
        [
            number.to_be_bytes().as_slice(),
            &(data.len() as u32).to_be_bytes(),
            data,
        ]
        .concat()
    };
    let lying = |number: u16, len: u32, data: &[u8]| {
        [number.to_be_bytes().as_slice(), &len.to_be_bytes(), data].concat()
    };
    let algo = |algo: u16| field(0, &algo.to_be_bytes());
    let count = |count: u32| field(1, &count.to_be_bytes());
    let digest = || field(0, &[7; 32]);
    let entry = |path: &[u8]| field(2, &[digest(), field(1, path)].concat());
    let list = |parts: &[Vec<u8>]| parts.concat();
    vec![
        ("no-entries", list(&[algo(4), count(0)])),
        (
            "more-announced",
            list(&[algo(4), count(u32::MAX), entry(b"/a\0")]),
        ),
        (
            "fewer-announced",
            list(&[algo(4), count(1), entry(b"/a\0"), entry(b"/b\0")]),
        ),
        (
            "count-before-algorithm",
            list(&[count(1), algo(4), entry(b"/a\0")]),
        ),
        (
            "algorithm-twice",
            list(&[algo(4), algo(4), count(1), entry(b"/a\0")]),
        ),
        (
            "algorithm-of-four-bytes",
            list(&[field(0, &[0, 0, 0, 4]), count(1), entry(b"/a\0")]),
        ),
        (
            "sha1",
            list(&[algo(2), count(1), field(2, &field(0, &[7; 20]))]),
        ),
        ("unknown-field", list(&[algo(4), count(1), field(3, b"x")])),
        (
            "field-of-gigabytes",
            list(&[algo(4), count(1), lying(2, u32::MAX, &digest())]),
        ),
        ("entry-is-empty", list(&[algo(4), count(1), field(2, b"")])),
        (
            "entry-without-digest",
            list(&[algo(4), count(1), field(2, &field(1, b"/a\0"))]),
        ),
        (
            "digest-twice",
            list(&[algo(4), count(1), field(2, &[digest(), digest()].concat())]),
        ),
        (
            "digest-reaches-over",
            list(&[algo(4), count(1), field(2, &lying(0, 33, &[7; 32]))]),
        ),
        (
            "digest-of-another-size",
            list(&[algo(5), count(1), entry(b"/a\0")]),
        ),
        ("path-without-nul", list(&[algo(4), count(1), entry(b"/a")])),
        (
            "path-with-a-nul-inside",
            list(&[algo(4), count(1), entry(b"/a\0b\0")]),
        ),
        ("path-of-no-bytes", list(&[algo(4), count(1), entry(b"")])),
        (
            "trailing-byte",
            list(&[algo(4), count(1), entry(b"/a\0"), vec![0]]),
        ),
    ]
}

/// What a message may lie about: its lengths, how often something stands there, and what is signed.
fn hostile_cms(good: &[u8]) -> Vec<Seed> {
    let element = |tag: u8, content: &[u8]| {
        let len = (content.len() as u16).to_be_bytes();
        [&[tag, 0x82], len.as_slice(), content].concat()
    };
    // The signer, which is the last element of the message: one of the outermost set.
    let set = good
        .windows(2)
        .rposition(|pair| pair == [0x31, 0x82])
        .expect("signers in a set");
    let signer = &good[set + 4..];
    let version = [2, 1, 1].as_slice();
    let signed_data = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2].as_slice();
    let message = |certificates: &[u8], signers: &[u8]| {
        let signed = [
            version,
            &element(0x31, &[]),
            &element(0x30, &[6, 1, 0x2a]),
            &element(0xa0, certificates),
            &element(0x31, signers),
        ]
        .concat();
        let explicit = element(0xa0, &element(0x30, &signed));
        element(0x30, &[signed_data, &explicit].concat())
    };
    let deep = (0..200).fold(Vec::new(), |inner, _| element(0x30, &inner));
    let with_length = |length: &[u8]| [&[0x30], length, &good[4..]].concat();
    vec![
        (
            "indefinite-length",
            [&with_length(&[0x80]), [0, 0].as_slice()].concat(),
        ),
        (
            "length-of-four-bytes",
            with_length(&[0x84, 0xff, 0xff, 0xff, 0xff]),
        ),
        ("length-of-127-bytes", with_length(&[0xff])),
        (
            "longer-than-the-data",
            with_length(&[0x83, 0xff, 0xff, 0xff]),
        ),
        ("cut-in-the-signer", good[..good.len() - 40].to_vec()),
        ("no-signer", message(&[], &[])),
        ("one-signer", message(&[], signer)),
        ("two-signers", message(&[], &[signer, signer].concat())),
        ("nested", message(&deep, signer)),
        (
            "certificate-reaches-over",
            message(&[0x30, 0x82, 0xff, 0xff, 0], signer),
        ),
        (
            "certificates-of-nothing",
            message(&[0x30, 0, 0x30, 0, 0x30, 0], signer),
        ),
        (
            "signer-of-an-empty-name",
            message(
                &[],
                &element(
                    0x30,
                    &[version, &[0x80, 0], &element(0x30, &[6, 0])].concat(),
                ),
            ),
        ),
        (
            "signer-over-md5",
            message(
                &[],
                &element(
                    0x30,
                    &[
                        version,
                        &[0x80, 1, 9],
                        &element(0x30, &[6, 8, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5]),
                    ]
                    .concat(),
                ),
            ),
        ),
        (
            "another-content-type",
            element(
                0x30,
                &[
                    &[6, 1, 0x2a],
                    element(0xa0, &element(0x30, version)).as_slice(),
                ]
                .concat(),
            ),
        ),
    ]
}
