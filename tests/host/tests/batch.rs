// SPDX-License-Identifier: GPL-2.0

//! Records that share an extend.

use digest_logic::{
    digest::Digest,
    hash_algo::HashAlgo,
    policy::Template,
    refusal::Cause,
    template::{
        batch::{
            self,
            Batch,
            MAX_MEMBERS, //
        },
        write_binary,
        Event, //
    },
};
use host_tests::written;

fn digest(byte: u8) -> Digest {
    Digest::new(HashAlgo::Sha256, &[byte; 32]).unwrap()
}

fn data(template: Template, byte: u8, name: &[u8]) -> Vec<u8> {
    let event = Event {
        signature: &[3, 2],
        ..Event::new(digest(byte), name)
    };
    written(|sink| event.write(template, sink)).unwrap()
}

fn member(pcr: u32, template: &str, data: &[u8]) -> Vec<u8> {
    let sha1 = Digest::zero(HashAlgo::Sha1);
    written(|sink| write_binary(pcr, &sha1, template, data, sink)).unwrap()
}

#[test]
fn a_batch_is_its_members_one_after_the_other() {
    let one = data(Template::ImaNg, 1, b"/one");
    let two = data(Template::ImaSig, 2, b"/t w o");
    let all = [member(12, "ima-ng", &one), member(12, "ima-sig", &two)].concat();
    let read = Batch::parse(12, &all).unwrap();
    let members: Vec<_> = read.into_members().collect();
    assert_eq!(members.len(), 2);
    assert_eq!(
        (members[0].template, members[0].data),
        (Template::ImaNg, &one[..])
    );
    assert_eq!(
        (members[1].template, members[1].data),
        (Template::ImaSig, &two[..])
    );
    assert_eq!(members[1].event().unwrap().digest, digest(2));
    let sha1 = Digest::zero(HashAlgo::Sha1);
    let line = written(|sink| batch::write_ascii(12, &sha1, &all, sink)).unwrap();
    assert_eq!(
        String::from_utf8(line).unwrap(),
        format!(
            "12 {} digest-batch ima-ng {} /one ima-sig {} /t_w_o 0302\n",
            "0".repeat(40),
            digest(1),
            digest(2)
        )
    );
}

#[test]
fn what_is_no_batch_is_refused() {
    let one = data(Template::ImaNg, 1, b"/one");
    let good = member(12, "ima-ng", &one);
    let error = |data: &[u8]| Batch::parse(12, data).unwrap_err();
    assert_eq!(error(&[]), Cause::Empty);
    assert_eq!(error(&member(13, "ima-ng", &one)), Cause::BadTemplate);
    assert_eq!(
        error(&member(12, "digest-batch", &good)),
        Cause::BadTemplate
    );
    assert_eq!(error(&member(12, "ima", &one)), Cause::TrailingBytes);
    for end in 1..good.len() {
        let cut = [&good[..], &good[..end]].concat();
        assert_eq!(error(&cut), Cause::Truncated, "{end}");
    }
    assert!(Batch::parse(12, &good.repeat(MAX_MEMBERS)).is_ok());
    assert_eq!(error(&good.repeat(MAX_MEMBERS + 1)), Cause::TooManyEntries);
}
