// SPDX-License-Identifier: GPL-2.0

//! Bodies of the fuzz targets, here so that stable Rust replays the corpus.
//!
//! Each takes any bytes. What a parser accepts must survive a round trip; what it refuses must only
//! not panic.

use digest_logic::{
    candidate,
    cms,
    compact,
    compact16,
    cursor::{
        Cursor,
        LengthSink,
        Sink, //
    },
    digest::{
        decode_hex,
        Digest, //
    },
    edition::Edition,
    evidence::{
        attest::Quote,
        firmware,
        lines::Lines,
        public::Public,
        records::Extends,
        tpm_signature::TpmSignature, //
    },
    hash_algo::HashAlgo,
    ima_sig::ImaSignature,
    key_file::{
        self,
        KeyFile, //
    },
    list::{
        Kind,
        ListType,
        ParsedList, //
    },
    metadata::Metadata,
    modsig,
    openpgp::{
        self,
        der,
        packet::Packet,
        Certificate,
        Mpi,
        PublicKey,
        Value, //
    },
    policy::{
        self,
        Template, //
    },
    reference::{
        self,
        Reference, //
    },
    refusal::{
        Cause,
        Result, //
    },
    rpm,
    seen::{
        write_line,
        Checkpoint,
        Line, //
    },
    signature::Signature,
    template::{
        batch::{
            self,
            Batch, //
        },
        write_ascii,
        write_binary,
        Event, //
    },
    tlv,
    x509, //
};

use crate::{
    written,
    VecSink, //
};

/// A fuzz target: its name, which is also the directory of its corpus, and its body.
pub type Target = (&'static str, fn(&[u8]));

/// Every fuzz target.
pub const TARGETS: &[Target] = &[
    ("metadata", metadata),
    ("compact", compact_list),
    ("compact16", compact16_list),
    ("tlv", tlv_list),
    ("rpm", rpm_header),
    ("openpgp", openpgp_packets),
    ("ima_sig", ima_signature),
    ("cms", cms_message),
    ("x509", certificate),
    ("reference", reference_value),
    ("modsig", module_signature),
    ("policy", policy_line),
    ("template", template),
    ("digest", digest),
    ("seen", seen_text),
    ("tpm", tpm_structures),
    ("records", measurement_list),
    ("firmware", firmware_log),
    ("evidence", evidence_texts),
];

/// The body of the target `name`.
pub fn target(name: &str) -> fn(&[u8]) {
    let target = TARGETS.iter().find(|(other, _)| *other == name);
    target.expect("a target of this name").1
}

/// Metadata are rewritten to the same bytes.
pub fn metadata(data: &[u8]) {
    let Ok(metadata) = Metadata::parse(data) else {
        return;
    };
    assert_eq!(metadata.records().count(), metadata.len());
    let again = written(|sink| metadata.records().try_for_each(|record| record.write(sink)));
    assert_eq!(again.as_deref(), Ok(data));
}

/// What holds for the lists of every format: counts, sizes and grouping agree.
fn check_list(list_type: ListType, data: &[u8]) -> Option<ParsedList<'_>> {
    let list = ParsedList::parse(list_type, data).ok()?;
    assert_eq!(list.list_type(), list_type);
    let entries: Vec<_> = list.entries().collect();
    assert_eq!(entries.len(), list.counts().total() as usize);
    for (_, digest) in &entries {
        assert_eq!(digest.algo(), list.algo());
        assert_ne!(digest.as_bytes(), list.algo().empty_digest());
    }
    let mut arena = Vec::new();
    for kind in Kind::ALL {
        let of_kind = entries.iter().filter(|(other, _)| *other == kind);
        let before = arena.len();
        of_kind.for_each(|(_, digest)| arena.extend_from_slice(digest.as_bytes()));
        let count = (arena.len() - before) / list.algo().digest_size();
        assert_eq!(count, list.counts().of(kind) as usize);
    }
    assert_eq!(arena.len(), list.arena_len());
    assert_eq!(written(|sink| list.write_arena(sink)), Ok(arena));
    Some(list)
}

/// A writer of blocks.
type WriteBlock = fn(Kind, HashAlgo, &[&[u8]], &mut VecSink) -> Result;

/// The digests of a list of blocks survive being written again.
fn check_blocks(list_type: ListType, data: &[u8], write: WriteBlock) {
    let Some(list) = check_list(list_type, data) else {
        return;
    };
    let entries: Vec<_> = list.entries().collect();
    let mut again = VecSink::default();
    for kind in Kind::ALL {
        let digests: Vec<&[u8]> = entries
            .iter()
            .filter(|(other, _)| *other == kind)
            .map(|(_, digest)| digest.as_bytes())
            .collect();
        if !digests.is_empty() {
            write(kind, list.algo(), &digests, &mut again).unwrap();
        }
    }
    if !entries.is_empty() {
        let again = ParsedList::parse(list_type, &again.0).unwrap();
        assert_eq!(again.counts(), list.counts());
        assert_eq!(
            written(|sink| again.write_arena(sink)),
            written(|sink| list.write_arena(sink)),
        );
    }
}

/// A compact list keeps its digests, and its edition.
pub fn compact_list(data: &[u8]) {
    check_blocks(ListType::Compact, data, |kind, algo, digests, sink| {
        compact::write_block(kind, algo, digests.iter().copied(), sink)
    });
    let mut cursor = Cursor::new(data);
    if let Ok(Some(edition)) = Edition::read(&mut cursor) {
        let block = written(|sink| edition.write(sink)).unwrap();
        assert_eq!([&block, cursor.rest()].concat(), data);
        assert_eq!(edition.name_text().as_bytes(), edition.name());
        if let Ok(list) = ParsedList::parse(ListType::Compact, data) {
            assert_eq!(list.edition(), Some(edition));
        }
    }
}

/// A compact list with 16-byte headers keeps its digests.
pub fn compact16_list(data: &[u8]) {
    check_blocks(ListType::Compact16, data, |kind, algo, digests, sink| {
        compact16::write_block(kind, algo, digests.iter().copied(), sink)
    });
}

/// A TLV list keeps its digests; without paths and empty content it is rewritten to the same bytes.
pub fn tlv_list(data: &[u8]) {
    let Some(list) = check_list(ListType::Tlv, data) else {
        return;
    };
    let entries: Vec<_> = list.entries().collect();
    let again = written(|sink| {
        let entries = entries.iter().map(|(_, digest)| tlv::Entry {
            digest: digest.as_bytes(),
            path: None,
        });
        tlv::write(list.algo(), entries, sink)
    });
    if entries.is_empty() {
        return;
    }
    let again = again.unwrap();
    assert!(again.len() <= data.len());
    if again.len() == data.len() {
        assert_eq!(again, data);
    }
    let again = ParsedList::parse(ListType::Tlv, &again).unwrap();
    assert_eq!(again.entries().collect::<Vec<_>>(), entries);
}

/// The beginning of a package, an installed header and a list: what is signed is rewritten to a
/// header that is whole, and the tables of files agree with the list.
pub fn rpm_header(data: &[u8]) {
    if let Ok(package) = rpm::Package::parse(data) {
        check_signatures(package.signatures.signatures());
        check_header(&package.header);
    }
    let Ok(header) = rpm::Header::parse(data) else {
        assert!(ParsedList::parse(ListType::RpmHeader, data).is_err());
        return;
    };
    check_signatures(header.signatures());
    let signed = check_header(&header);
    assert_eq!(header.is_whole(), signed == data);
    let Some(list) = check_list(ListType::RpmHeader, data) else {
        return;
    };
    assert!(header.is_whole());
    assert_eq!(list.counts().revoked, 0);
    let contents = rpm::files::Contents::of(&header).unwrap();
    let mut digests = Vec::new();
    for content in contents.filter(rpm::files::Content::is_listed) {
        let mut bytes = [0; 64];
        let len = decode_hex(content.digest, &mut bytes).unwrap();
        if bytes[..len] != *list.algo().empty_digest() {
            digests.push((
                content.kind(),
                Digest::new(list.algo(), &bytes[..len]).unwrap(),
            ));
        }
    }
    assert_eq!(list.entries().collect::<Vec<_>>(), digests);
}

fn check_header(header: &rpm::Header<'_>) -> Vec<u8> {
    let signed = written(|sink| header.write_signed(sink)).unwrap();
    let again = rpm::Header::parse(&signed).unwrap();
    assert!(again.is_whole());
    assert_eq!(again.name(), header.name());
    assert_eq!(written(|sink| again.write_signed(sink)).unwrap(), signed);
    let _ = header.name().to_string();
    if let Ok(files) = rpm::Files::of(header) {
        let directories = files.directories().count() as u32;
        assert!(files.clone().all(|file| file.directory < directories));
        let contents = rpm::files::Contents::of(header).unwrap();
        assert_eq!(files.count(), contents.count());
    }
    signed
}

fn check_signatures<'a>(signatures: impl Iterator<Item = rpm::StoredSignature<'a>>) {
    for stored in signatures {
        if let Ok(packet) = written(|sink| stored.write(sink)) {
            openpgp_packets(&packet);
        }
    }
}

/// Signatures and certificates: what is read fits together, and keys are written as well-formed
/// DER.
pub fn openpgp_packets(data: &[u8]) {
    if let Ok(signature) = Signature::parse(data) {
        assert_eq!(Signature::detect(data), Ok(signature.kind()));
    }
    if let Ok(signature) = openpgp::Signature::parse(data) {
        assert!(matches!(Signature::parse(data), Ok(Signature::OpenPgp(_))));
        let trailer = written(|sink| signature.write_trailer(sink)).unwrap();
        assert_eq!(trailer.len() == 5, signature.version() == 3);
        assert!(signature
            .expires()
            .is_none_or(|end| end > signature.created().into()));
        match signature.value() {
            Value::Rsa(mpi) => check_mpi(&mpi),
            Value::Ecdsa { r, s } => {
                check_mpi(&r);
                check_mpi(&s);
                check_der(|sink| der::write_ecdsa(&r, &s, sink));
            }
        }
    }
    if let Ok(certificate) = Certificate::parse(data) {
        let keys = certificate.keys(|key| {
            // Not SHA-1, but as good for this purpose.
            let mut fingerprint = [0; 20];
            let hashed = written(|sink| key.write_fingerprinted(sink)).unwrap();
            for (position, byte) in hashed.iter().enumerate() {
                fingerprint[position % 20] ^= byte.rotate_left(position as u32);
            }
            fingerprint
        });
        let mut packets = digest_logic::cursor::Cursor::new(data);
        let mut expected = 0;
        while !packets.is_empty() {
            let packet = Packet::read(&mut packets).unwrap();
            expected += usize::from(matches!(packet.tag, 6 | 14));
        }
        assert_eq!(keys.clone().count(), expected);
        assert!(keys.clone().next().is_some_and(|key| key.primary));
        keys.for_each(|key| check_key(&key.key));
    }
    if let Ok(key) = PublicKey::parse(data) {
        check_key(&key);
    }
}

fn check_key(key: &PublicKey<'_>) {
    let Ok(material) = key.material() else {
        return;
    };
    assert_eq!(material.algo(), key.algo());
    check_der(|sink| material.write_spki(sink));
    if matches!(material, openpgp::Material::Rsa { .. }) {
        check_der(|sink| material.write_kernel_key(sink));
    }
}

fn check_mpi(mpi: &Mpi<'_>) {
    let len = mpi.as_bytes().len();
    let mut padded = vec![0xaa; len + 3];
    mpi.left_pad(&mut padded).unwrap();
    assert_eq!(padded[..3], [0; 3]);
    assert_eq!(padded[3..], *mpi.as_bytes());
    assert!(mpi.left_pad(&mut padded[..len - 1]).is_err());
}

/// One sequence in DER whose length is that of the output.
fn check_der(write: impl Fn(&mut dyn Sink) -> Result) {
    let mut der = VecSink::default();
    write(&mut der).unwrap();
    let mut len = LengthSink::new();
    write(&mut len).unwrap();
    assert_eq!(len.len(), der.0.len());
    let (head, content) = match der.0[1] {
        short @ 0..=0x7f => (2, usize::from(short)),
        0x81 => (3, usize::from(der.0[2])),
        0x82 => (4, usize::from(u16::from_be_bytes([der.0[2], der.0[3]]))),
        _ => panic!("a length of DER"),
    };
    assert_eq!((der.0[0], head + content), (0x30, der.0.len()));
}

/// An IMA signature is no longer than its length says.
pub fn ima_signature(data: &[u8]) {
    let Ok(signature) = ImaSignature::parse(data) else {
        return;
    };
    assert_eq!(signature.signature.len() + 9, data.len());
    assert!(matches!(Signature::parse(data), Ok(Signature::Ima(_))));
}

/// What a key file holds is all that follows its first line; an algorithm is told of any bytes.
pub fn certificate(data: &[u8]) {
    let _ = x509::unverifiable(data);
    if let Err(error) = x509::Purpose::of_certificate(data) {
        assert!(matches!(
            error,
            Cause::OtherPurpose | Cause::CriticalExtension | Cause::BadKey
        ));
    }
    let _ = candidate::Usage::of_certificate(data);
    let _ = candidate::judge(data);
    if let Err(error) = x509::check_key(data) {
        assert!(matches!(
            error,
            Cause::UnverifiableSignature(_) | Cause::WeakKey | Cause::BadKey
        ));
    }
    if let Ok((from, to)) = x509::validity(data) {
        assert!(from >= 0 && to >= 0);
    }
    if let Ok(file) = KeyFile::parse(data) {
        assert_eq!([key_file::MAGIC, file.certificate()].concat(), data);
        assert_eq!(KeyFile::of_certificate(file.certificate()), Ok(file));
        let _ = x509::unverifiable(file.certificate());
    }
}

/// What is found in a PKCS#7 message is part of it, and nothing twice; a key has no more bits than
/// its bytes.
pub fn cms_message(data: &[u8]) {
    if let Ok(modulus) = cms::rsa_modulus(data) {
        assert!(modulus.bits() <= 8 * data.len());
        assert_ne!(modulus.digits().first(), Some(&0));
    }
    let Ok(message) = cms::Message::parse(data) else {
        return;
    };
    let certificates: usize = message.certificates().map(<[u8]>::len).sum();
    let signer = match message.signer() {
        cms::Signer::KeyId(id) => id.len(),
        cms::Signer::Certificate { issuer, serial } => issuer.len() + serial.len(),
    };
    assert!(certificates + signer < data.len());
    assert!(message.hash().strong().is_ok());
    assert!(message.signed_at().is_none_or(|time| time >= 0));
}

/// A digest is rewritten to the same bytes; a signature is one.
pub fn reference_value(data: &[u8]) {
    match Reference::parse(data) {
        Ok(Reference::Digest(digest)) => {
            let again = written(|sink| reference::write_digest(&digest, sink));
            assert_eq!(again.as_deref(), Ok(data));
            assert!(data.len() <= reference::MAX_DIGEST_VALUE);
            assert!(!reference::is_signature(data));
        }
        Ok(Reference::Signature(_)) => assert!(reference::is_signature(data)),
        Err(_) => (),
    }
}

/// The parts of a file with a signature at its end are the file.
pub fn module_signature(data: &[u8]) {
    let Some((content, signature)) = modsig::split(data) else {
        return;
    };
    assert!(data.starts_with(content));
    assert!(data[content.len()..].starts_with(signature));
    assert_eq!(
        content.len() + signature.len() + 12 + modsig::MARKER.len(),
        data.len()
    );
}

/// The rules of a policy survive being written and read again.
pub fn policy_line(data: &[u8]) {
    let Ok(text) = policy::text_of(data) else {
        return;
    };
    for rule in policy::rules(text, &policy::Capabilities::ALL).flatten() {
        let mut line = String::new();
        policy::write_rule(&rule, text, &mut line).unwrap();
        let again = policy::parse_line(&line, 1, 0, &policy::Capabilities::ALL)
            .unwrap()
            .unwrap();
        let mut twice = String::new();
        policy::write_rule(&again, &line, &mut twice).unwrap();
        assert_eq!(line, twice);
    }
    let _ = policy::write_selection(text, &policy::Capabilities::ALL, &mut String::new());
}

/// Template data are rewritten to the same bytes, and make one line of the ascii list with five
/// fields. So are those of a batch.
pub fn template(data: &[u8]) {
    let pcr = data.first_chunk().map_or(0, |pcr| u32::from_le_bytes(*pcr));
    if let Ok(batch) = Batch::parse(pcr, data) {
        let again = written(|sink| {
            batch.into_members().try_for_each(|member| {
                let digest = Digest::new(HashAlgo::Sha1, &member.template_digest)?;
                write_binary(pcr, &digest, member.template.name(), member.data, sink)
            })
        });
        assert_eq!(again.as_deref(), Ok(data));
        let digest = Digest::zero(HashAlgo::Sha1);
        let line = written(|sink| batch::write_ascii(pcr, &digest, data, sink)).unwrap();
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
    }
    for template in Template::ALL {
        let Ok(event) = Event::parse(template, data) else {
            continue;
        };
        let again = written(|sink| event.write(template, sink));
        assert_eq!(again.as_deref(), Ok(data));
        let digest = Digest::zero(HashAlgo::Sha1);
        let line = written(|sink| write_ascii(12, &digest, template, data, sink)).unwrap();
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
    }
}

/// The text of a digest is read back as the same digest.
pub fn digest(data: &[u8]) {
    let Ok(digest) =
        core::str::from_utf8(data).map_or(Err(()), |text| Digest::parse(text).map_err(|_| ()))
    else {
        return;
    };
    assert_eq!(Digest::parse(&digest.to_string()), Ok(digest));
    assert_eq!(
        digest.to_string().as_bytes(),
        data.to_ascii_lowercase().as_slice()
    );
}

/// The text of evidence of use, and the record of a checkpoint, are written back as they were.
pub fn seen_text(data: &[u8]) {
    if let Ok(checkpoint) = Checkpoint::parse(data) {
        assert_eq!(written(|sink| checkpoint.write(sink)).as_deref(), Ok(data));
    }
    let Ok((line, rest)) = Line::parse(data) else {
        return;
    };
    let mut bits = vec![0u8; digest_logic::seen::bytes_for(line.count)];
    for position in 0..line.count {
        bits[position as usize / 8] |= u8::from(line.is_seen(position)) << (position % 8);
    }
    let ones: u32 = bits.iter().map(|byte| byte.count_ones()).sum();
    assert_eq!(line.seen(), ones);
    let again = written(|sink| write_line(&line.list, line.count, &bits, sink)).unwrap();
    assert_eq!(again, data[..data.len() - rest.len()]);
}

/// What a TPM signs, its signature and its key: what is read is part of the input.
pub fn tpm_structures(data: &[u8]) {
    if let Ok(quote) = Quote::parse(data) {
        let selected: usize = quote.selections().iter().map(|s| s.numbers().count()).sum();
        assert!(selected <= 24 * quote.selections().len());
        assert!(quote.nonce.len() + quote.signer.len() + quote.digest.len() < data.len());
        assert!(TpmSignature::parse(data).is_err());
    }
    if let Ok(signature) = TpmSignature::parse(data) {
        assert!(!signature.hash.is_weak());
    }
    if let Ok(public) = Public::parse(Public::without_size(data)) {
        let _ = public.is_attestation_key();
    }
}

/// The records of a list are rewritten to the same bytes, up to the one that is malformed.
pub fn measurement_list(data: &[u8]) {
    let mut again = Vec::new();
    let mut extends = Extends::new(data);
    while let Some(Ok(extend)) = extends.next() {
        let digest = Digest::new(HashAlgo::Sha1, &extend.template_digest).unwrap();
        let line =
            written(|sink| write_binary(extend.pcr, &digest, extend.template(), extend.data, sink));
        again.extend(line.unwrap());
        assert_eq!(extends.offset(), again.len());
        let records = extend.records().count();
        assert!((1..=batch::MAX_MEMBERS).contains(&records));
        assert!(records == 1 || extend.is_batch());
    }
    assert_eq!(data.get(..again.len()), Some(&again[..]));
}

/// The events of a log are no more than it has bytes for.
pub fn firmware_log(data: &[u8]) {
    let Ok(log) = firmware::Log::parse(data) else {
        return;
    };
    let mut events = 0;
    for event in log {
        let Ok(event) = event else { break };
        events += 1;
        assert!(event.digests().count() <= 16);
    }
    assert!(events * 16 < data.len());
}

/// The texts of the module's own records: what is accepted has one meaning.
pub fn evidence_texts(data: &[u8]) {
    if let Ok(lines) = Lines::parse(data) {
        let mut again = Vec::new();
        for (key, value) in lines.iter() {
            again.extend([key, "=", value, "\n"].concat().into_bytes());
        }
        assert_eq!(again, data);
        assert!(lines.initial().count() <= lines.iter().count());
    }
}
