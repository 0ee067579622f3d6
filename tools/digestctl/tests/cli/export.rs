// SPDX-License-Identifier: GPL-2.0

//! `digestctl export`: what other verifiers expect is what a machine does. The TPM is swtpm, asked
//! by tpm2-tools.

use std::process::Command;

use digest_logic::evidence::records::Extends;
use serde_json::Value;

use crate::{
    evidence::{
        base64,
        digest_of,
        hash,
        named,
        prepared,
        shared,
        unbase64,
        Machine,
        AK,
        BANKS,
        NONCE, //
    },
    sha256,
    skipped,
    Ran, //
};

/// What `digestctl predict` is told for the machines of these tests.
fn told() -> String {
    format!(
        "--rules rules --kernel 7.3.4 --boot-aggregate sha256:{} --root . metadata",
        sha256([0; 320])
    )
}

fn json(ran: Ran) -> Value {
    serde_json::from_str(&ran.out).expect("JSON")
}

/// The value of the list's PCR in the TPM.
fn in_tpm(machine: &Machine, bank: &str) -> String {
    let read = machine.tools(&format!("pcrread {bank}:12")).to_lowercase();
    read.split("0x").nth(1).expect("a value").trim().to_owned()
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal"))
        .collect()
}

/// A machine that was started, on which known files were used only.
fn booted() -> Option<Machine> {
    let mut machine = prepared()?;
    machine.reset();
    machine.boot("metadata");
    Some(machine)
}

#[test]
fn a_predicted_tpm_policy_and_component_have_the_value_of_a_tpm_that_took_the_records() {
    let Some(machine) = booted() else { return };
    let policy = json(
        machine
            .digestctl(&format!("export tpm-policy {}", told()))
            .good(),
    );
    assert_eq!(
        policy,
        serde_json::json!({ "12": [in_tpm(&machine, "sha256")], "mask": "0x1000" })
    );
    let of_list = json(machine.digestctl("export tpm-policy --log list").good());
    assert_eq!(of_list, policy);
    let both = machine.digestctl(&format!(
        "export tpm-policy --bank sha1,sha512 {} -o both.json",
        told()
    ));
    both.good();
    let both: Value = serde_json::from_slice(&machine.place.read("both.json")).expect("JSON");
    assert_eq!(
        both["12"],
        serde_json::json!([in_tpm(&machine, "sha1"), in_tpm(&machine, "sha512")])
    );
    // Another policy of the module gives another value.
    machine.place.file("rules", "audit func=BPRM_CHECK\n");
    let other = json(
        machine
            .digestctl(&format!("export tpm-policy {}", told()))
            .good(),
    );
    assert_ne!(other["12"], policy["12"]);
    machine
        .place
        .file("rules", "measure func=BPRM_CHECK digest_list\n");

    let component = json(
        machine
            .digestctl(&format!("export pcrlock {}", told()))
            .good(),
    );
    let records = component["records"].as_array().expect("records");
    assert_eq!(records.len(), 3);
    for bank in BANKS {
        let mut value = vec![0; hash(bank, b"").len() / 2];
        for record in records {
            assert_eq!(record["pcr"], 12);
            let digests = record["digests"].as_array().expect("digests");
            let digest = digests.iter().find(|digest| digest["hashAlg"] == bank);
            let digest = digest.expect("the bank")["digest"].as_str().expect("text");
            value = unhex(&hash(bank, &[value, unhex(digest)].concat()));
        }
        assert_eq!(value, unhex(&in_tpm(&machine, bank)), "{bank}");
    }
}

/// A firmware's log of no event but the one that says which banks there are.
pub(crate) fn firmware_log() -> Vec<u8> {
    let mut event = b"Spec ID Event03\0".to_vec();
    event.extend([0, 0, 0, 0, 0, 2, 0, 2]);
    event.extend(4u32.to_le_bytes());
    for (algorithm, size) in [(4u16, 20u16), (11, 32), (12, 48), (13, 64)] {
        event.extend(algorithm.to_le_bytes());
        event.extend(size.to_le_bytes());
    }
    event.push(0);
    let mut log = [0u32, 3].map(u32::to_le_bytes).concat();
    log.extend([0; 20]);
    log.extend(u32::try_from(event.len()).expect("short").to_le_bytes());
    log.extend(event);
    log
}

#[test]
fn systemd_pcrlock_predicts_the_value_of_the_tpm_from_the_component() {
    let pcrlock = "/usr/lib/systemd/systemd-pcrlock";
    if !std::path::Path::new(pcrlock).exists() {
        skipped("there is no systemd-pcrlock");
        return;
    }
    let Some(machine) = booted() else { return };
    let place = &machine.place;
    place.file("components/none", "");
    machine
        .digestctl(&format!(
            "export pcrlock {} -o components/755-digest-lists.pcrlock",
            told()
        ))
        .good();
    place.file("firmware", firmware_log());
    // The list as systemd's own log: a sequence of objects, each behind a record separator.
    let ran = machine.digestctl("log show list --format cel-json").good();
    let log: Vec<Value> = serde_json::from_str(&ran.out).expect("JSON");
    let log: Vec<String> = log
        .iter()
        .map(|record| format!("\u{1e}{record}\n"))
        .collect();
    place.file("userspace", log.concat());
    let output = Command::new(pcrlock)
        .current_dir(place.path("."))
        .env("SYSTEMD_TPM2_DEVICE", machine.tcti())
        .env("SYSTEMD_MEASURE_LOG_FIRMWARE", place.path("firmware"))
        .env("SYSTEMD_MEASURE_LOG_USERSPACE", place.path("userspace"))
        .arg(format!(
            "--components={}",
            place.path("components").display()
        ))
        .args(["--pcr=12", "--json=short", "predict"])
        .output()
        .expect("systemd-pcrlock runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let predicted: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for bank in BANKS {
        assert_eq!(
            predicted[bank],
            serde_json::json!([{ "pcr": 12, "values": [in_tpm(&machine, bank)] }]),
            "{error}"
        );
    }
}

#[test]
fn a_corim_is_decoded_to_the_values_of_a_tpm_that_took_the_records() {
    use corim::types::{
        common::MeasuredElement,
        measurement::DigestAlg, //
    };
    let Some(machine) = booted() else { return };
    machine
        .digestctl(&format!(
            "export corim --vendor ACME {} -o machine.corim",
            told()
        ))
        .good();
    let data = machine.place.read("machine.corim");
    // The tag of an unsigned CoRIM: 501.
    assert_eq!(data[..3], [0xd9, 0x01, 0xf5]);
    let (_, comids) = corim::validate::decode_and_validate(&data).expect("a CoRIM");
    let [comid] = comids.as_slice() else {
        panic!("{} CoMIDs", comids.len());
    };
    let triples = comid.triples.reference_triples.as_deref().expect("triples");
    let [triple] = triples else {
        panic!("{} triples", triples.len());
    };
    let class = triple.environment().class.as_ref().expect("a class");
    assert_eq!(
        (class.vendor.as_deref(), class.model.as_deref()),
        (Some("ACME"), Some("7.3.4"))
    );
    let [measurement] = triple.measurements() else {
        panic!("{} measurements", triple.measurements().len());
    };
    assert_eq!(measurement.mkey, Some(MeasuredElement::Uint(12)));
    let digests = measurement.mval.digests.as_deref().expect("digests");
    let found: Vec<_> = digests
        .iter()
        .map(|digest| (digest.alg().clone(), digest.value().to_vec()))
        .collect();
    let there = [(1, "sha256"), (7, "sha384"), (8, "sha512")]
        .map(|(number, bank)| (DigestAlg::Int(number), unhex(&in_tpm(&machine, bank))));
    assert_eq!(found, there);
}

#[test]
fn a_tpm_policy_of_a_list_has_the_value_of_the_tpm_that_has_the_list() {
    let Some(machine) = booted() else { return };
    machine.append(&named(digest_of("allowed"), "/opt/allowed"));
    let policy = json(machine.digestctl("export tpm-policy --log list").good());
    assert_eq!(policy["12"][0], in_tpm(&machine, "sha256").as_str());
    machine
        .place
        .file("cut", &machine.place.read("list")[..300]);
    machine
        .digestctl("export tpm-policy --log cut")
        .failed("of the measurement list");
    machine
        .digestctl("export tpm-policy --bank sm3_256 --log list")
        .failed("--bank sm3_256");
}

#[test]
fn the_runtime_policy_of_keylime_has_the_records_of_a_machine_and_only_files_that_are_allowed() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let place = &machine.place;
    let policy = json(
        machine
            .digestctl(&format!("export keylime {}", told()))
            .good(),
    );
    // By the list that the TPM has.
    let list = place.read("list");
    let mut extends = Extends::new(&list).map(|extend| extend.expect("a record"));
    let mut digest = || {
        let record = extends.next().and_then(|extend| extend.records().next());
        record
            .expect("a record")
            .event
            .digest
            .to_string()
            .split_off("sha256:".len())
    };
    let (aggregate, start, metadata) = (digest(), digest(), digest());
    let path = place.path("metadata");
    let root = place.path(".").canonicalize().expect("a path");
    let inside = path.canonicalize().expect("a path");
    let inside = inside
        .strip_prefix(root)
        .expect("inside")
        .display()
        .to_string();
    let name = format!("digest_lists_metadata:/{inside}");
    assert_eq!(
        policy["digests"],
        serde_json::json!({ "boot_aggregate": [aggregate], name.clone(): [metadata] })
    );
    assert_eq!(
        policy["ima-buf"],
        serde_json::json!({ "digest_lists_start": [start] })
    );
    assert_eq!(
        policy["excludes"],
        serde_json::json!(["^digest_lists_checkpoint$"])
    );
    assert_eq!(policy["ima"]["log_hash_alg"], "sha1");

    // Of a list, the files that are allowed and no others.
    let ran = machine.digestctl("export keylime --log list --policy expected");
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (
            0,
            "digestctl: note: 1 record of files that are not allowed left out\n"
        )
    );
    let policy = json(ran);
    assert_eq!(policy["digests"]["/opt/allowed"][0], sha256("allowed"));
    assert_eq!(policy["digests"].as_object().expect("names").len(), 3);
    assert_eq!(
        policy["ima-buf"]["digest_lists_remove"][0],
        sha256(format!("{}\n", digest_of(place.read("old"))))
    );

    place.file("pathless", format!("allow=sha256:{}\n", sha256("x")));
    machine
        .digestctl("export keylime --log list --policy pathless")
        .failed("no absolute path behind the digest");
    // A name is as the record of such a file has it.
    place.file(
        "spaces",
        format!("allow=sha256:{} /opt/two words\n", sha256("x")),
    );
    let policy = json(
        machine
            .digestctl(&format!("export keylime --policy spaces {}", told()))
            .good(),
    );
    assert_eq!(policy["digests"]["/opt/two_words"][0], sha256("x"));
}

#[test]
fn the_request_to_keylime_has_a_quote_that_tpm2_checkquote_takes_and_the_ascii_list() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let place = &machine.place;
    machine.digestctl("export keylime --log list --policy expected -o runtime.json");
    machine
        .attest("one-bank", "--bank sha256 --seen seen")
        .good();
    let request = json(
        machine
            .digestctl(&format!(
                "export keylime-evidence one-bank --nonce {NONCE} --ak ak.pem --runtime-policy runtime.json"
            ))
            .good(),
    );
    let data = &request["data"];
    assert_eq!(
        (&request["type"], &data["hash_alg"]),
        (&"tpm".into(), &"sha256".into())
    );
    assert_eq!(data["nonce"], base64(&unhex(NONCE)));
    assert_eq!(
        data["runtime_policy"].as_str().expect("text").as_bytes(),
        place.read("runtime.json")
    );
    // A Keylime that does not read the list is to refuse.
    assert_eq!(data["tpm_policy"], "{\"12\":[]}");
    let quote = data["quote"].as_str().expect("text");
    let parts = quote.strip_prefix('r').expect("the letter").split(':');
    for (name, part) in ["q.attest", "q.signature", "q.pcrs"].into_iter().zip(parts) {
        place.file(name, unbase64(part));
    }
    machine.tools(&format!(
        "checkquote -u ak.pem -m q.attest -s q.signature -f q.pcrs -g sha256 -q {NONCE}"
    ));
    let list = data["ima_measurement_list"].as_str().expect("text");
    assert_eq!(list.lines().count(), 7);
    let line = list.lines().nth(4).expect("a line");
    assert!(line.starts_with("12 "), "{line}");
    assert!(
        line.ends_with(&format!(
            " ima-ng sha256:{} /opt/allowed",
            sha256("allowed")
        )),
        "{line}"
    );

    // Our own verifier takes the quote if it is told so.
    let expected = place.read("expected");
    place.file("one", [&expected[..], b"banks=sha256\n"].concat());
    let verify = format!("verify-evidence one-bank --nonce {NONCE} --ak ak.pem --repo repo --trust alice.pem --policy");
    machine.digestctl(&format!("{verify} one")).good();
    machine
        .digestctl(&format!("{verify} expected"))
        .printed("NOT TRUSTED: bank-missing");

    // What Keylime could not read is refused.
    let refused = |evidence: &str, more: &str, why: &str| {
        machine
            .digestctl(&format!(
                "export keylime-evidence {evidence} --nonce {NONCE} {more}"
            ))
            .failed(why);
    };
    let good = "--ak ak.pem --runtime-policy runtime.json";
    refused("honest", good, "digestctl attest --bank sha256");
    machine.attest("late", "--bank sha256 --since 2").good();
    refused("late", good, "Keylime needs the whole list");
    machine.attest("sha1", "--bank sha1").good();
    refused("sha1", good, "digestctl attest --bank sha256");
    machine.make_ak("another", "0x81010077", "ecc", "ecdsa");
    refused(
        "one-bank",
        "--ak another.pem --runtime-policy runtime.json",
        "by another key than another.pem",
    );
    machine
        .digestctl(&format!(
            "attest --nonce {NONCE} --ak {AK} --list list --bank sha3 -o none"
        ))
        .failed("the TPM has no active bank sha3; it has sha1, sha256");
}
