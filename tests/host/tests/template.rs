// SPDX-License-Identifier: GPL-2.0

//! Records of the measurement list, against records as IMA documents and writes them.

use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo,
    policy::Template,
    refusal::Cause,
    template::{
        put_event_name,
        write_ascii,
        write_binary,
        Event,
        BOOT_AGGREGATE,
        MAX_NAME, //
    }, //
};
use host_tests::{
    cases,
    fuzz,
    written, //
};
use proptest::prelude::*;
use sha1::{
    Digest as _,
    Sha1, //
};

fn data_of(digest: Digest, name: &[u8]) -> Result<Vec<u8>, Cause> {
    written(|sink| Event::new(digest, name).write(Template::ImaNg, sink))
}

fn name_of(name: &[u8]) -> Vec<u8> {
    written(|sink| put_event_name(name, sink)).unwrap()
}

fn sha1(data: &[u8]) -> Digest {
    Digest::new(HashAlgo::Sha1, &Sha1::digest(data)).unwrap()
}

/// Lines that Linux kernels have written, from public mail threads and manuals: PCR, SHA-1 of the
/// template data, event.
const KERNEL_LINES: &[(u32, &str, &str, &str)] = &[
    (
        10,
        "0adefe762c149c7cec19da62f0da1297fcfbffff",
        "sha256:0000000000000000000000000000000000000000000000000000000000000000",
        "boot_aggregate",
    ),
    (
        10,
        "4e5d73ebadfd8f850cb93ce4de755ba148a9a7d5",
        "sha256:0000000000000000000000000000000000000000000000000000000000000000",
        "boot_aggregate_late",
    ),
    (
        10,
        "a3132d2501128ff527171658d40d8deb61e2292b",
        "sha256:3fd5dc717f886ff7182526efc5edc3abb179a5aac1ab589c8ec888398233ae5b",
        "boot_aggregate",
    ),
    (
        11,
        "a80ff40e1301ecb2d7d220b59cb519b6a8a28b75",
        "sha256:2db1f4805655f31f48ef33ec0081c4e4cfef8724f3c9cd5fb20c5a7bb7d95f04",
        "4026532676",
    ),
    (
        10,
        "98aa9e41ffe519d74f9a8d20f5f9fdad8b998855",
        "sha1:7448a72f7519d1d1564a2456bc178b30673836d6",
        "/usr/bin/ls",
    ),
];

#[test]
fn template_digests_and_lines_are_those_that_kernels_wrote() {
    for (pcr, template_digest, digest, name) in KERNEL_LINES {
        let digest = Digest::parse(digest).unwrap();
        let data = data_of(digest, name.as_bytes()).unwrap();
        assert_eq!(sha1(&data).to_string(), format!("sha1:{template_digest}"));
        let line =
            written(|sink| write_ascii(*pcr, &sha1(&data), Template::ImaNg, &data, sink)).unwrap();
        let expected = format!("{pcr} {template_digest} ima-ng {digest} {name}\n");
        assert_eq!(String::from_utf8(line).unwrap(), expected);
    }
}

#[test]
fn template_data_are_two_prefixed_fields() {
    let digest = Digest::new(HashAlgo::Sha256, &[0xab; 32]).unwrap();
    let data = data_of(digest, b"/bin/sh").unwrap();
    let expected = [
        &40u32.to_le_bytes()[..],
        b"sha256:\0",
        &[0xab; 32],
        &8u32.to_le_bytes(),
        b"/bin/sh\0",
    ]
    .concat();
    assert_eq!(data, expected);
    fuzz::template(&data);
}

#[test]
fn names_have_a_length_between_one_and_path_max() {
    let name = [b'a'; MAX_NAME];
    let digest = Digest::zero(HashAlgo::Sha512);
    assert!(data_of(digest, &name[1..]).is_ok());
    assert_eq!(data_of(digest, &name), Err(Cause::NameTooLong));
    assert_eq!(data_of(digest, b""), Err(Cause::Empty));
}

/// Template, whether the digest is of fs-verity, and the ascii fields after the name of the
/// template.
const TEMPLATES: &[(Template, bool, &str)] = &[
    (Template::ImaNg, false, "sha256:D /f"),
    (Template::ImaSig, false, "sha256:D /f 0302ff"),
    (Template::ImaNgv2, false, "ima:sha256:D /f"),
    (Template::ImaNgv2, true, "verity:sha256:D /f"),
    (Template::ImaSigv2, true, "verity:sha256:D /f 0302ff"),
    (Template::ImaBuf, false, "sha256:D /f 6461746100"),
];

#[test]
fn each_template_has_its_fields_and_survives_a_round_trip() {
    for (template, verity, fields) in TEMPLATES {
        let digest = Digest::new(HashAlgo::Sha256, &[0x5a; 32]).unwrap();
        let event = Event {
            digest,
            verity: *verity,
            name: b"/f",
            signature: b"\x03\x02\xff",
            buffer: b"data\0",
        };
        let data = written(|sink| event.write(*template, sink)).unwrap();
        let line = written(|sink| write_ascii(12, &sha1(&data), *template, &data, sink)).unwrap();
        let line = String::from_utf8(line).unwrap();
        let shown = fields.replace('D', &"5a".repeat(32));
        assert!(
            line.ends_with(&format!(" {} {shown}\n", template.name())),
            "{line}"
        );
        let read = Event::parse(*template, &data).unwrap();
        assert_eq!(
            (read.digest, read.name, read.verity),
            (digest, event.name, *verity)
        );
        for end in 0..data.len() {
            assert!(
                Event::parse(*template, &data[..end]).is_err(),
                "{template:?} {end}"
            );
        }
    }
}

#[test]
fn an_absent_signature_leaves_its_space_as_in_imas_list() {
    let event = Event::new(Digest::zero(HashAlgo::Sha256), b"/f");
    let data = written(|sink| event.write(Template::ImaSig, sink)).unwrap();
    let line =
        written(|sink| write_ascii(12, &sha1(&data), Template::ImaSig, &data, sink)).unwrap();
    assert!(line.ends_with(b" /f \n"));
}

#[test]
fn templates_that_need_more_than_an_event_has_are_refused() {
    let event = Event::new(Digest::zero(HashAlgo::Sha256), b"/f");
    for template in [Template::Ima, Template::ImaModsig, Template::EvmSig] {
        assert_eq!(
            written(|sink| event.write(template, sink)),
            Err(Cause::BadTemplate)
        );
        assert_eq!(Event::parse(template, b""), Err(Cause::BadTemplate));
    }
}

#[test]
fn names_lose_spaces_and_control_characters() {
    let cases: &[(&[u8], &[u8])] = &[
        (b"/bin/sh", b"/bin/sh"),
        (b"/a b", b"/a_b"),
        (b" ", b"_"),
        (b"", b""),
        (b"/tmp/x (deleted)", b"/tmp/x_(deleted)"),
        (
            b"/a\n10 00 ima-ng sha256:00 /b",
            b"/a_10_00_ima-ng_sha256:00_/b",
        ),
        (b"/\0\x01\t\r\x1b[31m\x7f/", b"/_____[31m_/"),
        (b"/caf\xc3\xa9\xff", b"/caf\xc3\xa9\xff"),
    ];
    for (name, expected) in cases {
        assert_eq!(name_of(name), *expected, "{name:?}");
    }
}

#[test]
fn a_binary_record_is_laid_out_as_imas() {
    let digest = Digest::new(HashAlgo::Sha256, &[0x5a; 32]).unwrap();
    let data = data_of(digest, b"/bin/true").unwrap();
    let record = written(|sink| write_binary(12, &sha1(&data), "ima-ng", &data, sink)).unwrap();
    let expected = [
        &[12, 0, 0, 0][..],
        &Sha1::digest(&data),
        &[6, 0, 0, 0],
        b"ima-ng",
        &[58, 0, 0, 0],
        &[40, 0, 0, 0],
        b"sha256:\0",
        &[0x5a; 32],
        &[10, 0, 0, 0],
        b"/bin/true\0",
    ]
    .concat();
    assert_eq!(record, expected);
}

#[test]
fn an_ascii_record_is_one_line_of_five_fields() {
    let digest = Digest::new(HashAlgo::Sha256, &[0x5a; 32]).unwrap();
    let data = data_of(digest, b"/bin/my program").unwrap();
    for (pcr, shown) in [
        (0, " 0"),
        (9, " 9"),
        (10, "10"),
        (12, "12"),
        (u32::MAX, "4294967295"),
    ] {
        let line =
            written(|sink| write_ascii(pcr, &sha1(&data), Template::ImaNg, &data, sink)).unwrap();
        let expected = format!(
            "{shown} {} ima-ng sha256:{} /bin/my_program\n",
            sha1(&data).to_string().trim_start_matches("sha1:"),
            "5a".repeat(32),
        );
        assert_eq!(String::from_utf8(line).unwrap(), expected);
    }
}

#[test]
fn a_violation_is_shown_as_zeros() {
    let data = data_of(Digest::zero(HashAlgo::Sha256), b"/etc/passwd").unwrap();
    let line = written(|sink| {
        write_ascii(
            12,
            &Digest::zero(HashAlgo::Sha1),
            Template::ImaNg,
            &data,
            sink,
        )
    })
    .unwrap();
    let expected = format!(
        "12 {} ima-ng sha256:{} /etc/passwd\n",
        "0".repeat(40),
        "0".repeat(64)
    );
    assert_eq!(String::from_utf8(line).unwrap(), expected);
}

#[test]
fn data_that_this_module_does_not_write_are_refused() {
    let field = |bytes: &[u8]| [&(bytes.len() as u32).to_le_bytes(), bytes].concat();
    let digest = field(&[b"sha256:\0".as_slice(), &[1; 32]].concat());
    let name = field(b"/a\0");
    let cases: &[(&str, Vec<u8>, Option<Cause>)] = &[
        ("good", [digest.clone(), name.clone()].concat(), None),
        ("nothing", vec![], Some(Cause::Truncated)),
        ("no name", digest.clone(), Some(Cause::Truncated)),
        (
            "a third field",
            [&*digest, &name, &name].concat(),
            Some(Cause::TrailingBytes),
        ),
        (
            "no colon",
            [field(&[0; 40]), name.clone()].concat(),
            Some(Cause::BadTemplate),
        ),
        (
            "no NUL after the colon",
            [field(b"sha256:a"), name.clone()].concat(),
            Some(Cause::BadTemplate),
        ),
        (
            "unknown algorithm",
            [field(b"sha3:\0"), name.clone()].concat(),
            Some(Cause::UnknownAlgorithm),
        ),
        (
            "a short digest",
            [field(b"sha256:\0abc"), name].concat(),
            Some(Cause::BadDigestSize),
        ),
        (
            "an absent name",
            [digest.clone(), field(b"")].concat(),
            Some(Cause::BadTemplate),
        ),
        (
            "an empty name",
            [digest.clone(), field(b"\0")].concat(),
            Some(Cause::BadTemplate),
        ),
        (
            "no NUL",
            [digest.clone(), field(b"/a")].concat(),
            Some(Cause::MissingNul),
        ),
        (
            "a NUL inside",
            [digest.clone(), field(b"/a\0b\0")].concat(),
            Some(Cause::BadTemplate),
        ),
        (
            "a space",
            [digest.clone(), field(b"/a b\0")].concat(),
            Some(Cause::BadTemplate),
        ),
        (
            "a newline",
            [digest.clone(), field(b"/a\nb\0")].concat(),
            Some(Cause::BadTemplate),
        ),
        (
            "a name too long",
            [digest, field(&[[b'a'; MAX_NAME].as_slice(), &[0]].concat())].concat(),
            Some(Cause::NameTooLong),
        ),
    ];
    for (name, data, expected) in cases {
        assert_eq!(
            Event::parse(Template::ImaNg, data).err(),
            *expected,
            "{name}"
        );
    }
}

#[test]
fn boot_aggregate_is_the_name_verifiers_expect() {
    assert_eq!(BOOT_AGGREGATE, "boot_aggregate");
}

fn any_digest() -> impl Strategy<Value = Digest> {
    prop::sample::select(&HashAlgo::ALL).prop_flat_map(|algo| {
        prop::collection::vec(any::<u8>(), algo.digest_size())
            .prop_map(move |bytes| Digest::new(algo, &bytes).unwrap())
    })
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn data_survive_a_round_trip(
        digest in any_digest(),
        name in prop::collection::vec(any::<u8>(), 1..100),
    ) {
        let data = data_of(digest, &name).unwrap();
        let event = Event::parse(Template::ImaNg, &data).unwrap();
        prop_assert_eq!(event.digest, digest);
        prop_assert_eq!(event.name, name_of(&name));
        fuzz::template(&data);
    }

    #[test]
    fn any_bytes_are_survived(data in prop::collection::vec(any::<u8>(), 0..200)) {
        fuzz::template(&data);
        fuzz::digest(&data);
    }

    #[test]
    fn a_flipped_bit_is_refused_or_read_as_what_it_now_says(
        digest in any_digest(),
        bit in any::<prop::sample::Index>(),
    ) {
        let mut data = data_of(digest, b"/usr/bin/program").unwrap();
        let bit = bit.index(data.len() * 8);
        data[bit / 8] ^= 1 << (bit % 8);
        fuzz::template(&data);
    }
}
