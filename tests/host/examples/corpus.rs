// SPDX-License-Identifier: GPL-2.0

//! Writes the corpus of the fuzz targets whose inputs are made, below `fuzz/corpus`.

use std::{
    fs,
    path::Path, //
};

use digest_logic::{
    compact16,
    hash_algo::HashAlgo,
    list::Kind,
    rpm::tag,
    tlv, //
};
use host_tests::{
    build::{
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
}
