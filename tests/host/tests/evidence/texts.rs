// SPDX-License-Identifier: GPL-2.0

//! The measurement list, the texts of its own records, and evidence of use.

use digest_logic::{
    digest::Digest,
    evidence::{
        lines::Lines,
        records::Extends,
        replay::{
            extended,
            Hasher, //
        },
    },
    hash_algo::HashAlgo,
    policy::Template,
    refusal::Cause,
    template::{
        batch,
        write_binary,
        Event, //
    },
};
use host_tests::{
    fuzz,
    written, //
};
use sha1::Sha1;
use sha2::{
    Digest as _,
    Sha256,
    Sha384,
    Sha512, //
};

struct Hashes;

impl Hasher for Hashes {
    fn hash(&self, algo: HashAlgo, parts: &[&[u8]]) -> Digest {
        let data = parts.concat();
        let bytes = match algo {
            HashAlgo::Sha1 => Sha1::digest(data).to_vec(),
            HashAlgo::Sha256 => Sha256::digest(data).to_vec(),
            HashAlgo::Sha384 => Sha384::digest(data).to_vec(),
            HashAlgo::Sha512 => Sha512::digest(data).to_vec(),
        };
        Digest::new(algo, &bytes).unwrap()
    }
}

fn line(pcr: u32, template: Template, event: &Event<'_>, violation: bool) -> Vec<u8> {
    let data = written(|sink| event.write(template, sink)).unwrap();
    let digest = match violation {
        true => Digest::zero(HashAlgo::Sha1),
        false => Hashes.hash(HashAlgo::Sha1, &[&data]),
    };
    written(|sink| write_binary(pcr, &digest, template.name(), &data, sink)).unwrap()
}

#[test]
fn records_of_every_template_are_read_as_they_were_written_and_tell_what_they_extend() {
    let event = Event {
        buffer: b"data",
        signature: &[3, 2],
        ..Event::new(Digest::new(HashAlgo::Sha256, &[7; 32]).unwrap(), b"/f")
    };
    let templates = [
        Template::ImaNg,
        Template::ImaSig,
        Template::ImaNgv2,
        Template::ImaSigv2,
        Template::ImaBuf,
    ];
    let mut list: Vec<u8> = templates
        .iter()
        .flat_map(|template| line(12, *template, &event, false))
        .collect();
    let zero = Event::new(Digest::zero(HashAlgo::Sha256), b"/v");
    list.extend(line(12, Template::ImaNg, &zero, true));
    let extends: Vec<_> = Extends::new(&list).map(Result::unwrap).collect();
    assert_eq!(extends.len(), 6);
    for (extend, template) in extends.iter().zip(templates) {
        let records: Vec<_> = extend.records().collect();
        assert_eq!((extend.pcr, extend.template()), (12, template.name()));
        assert_eq!((records.len(), records[0].template), (1, template));
        assert_eq!(records[0].event.name, b"/f");
        assert!(extend.is_consistent(&Hashes) && !extend.is_violation());
        for algo in HashAlgo::ALL {
            let wanted = Hashes.hash(algo, &[extend.data]);
            assert_eq!(extend.digest_for(algo, &Hashes), wanted);
        }
    }
    assert!(extends[5].is_violation());
    let ones = Digest::ones(HashAlgo::Sha512);
    assert_eq!(extends[5].digest_for(HashAlgo::Sha512, &Hashes), ones);
    let zeros = Digest::zero(HashAlgo::Sha512);
    let wanted = Sha512::digest([[0; 64], [0xff; 64]].concat());
    assert_eq!(extended(&Hashes, &zeros, &ones).as_bytes(), &wanted[..]);
    fuzz::measurement_list(&list);
}

#[test]
fn a_batch_extends_once_and_has_its_records_in_their_order() {
    let event = |name| Event::new(Digest::new(HashAlgo::Sha256, &[7; 32]).unwrap(), name);
    let one = line(12, Template::ImaNg, &event(b"/a"), false);
    let other = line(12, Template::ImaSig, &event(b"/b"), false);
    let batch = |data: &[u8], digest: &Digest| {
        written(|sink| write_binary(12, digest, batch::NAME, data, sink)).unwrap()
    };
    let data = [&one[..], &other].concat();
    let digest = Hashes.hash(HashAlgo::Sha1, &[&data]);
    let list = batch(&data, &digest);
    let extends: Vec<_> = Extends::new(&list).map(Result::unwrap).collect();
    assert_eq!((extends.len(), extends[0].template()), (1, "digest-batch"));
    assert!(extends[0].is_consistent(&Hashes));
    let wanted = Hashes.hash(HashAlgo::Sha384, &[&data]);
    assert_eq!(extends[0].digest_for(HashAlgo::Sha384, &Hashes), wanted);
    let records: Vec<_> = extends[0].records().collect();
    let names: Vec<_> = records.iter().map(|record| record.event.name).collect();
    assert_eq!(names, [b"/a", b"/b"]);
    fuzz::measurement_list(&list);

    // A record whose template digest is not that of its data, and one that says it is a violation.
    for wrong in [[1; 20], [0; 20]] {
        let mut data = data.clone();
        data[4..24].copy_from_slice(&wrong);
        let list = batch(&data, &Hashes.hash(HashAlgo::Sha1, &[&data]));
        let extend = Extends::new(&list).next().unwrap().unwrap();
        assert!(!extend.is_consistent(&Hashes));
    }
    // No violation, no batch of nothing, none in a batch, and none of another PCR.
    for (list, error) in [
        (
            batch(&data, &Digest::zero(HashAlgo::Sha1)),
            Cause::BadTemplate,
        ),
        (batch(&[], &digest), Cause::Empty),
        (batch(&list, &digest), Cause::BadTemplate),
        (
            batch(&line(11, Template::ImaNg, &event(b"/a"), false), &digest),
            Cause::BadTemplate,
        ),
    ] {
        let errors: Vec<_> = Extends::new(&list).filter_map(Result::err).collect();
        assert_eq!(errors, [error]);
    }
}

#[test]
fn a_list_ends_at_the_record_that_cannot_be_read() {
    let event = Event::new(Digest::zero(HashAlgo::Sha256), b"/f");
    let one = line(12, Template::ImaNg, &event, false);
    let errors = |list: &[u8]| {
        Extends::new(list)
            .filter_map(Result::err)
            .collect::<Vec<_>>()
    };
    let list = [&one[..], &one[..one.len() - 1]].concat();
    assert_eq!(errors(&list), [Cause::Truncated]);
    let list = [&one[..], &line(24, Template::ImaNg, &event, false), &one].concat();
    assert_eq!(errors(&list), [Cause::BadLength]);
    assert_eq!(Extends::new(&list).count(), 2);
    let mut huge = one.clone();
    huge[24..28].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(errors(&huge), [Cause::BadLength]);
    let mut other = one.clone();
    other[28] = b'x';
    assert_eq!(errors(&other), [Cause::BadTemplate]);
}

#[test]
fn lines_have_sorted_keys_and_each_once() {
    let lines = Lines::parse(b"a=1\npcr=12\npcr_initial_sha1=00\npcr_initial_sha256=11\n").unwrap();
    assert_eq!(lines.get("pcr"), Some("12"));
    assert_eq!(lines.get("b"), None);
    let initial: Vec<_> = lines.initial().collect();
    assert_eq!(initial, [("sha1", "00"), ("sha256", "11")]);
    assert!(Lines::parse(b"").is_ok());
    for (text, error) in [
        (&b"b=1\na=2\n"[..], Cause::UnexpectedField),
        (b"a=1\na=2\n", Cause::UnexpectedField),
        (b"=1\n", Cause::UnexpectedField),
        (b"a\n", Cause::UnexpectedField),
        (b"a=\x1b[2J\n", Cause::UnexpectedField),
        (b"a=\xff\n", Cause::UnexpectedField),
        (b"a=1", Cause::Truncated),
    ] {
        assert_eq!(Lines::parse(text), Err(error), "{}", text.escape_ascii());
    }
}
