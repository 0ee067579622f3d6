// SPDX-License-Identifier: GPL-2.0

//! `digestctl enroll`: a machine with the right TPM is enrolled, and no other. The TPMs are swtpm,
//! with certificates by its own authority; tpm2-tools ask them.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::Command,
    sync::{
        Mutex,
        MutexGuard,
        OnceLock, //
    },
};

use serde_json::Value;

use crate::{
    evidence::{
        base64,
        shared,
        signer,
        unbase64,
        verdict,
        Machine,
        AK,
        NONCE, //
    },
    progress::with_tpm,
    sha256,
    skipped,
    Place,
    Ran, //
};

/// Where swtpm_setup puts the endorsement key.
const EK: &str = "0x81010001";
/// A key of the first machine that signs anything.
const UNRESTRICTED: &str = "0x81010003";
/// A second attestation key of the first machine.
const OTHER_AK: &str = "0x81010004";

/// Two machines with TPMs of one maker, and a verifier. Files go from one to the other.
struct Site {
    verifier: Place,
    one: Machine,
    other: Machine,
}

/// Makes a TPM with a certificate of its endorsement key, by the authority in `maker`, and an
/// attestation key.
fn tpm_with_certificate(maker: &Place) -> Option<Machine> {
    let machine = tpm_of(maker, &[])?;
    make_ak(&machine, EK, "ak", AK);
    Some(machine)
}

/// The same, made with these options of swtpm_setup, and without an attestation key.
fn tpm_of(maker: &Place, options: &[&str]) -> Option<Machine> {
    let place = Place::new();
    fs::create_dir(place.path("tpm")).expect("a directory");
    let path = |name: &str| maker.path(name).display().to_string();
    fs::create_dir_all(maker.path("ca")).expect("a directory");
    maker.file(
        "setup.conf",
        format!(
            "create_certs_tool=/usr/bin/swtpm_localca\n\
             create_certs_tool_config={}\ncreate_certs_tool_options={}\n",
            path("localca.conf"),
            path("localca.options")
        ),
    );
    maker.file(
        "localca.conf",
        format!(
            "statedir={}\nsigningkey={}\nissuercert={}\ncertserial={}\n",
            path("ca"),
            path("ca/key.pem"),
            path("ca/cert.pem"),
            path("ca/serial")
        ),
    );
    maker.file(
        "localca.options",
        "--platform-manufacturer test\n--platform-version 1\n--platform-model test\n",
    );
    let made = Command::new("swtpm_setup")
        .args(["--tpm2", "--create-ek-cert", "--overwrite"])
        .args(options)
        .args(["--runas", "root", "--tpmstate"])
        .arg(place.path("tpm"))
        .arg("--config")
        .arg(maker.path("setup.conf"))
        .output();
    match made {
        Ok(made) => assert!(
            made.status.success(),
            "{}{}",
            String::from_utf8_lossy(&made.stdout),
            String::from_utf8_lossy(&made.stderr)
        ),
        Err(_) => {
            skipped("there is no swtpm_setup");
            return None;
        }
    }
    Machine::with_tpm(place)
}

fn make_ak(machine: &Machine, ek: &str, name: &str, handle: &str) {
    machine.tools(&format!(
        "createak -Q -C {ek} -c {name}.ctx -G ecc -g sha256 -s ecdsa -u {name}.pem -f pem"
    ));
    machine.tools("flushcontext -t");
    machine.tools("flushcontext -s");
    machine.tools(&format!("evictcontrol -Q -C o -c {name}.ctx {handle}"));
    machine.tools("flushcontext -t");
}

impl Site {
    fn new() -> Option<Self> {
        let verifier = Place::new();
        let one = tpm_with_certificate(&verifier)?;
        let other = tpm_with_certificate(&verifier)?;
        make_ak(&one, EK, "other-ak", OTHER_AK);
        one.tools("createprimary -Q -C o -c primary");
        one.tools("flushcontext -t");
        one.tools(
            "create -Q -C primary -G ecc:ecdsa-sha256 -u plain.pub -r plain.priv -c plain.ctx \
             -a fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign",
        );
        one.tools("flushcontext -t");
        one.tools(&format!("evictcontrol -Q -C o -c plain.ctx {UNRESTRICTED}"));
        one.tools("flushcontext -t");
        // Another authority, which certified nothing.
        signer(&verifier, "stranger");
        Some(Self {
            verifier,
            one,
            other,
        })
    }

    /// A name as a path of the verifier's.
    fn path(&self, name: &str) -> String {
        self.verifier.path(name).display().to_string()
    }

    fn request(&self, machine: &Machine, ak: &str, name: &str) {
        let output = self.path(name);
        machine
            .digestctl(&format!("enroll request --ek {EK} --ak {ak} -o {output}"))
            .good();
    }

    /// Makes NAME.challenge and NAME.pending of the request.
    fn challenge(&self, request: &str, name: &str, by: &str) -> Ran {
        self.verifier.run(&format!(
            "enroll challenge {request} {by} --pending {name}.pending -o {name}.challenge"
        ))
    }

    /// The machine answers NAME.challenge by NAME.answer.
    fn answer(&self, machine: &Machine, ak: &str, name: &str) -> Ran {
        let (challenge, answer) = (
            self.path(&format!("{name}.challenge")),
            self.path(&format!("{name}.answer")),
        );
        machine.digestctl(&format!(
            "enroll answer {challenge} --ek {EK} --ak {ak} -o {answer}"
        ))
    }

    /// The verifier takes ANSWER to NAME.challenge.
    fn finish(&self, answer: &str, name: &str) -> Ran {
        self.verifier.run(&format!(
            "enroll finish {answer} --pending {name}.pending -o {name}.pem"
        ))
    }

    fn read(&self, name: &str) -> Value {
        serde_json::from_slice(&self.verifier.read(name)).expect("JSON")
    }

    fn write(&self, name: &str, value: &Value) {
        let text = serde_json::to_vec(value).expect("JSON");
        self.verifier.file(name, text);
    }
}

const BY_MAKER: &str = "--ek-ca ca/cert.pem";

fn site() -> Option<MutexGuard<'static, Option<Site>>> {
    static SITE: OnceLock<Mutex<Option<Site>>> = OnceLock::new();
    let site = SITE.get_or_init(|| Mutex::new(Site::new()));
    let guard = site.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    guard.is_some().then_some(guard)
}

/// The verifier refuses, for this reason.
#[track_caller]
fn refused(ran: &Ran, reason: &str) {
    verdict(ran, 1, &format!("REFUSED: {reason}"));
    assert!(ran.out.contains("    what to do: "), "{}", ran.out);
}

#[test]
fn a_machine_with_a_certified_tpm_is_enrolled() {
    let Some(guard) = site() else { return };
    let site = guard.as_ref().expect("a site");
    site.request(&site.one, AK, "honest");
    let ran = site.challenge("honest", "honest", BY_MAKER).good();
    verdict(&ran, 0, "CHALLENGED");
    assert!(
        ran.out.contains(", certified by CN=swtpm-localca"),
        "{}",
        ran.out
    );
    let mode = fs::metadata(site.verifier.path("honest.pending"))
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600, "the secret is the verifier's own");
    site.answer(&site.one, AK, "honest").good();
    let ran = site.finish("honest.answer", "honest").good();
    verdict(&ran, 0, "ENROLLED");
    // The key is the machine's, and openssl reads it too.
    let text = String::from_utf8(site.verifier.read("honest.pem")).expect("text");
    let key = String::from_utf8(site.one.place.read("ak.pem")).expect("text");
    assert!(text.ends_with(&key), "{text}{key}");
    assert!(text.starts_with("  attestation key: 000b"), "{text}");
    let read = Command::new("openssl")
        .args(["pkey", "-pubin", "-noout", "-in"])
        .arg(site.verifier.path("honest.pem"))
        .status();
    assert!(read.expect("openssl runs").success());
    // An answer is good once.
    let ran = site.finish("honest.answer", "honest");
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(
        ran.err.contains("cannot read honest.pending"),
        "{}",
        ran.err
    );
}

#[test]
fn programs_are_told_the_keys_or_the_reason() {
    let Some(guard) = site() else { return };
    let site = guard.as_ref().expect("a site");
    site.request(&site.one, AK, "json");
    let value = |ran: &Ran| -> Value { serde_json::from_str(&ran.out).expect("JSON") };
    let ran = site.challenge("json", "json", &format!("{BY_MAKER} --json"));
    let challenged = value(&ran.good());
    assert_eq!(challenged["outcome"], "challenged");
    let by = challenged["certified_by"].as_str().expect("an authority");
    assert!(by.starts_with("CN=swtpm-localca"), "{by}");
    site.answer(&site.one, AK, "json").good();
    let mut wrong = site.read("json.answer");
    wrong["secret"] = base64(&[0; 32]).into();
    site.write("wrong", &wrong);
    let finish = |answer: &str| {
        site.verifier.run(&format!(
            "enroll finish {answer} --pending json.pending -o json.pem --json"
        ))
    };
    let ran = finish("wrong");
    let refused = value(&ran);
    assert_eq!((ran.code, &refused["outcome"]), (1, &"refused".into()));
    assert_eq!(refused["reason"], "answer-wrong");
    assert!(refused["detail"].is_string() && refused["remedy"].is_string());
    site.verifier.file("nothing", "{}");
    let ran = finish("nothing");
    let unjudged = value(&ran);
    assert_eq!((ran.code, &unjudged["outcome"]), (2, &"not-judged".into()));
    let enrolled = value(&finish("json.answer").good());
    assert_eq!(enrolled["outcome"], "enrolled");
    for key in ["attestation_key", "endorsement_key", "certified_by"] {
        assert_eq!(enrolled[key], challenged[key]);
    }
    let name = enrolled["attestation_key"].as_str().expect("a name");
    let text = String::from_utf8(site.verifier.read("json.pem")).expect("text");
    assert!(text.starts_with(&format!("  attestation key: {name}\n")));
}

#[test]
fn a_document_on_standard_output_is_alone_there() {
    let Some(guard) = site() else { return };
    let site = guard.as_ref().expect("a site");
    site.request(&site.one, AK, "piped");
    let challenge = "enroll challenge piped --ek-ca ca/cert.pem --pending piped.pending -o -";
    let ran = site.verifier.run(challenge);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let document: Value = serde_json::from_str(&ran.out).expect("one document");
    assert!(document["credential"].is_string());
    assert!(ran.err.contains("CHALLENGED"), "{}", ran.err);
    site.write("piped.challenge", &document);
    let answer = format!(
        "enroll answer {} --ek {EK} --ak {AK} -o shown-answer",
        site.path("piped.challenge")
    );
    if let Some((code, shown)) = with_tpm(&site.one, &answer) {
        assert_eq!(code, 0, "{shown}");
        assert!(shown.contains("the TPM answers the challenge"), "{shown}");
    }
    site.answer(&site.one, AK, "piped").good();
    for line in [
        format!("{challenge} --json"),
        "enroll finish piped.answer --pending piped.pending -o - --json".to_owned(),
        "enroll challenge piped --ek-ca ca/cert.pem --pending - -o piped.other".to_owned(),
    ] {
        let ran = site.verifier.run(&line);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{line}: {}", ran.err);
    }
    let ran = site
        .verifier
        .run("enroll finish piped.answer --pending piped.pending -o -");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!ran.out.contains("ENROLLED"), "{}", ran.out);
    assert!(ran.err.contains("ENROLLED"), "{}", ran.err);
}

#[test]
fn a_machine_with_an_endorsement_key_of_the_high_range_is_enrolled() {
    const EK: &str = "0x81010016";
    let maker = Place::new();
    let Some(machine) = tpm_of(&maker, &["--ecc"]) else {
        return;
    };
    let place = &machine.place;
    let public = machine.tools(&format!("readpublic -c {EK}"));
    assert!(public.contains("value: sha384"), "{public}");
    make_ak(&machine, EK, "ak", AK);
    machine
        .digestctl(&format!("enroll request --ek {EK} --ak {AK} -o request"))
        .good();
    let authority = maker.path("ca/cert.pem").display().to_string();
    let challenge = format!("--ek-ca {authority} --pending pending -o challenge");
    let ran = place.run(&format!("enroll challenge request {challenge}"));
    assert!(ran.good().out.contains(", certified by CN=swtpm-localca"));
    machine
        .digestctl(&format!(
            "enroll answer challenge --ek {EK} --ak {AK} -o answer"
        ))
        .good();
    let ran = place.run("enroll finish answer --pending pending -o enrolled.pem");
    verdict(&ran.good(), 0, "ENROLLED");
}

#[test]
fn a_machine_without_a_certificate_is_enrolled_by_its_named_endorsement_key() {
    let Some(guard) = site() else { return };
    let site = guard.as_ref().expect("a site");
    site.request(&site.one, AK, "request");
    let mut request = site.read("request");
    let ek = request["ek"].as_object_mut().expect("an object");
    ek.remove("certificate");
    site.write("uncertified", &request);
    refused(
        &site.challenge("uncertified", "none", BY_MAKER),
        "ek-uncertified",
    );
    site.one
        .tools(&format!("readpublic -Q -c {EK} -f pem -o ek.pem"));
    let der = Command::new("openssl")
        .args(["pkey", "-pubin", "-outform", "DER", "-in"])
        .arg(site.one.place.path("ek.pem"))
        .output()
        .expect("openssl runs");
    let file = site.one.place.path("ek.pem").display().to_string();
    for named in [file, format!("sha256:{}", sha256(der.stdout))] {
        let ran = site.challenge("uncertified", "named", &format!("--ek {named}"));
        assert!(ran.good().out.contains(", named by the verifier"));
        site.answer(&site.one, AK, "named").good();
        let ran = site.finish("named.answer", "named").good();
        verdict(&ran, 0, "ENROLLED");
    }
    let named = format!("--ek sha256:{}", sha256("another key"));
    refused(
        &site.challenge("uncertified", "none", &named),
        "ek-uncertified",
    );
    // The certificate of a key does not help where no authority is named.
    refused(&site.challenge("request", "none", &named), "ek-uncertified");
    assert!(!site.verifier.has("none.challenge") && !site.verifier.has("none.pending"));
}

#[test]
fn a_certificate_of_another_authority_of_another_key_or_for_another_purpose_is_refused() {
    let Some(guard) = site() else { return };
    let site = guard.as_ref().expect("a site");
    site.request(&site.one, AK, "request");
    refused(
        &site.challenge("request", "none", "--ek-ca stranger.pem"),
        "ek-certificate",
    );
    // That of the other TPM, by the same authority.
    site.request(&site.other, AK, "of-other");
    let mut request = site.read("request");
    request["ek"]["certificate"] = site.read("of-other")["ek"]["certificate"].clone();
    site.write("swapped", &request);
    refused(&site.challenge("swapped", "none", BY_MAKER), "ek-other");
    // One that was changed.
    let mut request = site.read("request");
    let mut certificate = unbase64(request["ek"]["certificate"].as_str().expect("text"));
    let last = certificate.len() - 1;
    certificate[last] ^= 1;
    request["ek"]["certificate"] = base64(&certificate).into();
    site.write("changed", &request);
    refused(
        &site.challenge("changed", "none", BY_MAKER),
        "ek-certificate",
    );
    // One of the key by the authority, for code, or for what has a longer number.
    site.one
        .tools(&format!("readpublic -Q -c {EK} -f pem -o ek.pem"));
    for purpose in ["codeSigning", "2.23.133.8.12"] {
        for_another_purpose(site, purpose);
    }
    assert!(!site.verifier.has("none.challenge"));
}

fn for_another_purpose(site: &Site, purpose: &str) {
    site.verifier
        .file("usage", format!("extendedKeyUsage={purpose}\n"));
    let made = Command::new("openssl")
        .current_dir(site.verifier.path("."))
        .args(["x509", "-new", "-subj", "/CN=code", "-days", "30"])
        .args(["-CA", "ca/cert.pem", "-CAkey", "ca/key.pem"])
        .args(["-extfile", "usage", "-outform", "DER", "-out", "code.der"])
        .arg("-force_pubkey")
        .arg(site.one.place.path("ek.pem"))
        .output()
        .expect("openssl runs");
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    site.request(&site.one, AK, "request");
    let mut request = site.read("request");
    request["ek"]["certificate"] = base64(&site.verifier.read("code.der")).into();
    site.write("for-code", &request);
    let ran = site.challenge("for-code", "none", BY_MAKER);
    refused(&ran, "ek-certificate");
    ran.printed("for another purpose");
}

#[test]
fn a_key_that_signs_anything_is_refused() {
    let Some(guard) = site() else { return };
    let site = guard.as_ref().expect("a site");
    site.request(&site.one, UNRESTRICTED, "plain");
    refused(
        &site.challenge("plain", "plain", BY_MAKER),
        "ak-unrestricted",
    );
    // One whose public part lies has another name, which no TPM has.
    let mut request = site.read("plain");
    let mut public = unbase64(request["ak"]["public"].as_str().expect("text"));
    // Attributes: bit 16 is "restricted".
    public[5] |= 1;
    request["ak"]["public"] = base64(&public).into();
    site.write("lie", &request);
    site.challenge("lie", "lie", BY_MAKER).good();
    site.answer(&site.one, UNRESTRICTED, "lie")
        .failed("the challenge is for the attestation key");
    let name = site.read("lie.challenge");
    assert_eq!(name["ak"].as_str().map(str::len), Some(68));
}

#[test]
fn an_endorsement_key_that_is_none_is_refused() {
    let Some(guard) = site() else { return };
    let site = guard.as_ref().expect("a site");
    site.request(&site.one, AK, "request");
    let mut request = site.read("request");
    request["ek"]["public"] = request["ak"]["public"].clone();
    site.write("ak-as-ek", &request);
    refused(
        &site.challenge("ak-as-ek", "none", BY_MAKER),
        "ek-malformed",
    );
    request["ek"]["public"] = base64(b"no key").into();
    site.write("no-ek", &request);
    refused(&site.challenge("no-ek", "none", BY_MAKER), "ek-malformed");
    let mut request = site.read("request");
    request["ak"]["public"] = base64(b"no key").into();
    site.write("no-ak", &request);
    refused(&site.challenge("no-ak", "none", BY_MAKER), "ak-malformed");
}

#[test]
fn another_tpm_does_not_answer_a_challenge() {
    let Some(guard) = site() else { return };
    let site = guard.as_ref().expect("a site");
    site.request(&site.one, AK, "request");
    site.challenge("request", "first", BY_MAKER).good();
    site.answer(&site.other, AK, "first")
        .failed("it is for another TPM");
    // It is told that the challenge is its own, and tries.
    site.request(&site.other, AK, "of-other");
    site.challenge("of-other", "second", BY_MAKER).good();
    let mut challenge = site.read("second.challenge");
    challenge["credential"] = site.read("first.challenge")["credential"].clone();
    site.write("third.challenge", &challenge);
    site.answer(&site.other, AK, "third")
        .failed("the TPM does not take the challenge");
    // It invents something.
    let mut answer = serde_json::json!({ "version": 1, "secret": base64(&[0; 32]) });
    answer["challenge"] = site.read("first.pending")["challenge"].clone();
    site.write("invented", &answer);
    refused(&site.finish("invented", "first"), "answer-wrong");
    assert!(!site.verifier.has("first.pem"));
}

#[test]
fn an_attestation_key_of_another_tpm_is_not_enrolled() {
    let Some(guard) = site() else { return };
    let site = guard.as_ref().expect("a site");
    site.request(&site.one, AK, "request");
    site.request(&site.other, AK, "of-other");
    let mut request = site.read("request");
    request["ak"] = site.read("of-other")["ak"].clone();
    site.write("mixed", &request);
    site.challenge("mixed", "mixed", BY_MAKER).good();
    site.answer(&site.one, AK, "mixed")
        .failed("the challenge is for the attestation key");
    site.answer(&site.other, AK, "mixed")
        .failed("it is for another TPM");
    // The TPM with the endorsement key is told that the challenge is for its own key, and tries.
    let own = {
        site.challenge("request", "own", BY_MAKER).good();
        site.read("own.challenge")["ak"].clone()
    };
    let mut challenge = site.read("mixed.challenge");
    challenge["ak"] = own;
    site.write("told.challenge", &challenge);
    site.answer(&site.one, AK, "told")
        .failed("the TPM does not take the challenge");
    // Nor does it for another key of the same TPM.
    site.answer(&site.one, OTHER_AK, "own")
        .failed("the challenge is for the attestation key");
}

#[test]
fn an_answer_that_was_changed_and_one_to_an_older_challenge_are_refused() {
    let Some(guard) = site() else { return };
    let site = guard.as_ref().expect("a site");
    site.request(&site.one, AK, "request");
    site.challenge("request", "round", BY_MAKER).good();
    site.answer(&site.one, AK, "round").good();
    let older = site.read("round.answer");
    let mut changed = older.clone();
    let mut secret = unbase64(changed["secret"].as_str().expect("text"));
    secret[0] ^= 1;
    changed["secret"] = base64(&secret).into();
    site.write("changed", &changed);
    refused(&site.finish("changed", "round"), "answer-wrong");
    changed["secret"] = "".into();
    site.write("changed", &changed);
    refused(&site.finish("changed", "round"), "answer-wrong");
    // The verifier asks anew.
    site.challenge("request", "round", BY_MAKER).good();
    refused(&site.finish("round.answer", "round"), "challenge-other");
    let mut relabelled = older;
    relabelled["challenge"] = site.read("round.pending")["challenge"].clone();
    site.write("relabelled", &relabelled);
    refused(&site.finish("relabelled", "round"), "answer-wrong");
    assert!(!site.verifier.has("round.pem"));
    // The right answer is taken after all of these.
    site.answer(&site.one, AK, "round").good();
    verdict(&site.finish("round.answer", "round"), 0, "ENROLLED");
}

#[test]
fn what_is_no_request_and_no_answer_cannot_be_judged() {
    let Some(guard) = site() else { return };
    let site = guard.as_ref().expect("a site");
    site.verifier.file("text", "no JSON");
    verdict(
        &site.challenge("text", "none", BY_MAKER),
        2,
        "NOT JUDGED: request-malformed",
    );
    site.request(&site.one, AK, "request");
    let mut request = site.read("request");
    request["version"] = 2.into();
    site.write("newer", &request);
    verdict(
        &site.challenge("newer", "none", BY_MAKER),
        2,
        "NOT JUDGED: request-malformed",
    );
    site.challenge("request", "unanswered", BY_MAKER).good();
    verdict(
        &site.finish("request", "unanswered"),
        2,
        "NOT JUDGED: answer-malformed",
    );
    let ran = site.challenge("nowhere", "none", BY_MAKER);
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(ran.err.contains("cannot read nowhere"), "{}", ran.err);
}

#[test]
fn evidence_by_an_enrolled_key_is_trusted() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    machine.tools("readpublic -Q -c ak.ek -f pem -o ek.pem");
    machine.tools("flushcontext -t");
    let ran = machine.digestctl(&format!(
        "enroll request --ek ak.ek --ak {AK} -o enroll.request"
    ));
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.err.contains("the TPM has no certificate"),
        "{}",
        ran.err
    );
    machine.tools("flushcontext -t");
    machine
        .digestctl("enroll challenge enroll.request --ek ek.pem --pending enroll.pending -o enroll.challenge")
        .good();
    machine
        .digestctl(&format!(
            "enroll answer enroll.challenge --ek ak.ek --ak {AK} -o enroll.answer"
        ))
        .good();
    machine.tools("flushcontext -t");
    machine
        .digestctl("enroll finish enroll.answer --pending enroll.pending -o enrolled.pem")
        .good();
    let ran = machine.digestctl(&format!(
        "verify-evidence honest --nonce {NONCE} --ak enrolled.pem --repo repo --trust alice.pem --policy expected"
    ));
    verdict(&ran, 0, "TRUSTED");
}
