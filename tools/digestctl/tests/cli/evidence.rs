// SPDX-License-Identifier: GPL-2.0

//! `digestctl attest` and `verify-evidence`: an honest machine is trusted, and each lie is told
//! from the others. The TPM is swtpm, asked by tpm2-tools; records are written by the module's own
//! writer.

mod fleet;
mod honest;
mod kept;
mod large;
mod lies;
mod made;
mod made_up;
mod odd;
mod rounds;
mod states;
mod together;

use std::{
    fs,
    process::{
        Child,
        Command,
        Stdio, //
    },
    sync::{
        Mutex,
        MutexGuard,
        OnceLock, //
    },
    time::{
        Duration,
        Instant, //
    },
};

use digest_logic::{
    cursor::Sink,
    digest::Digest,
    hash_algo::HashAlgo,
    policy::Template,
    template::{
        write_binary,
        Event, //
    },
};
use serde_json::{
    json,
    Value, //
};

use crate::{
    export::{
        firmware_log,
        unhex, //
    },
    sha256,
    skipped,
    Place,
    Ran, //
};

pub(crate) const AK: &str = "0x81010002";
pub(crate) const NONCE: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
pub(crate) const BANKS: [&str; 4] = ["sha1", "sha256", "sha384", "sha512"];

#[derive(Default)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Sink for Bytes {
    fn put(&mut self, bytes: &[u8]) -> digest_logic::refusal::Result {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

pub(crate) fn digest_of(data: impl AsRef<[u8]>) -> Digest {
    Digest::parse(&format!("sha256:{}", sha256(data))).expect("a digest")
}

pub(crate) fn hash(bank: &str, data: &[u8]) -> String {
    use sha2::Digest as _;
    match bank {
        "sha1" => format!("{:x}", sha1::Sha1::digest(data)),
        "sha384" => format!("{:x}", sha2::Sha384::digest(data)),
        "sha512" => format!("{:x}", sha2::Sha512::digest(data)),
        _ => sha256(data),
    }
}

/// One record as the binary list has it, with the template data.
pub(crate) struct Record {
    pub(crate) line: Vec<u8>,
    data: Vec<u8>,
    violation: bool,
}

impl Record {
    /// One that is no violation.
    pub(crate) fn new(line: Vec<u8>, data: Vec<u8>) -> Self {
        Self {
            line,
            data,
            violation: false,
        }
    }
}

pub(crate) fn record(template: Template, event: &Event<'_>) -> Record {
    let mut data = Bytes::default();
    event.write(template, &mut data).expect("template data");
    let violation = event.digest.is_zero();
    let digest = match violation {
        true => Digest::zero(HashAlgo::Sha1),
        false => Digest::parse(&format!("sha1:{}", hash("sha1", &data.0))).expect("a digest"),
    };
    let mut line = Bytes::default();
    write_binary(12, &digest, template.name(), &data.0, &mut line).expect("a record");
    Record {
        line: line.0,
        data: data.0,
        violation,
    }
}

/// A record of a digest under a name.
pub(crate) fn named(digest: Digest, name: &str) -> Record {
    record(Template::ImaNg, &Event::new(digest, name.as_bytes()))
}

/// A record of data under a name.
pub(crate) fn own(name: &str, data: &str) -> Record {
    let event = Event {
        buffer: data.as_bytes(),
        ..Event::new(digest_of(data), name.as_bytes())
    };
    record(Template::ImaBuf, &event)
}

/// A machine with a TPM, and a verifier with a repository, in one directory.
pub(crate) struct Machine {
    pub(crate) place: Place,
    tpm: Option<Child>,
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Gives the digest in a bank by which a PCR is extended.
type DigestIn<'a> = &'a dyn Fn(&str) -> String;

impl Machine {
    /// One with a TPM that nobody has used. None if programs are missing.
    fn new() -> Option<Self> {
        let place = Place::new();
        fs::create_dir(place.path("tpm")).expect("a directory");
        Self::with_tpm(place)
    }

    /// One with the TPM whose memory is in `tpm` of the directory. None if programs are missing.
    pub(crate) fn with_tpm(place: Place) -> Option<Self> {
        let there = |program: &str| {
            let ran = Command::new(program).arg("--version").output();
            ran.is_ok_and(|output| output.status.success())
        };
        if !there("swtpm") || !there("tpm2") {
            skipped("there is no swtpm, or no tpm2-tools");
            return None;
        }
        let mut machine = Self { place, tpm: None };
        machine.start();
        Some(machine)
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.tpm.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn start(&mut self) {
        let path = |name: &str| self.place.path(name).display().to_string();
        let child = Command::new("swtpm")
            .args(["socket", "--tpm2", "--tpmstate"])
            .arg(format!("dir={}", path("tpm")))
            .arg("--server")
            .arg(format!("type=unixio,path={}", path("sock")))
            .arg("--ctrl")
            .arg(format!("type=unixio,path={}", path("sock.ctrl")))
            .args(["--flags", "not-need-init,startup-clear"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("swtpm runs");
        self.tpm = Some(child);
        let until = Instant::now() + Duration::from_secs(30);
        while !self.place.has("sock.ctrl") || !self.place.has("sock") {
            assert!(Instant::now() < until, "swtpm does not come up");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The machine is restarted: PCRs begin anew.
    pub(crate) fn reset(&mut self) {
        self.tools("shutdown -c");
        self.begin_anew();
    }

    /// The machine loses its power while it sleeps: PCRs begin anew, and the counter of resets
    /// stays as it is.
    fn restart(&mut self) {
        self.tools("shutdown");
        self.begin_anew();
    }

    fn begin_anew(&mut self) {
        self.stop();
        for name in ["sock", "sock.ctrl"] {
            let _ = fs::remove_file(self.place.path(name));
        }
        self.start();
        self.place.file("list", "");
    }

    pub(crate) fn tcti(&self) -> String {
        format!("swtpm:path={}", self.place.path("sock").display())
    }

    /// Runs `tpm2` with the words of `line`.
    pub(crate) fn tools(&self, line: &str) -> String {
        let output = Command::new("tpm2")
            .current_dir(self.place.path("."))
            .env("TPM2TOOLS_TCTI", self.tcti())
            .args(line.split_whitespace())
            .output()
            .expect("tpm2 runs");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "tpm2 {line}: {error}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// Makes an attestation key, and NAME.pem of it.
    pub(crate) fn make_ak(&self, name: &str, handle: &str, key: &str, scheme: &str) {
        self.tools(&format!("createek -Q -c {name}.ek -G {key}"));
        self.tools("flushcontext -t");
        self.tools(&format!(
            "createak -Q -C {name}.ek -c {name}.ctx -G {key} -g sha256 -s {scheme} -u {name}.pem -f pem"
        ));
        self.tools("flushcontext -t");
        self.tools("flushcontext -s");
        self.tools(&format!("evictcontrol -Q -C o -c {name}.ctx {handle}"));
        self.tools("flushcontext -t");
    }

    /// Runs `digestctl` with the words of `line`. Ends it after 30 s of processor time, which is
    /// many times what the largest evidence takes here if the time grows as the evidence does.
    pub(crate) fn digestctl(&self, line: &str) -> Ran {
        let output = Command::new("prlimit")
            .arg("--cpu=30")
            .arg(assert_cmd::cargo::cargo_bin!("digestctl"))
            .current_dir(self.place.path("."))
            .env("TPM2TOOLS_TCTI", self.tcti())
            .args(line.split_whitespace())
            .output()
            .expect("digestctl runs");
        Ran::new(&output)
    }

    /// The record comes to the end of the list, and is extended.
    pub(crate) fn append(&self, record: &Record) {
        let list = [self.place.read("list"), record.line.clone()].concat();
        self.place.file("list", list);
        self.extend(record);
    }

    fn extend(&self, record: &Record) {
        self.extend_pcr(12, record);
    }

    fn extend_pcr(&self, pcr: u32, record: &Record) {
        self.tools(&format!("pcrextend {}", Self::extension(pcr, record)));
    }

    /// What tpm2_pcrextend extends with a record.
    fn extension(pcr: u32, record: &Record) -> String {
        let values = BANKS.map(|bank| {
            let hex = hash(bank, &record.data);
            match record.violation {
                true => format!("{bank}={}", "f".repeat(hex.len())),
                false => format!("{bank}={hex}"),
            }
        });
        format!("{pcr}:{}", values.join(","))
    }

    /// The module is loaded, and these metadata.
    pub(crate) fn boot(&self, more: &str) {
        let aggregate = sha256([0; 320]);
        self.digestctl(&format!(
            "predict --rules rules --kernel 7.3.4 --boot-aggregate sha256:{aggregate} --root . --list predicted {more}"
        ))
        .good();
        let list = self.place.read("predicted");
        self.place.file("list", "");
        for extend in digest_logic::evidence::records::Extends::new(&list) {
            let extend = extend.expect("a record");
            self.append(&Record {
                line: written(&extend),
                data: extend.data.to_vec(),
                violation: false,
            });
        }
    }

    /// The PCR is extended, by what gives the digest of each bank, before the module is loaded. The
    /// start record says what it was then.
    fn boot_behind(&self, extends: &[DigestIn<'_>]) {
        let mut before = BANKS.map(|bank| "0".repeat(hash(bank, b"").len()));
        let zeros = before.clone();
        for digest in extends {
            let digests = BANKS.map(digest);
            let pairs = || BANKS.iter().zip(&digests);
            let pairs_text: Vec<_> = pairs().map(|(bank, hex)| format!("{bank}={hex}")).collect();
            self.tools(&format!("pcrextend 12:{}", pairs_text.join(",")));
            for ((bank, digest), value) in pairs().zip(&mut before) {
                *value = hash(bank, &[unhex(value), unhex(digest)].concat());
            }
        }
        self.digestctl(&format!(
            "predict --rules rules --kernel 7.3.4 --boot-aggregate sha256:{} --root . --list predicted",
            sha256([0; 320])
        ))
        .good();
        let predicted = self.place.read("predicted");
        let start = digest_logic::evidence::records::Extends::new(&predicted).nth(1);
        let start = start.expect("there").expect("a record");
        let start = start.records().next().expect("a record");
        let mut text = String::from_utf8(start.event.buffer.to_vec()).expect("text");
        for ((bank, value), zero) in BANKS.iter().zip(&before).zip(&zeros) {
            let line = |value: &str| format!("pcr_initial_{bank}={value}\n");
            text = text.replace(&line(zero), &line(value));
        }
        self.append(&named(digest_of([0; 320]), "boot_aggregate"));
        self.append(&own("digest_lists_start", &text));
    }

    pub(crate) fn attest(&self, name: &str, more: &str) -> Ran {
        self.digestctl(&format!(
            "attest --nonce {NONCE} --ak {AK} --list list --metadata metadata --metadata update.metadata --firmware-log none -o {name} {more}"
        ))
    }

    pub(crate) fn verify(&self, name: &str, more: &str) -> Ran {
        self.digestctl(&format!(
            "verify-evidence {name} --nonce {NONCE} --ak ak.pem --repo repo --trust alice.pem --policy expected {more}"
        ))
    }

    /// Writes the evidence NAME, changed, as OTHER.
    pub(crate) fn changed(&self, name: &str, other: &str, change: impl FnOnce(&mut Value)) {
        let mut value: Value =
            serde_json::from_slice(&self.place.read(name)).expect("evidence is JSON");
        change(&mut value);
        let text = serde_json::to_vec(&value).expect("JSON");
        self.place.file(other, text);
    }
}

fn written(extend: &digest_logic::evidence::records::Extend<'_>) -> Vec<u8> {
    let digest = Digest::new(HashAlgo::Sha1, &extend.template_digest).expect("a digest");
    let mut line = Bytes::default();
    write_binary(
        extend.pcr,
        &digest,
        extend.template(),
        extend.data,
        &mut line,
    )
    .expect("a record");
    line.0
}

/// A signer of lists: NAME.key and NAME.pem.
pub(crate) fn signer(place: &Place, name: &str) {
    place.openssl(&format!(
        "req -x509 -newkey rsa:2048 -nodes -days 3650 -sha256 -subj /CN={name} \
         -keyout {name}.key -out {name}.pem -addext keyUsage=digitalSignature,keyCertSign"
    ));
}

/// A machine on which lists are loaded, one is removed again, and files are used; the evidence of
/// it is `honest`.
pub(crate) fn prepared() -> Option<Machine> {
    let machine = Machine::new()?;
    let place = &machine.place;
    signer(place, "alice");
    signer(place, "bob");
    place.file("tree/program", "a program");
    place.file("tree/library", "a library");
    place.file("of-later/tool", "a tool of a list that is not loaded");
    place.file("of-old/thing", "a thing");
    for (tree, list, name) in [
        ("tree", "base", "--name base --serial 2"),
        ("of-later", "later", ""),
        ("of-old", "old", ""),
        ("tree", "base1", "--name base --serial 1"),
    ] {
        machine
            .digestctl(&format!("generate {tree} -o {list} {name}"))
            .good();
        machine
            .digestctl(&format!("sign {list} --key alice.key --cert alice.pem"))
            .good();
    }
    machine
        .digestctl("metadata --root . base old -o metadata")
        .good();
    machine
        .digestctl("metadata --root . base1 -o update.metadata")
        .good();
    machine.digestctl("repo add repo base later old").good();
    place.file("rules", "measure func=BPRM_CHECK digest_list\n");
    machine.make_ak("ak", AK, "ecc", "ecdsa");
    machine.boot("metadata");
    machine.append(&own(
        "digest_lists_remove",
        &format!("{}\n", digest_of(place.read("old"))),
    ));
    machine.append(&named(digest_of("allowed"), "/opt/allowed"));
    machine.append(&named(
        digest_of(place.read("of-later/tool")),
        "/usr/bin/tool",
    ));
    let base = digest_of(place.read("base"));
    // The program and the library: the first of the list was used.
    place.file("seen", format!("{base} 2 01\n"));
    machine.append(&checkpoint(place));
    let policy = sha256("measure func=BPRM_CHECK digest_list\n");
    place.file(
        "expected",
        format!(
            "# of the tests\npolicy=sha256:{policy}\nkernel=7.3.4\nallow=sha256:{} /opt/allowed\n",
            sha256("allowed")
        ),
    );
    machine.attest("honest", "--seen seen").good();
    Some(machine)
}

fn checkpoint(place: &Place) -> Record {
    let seen = place.read("seen");
    own(
        "digest_lists_checkpoint",
        &format!("sha256:{} {}\n", sha256(&seen), seen.len()),
    )
}

/// The machine that most tests share; they change nothing but files of their own names.
pub(crate) fn shared() -> Option<MutexGuard<'static, Option<Machine>>> {
    static MACHINE: OnceLock<Mutex<Option<Machine>>> = OnceLock::new();
    let machine = MACHINE.get_or_init(|| Mutex::new(prepared()));
    let guard = machine
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    guard.is_some().then_some(guard)
}

/// The verdict's first line.
#[track_caller]
pub(crate) fn verdict(ran: &Ran, status: i32, line: &str) {
    let first = ran.out.lines().next().unwrap_or_default();
    assert_eq!((ran.code, first), (status, line), "{}{}", ran.out, ran.err);
}

/// The verdict is `line`, and the exit status is that of such a verdict.
#[track_caller]
pub(crate) fn is_judged(ran: &Ran, line: &str) {
    verdict(ran, i32::from(line != "TRUSTED"), line);
}

/// The evidence, changed, is not trusted, for this reason and no other.
#[track_caller]
fn lie(reason: &str, change: impl FnOnce(&mut Value)) {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    machine.changed("honest", "lie", change);
    let ran = machine.verify("lie", "");
    verdict(&ran, 1, &format!("NOT TRUSTED: {reason}"));
    assert!(ran.out.contains("what to do: "), "{}", ran.out);
    fleet::is_the_same_among_others(machine, "lie");
}

/// The records of the evidence, each as it stands in the list.
fn records(evidence: &Value) -> Vec<Vec<u8>> {
    let text = evidence["log"]["records"].as_str().expect("base64");
    let data = unbase64(text);
    digest_logic::evidence::records::Extends::new(&data)
        .map(|extend| written(&extend.expect("a record")))
        .collect()
}

fn set_records(evidence: &mut Value, records: &[Vec<u8>]) {
    evidence["log"]["records"] = base64(&records.concat()).into();
}

pub(crate) fn base64(data: &[u8]) -> String {
    use ::base64::Engine;
    ::base64::engine::general_purpose::STANDARD.encode(data)
}

pub(crate) fn unbase64(text: &str) -> Vec<u8> {
    use ::base64::Engine;
    ::base64::engine::general_purpose::STANDARD
        .decode(text)
        .expect("base64")
}

#[test]
fn an_honest_machine_is_trusted_and_the_text_says_what_was_loaded_and_by_whom() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let ran = machine.verify("honest", "").good();
    verdict(&ran, 0, "TRUSTED");
    let ran = ran
        .printed("records: 7 judged\n")
        .printed("lists: 1\n")
        .printed("  base serial 2 (2 digests, 1 used), CN=alice\n")
        .printed("  old (1 digest), CN=alice, removed again\n");
    ran.printed("  1 in a list of the repository that is not loaded there\n")
        .printed("  1 allowed by the expectations\n");
}

#[test]
fn the_verdict_as_json_has_the_same_facts() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let ran = machine.verify("honest", "--json").good();
    let value: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(value["verdict"], "trusted");
    assert_eq!(value["machine"]["kernel"], "7.3.4");
    assert_eq!(value["lists"].as_array().map(Vec::len), Some(2));
    assert_eq!(value["files"][0]["standing"], "allowed");
    assert_eq!(value["files"][1]["standing"], "not-loaded");
    let ran = machine.digestctl(
        "verify-evidence honest --nonce 0011223344556677 --ak ak.pem --repo repo --policy expected --json",
    );
    let value: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!((ran.code, &value["verdict"]), (1, &json!("not-trusted")));
    assert_eq!(value["findings"][0]["reason"], "nonce");
}

#[test]
fn a_file_is_explained_by_its_path_and_by_its_digest() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let later = digest_of(machine.place.read("later"));
    machine
        .verify("honest", "--explain /usr/bin/tool --explain /usr/bin/other")
        .good()
        .printed("/usr/bin/tool: record 5: sha256:")
        .printed(&format!(
            "is in a list of the repository that is not loaded there ({later})"
        ))
        .printed("/usr/bin/other: has no record");
    let run = machine.verify(
        "honest",
        "--json --explain /usr/bin/tool --explain /usr/bin/other",
    );
    let value: Value = serde_json::from_str(&run.good().out).expect("JSON");
    let lines = &value["explained"]["/usr/bin/tool"];
    let first = lines[0].as_str().expect("a line");
    assert!(first.starts_with("/usr/bin/tool: record 5: sha256:"));
    assert_eq!(value["explained"].as_object().map(|all| all.len()), Some(2));
}

#[test]
fn an_altered_quote_is_told_by_its_signature() {
    lie("quote-signature", |evidence| {
        let mut attest = unbase64(evidence["quote"]["attest"].as_str().expect("text"));
        let last = attest.len() - 1;
        attest[last] ^= 1;
        evidence["quote"]["attest"] = base64(&attest).into();
    });
}

#[test]
fn what_is_no_quote_is_told() {
    lie("quote-malformed", |evidence| {
        evidence["quote"]["attest"] = base64(b"no quote").into();
    });
}

#[test]
fn values_that_were_not_quoted_are_told() {
    lie("pcr-values", |evidence| {
        evidence["quote"]["pcrs"]["sha256"]["4"] = "11".repeat(32).into();
    });
}

#[test]
fn another_attestation_key_of_the_same_tpm_is_told() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    machine.make_ak("other", "0x81010003", "ecc", "ecdsa");
    machine
        .digestctl(&format!(
            "attest --nonce {NONCE} --ak 0x81010003 --list list --metadata metadata --seen seen -o by-other"
        ))
        .good();
    verdict(&machine.verify("by-other", ""), 1, "NOT TRUSTED: ak-other");
    let by_other = |more: &str| {
        machine.digestctl(&format!(
            "verify-evidence by-other --nonce {NONCE} --repo repo --trust alice.pem --policy expected {more}"
        ))
    };
    verdict(&by_other("--ak other.pem"), 0, "TRUSTED");
    verdict(
        &by_other("--ak-cert alice.pem"),
        1,
        "NOT TRUSTED: ak-certificate",
    );
}

#[test]
fn a_key_that_signs_anything_makes_no_quotes() {
    lie("ak-unrestricted", |evidence| {
        let mut public = unbase64(evidence["ak"]["public"].as_str().expect("text"));
        // The attribute `restricted`.
        public[5] &= !1;
        evidence["ak"]["public"] = base64(&public).into();
    });
}

#[test]
fn a_key_certified_by_an_authority_is_taken_and_another_certificate_is_not() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let place = &machine.place;
    place.openssl("req -newkey rsa:2048 -nodes -subj /CN=ak -keyout any.key -out any.csr");
    for (name, purpose) in [
        ("ak", "2.23.133.8.3"),
        ("ek", "2.23.133.8.1"),
        ("tls", "clientAuth"),
    ] {
        place.file("purpose", format!("extendedKeyUsage={purpose}\n"));
        place.openssl(&format!("x509 -req -in any.csr -force_pubkey ak.pem -CA bob.pem -CAkey bob.key -days 300 -extfile purpose -outform DER -out {name}.der"));
    }
    place.openssl("x509 -req -in any.csr -force_pubkey ak.pem -CA bob.pem -CAkey bob.key -days 300 -outform DER -out none.der");
    place.openssl(
        "x509 -req -in any.csr -CA bob.pem -CAkey bob.key -days 300 -outform DER -out any.der",
    );
    let refused = "NOT TRUSTED: ak-certificate";
    let any = "bob.pem --ak-cert-purpose any";
    for (certificate, authority, line) in [
        ("ak.der", "bob.pem", "TRUSTED"),
        ("ak.der", "alice.pem", refused),
        ("any.der", "bob.pem", refused),
        ("any.der", any, refused),
        ("ek.der", "bob.pem", refused),
        ("tls.der", "bob.pem", refused),
        ("none.der", "bob.pem", refused),
        ("none.der", any, "TRUSTED"),
        ("tls.der", any, "TRUSTED"),
    ] {
        let certificate = base64(&place.read(certificate));
        machine.changed("honest", "certified", |evidence| {
            evidence["ak"]["certificate"] = certificate.into();
        });
        let ran = machine.digestctl(&format!(
            "verify-evidence certified --nonce {NONCE} --ak-cert {authority} --repo repo --trust alice.pem --policy expected"
        ));
        is_judged(&ran, line);
    }
}

#[test]
fn an_old_nonce_is_told() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let ran = machine.digestctl(
        "verify-evidence honest --nonce 11112222333344445555666677778888 --ak ak.pem --repo repo --trust alice.pem --policy expected",
    );
    verdict(&ran, 1, "NOT TRUSTED: nonce");
}

#[test]
fn a_list_that_is_cut_is_told() {
    lie("log-short", |evidence| {
        let all = records(evidence);
        set_records(evidence, &all[..all.len() - 2]);
    });
}

#[test]
fn a_list_that_is_cut_is_told_if_most_of_it_was_archived() {
    lie("log-short", |evidence| {
        let all = records(evidence);
        evidence["status"]["records"] = "1".into();
        evidence["status"]["records_staged"] = "1".into();
        evidence["status"]["records_deleted"] = (all.len() - 2).to_string().into();
        set_records(evidence, &all[..all.len() - 2]);
    });
}

#[test]
fn a_list_that_ends_within_a_record_is_told() {
    lie("log-malformed", |evidence| {
        let list = records(evidence).concat();
        evidence["log"]["records"] = base64(&list[..list.len() - 1]).into();
    });
}

#[test]
fn a_record_that_is_dropped_is_told_whatever_the_machine_says_of_their_number() {
    lie("log-short", |evidence| {
        let mut all = records(evidence);
        all.remove(4);
        set_records(evidence, &all);
    });
    lie("replay", |evidence| {
        let mut all = records(evidence);
        all.remove(4);
        evidence["status"]["records"] = all.len().to_string().into();
        set_records(evidence, &all);
    });
}

#[test]
fn records_in_another_order_are_told() {
    lie("records-swapped", |evidence| {
        let mut all = records(evidence);
        all.swap(4, 5);
        set_records(evidence, &all);
    });
}

#[test]
fn a_record_that_is_added_is_told() {
    lie("record-added", |evidence| {
        let mut all = records(evidence);
        all.insert(4, named(digest_of("more"), "/more").line);
        set_records(evidence, &all);
    });
}

#[test]
fn a_record_that_is_altered_is_told_with_and_without_its_own_digest() {
    lie("log-malformed", |evidence| {
        let mut list = records(evidence).concat();
        let at = list
            .windows(12)
            .rposition(|part| part == b"/opt/allowed")
            .expect("there");
        list[at + 5] ^= 1;
        evidence["log"]["records"] = base64(&list).into();
    });
    lie("replay", |evidence| {
        let mut all = records(evidence);
        all[4] = named(digest_of("harmless"), "/opt/allowed").line;
        set_records(evidence, &all);
    });
}

#[test]
fn a_removal_that_is_hidden_is_told() {
    lie("removal-hidden", |evidence| {
        let mut all = records(evidence);
        all.remove(3);
        evidence["status"]["records"] = all.len().to_string().into();
        set_records(evidence, &all);
    });
}

#[test]
fn what_comes_behind_the_quote_is_left_for_the_next_round() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    machine.changed("honest", "behind", |evidence| {
        let mut all = records(evidence);
        all.push(named(digest_of("later"), "/later").line);
        set_records(evidence, &all);
    });
    let ran = machine.verify("behind", "").good();
    verdict(&ran, 0, "TRUSTED");
    ran.printed("records: 7 judged, 1 after the quote left for the next round\n");
}

#[test]
fn a_bank_that_is_not_quoted_is_told() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let place = &machine.place;
    let values = "sha1:12+sha256:12+sha384:12";
    machine.tools(&format!(
        "quote -Q -c {AK} -l {values} -q {NONCE} -g sha256 -m less.attest -s less.signature"
    ));
    let (attest, signature) = (place.read("less.attest"), place.read("less.signature"));
    machine.changed("honest", "less", |evidence| {
        evidence["quote"]["attest"] = base64(&attest).into();
        evidence["quote"]["signature"] = base64(&signature).into();
    });
    verdict(&machine.verify("less", ""), 1, "NOT TRUSTED: bank-missing");
    // Who expects these banks only is content.
    let expected = place.read("expected");
    place.file(
        "three-banks",
        [
            &expected[..],
            b"banks=sha256,sha384\nboot_aggregate=optional\n",
        ]
        .concat(),
    );
    verdict(
        &machine
            .verify("less", "")
            .clone_with(machine, "less", "three-banks"),
        0,
        "TRUSTED",
    );
}

impl Ran {
    /// The same evidence judged by other expectations.
    fn clone_with(&self, machine: &Machine, name: &str, expected: &str) -> Ran {
        machine.digestctl(&format!(
            "verify-evidence {name} --nonce {NONCE} --ak ak.pem --repo repo --trust alice.pem --policy {expected}"
        ))
    }
}

/// The honest evidence, judged by expectations with `more` lines, or with `from` replaced by `to`.
#[track_caller]
fn expecting(line: &str, more: &str, from: &str, to: &str) {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let text = String::from_utf8(machine.place.read("expected")).expect("text");
    let text = text.replace(from, to) + more + "\n";
    machine.place.file("other", text);
    let ran = machine
        .verify("honest", "")
        .clone_with(machine, "honest", "other");
    is_judged(&ran, line);
}

#[test]
fn another_policy_kernel_version_or_parameter_is_told() {
    let other = sha256("other");
    let Some(guard) = shared() else { return };
    let policy = sha256(guard.as_ref().expect("a machine").place.read("rules"));
    drop(guard);
    expecting("NOT TRUSTED: policy", "", &policy, &other);
    expecting("NOT TRUSTED: kernel", "", "7.3.4", "7.3.5");
    expecting("NOT TRUSTED: version", "version=9", "", "");
    expecting("NOT TRUSTED: setting", "ima_appraise=log", "", "");
    expecting("TRUSTED", "ima_appraise=enforce", "", "");
    expecting("NOT TRUSTED: setting", "pcr=13", "", "");
}

#[test]
fn a_list_that_is_revoked_missing_or_older_than_the_floor_is_told() {
    let Some(guard) = shared() else { return };
    let base = digest_of(guard.as_ref().expect("a machine").place.read("base"));
    drop(guard);
    expecting(
        "NOT TRUSTED: list-revoked",
        &format!("revoke={base}"),
        "",
        "",
    );
    expecting("NOT TRUSTED: list-rollback", "floor=base 3", "", "");
    expecting("TRUSTED", "floor=base 2", "", "");
    expecting("NOT TRUSTED: list-missing", "require_list=old", "", "");
    expecting("TRUSTED", "require_list=base", "", "");
}

#[test]
fn a_revoked_file_that_was_used_is_told_by_the_evidence_of_use() {
    let (program, library) = (sha256("a program"), sha256("a library"));
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let shown = machine.digestctl("show --digests base").good().out;
    let first = shown
        .lines()
        .find(|line| line.starts_with("immutable sha256:"));
    let first = first.or(shown
        .lines()
        .find(|line| line.starts_with("mutable sha256:")));
    let used = first
        .and_then(|line| line.split(':').nth(1))
        .expect("a digest")
        .to_owned();
    let other = if used == program { library } else { program };
    drop(guard);
    expecting(
        "NOT TRUSTED: file-revoked-used",
        &format!("revoke=sha256:{used}"),
        "",
        "",
    );
    expecting("TRUSTED", &format!("revoke=sha256:{other}"), "", "");
}

#[test]
fn a_revoked_file_with_a_record_is_told_by_expectations_and_by_a_list_of_the_repository() {
    expecting(
        "NOT TRUSTED: file-revoked",
        &format!("revoke=sha256:{}", sha256("allowed")),
        "",
        "",
    );
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    machine.place.file("bad/thing", "allowed");
    machine
        .digestctl("generate bad --revoked -o bad.list")
        .good();
    for (signer, line) in [("bob", "TRUSTED"), ("alice", "NOT TRUSTED: file-revoked")] {
        machine
            .digestctl(&format!(
                "sign bad.list --key {signer}.key --cert {signer}.pem"
            ))
            .good();
        let _ = fs::remove_dir_all(machine.place.path("revoking"));
        machine
            .digestctl("repo add revoking base later old bad.list")
            .good();
        let ran = machine.digestctl(&format!(
            "verify-evidence honest --nonce {NONCE} --ak ak.pem --repo revoking --trust alice.pem --policy expected"
        ));
        is_judged(&ran, line);
    }
}

#[test]
fn an_unknown_file_is_told() {
    expecting("NOT TRUSTED: file-unknown", "", "allow=", "#");
    expecting("NOT TRUSTED: file-unknown", "not_loaded=refuse", "", "");
}

#[test]
fn metadata_that_are_swapped_or_missing_are_told() {
    let other = base64(b"other metadata");
    lie("metadata-swapped", |evidence| {
        let metadata = evidence["metadata"].as_object_mut().expect("an object");
        metadata
            .values_mut()
            .for_each(|value| *value = other.clone().into());
    });
    lie("metadata-missing", |evidence| {
        evidence["metadata"] = json!({})
    });
}

#[test]
fn evidence_of_use_that_is_swapped_or_missing_is_told() {
    lie("seen-swapped", |evidence| {
        let text = evidence["seen"]
            .as_str()
            .expect("text")
            .replace(" 01", " 00");
        evidence["seen"] = text.into();
    });
    lie("seen-missing", |evidence| evidence["seen"] = Value::Null);
}

#[test]
fn a_list_that_is_not_in_the_repository_or_signed_by_another_key_is_told() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    machine.digestctl("repo add without base later").good();
    let with = |repo: &str, trust: &str| {
        machine.digestctl(&format!(
            "verify-evidence honest --nonce {NONCE} --ak ak.pem --repo {repo} --trust {trust} --policy expected"
        ))
    };
    verdict(
        &with("without", "alice.pem"),
        1,
        "NOT TRUSTED: list-unknown",
    );
    let ran = with("repo", "bob.pem");
    assert_eq!(ran.code, 1);
    assert!(
        ran.out.starts_with("NOT TRUSTED: list-signature"),
        "{}",
        ran.out
    );
}

#[test]
fn what_is_no_evidence_and_what_the_verifier_lacks_cannot_be_judged() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    machine.place.file("nothing", "{}");
    verdict(
        &machine.verify("nothing", ""),
        2,
        "NOT JUDGED: evidence-malformed",
    );
    machine.changed("honest", "newer", |evidence| evidence["version"] = 2.into());
    verdict(
        &machine.verify("newer", ""),
        2,
        "NOT JUDGED: evidence-malformed",
    );
    for (line, part) in [
        (
            "--ak ak.pem --repo none --policy expected",
            "there is no repository",
        ),
        ("--ak ak.pem --repo repo --policy none", "cannot read none"),
        (
            "--ak expected --repo repo --policy expected",
            "no public key",
        ),
        (
            "--ak ak.pem --repo repo --policy rules",
            "there is no such key",
        ),
        (
            "--ak ak.pem --repo repo --policy empty",
            "no line policy=sha256",
        ),
    ] {
        machine.place.file("empty", "");
        let ran = machine.digestctl(&format!("verify-evidence honest --nonce {NONCE} {line}"));
        assert_eq!(ran.code, 2, "{line}: {}", ran.err);
        assert!(ran.err.contains(part), "{line}: {}", ran.err);
    }
}

#[test]
fn every_field_of_the_evidence_can_be_anything_without_a_panic() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let honest: Value = serde_json::from_slice(&machine.place.read("honest")).expect("JSON");
    let paths = [
        "/quote/attest",
        "/quote/signature",
        "/ak/public",
        "/log/records",
    ];
    for path in paths {
        let bytes = unbase64(honest.pointer(path).and_then(Value::as_str).expect("text"));
        for at in [0, 1, bytes.len() / 3, bytes.len() / 2, bytes.len() - 1] {
            let mut cut = honest.clone();
            *cut.pointer_mut(path).expect("there") = base64(&bytes[..at]).into();
            let mut long = honest.clone();
            let mut changed = bytes.clone();
            changed[at] = !changed[at];
            changed.push(0);
            *long.pointer_mut(path).expect("there") = base64(&changed).into();
            for value in [cut, long] {
                machine.place.file("any", value.to_string());
                let ran = machine.verify("any", "");
                assert!(
                    ran.code == 1 && ran.err.is_empty(),
                    "{path} {at}: {}{}",
                    ran.out,
                    ran.err
                );
            }
        }
    }
    for (path, value) in [
        ("/log/first", json!(u64::MAX)),
        ("/seen", json!("sha256:")),
        ("/metadata", json!({"": ""})),
        ("/quote/pcrs", json!({"sha256": {"4294967295": ""}})),
    ] {
        let mut changed = honest.clone();
        *changed.pointer_mut(path).expect("there") = value;
        machine.place.file("any", changed.to_string());
        let ran = machine.verify("any", "");
        assert!(
            ran.code != 0 && ran.err.is_empty(),
            "{path}: {}{}",
            ran.out,
            ran.err
        );
    }
}

#[test]
fn the_next_round_needs_only_new_records_and_a_small_state() {
    let Some(mut machine) = prepared() else {
        return;
    };
    let place = &machine.place;
    verdict(&machine.verify("honest", "--state states/m"), 0, "TRUSTED");
    assert!(place.read("states/m").len() <= 1024);
    machine.append(&named(
        digest_of(place.read("of-later/tool")),
        "/usr/bin/again",
    ));
    machine.attest("second", "--since 7").good();
    let ran = machine.verify("second", "--state states/m");
    verdict(&ran, 0, "TRUSTED");
    ran.printed("records: 1 judged, after 7 of earlier rounds\n")
        .printed("  base serial 2 (2 digests), CN=alice\n");

    // What was judged already, and nothing new.
    verdict(
        &machine.verify("second", "--state states/m"),
        2,
        "NOT JUDGED: needs-whole-list",
    );
    machine.attest("third", "--since 8").good();
    verdict(&machine.verify("third", "--state states/m"), 0, "TRUSTED");
    verdict(
        &machine.verify("third", ""),
        2,
        "NOT JUDGED: needs-whole-list",
    );
    // The clock goes back: evidence of before with the state of now.
    verdict(
        &machine.verify("honest", "--state states/m"),
        1,
        "NOT TRUSTED: clock-back",
    );

    // An unknown file; the state stays where it was.
    let before = place.read("states/m");
    machine.append(&named(digest_of("strange"), "/tmp/strange"));
    machine.attest("fourth", "--since 8").good();
    verdict(
        &machine.verify("fourth", "--state states/m"),
        1,
        "NOT TRUSTED: file-unknown",
    );
    assert_eq!(
        states::judged(&place.read("states/m")),
        states::judged(&before)
    );

    // Something that is not the module extends the PCR.
    machine.extend(&named(digest_of("foreign"), "/foreign"));
    machine.attest("fifth", "--since 8").good();
    verdict(
        &machine.verify("fifth", "--state states/m"),
        1,
        "NOT TRUSTED: replay",
    );

    // A restart between rounds, on which records go on as if nothing had happened.
    let list = place.read("list");
    machine.reset();
    let place = &machine.place;
    machine.boot("metadata");
    let booted = place.read("list");
    place.file("list", list);
    machine.attest("sixth", "--since 8").good();
    verdict(
        &machine.verify("sixth", "--state states/m"),
        2,
        "NOT JUDGED: reset",
    );
    // Honest: the whole list, anew.
    place.file("list", booted);
    machine.attest("seventh", "").good();
    let ran = machine.verify("seventh", "--state states/m");
    verdict(&ran, 0, "TRUSTED");
    ran.printed("note: the machine was restarted since the last round\n");

    // Restarted with an older edition: the state remembers the newer one.
    machine.reset();
    let place = &machine.place;
    machine.digestctl("repo add repo base1").good();
    machine.boot("update.metadata");
    machine.attest("eighth", "").good();
    verdict(
        &machine.verify("eighth", "--state states/m"),
        1,
        "NOT TRUSTED: list-rollback",
    );
    verdict(&machine.verify("eighth", ""), 0, "TRUSTED");

    // A newer edition that is announced, and may be refused, excuses none that was too old before.
    machine.append(&named(
        digest_of(place.read("metadata")),
        "digest_lists_metadata:/metadata",
    ));
    machine.attest("announced", "").good();
    verdict(
        &machine.verify("announced", "--state states/m"),
        1,
        "NOT TRUSTED: list-rollback",
    );

    // What is to be expected changes: everything is judged anew.
    let expected = place.read("expected");
    place.file("expected", [&expected[..], b"not_loaded=allow\n"].concat());
    machine.attest("ninth", "--since 2").good();
    verdict(
        &machine.verify("ninth", "--state states/m"),
        2,
        "NOT JUDGED: reset",
    );
}

#[test]
fn violations_and_what_others_extended_before_are_told() {
    let Some(mut machine) = prepared() else {
        return;
    };
    let place = &machine.place;
    machine.append(&named(Digest::zero(HashAlgo::Sha256), "/usr/bin/written"));
    machine.append(&checkpoint(place));
    machine.attest("violated", "--seen seen").good();
    verdict(&machine.verify("violated", ""), 1, "NOT TRUSTED: violation");
    let expected = place.read("expected");
    place.file(
        "lenient",
        [&expected[..], b"allow_violation=/usr/bin/written\n"].concat(),
    );
    let ran = machine
        .verify("violated", "")
        .clone_with(&machine, "violated", "lenient");
    verdict(&ran, 0, "TRUSTED");

    // Keys, policies, damage and records of later modules.
    for (name, data, reason) in [
        ("digest_lists_policy", "other", "policy"),
        ("digest_lists_key", "a key", "key-unknown"),
        ("digest_lists_future", "x", "record-unknown"),
        (
            "digest_lists_corrupted",
            "sha256:00 removed\n",
            "lists-corrupted",
        ),
        ("digest_lists_remove", "sha256:00\n", "lists-inconsistent"),
        ("digest_lists_start", "", "log-start"),
    ] {
        machine.reset();
        machine.boot("metadata");
        machine.append(&own(name, data));
        machine.attest("event", "").good();
        verdict(
            &machine.verify("event", ""),
            1,
            &format!("NOT TRUSTED: {reason}"),
        );
    }

    // A load that was refused has loaded nothing.
    machine.reset();
    let place = &machine.place;
    machine.boot("metadata update.metadata");
    machine.append(&named(
        digest_of(place.read("update.metadata")),
        "digest_lists_refused",
    ));
    machine.attest("refused", "").good();
    // Root can write the same record: nobody knows the list.
    verdict(
        &machine.verify("refused", ""),
        1,
        "NOT TRUSTED: list-unknown",
    );
    machine.digestctl("repo add repo base1").good();
    let ran = machine.verify("refused", "");
    verdict(&ran, 0, "TRUSTED");
    ran.printed("lists: 2\n");

    // The PCR was extended before the module was loaded, and the module says so.
    machine.reset();
    machine.boot_behind(&[&|bank| "07".repeat(hash(bank, b"").len() / 2)]);
    machine.attest("before", "").good();
    verdict(
        &machine.verify("before", ""),
        1,
        "NOT TRUSTED: start-values",
    );
    // Said nothing of, it does not replay.
    machine.reset();
    machine.tools(&format!("pcrextend 12:sha256={}", "07".repeat(32)));
    machine.boot("");
    machine.attest("unsaid", "").good();
    verdict(&machine.verify("unsaid", ""), 1, "NOT TRUSTED: replay");
}

#[test]
fn the_log_of_the_firmware_explains_what_was_in_the_pcr_before() {
    let Some(mut machine) = prepared() else {
        return;
    };
    let measured = |bank: &str| hash(bank, b"command line");
    let separator = |bank: &str| hash(bank, b"os-separator");
    let other = |bank: &str| hash(bank, b"another word");
    // What systemd-stub has measured, in the form of an event of the firmware.
    let mut event = [12u32, 13, 4].map(u32::to_le_bytes).concat();
    for (bank, algorithm) in [
        ("sha1", 4u16),
        ("sha256", 11),
        ("sha384", 12),
        ("sha512", 13),
    ] {
        event.extend(algorithm.to_le_bytes());
        event.extend(unhex(&measured(bank)));
    }
    event.extend(0u32.to_le_bytes());
    let log = [firmware_log(), event].concat();
    let expected = machine.place.read("expected");
    let expected = [&expected[..], b"start_values=firmware-log\n"].concat();
    let no_log = "NOT TRUSTED: start-values";
    let cases: [(&str, &[DigestIn<'_>], &str); 4] = [
        ("stub", &[&measured], "TRUSTED"),
        ("separated", &[&measured, &separator], "TRUSTED"),
        ("other", &[&measured, &other], no_log),
        ("early", &[&separator, &measured], no_log),
    ];
    for (name, extends, with_log) in cases {
        machine.reset();
        machine.boot_behind(extends);
        machine.place.file("none", &log);
        machine.attest(name, "").good();
        machine.place.file("expected-uki", &expected);
        for (policy, wanted) in [("expected", no_log), ("expected-uki", with_log)] {
            let ran = machine.digestctl(&format!(
                "verify-evidence {name} --nonce {NONCE} --ak ak.pem --repo repo --trust alice.pem --policy {policy}"
            ));
            verdict(&ran, i32::from(wanted != "TRUSTED"), wanted);
            if name == "separated" && wanted == "TRUSTED" {
                ran.printed("os-separator");
            }
        }
    }
}

#[test]
fn quotes_by_rsa_keys_of_both_schemes_are_verified() {
    let Some(machine) = prepared() else { return };
    for (number, scheme) in ["rsassa", "rsapss"].into_iter().enumerate() {
        let handle = format!("0x8101001{number}");
        machine.make_ak(scheme, &handle, "rsa", scheme);
        machine
            .digestctl(&format!(
                "attest --nonce {NONCE} --ak {handle} --list list --metadata metadata --seen seen -o by-rsa"
            ))
            .good();
        let ran = machine.digestctl(&format!(
            "verify-evidence by-rsa --nonce {NONCE} --ak {scheme}.pem --repo repo --trust alice.pem --policy expected"
        ));
        verdict(&ran, 0, "TRUSTED");
        machine.changed("by-rsa", "by-rsa", |evidence| {
            let mut signature = unbase64(evidence["quote"]["signature"].as_str().expect("text"));
            let last = signature.len() - 1;
            signature[last] ^= 1;
            evidence["quote"]["signature"] = base64(&signature).into();
        });
        let ran = machine.digestctl(&format!(
            "verify-evidence by-rsa --nonce {NONCE} --ak {scheme}.pem --repo repo --trust alice.pem --policy expected"
        ));
        verdict(&ran, 1, "NOT TRUSTED: quote-signature");
    }
}

#[test]
fn the_list_is_shown_as_text_as_json_and_as_a_canonical_event_log() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    machine
        .digestctl("log show list --since 4")
        .good()
        .printed(&format!("4 12 sha256:{} /opt/allowed\n", sha256("allowed")));
    machine
        .digestctl("log show list")
        .good()
        .printed("\n    kernel=7.3.4\n");
    let ran = machine.digestctl("log show list --format json").good();
    let value: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(value[1]["name"], "digest_lists_start");
    let exported = machine.digestctl("log export list --format json").good();
    assert_eq!(exported.out, ran.out, "one command with two names");
    let ran = machine.digestctl("log show list --format cel-json").good();
    let value: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(value[4]["recnum"], 4);
    assert_eq!(value[4]["content_type"], "ima_template");
    let data = unbase64(value[4]["content"]["template_data"].as_str().expect("text"));
    assert_eq!(value[4]["digests"][1]["hashAlg"], "sha256");
    assert_eq!(value[4]["digests"][1]["digest"], sha256(data));
}

#[test]
fn a_predicted_value_is_the_one_of_the_tpm() {
    let Some(machine) = prepared() else { return };
    machine.tools("shutdown -c");
    let mut machine = machine;
    machine.reset();
    machine.boot("metadata");
    let ran = machine
        .digestctl(&format!(
            "predict --rules rules --kernel 7.3.4 --boot-aggregate sha256:{} --root . metadata",
            sha256([0; 320])
        ))
        .good();
    for bank in BANKS {
        let read = machine.tools(&format!("pcrread {bank}:12")).to_lowercase();
        let value = read.split("0x").nth(1).expect("a value").trim().to_owned();
        assert!(
            ran.out.contains(&format!("boot_pcr={bank}:12:{value}\n")),
            "{}{read}",
            ran.out
        );
    }
    // The same lines pin the machine.
    let expected = machine.place.read("expected");
    machine
        .place
        .file("pinned", [&expected[..], ran.out.as_bytes()].concat());
    machine.attest("booted", "").good();
    let ran = machine
        .verify("booted", "")
        .clone_with(&machine, "booted", "pinned");
    verdict(&ran, 0, "TRUSTED");
    machine.append(&named(digest_of("allowed"), "/opt/allowed"));
    machine.attest("booted", "").good();
    let ran = machine
        .verify("booted", "")
        .clone_with(&machine, "booted", "pinned");
    verdict(&ran, 1, "NOT TRUSTED: boot-pcr");
}

#[test]
fn programs_are_told_all_policies_of_a_list_and_one_value() {
    let Some(guard) = shared() else { return };
    let machine = guard.as_ref().expect("a machine");
    let place = &machine.place;
    let other = digest_of("another policy");
    let policy = named(other, "digest_lists_policy");
    place.file(
        "two-policies",
        [place.read("list"), policy.line.clone()].concat(),
    );
    let text = machine.digestctl("predict --log two-policies").good().out;
    let policies: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("policy="))
        .collect();
    assert_eq!((policies.len(), policies[1]), (2, &*other.to_string()));
    let told = machine
        .digestctl("predict --log two-policies --json")
        .good()
        .out;
    let told: Value = serde_json::from_str(&told).expect("one value");
    assert_eq!(told["policy"], policies[0]);
    assert_eq!(told["policies"], json!(policies));
    machine
        .digestctl("predict --log two-policies --list - --json")
        .failed("--list - would mix the list with the values");
}

#[test]
fn keys_that_are_added_before_the_lists_are_predicted() {
    let Some(mut machine) = prepared() else {
        return;
    };
    machine.reset();
    machine.boot("");
    machine.place.file("keys/b.keyfile", "digest_lists key\n0");
    machine.place.file("keys/b.keyfile.sig", "a signature");
    machine.place.file("keys/.hidden", "nothing");
    machine.place.file("keys/a.der", [0x30, 0]);
    machine.append(&named(digest_of([0x30, 0]), "digest_lists_key"));
    machine.append(&named(digest_of("digest_lists key\n0"), "digest_lists_key"));
    machine.append(&named(
        digest_of(machine.place.read("metadata")),
        "digest_lists_metadata:/metadata",
    ));
    let ran = machine
        .digestctl(&format!(
            "predict --rules rules --kernel 7.3.4 --boot-aggregate sha256:{} --root . --keys keys metadata",
            sha256([0; 320])
        ))
        .good();
    let read = machine.tools("pcrread sha256:12").to_lowercase();
    let value = read.split("0x").nth(1).expect("a value").trim();
    ran.printed(&format!("boot_pcr=sha256:12:{value}\n"));
    machine.place.file("keys/c", "no key");
    machine
        .digestctl(&format!(
            "predict --rules rules --kernel 7.3.4 --boot-aggregate sha256:{} --root . --keys keys metadata",
            sha256([0; 320])
        ))
        .failed("keys/c");
}

#[test]
fn a_repository_keeps_what_machines_have_in_force_and_the_newest_editions() {
    let place = kept::editions();
    let digest = |name: &str| format!("sha256:{}", sha256(place.read(name)));
    place.run("repo list repo").good().printed(&format!(
        "{} compact unsigned algo=sha256 name=n serial=2 ",
        digest("list2")
    ));
    let listed = place.run("repo list repo --json").good().out;
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    let second = listed.as_array().and_then(|files| {
        let mut files = files.iter();
        files.find(|file| file["digest"] == digest("list2"))
    });
    let wanted = json!({
        "digest": digest("list2"), "kind": "list", "type": "compact", "signed": false,
        "algorithm": "sha256", "name": "n", "serial": 2,
        "immutable": 1, "mutable": 0, "revoked": 0,
    });
    assert_eq!(second, Some(&wanted));
    let lists = format!("list\t{}\t1\t1\tn\tCN=a\n", digest("list1"));
    let (name, any) = (sha256(&lists), format!("sha256:{}", sha256("any")));
    place.file(&format!("states/lists/{name}"), &lists);
    place.file(
        "states/machine",
        format!(
            "version=1\nak={any}\ninputs={any}\ncount=1\nreset_count=1\nrestart_count=0\nclock=1\n\
             pcr=12\nsha256={}\nlists=sha256:{name}\n",
            sha256("any")
        ),
    );
    // One that was damaged may have lists in force.
    for damaged in ["", "Version=1\n"] {
        place.file("states/damaged", damaged);
        place
            .run("repo gc repo --states states")
            .failed("states/damaged is no state: if it was one and is damaged, bring it back");
        assert!(place.run("repo list repo").out.contains(&digest("list2")));
    }
    std::fs::remove_file(place.path("states/damaged")).expect("removed");
    // What no state names any more.
    let earlier = format!("list\t{}\t1\t1\tn\tCN=a\n", digest("list2"));
    place.file(&format!("states/lists/{}", sha256(&earlier)), &earlier);
    place
        .run("repo gc repo --states states --dry-run")
        .good()
        .printed(&format!("{}\n1 file would be deleted\n", digest("list2")));
    place
        .run("repo gc repo --states states")
        .good()
        .printed("1 file deleted\n");
    // Nor is what no state names any more kept beside the states.
    assert!(!place.has(&format!("states/lists/{}", sha256(&earlier))));
    assert!(place.has(&format!("states/lists/{name}")));
    let left = place.run("repo list repo").good().out;
    assert!(
        left.contains(&digest("list1")) && left.contains(&digest("list3")),
        "{left}"
    );
    assert!(!left.contains(&digest("list2")), "{left}");
    place
        .run("repo list none")
        .failed("there is no repository at none");
    place
        .run("repo add repo tree/a")
        .failed("neither a digest list nor metadata");
}

#[test]
fn a_newer_edition_of_one_signer_deletes_no_list_of_another() {
    let place = Place::new();
    for name in ["alice", "bob"] {
        signer(&place, name);
    }
    place.file("tree/a", "one");
    std::fs::create_dir(place.path("states")).expect("a directory");
    for (list, serial, signer) in [("old", 1, "alice"), ("hers", 2, "alice"), ("his", 9, "bob")] {
        for line in [
            format!("generate tree -o {list} --name n --serial {serial}"),
            format!("sign {list} --key {signer}.key --cert {signer}.pem"),
            format!("repo add repo {list}"),
        ] {
            place.run(&line).good();
        }
    }
    let digest = |name: &str| format!("sha256:{}", sha256(place.read(name)));
    place
        .run("repo gc repo --states states")
        .good()
        .printed("1 file deleted\n");
    let left = place.run("repo list repo").good().out;
    assert!(left.contains(&digest("hers")), "{left}");
    assert!(left.contains(&digest("his")), "{left}");
    assert!(!left.contains(&digest("old")), "{left}");
}

#[test]
fn metadata_that_name_their_lists_by_another_digest_are_kept_with_these() {
    use sha2::Digest as _;
    let place = Place::new();
    place.file("tree/a", "one");
    std::fs::create_dir(place.path("states")).expect("a directory");
    place.run("generate tree -o list").good();
    place.run("metadata --root . list -o metadata").good();
    // The same by SHA-512.
    let (data, list) = (place.read("metadata"), place.read("list"));
    let metadata = digest_logic::metadata::Metadata::parse(&data).expect("metadata");
    let mut record = metadata.records().next().expect("a record");
    let long = sha2::Sha512::digest(&list);
    record.algo = HashAlgo::Sha512;
    record.digest = &long;
    let mut written = Bytes::default();
    record.write(&mut written).expect("metadata");
    place.file("metadata", &written.0);
    place.run("repo add repo list metadata").good();
    place
        .run("repo gc repo --states states")
        .good()
        .printed("0 files deleted\n");
}
