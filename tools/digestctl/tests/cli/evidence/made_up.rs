// SPDX-License-Identifier: GPL-2.0

//! Lies that a real TPM would not tell: quotes in other forms, other keys, records that say the
//! same bytes in another way, states of other machines, and a clock that moves.

use std::time::{
    Duration,
    SystemTime, //
};

use digest_logic::{
    evidence::records::Extends,
    policy::Template,
    template::Event, //
};
use serde_json::{
    json,
    Value, //
};

use super::{
    base64,
    digest_of,
    is_judged,
    made::{
        removal,
        Made, //
    },
    named,
    own,
    record,
    records,
    set_records,
    sha256,
    unbase64,
    unhex,
    verdict,
    Ran,
    NONCE, //
};

/// Changes the bytes of a field.
fn change(evidence: &mut Value, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let field = evidence.pointer_mut(path).expect("a field");
    let mut bytes = unbase64(field.as_str().expect("text"));
    change(&mut bytes);
    *field = base64(&bytes).into();
}

/// SHA-256, PCRs 0 to 9 and 12.
const SELECTION: &str = "000b03ff1300";

fn machine() -> Made {
    let mut made = Made::new();
    made.boot(&["metadata"]);
    made
}

#[test]
fn a_quote_that_answers_in_another_encoding_answers_another_question() {
    let made = machine();
    let (pcrs, values) = made.values();
    let selections = unhex(&format!("00000001{SELECTION}"));
    let nonce = unhex(NONCE);
    let text = NONCE.as_bytes();
    let reversed: Vec<u8> = nonce.iter().rev().copied().collect();
    let longer = [&nonce[..], &[0]].concat();
    for (nonce, line) in [
        (&nonce[..], "TRUSTED"),
        (text, "NOT TRUSTED: nonce"),
        (&nonce[..31], "NOT TRUSTED: nonce"),
        (&longer, "NOT TRUSTED: nonce"),
        (&reversed, "NOT TRUSTED: nonce"),
        (&[], "NOT TRUSTED: nonce"),
    ] {
        let attest = made.attest(nonce, &selections, &unhex(&sha256(&values)));
        let mut evidence = made.whole();
        evidence["quote"] = made.quote(&attest, &json!({ "sha256": pcrs }));
        is_judged(&made.judge(&evidence, ""), line);
    }
}

#[test]
fn a_selection_that_says_a_pcr_twice_or_not_at_all_vouches_for_none() {
    let made = machine();
    let (pcrs, values) = made.values();
    let (boot, value) = values.split_at(320);
    let of = |banks: &[(&str, &[u8])], told: Value| {
        let count = u32::try_from(banks.len()).expect("few").to_be_bytes();
        let selections: Vec<u8> = banks.iter().flat_map(|(bank, _)| unhex(bank)).collect();
        let values: Vec<u8> = banks
            .iter()
            .flat_map(|(_, values)| values.to_vec())
            .collect();
        let selections = [&count[..], &selections].concat();
        let attest = made.attest(&unhex(NONCE), &selections, &unhex(&sha256(values)));
        let mut evidence = made.whole();
        evidence["quote"] = made.quote(&attest, &told);
        made.judge(&evidence, "")
    };
    let told = json!({ "sha256": pcrs });
    let whole = (SELECTION, &values[..]);
    verdict(&of(&[whole], told.clone()), 0, "TRUSTED");
    // The same selected by a longer set of bits, whose others are zero.
    verdict(
        &of(&[("000b04ff130000", &values)], told.clone()),
        0,
        "TRUSTED",
    );
    let malformed = "NOT TRUSTED: quote-malformed";
    // The bank twice: in full, with nothing, and its PCRs in two pieces.
    verdict(&of(&[whole, whole], told.clone()), 1, malformed);
    verdict(
        &of(&[whole, ("000b03000000", &[])], told.clone()),
        1,
        malformed,
    );
    let pieces = [("000b03ff0300", boot), ("000b03001000", value)];
    verdict(&of(&pieces, told.clone()), 1, malformed);
    // PCR 24, which no platform has.
    verdict(
        &of(&[("000b04ff130001", &values)], told.clone()),
        1,
        malformed,
    );
    // PCR 11 or 13 in place of 12, with the value of that.
    for selection in ["000b03ff0b00", "000b03ff2300"] {
        let mut pcrs = pcrs.clone();
        let value = pcrs["12"].clone();
        pcrs["11"] = value.clone();
        pcrs["13"] = value;
        let ran = of(&[(selection, &values)], json!({ "sha256": pcrs }));
        verdict(&ran, 1, "NOT TRUSTED: bank-missing");
    }
    // The values of the bank are those of SM3, whose digests are as long.
    let ran = of(
        &[("001203ff1300", &values)],
        json!({ "0x0012": pcrs, "sha256": pcrs }),
    );
    verdict(&ran, 1, "NOT TRUSTED: bank-missing");
    // The names of banks are those of the kernel.
    let ran = of(&[whole], json!({ "SHA256": pcrs }));
    verdict(&ran, 1, "NOT TRUSTED: pcr-values");
}

#[test]
fn a_value_that_is_told_twice_is_no_evidence() {
    let made = machine();
    let text = made.whole().to_string();
    let value = "00".repeat(32);
    for (from, to) in [
        (
            "\"sha256\":{\"0\":",
            format!("\"sha256\":{{\"0\":\"{value}\",\"0\":"),
        ),
        ("\"pcrs\":{", "\"pcrs\":{\"sha256\":{},".to_owned()),
        (
            "\"log\":",
            "\"log\":{\"first\":0,\"records\":\"\"},\"log\":".to_owned(),
        ),
        ("\"nonce\":", "\"nonce\":\"00\",\"nonce\":".to_owned()),
    ] {
        assert!(text.contains(from), "{from}");
        made.place.file("twice", text.replacen(from, &to, 1));
        let ran = made.judged("twice", "");
        verdict(&ran, 2, "NOT JUDGED: evidence-malformed");
    }
}

#[test]
fn a_signature_counts_in_its_own_scheme_curve_and_hash_only() {
    let made = machine();
    let honest = made.whole();
    let by = |path: &str, edit: &dyn Fn(&mut Vec<u8>)| {
        let mut evidence = honest.clone();
        change(&mut evidence, path, edit);
        made.judge(&evidence, "")
    };
    let signature = "/quote/signature";
    let wrong = "NOT TRUSTED: quote-signature";
    let malformed = "NOT TRUSTED: quote-malformed";
    // SHA-384 and SHA-512 in place of SHA-256; SHA-1; ECDAA and SM2.
    for (at, value, line) in [
        (3, 0x0c, wrong),
        (3, 0x0d, wrong),
        (3, 0x04, malformed),
        (1, 0x1a, malformed),
        (1, 0x1b, malformed),
    ] {
        verdict(&by(signature, &|bytes| bytes[at] = value), 1, line);
    }
    // As RSASSA and RSAPSS, with the numbers of ECDSA behind it, and with r alone.
    for scheme in [0x14, 0x16] {
        verdict(&by(signature, &|bytes| bytes[1] = scheme), 1, malformed);
        let alone = |bytes: &mut Vec<u8>| {
            bytes[1] = scheme;
            bytes.truncate(4 + 2 + 32);
        };
        verdict(&by(signature, &alone), 1, wrong);
    }
    // r and s are zero, which verifies in bad programs; exchanged; longer by zeros, which a TPM may
    // write.
    verdict(
        &by(signature, &|bytes| {
            bytes[6..38].fill(0);
            bytes[40..].fill(0);
        }),
        1,
        wrong,
    );
    let exchanged = |bytes: &mut Vec<u8>| {
        let (r, s) = (bytes[6..38].to_vec(), bytes[40..].to_vec());
        bytes[6..38].copy_from_slice(&s);
        bytes[40..].copy_from_slice(&r);
    };
    verdict(&by(signature, &exchanged), 1, wrong);
    let longer = |bytes: &mut Vec<u8>| {
        bytes[5] += 1;
        bytes.insert(6, 0);
    };
    verdict(&by(signature, &longer), 0, "TRUSTED");
    // The curve of the key is another one, or its point none.
    let public = "/ak/public";
    let other = "NOT TRUSTED: ak-other";
    let at = unbase64(honest["ak"]["public"].as_str().expect("text")).len() - 72 + 1;
    for curve in [0x04, 0x05, 0x10] {
        verdict(&by(public, &|bytes| bytes[at] = curve), 1, other);
    }
    verdict(
        &by(public, &|bytes| *bytes.last_mut().expect("y") ^= 1),
        1,
        other,
    );
}

#[test]
fn a_key_lacks_none_of_the_attributes_of_an_attestation_key() {
    let made = machine();
    const GOOD: u32 = 0x0005_0072;
    for (attributes, line) in [
        (GOOD, "TRUSTED"),
        // fixedTPM, sensitiveDataOrigin, restricted, sign.
        (GOOD & !0x2, "NOT TRUSTED: ak-unrestricted"),
        (GOOD & !0x20, "NOT TRUSTED: ak-unrestricted"),
        (GOOD & !0x1_0000, "NOT TRUSTED: ak-unrestricted"),
        (GOOD & !0x4_0000, "NOT TRUSTED: ak-unrestricted"),
        (0, "NOT TRUSTED: ak-unrestricted"),
    ] {
        let mut evidence = made.whole();
        evidence["ak"]["public"] = base64(&made.public(attributes)).into();
        is_judged(&made.judge(&evidence, ""), line);
    }
}

#[test]
fn what_a_key_says_of_other_things_than_pcrs_is_no_quote() {
    let made = machine();
    let (pcrs, values) = made.values();
    let selections = unhex(&format!("00000001{SELECTION}"));
    let attest = made.attest(&unhex(NONCE), &selections, &unhex(&sha256(values)));
    // Certify, time, creation, NV; and what no TPM has said.
    for (at, value) in [(5, 0x17), (5, 0x19), (5, 0x1a), (5, 0x14), (0, 0xfe)] {
        let mut other = attest.clone();
        other[at] = value;
        let mut evidence = made.whole();
        evidence["quote"] = made.quote(&other, &json!({ "sha256": pcrs }));
        verdict(
            &made.judge(&evidence, ""),
            1,
            "NOT TRUSTED: quote-malformed",
        );
    }
}

/// The record at `place` with another name of its template, which no PCR vouches for.
fn renamed(evidence: &Value, place: usize, template: &str) -> Value {
    let mut evidence = evidence.clone();
    let mut all = records(&evidence);
    let line = &all[place];
    let length = u32::from_le_bytes(line[24..28].try_into().expect("four")) as usize;
    let size = u32::try_from(template.len()).expect("short").to_le_bytes();
    all[place] = [
        &line[..24],
        &size,
        template.as_bytes(),
        &line[28 + length..],
    ]
    .concat();
    set_records(&mut evidence, &all);
    evidence
}

#[test]
fn another_name_of_a_template_hides_nothing_that_a_record_says() {
    let mut made = machine();
    let [base, old] = ["base", "old"].map(|name| digest_of(made.place.read(name)));
    let used = format!("{base} 2 03\n{old} 1 00\n");
    made.append(&own(
        "digest_lists_checkpoint",
        &format!("sha256:{} {} reset\n", sha256(&used), used.len()),
    ));
    let text = format!("{base} 2 00\n{old} 1 00\n");
    made.append(&own(
        "digest_lists_checkpoint",
        &format!("sha256:{} {}\n", sha256(&text), text.len()),
    ));
    made.append(&removal(&[old]));
    let expected = made.place.read("expected");
    let required = [&expected[..], b"evidence_of_use=required\n"].concat();
    made.place.file("expected", required);
    let mut evidence = made.whole();
    evidence["seen"] = text.into();
    verdict(&made.judge(&evidence, ""), 1, "NOT TRUSTED: seen-missing");
    // The bytes of `ima-buf` are those of `ima-sig` with a signature in place of the data.
    let ran = made.judge(&renamed(&evidence, 3, "ima-sig"), "");
    assert_eq!(ran.code, 1, "{}", ran.out);
    ran.printed("log-malformed: record 3");
    let ran = made.judge(&renamed(&evidence, 4, "ima-sig"), "");
    assert_eq!(ran.code, 1, "{}", ran.out);
    ran.printed("log-malformed: record 4");
    let ran = made.judge(&renamed(&evidence, 5, "ima-sig"), "");
    assert_eq!(ran.code, 1, "{}", ran.out);
    ran.printed("log-malformed: record 5");
    let ran = made.judge(&renamed(&evidence, 1, "ima-sig"), "");
    verdict(&ran, 1, "NOT TRUSTED: log-start");
    // Nothing else reads these bytes; a load is not another sort of record.
    for template in [
        "ima-ng",
        "ima-ngv2",
        "ima-sigv2",
        "digest-batch",
        "ima",
        "evm-sig",
        "x",
        "",
    ] {
        let ran = made.judge(&renamed(&evidence, 3, template), "");
        assert!(
            ran.code == 1 && ran.out.contains("log-"),
            "{template}: {}",
            ran.out
        );
    }
    for template in ["ima-sig", "ima-buf", "ima-ngv2", "digest-batch"] {
        let ran = made.judge(&renamed(&evidence, 2, template), "");
        assert!(
            ran.code == 1 && ran.out.contains("log-"),
            "{template}: {}",
            ran.out
        );
    }
}

#[test]
fn a_record_of_a_file_is_one_in_whatever_template() {
    let mut made = machine();
    let event = Event {
        signature: b"any",
        ..Event::new(digest_of("unknown"), b"/unknown")
    };
    made.append(&record(Template::ImaSig, &event));
    let evidence = made.whole();
    for template in ["ima-sig", "ima-buf"] {
        let ran = made.judge(&renamed(&evidence, 3, template), "");
        verdict(&ran, 1, "NOT TRUSTED: file-unknown");
    }
}

#[test]
fn a_record_has_no_byte_more_than_it_says_and_no_other_pcr() {
    let mut made = machine();
    made.append(&named(digest_of("unknown"), "/unknown"));
    let honest = made.whole();
    let with = |edit: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut evidence = honest.clone();
        let mut all = records(&evidence);
        edit(&mut all);
        set_records(&mut evidence, &all);
        made.judge(&evidence, "")
    };
    // A byte behind the fields, within the record and behind it.
    let inside = |all: &mut Vec<Vec<u8>>| {
        let data = all[3].len() - 4 - 24 - 4 - 6;
        let size = u32::try_from(data + 1).expect("short").to_le_bytes();
        all[3][34..38].copy_from_slice(&size);
        all[3].push(0);
    };
    verdict(&with(&inside), 1, "NOT TRUSTED: log-malformed");
    verdict(&with(&|all| all[3].push(0)), 1, "NOT TRUSTED: file-unknown");
    verdict(
        &with(&|all| all[2].push(0)),
        1,
        "NOT TRUSTED: log-malformed",
    );
    for (pcr, line) in [
        (13, "NOT TRUSTED: pcr-unexpected"),
        (23, "NOT TRUSTED: pcr-unexpected"),
        (24, "NOT TRUSTED: log-malformed"),
    ] {
        verdict(&with(&|all| all[3][0] = pcr), 1, line);
    }
    // The list does not begin with its beginning.
    verdict(&with(&|all| all.swap(0, 1)), 1, "NOT TRUSTED: log-start");
    verdict(
        &with(&|all| drop(all.remove(0))),
        1,
        "NOT TRUSTED: log-start",
    );
    verdict(
        &with(&|all| all.rotate_left(2)),
        1,
        "NOT TRUSTED: log-start",
    );
}

#[test]
fn a_checkpoint_that_is_moved_is_told() {
    let mut made = machine();
    let [base, old] = ["base", "old"].map(|name| digest_of(made.place.read(name)));
    let text = format!("{base} 2 00\n{old} 1 00\n");
    made.append(&own(
        "digest_lists_checkpoint",
        &format!("sha256:{} {}\n", sha256(&text), text.len()),
    ));
    made.append(&named(digest_of("a thing"), "/thing"));
    made.append(&named(digest_of("a program"), "/program"));
    let mut honest = made.whole();
    honest["seen"] = text.into();
    verdict(&made.judge(&honest, ""), 0, "TRUSTED");
    for to in [2, 4, 5] {
        let mut evidence = honest.clone();
        let mut all = records(&evidence);
        let moved = all.remove(3);
        all.insert(to, moved);
        set_records(&mut evidence, &all);
        let ran = made.judge(&evidence, "");
        assert!(
            ran.code == 1 && (ran.out.contains("replay") || ran.out.contains("records-swapped")),
            "{}",
            ran.out
        );
    }
}

#[test]
fn names_of_lists_in_records_are_digests_and_nothing_else() {
    let base = {
        let made = Made::new();
        digest_of(made.place.read("base")).to_string()
    };
    for (text, line) in [
        (format!("{base}\n"), "TRUSTED"),
        (
            format!("{}\n", &base[..70]),
            "NOT TRUSTED: lists-inconsistent",
        ),
        (format!("{base}0\n"), "NOT TRUSTED: lists-inconsistent"),
        (format!(" {base}\n"), "NOT TRUSTED: lists-inconsistent"),
        (
            format!("{}\n", &base[7..]),
            "NOT TRUSTED: lists-inconsistent",
        ),
        (
            base.replace("sha256", "SHA256"),
            "NOT TRUSTED: lists-inconsistent",
        ),
        (
            base.replace("sha256", "sha512"),
            "NOT TRUSTED: lists-inconsistent",
        ),
        (
            format!("{base}\n{base}\n"),
            "NOT TRUSTED: lists-inconsistent",
        ),
    ] {
        let mut made = machine();
        let again = digest_of(made.place.read("base")).to_string();
        let text = text
            .replace(&base[7..70], &again[7..70])
            .replace(&base[7..], &again[7..]);
        made.append(&own("digest_lists_remove", &text));
        is_judged(&made.judge(&made.whole(), ""), line);
    }
}

#[test]
fn names_that_control_a_terminal_or_climb_out_of_a_directory_do_neither() {
    let mut made = Made::new();
    made.boot(&[]);
    let list = digest_of(made.place.read("old"));
    let mut data = super::Bytes::default();
    digest_logic::metadata::Record {
        algo: list.algo(),
        digest: list.as_bytes(),
        signature: &[],
        path: b"/../../../etc/passwd",
        ref_id: "\x1b[2J\x1b[1;1HTRUSTED\r\n\u{202e}\t../../x\u{9b}m".as_bytes(),
        list_type: digest_logic::list::ListType::Compact,
    }
    .write(&mut data)
    .expect("metadata");
    made.load(&data.0);
    made.append(&named(
        digest_of("unknown"),
        "/x\x1b]0;y\x07\u{2066}\u{85}z",
    ));
    let ran = made.judge(&made.whole(), "--state states/m");
    verdict(&ran, 1, "NOT TRUSTED: file-unknown");
    let json = made.judge(&made.whole(), "--json");
    for text in [ran.out, json.out] {
        let bad = |text: char| {
            text != '\n' && (text.is_control() || matches!(text, '\u{202e}' | '\u{2066}'))
        };
        assert!(!text.contains(bad), "{text:?}");
        assert!(!text.contains("\nTRUSTED"), "{text}");
    }
    // A trusted machine leaves a state, whose lines no name of a list can end.
    let expected = made.place.read("expected");
    let allow = format!("allow={}\n", digest_of("unknown"));
    made.place
        .file("expected", [&expected[..], allow.as_bytes()].concat());
    made.clock += 1;
    verdict(&made.judge(&made.whole(), "--state states/m"), 0, "TRUSTED");
    made.clock += 1;
    let evidence = made.evidence(4, &[]);
    verdict(&made.judge(&evidence, "--state states/m"), 0, "TRUSTED");
}

#[test]
fn records_of_two_boots_are_those_of_none() {
    let mut made = machine();
    verdict(&made.judge(&made.whole(), "--state states/m"), 0, "TRUSTED");
    let first = made.list.clone();
    let after = made.value.clone();
    made.append(&named(digest_of("unknown"), "/unknown"));
    let rest = made.list[first.len()..].to_vec();
    made.clock += 1;
    let delta = |made: &Made| made.judge(&made.evidence(3, &rest), "--state states/m");
    verdict(&delta(&made), 1, "NOT TRUSTED: file-unknown");
    // The unknown file is left behind in a boot whose records went on as before.
    made.value = after;
    for (resets, restarts, line, code) in [
        (2, 0, "NOT JUDGED: reset", 2),
        (0, 0, "NOT TRUSTED: reset, clock-back", 1),
    ] {
        (made.resets, made.restarts) = (resets, restarts);
        let ran = made.judge(&made.evidence(3, &[]), "--state states/m");
        verdict(&ran, code, line);
    }
    // The same boot, of which the TPM says less than before.
    (made.resets, made.restarts) = (1, 1);
    made.clock += 1;
    let slept = made.evidence(3, &[]);
    verdict(&made.judge(&slept, "--state states/m"), 0, "TRUSTED");
    made.restarts = 0;
    made.clock += 1;
    let ran = made.judge(&made.evidence(3, &[]), "--state states/m");
    verdict(&ran, 1, "NOT TRUSTED: clock-back");
    made.restarts = 1;
    made.clock = 1;
    let ran = made.judge(&made.whole(), "--state states/m");
    verdict(&ran, 1, "NOT TRUSTED: clock-back");
    // A list whose first record is of another boot than the quoted PCRs.
    made.begin();
    made.clock = 5000;
    made.append(&named(digest_of("another boot"), "boot_aggregate"));
    let list = first.clone();
    for extend in Extends::new(&list).skip(1) {
        let extend = extend.expect("a record");
        let record = super::Record::new(super::written(&extend), extend.data.to_vec());
        made.append(&record);
    }
    let ran = made.judge(&made.whole(), "--state states/m");
    verdict(&ran, 1, "NOT TRUSTED: boot-aggregate");
}

/// A time of the clock as openssl wants it.
fn time(seconds: u64) -> String {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let since = time.duration_since(SystemTime::UNIX_EPOCH).expect("later");
    let output = std::process::Command::new("date")
        .args(["-u", "+%Y%m%d%H%M%SZ", "-d"])
        .arg(format!("@{}", since.as_secs()))
        .output()
        .expect("date runs");
    String::from_utf8(output.stdout)
        .expect("text")
        .trim()
        .to_owned()
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.expect("later").as_secs()
}

#[test]
fn a_key_that_ends_between_rounds_counts_no_more_where_the_clock_is_asked() {
    let mut made = Made::new();
    let place = &made.place;
    let end = now() + 40;
    place.openssl(&format!(
        "req -x509 -newkey rsa:2048 -nodes -not_before {} -not_after {} -sha256 -subj /CN=carol \
         -keyout carol.key -out carol.pem -addext keyUsage=digitalSignature,keyCertSign",
        time(now() - 10),
        time(end)
    ));
    place.file("bad/one", "a bad program");
    place.run("generate bad --revoked -o revoked").good();
    place
        .run("generate bad -o other --name other --serial 1")
        .good();
    for list in ["revoked", "other"] {
        // Less than a year is left of the certificate.
        let ran = place.run(&format!("sign {list} --key carol.key --cert carol.pem"));
        assert_eq!(ran.code, 0, "{}", ran.err);
    }
    place
        .run("metadata --root . other -o other.metadata")
        .good();
    place.run("repo add repo revoked other").good();
    made.trust = "alice.pem carol.pem".into();
    made.boot(&["metadata"]);
    let clock = |made: &Made, first: u64, state: &str| {
        let records = match first {
            0 => &made.list[..],
            _ => &[],
        };
        made.judge(
            &made.evidence(first, records),
            &format!("--validity clock --state {state}"),
        )
    };
    let next = |made: &mut Made, first, state: &str| -> Ran {
        made.clock += 1;
        clock(made, first, state)
    };
    // One machine has a list by carol, one only lists by alice, one has used what carol revokes.
    verdict(&next(&mut made, 0, "states/alice"), 0, "TRUSTED");
    made.boot(&["metadata", "other.metadata"]);
    verdict(&next(&mut made, 0, "states/carol"), 0, "TRUSTED");
    verdict(&next(&mut made, 4, "states/carol"), 0, "TRUSTED");
    made.append(&named(digest_of("a bad program"), "/bad"));
    let ran = next(&mut made, 0, "states/bad");
    verdict(&ran, 1, "NOT TRUSTED: file-revoked");
    assert!(now() < end, "this machine is too slow for this test");
    while now() <= end + 1 {
        std::thread::sleep(Duration::from_millis(200));
    }
    // What is revoked stays revoked.
    let ran = next(&mut made, 0, "states/bad");
    verdict(&ran, 1, "NOT TRUSTED: list-signature, file-revoked");
    made.boot(&["metadata", "other.metadata"]);
    let ran = next(&mut made, 4, "states/carol");
    verdict(&ran, 2, "NOT JUDGED: needs-whole-list");
    ran.printed("does not count as at the last round: ");
    let ran = next(&mut made, 0, "states/carol");
    verdict(&ran, 1, "NOT TRUSTED: list-signature");
    // When the clock is not asked, the signature is as good as when it was made; another state.
    made.clock += 1;
    let ran = made.judge(&made.evidence(4, &[]), "--state states/carol");
    verdict(&ran, 2, "NOT JUDGED: needs-whole-list");
    let whole = made.whole();
    verdict(&made.judge(&whole, "--state states/carol"), 0, "TRUSTED");
    // And the other way round.
    let ran = next(&mut made, 4, "states/carol");
    verdict(&ran, 2, "NOT JUDGED: needs-whole-list");
    // Nothing changes for whom has nothing of carol.
    made.metadata.clear();
    made.boot(&["metadata"]);
    verdict(&next(&mut made, 3, "states/alice"), 0, "TRUSTED");
}

#[test]
fn a_state_of_another_machine_says_nothing_of_this_one() {
    let made = machine();
    verdict(&made.judge(&made.whole(), "--state states/m"), 0, "TRUSTED");
    let state = made.place.read("states/m");
    // Where the verifier keeps the states of others, whose key it takes for this one's.
    let ak = made.place.read("ak.pem");
    made.place
        .openssl("ecparam -name prime256v1 -genkey -noout -out any.key");
    made.place.openssl("ec -in any.key -pubout -out ak.pem");
    let ran = made.judge(&made.whole(), "--state states/m");
    verdict(&ran, 1, "NOT TRUSTED: ak-other");
    made.place.file("ak.pem", ak);
    // A state whose key was written over is damaged, and stays as it is.
    let text = String::from_utf8(state).expect("text");
    let at = text.find("ak=sha256:").expect("a key") + 10;
    let digit = if text.as_bytes()[at] == b'0' {
        "1"
    } else {
        "0"
    };
    let mut other = text.clone();
    other.replace_range(at..=at, digit);
    made.place.file("states/m", &other);
    let ran = made.judge(&made.whole(), "--state states/m");
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("cannot be used as a state"), "{}", ran.err);
    assert_eq!(made.place.read("states/m"), other.as_bytes());
}
