// SPDX-License-Identifier: GPL-2.0

//! RPM packages and installed headers: how lists are made of them.

use digest_logic::{
    list::{
        ListType,
        ParsedList, //
    },
    refusal::Cause,
    rpm::{
        self,
        base64,
        tag,
        Package,
        StoredSignature, //
    }, //
};
use host_tests::{
    build::rpm::{
        package,
        some_files,
        Entry,
        Header, //
    },
    written, //
};

fn signatures() -> Header {
    Header {
        entries: vec![
            Entry::binary(tag::RSA_HEADER, b"rsa"),
            Entry::strings(tag::OPENPGP, &["Zmly\nc3Q=", "c2Vj"]),
        ],
        added: vec![],
    }
}

#[test]
fn the_header_of_a_package_is_a_list_with_its_signatures() {
    let header = Header::of_files(&some_files());
    let data = package(&signatures(), &header);
    let package = Package::parse(&data).unwrap();
    assert!(package.header.is_whole());
    assert_eq!(
        written(|sink| package.header.write_signed(sink)),
        Ok(header.build())
    );
    let stored: Vec<_> = package.signatures.signatures().collect();
    let expected = [
        StoredSignature::Packet(b"rsa"),
        StoredSignature::Base64(b"Zmly\nc3Q="),
        StoredSignature::Base64(b"c2Vj"),
    ];
    assert_eq!(stored, expected);
    let packets: Vec<_> = stored
        .iter()
        .map(|stored| written(|sink| stored.write(sink)).unwrap())
        .collect();
    assert_eq!(packets, [b"rsa".as_slice(), b"first", b"sec"]);

    let end = data.len();
    for len in 0..end {
        assert!(Package::parse(&data[..len]).is_err(), "{len}");
    }
    let with_payload = [data, vec![1; 100]].concat();
    assert!(Package::parse(&with_payload).is_ok());
    let mut other = with_payload;
    other[0] ^= 1;
    assert_eq!(Package::parse(&other).err(), Some(Cause::BadMagic));
}

#[test]
fn a_list_of_an_installed_header_is_what_was_signed() {
    let built = Header::of_files(&some_files());
    let installed = Header {
        added: vec![
            Entry::binary(tag::RSA_HEADER, b"rsa"),
            Entry::int32(1008, &[5]),
            // Says less than the table of the region with the same tag.
            Entry::strings(tag::FILE_DIGESTS, &["ab".repeat(32)]),
        ],
        ..built.clone()
    };
    let data = installed.build();
    let header = rpm::Header::parse(&data).unwrap();
    assert!(!header.is_whole());
    assert_eq!(
        ParsedList::parse(ListType::RpmHeader, &data).err(),
        Some(Cause::BadRegion)
    );
    let signed = written(|sink| header.write_signed(sink)).unwrap();
    assert_eq!(signed, built.build());
    assert!(ParsedList::parse(ListType::RpmHeader, &signed).is_ok());
    assert_eq!(header.find(tag::FILE_DIGESTS).unwrap().count(), 7);
    assert_eq!(header.added(tag::FILE_DIGESTS).unwrap().count(), 1);
    assert!(header.find(1008).is_none());
    assert!(header.added(1008).is_some());
    let stored: Vec<_> = header.signatures().collect();
    assert_eq!(stored, [StoredSignature::Packet(b"rsa")]);
}

#[test]
fn a_package_is_named_as_rpm_names_it() {
    let header = Header::of_files(&some_files()).with(Entry::string(tag::NAME, "h\u{1b}\u{e9}"));
    let data = header.build();
    let name = rpm::Header::parse(&data).unwrap().name();
    assert_eq!(name.to_string(), "h\\x1b\\xc3\\xa9-1.0-2.noarch");
    let nameless = Header::default().build();
    let name = rpm::Header::parse(&nameless).unwrap().name();
    assert_eq!(name.to_string(), "--.");
}

#[test]
fn files_have_their_names_and_directories() {
    let data = Header::of_files(&some_files())
        .with(Entry::int32(tag::DIR_INDEXES, &[0, 1, 0, 1, 0, 1, 1]))
        .with(Entry::strings(tag::DIR_NAMES, &["/usr/bin/", "/etc/"]))
        .build();
    let header = rpm::Header::parse(&data).unwrap();
    let files = rpm::Files::of(&header).unwrap();
    let directories: Vec<_> = files.directories().collect();
    assert_eq!(directories, [b"/usr/bin/".as_slice(), b"/etc/"]);
    let names: Vec<_> = files
        .map(|file| (file.directory, file.name.to_vec(), file.content.mode))
        .collect();
    assert_eq!(names[3], (1, b"f3".to_vec(), 0o100_444));
    assert_eq!(names.len(), 7);

    for (indexes, directories) in [
        (vec![0, 0, 0, 0, 0, 0, 2], 2),
        (vec![u32::MAX; 7], 2),
        (vec![0; 6], 1),
    ] {
        let data = Header::of_files(&some_files())
            .with(Entry::int32(tag::DIR_INDEXES, &indexes))
            .with(Entry::strings(tag::DIR_NAMES, &vec!["/"; directories]))
            .build();
        let header = rpm::Header::parse(&data).unwrap();
        assert_eq!(
            rpm::Files::of(&header).err(),
            Some(Cause::FileTableMismatch)
        );
        assert!(ParsedList::parse(ListType::RpmHeader, &data).is_ok());
    }
}

#[test]
fn base64_is_decoded_exactly() {
    let cases: &[(&str, Option<&[u8]>)] = &[
        ("", Some(b"")),
        ("Zg==", Some(b"f")),
        ("Zm8=", Some(b"fo")),
        ("Zm9v", Some(b"foo")),
        ("Zm9v\r\nYg==\n", Some(b"foob")),
        ("+/+/", Some(&[0xfb, 0xff, 0xbf])),
        ("Zg=", None),
        ("Zg", None),
        ("Zh==", None),
        ("Zm9=", None),
        ("Zm8==", None),
        ("Z===", None),
        ("====", None),
        ("Zg==Zg==", None),
        ("Zm9 ", None),
        ("Zm-_", None),
    ];
    for (text, expected) in cases {
        let decoded = written(|sink| base64::decode(text.as_bytes(), sink)).ok();
        assert_eq!(decoded.as_deref(), *expected, "{text}");
    }
}
