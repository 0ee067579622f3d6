// SPDX-License-Identifier: GPL-2.0

//! Evidence of a TPM that is made up: its key is a program's, so that a quote may say anything that
//! no real TPM would, and of as many records as a test wants.

use std::process::Command;

use digest_logic::{
    digest::{
        Digest,
        Hex, //
    },
    evidence::records::Extends, //
};
use host_tests::build::evidence::{
    ecc_key,
    signature as tpm_signature,
    sized, //
};
use p256::{
    ecdsa::{
        signature::hazmat::PrehashSigner,
        Signature,
        SigningKey, //
    },
    pkcs8::{
        EncodePublicKey,
        LineEnding, //
    },
};
use serde_json::{
    json,
    Value, //
};

use super::{
    base64,
    hash,
    named,
    own,
    sha256,
    signer,
    unhex,
    written,
    Bytes,
    Record,
    NONCE, //
};
use crate::{
    Place,
    Ran, //
};

/// The digest of the PCRs 0 to 9, which are all zero.
pub(super) fn aggregate() -> String {
    sha256([0; 320])
}

/// A machine with a TPM of one bank, and a verifier.
pub(super) struct Made {
    pub(super) place: Place,
    key: SigningKey,
    /// The list.
    pub(super) list: Vec<u8>,
    /// PCR 12 after it.
    pub(super) value: Vec<u8>,
    /// What the quote says of the TPM's time.
    pub(super) clock: u64,
    pub(super) resets: u32,
    pub(super) restarts: u32,
    /// The certificates of those who sign lists.
    pub(super) trust: String,
    /// The metadata that the evidence has.
    pub(super) metadata: Vec<Vec<u8>>,
}

impl Made {
    /// The verifier knows the lists `base` and `old` by `alice`; nothing is loaded.
    pub(super) fn new() -> Self {
        let place = Place::new();
        for name in ["alice", "bob"] {
            signer(&place, name);
        }
        let key = SigningKey::from_slice(&[7; 32]).expect("a key");
        let public = p256::PublicKey::from(key.verifying_key());
        let pem = public.to_public_key_pem(LineEnding::LF).expect("PEM");
        place.file("ak.pem", pem);
        place.file("tree/program", "a program");
        place.file("tree/library", "a library");
        place.file("of-old/thing", "a thing");
        place.file("rules", "measure func=BPRM_CHECK digest_list\n");
        place.file(
            "expected",
            format!(
                "policy=sha256:{}\nbanks=sha256\n",
                sha256(place.read("rules"))
            ),
        );
        let made = Self {
            place,
            key,
            list: Vec::new(),
            value: vec![0; 32],
            clock: 1000,
            resets: 1,
            restarts: 0,
            trust: "alice.pem".into(),
            metadata: Vec::new(),
        };
        made.make_list("tree", "base", "--name base --serial 2");
        made.make_list("of-old", "old", "");
        made.run("metadata --root . base old -o metadata");
        made
    }

    /// A list of `tree` that alice signs, which the repository has.
    pub(super) fn make_list(&self, tree: &str, list: &str, more: &str) {
        self.run(&format!("generate {tree} -o {list} {more}"));
        self.run(&format!("sign {list} --key alice.key --cert alice.pem"));
        self.run(&format!("repo add repo {list}"));
    }

    pub(super) fn run(&self, line: &str) -> Ran {
        self.place.run(line).good()
    }

    /// The machine is started, and these metadata are loaded.
    pub(super) fn boot(&mut self, metadata: &[&str]) {
        self.run(&format!(
            "predict --rules rules --kernel 7.3.4 --boot-aggregate sha256:{} --root . --list predicted {}",
            aggregate(),
            metadata.join(" ")
        ));
        self.begin();
        let predicted = self.place.read("predicted");
        for extend in Extends::new(&predicted) {
            let extend = extend.expect("a record");
            self.append_as(extend.data, &written(&extend));
        }
        for name in metadata {
            self.metadata.push(self.place.read(name));
        }
    }

    /// The list and the PCR begin anew.
    pub(super) fn begin(&mut self) {
        self.list.clear();
        self.value = vec![0; 32];
    }

    pub(super) fn append(&mut self, record: &Record) {
        let data = match record.violation {
            true => None,
            false => Some(unhex(&sha256(&record.data))),
        };
        self.list.extend(&record.line);
        self.extend(&data.unwrap_or_else(|| vec![0xff; 32]));
    }

    fn append_as(&mut self, data: &[u8], line: &[u8]) {
        self.list.extend(line);
        self.extend(&unhex(&sha256(data)));
    }

    /// PCR 12 is extended.
    pub(super) fn extend(&mut self, digest: &[u8]) {
        self.value = unhex(&sha256([&self.value, digest].concat()));
    }

    /// The records come in batches of one extend each.
    pub(super) fn append_batches(&mut self, records: &[Record]) {
        for members in records.chunks(64) {
            let data: Vec<u8> = members.iter().flat_map(|it| it.line.clone()).collect();
            let digest = Digest::parse(&format!("sha1:{}", hash("sha1", &data)));
            let mut line = Bytes::default();
            let digest = digest.expect("a digest");
            digest_logic::template::write_binary(12, &digest, "digest-batch", &data, &mut line)
                .expect("a record");
            self.append_as(&data, &line.0);
        }
    }

    /// A load of metadata, which the evidence has.
    pub(super) fn load(&mut self, data: &[u8]) {
        self.append(&loaded(data));
        if !self.metadata.iter().any(|other| other == data) {
            self.metadata.push(data.to_vec());
        }
    }

    /// `TPMS_ATTEST` with these selections, each as the TPM marshals it, and the digest of the
    /// values.
    pub(super) fn attest(&self, nonce: &[u8], selections: &[u8], digest: &[u8]) -> Vec<u8> {
        [
            &unhex("ff5443478018")[..],
            &sized(&[]),
            &sized(nonce),
            &self.clock.to_be_bytes(),
            &self.resets.to_be_bytes(),
            &self.restarts.to_be_bytes(),
            &[1],
            &[0; 8],
            selections,
            &sized(digest),
        ]
        .concat()
    }

    /// The quote with its signature.
    pub(super) fn quote(&self, attest: &[u8], pcrs: &Value) -> Value {
        let signature: Signature = self
            .key
            .sign_prehash(&unhex(&sha256(attest)))
            .expect("a signature");
        let (r, s) = signature.split_bytes();
        // ECDSA over SHA-256.
        let signature = tpm_signature(0x18, 0x0b, &[r.as_slice(), s.as_slice()]);
        json!({ "attest": base64(attest), "signature": base64(&signature), "pcrs": pcrs })
    }

    /// The values of PCRs 0 to 9 and 12 by their numbers, and one behind another.
    pub(super) fn values(&self) -> (Value, Vec<u8>) {
        let mut pcrs = serde_json::Map::new();
        for number in 0..10 {
            pcrs.insert(number.to_string(), "00".repeat(32).into());
        }
        pcrs.insert("12".into(), Hex(&self.value).to_string().into());
        let values = [&[0; 320], &self.value[..]].concat();
        (pcrs.into(), values)
    }

    /// The evidence of the list from record `first` on.
    pub(super) fn evidence(&self, first: u64, records: &[u8]) -> Value {
        let (pcrs, values) = self.values();
        // SHA-256, PCRs 0 to 9 and 12.
        let selections = unhex("00000001000b03ff1300");
        let attest = self.attest(&unhex(NONCE), &selections, &unhex(&sha256(values)));
        let metadata: serde_json::Map<String, Value> = self
            .metadata
            .iter()
            .map(|data| (sha256(data), base64(data).into()))
            .collect();
        json!({
            "version": 1,
            "nonce": NONCE,
            "quote": self.quote(&attest, &json!({ "sha256": pcrs })),
            "ak": { "public": base64(&self.public(0x0005_0072)) },
            "log": { "first": first, "records": base64(records) },
            "metadata": metadata,
            "status": {},
        })
    }

    /// The evidence of all records.
    pub(super) fn whole(&self) -> Value {
        self.evidence(0, &self.list)
    }

    /// `TPMT_PUBLIC` of the key with these attributes.
    pub(super) fn public(&self, attributes: u32) -> Vec<u8> {
        let point = self.key.verifying_key().to_encoded_point(false);
        ecc_key(attributes, point.x().expect("x"), point.y().expect("y"))
    }

    /// Judges the evidence.
    pub(super) fn judge(&self, evidence: &Value, more: &str) -> Ran {
        self.place.file("made", evidence.to_string());
        self.judged("made", more)
    }

    /// Judges the evidence in a file. Ends after 20 s of processor time, which is many times
    /// what any evidence takes here if the time grows as the evidence does.
    pub(super) fn judged(&self, name: &str, more: &str) -> Ran {
        let line = format!("{} {more}", self.words(name));
        self.place.run_by("prlimit --cpu=20", &line)
    }

    fn words(&self, name: &str) -> String {
        format!(
            "verify-evidence {name} --nonce {NONCE} --ak ak.pem --repo repo --trust {} --policy expected",
            self.trust
        )
    }

    /// The same, with the most KiB that it had in memory.
    pub(super) fn measured(&self, name: &str, more: &str) -> (i32, u64) {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("digestctl"))
            .current_dir(self.place.path("."))
            .args(self.words(name).split_whitespace())
            .args(more.split_whitespace())
            .stdout(std::fs::File::create(self.place.path("out")).expect("a file"))
            .spawn()
            .expect("digestctl runs");
        let mut most = 0;
        let status = format!("/proc/{}/status", child.id());
        let ended = loop {
            if let Some(ended) = child.try_wait().expect("it runs") {
                break ended;
            }
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let size = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            most = most.max(size.unwrap_or(0));
            std::thread::sleep(std::time::Duration::from_millis(2));
        };
        (ended.code().expect("no signal"), most)
    }
}

/// The record of a load of metadata.
pub(super) fn loaded(data: &[u8]) -> Record {
    named(super::digest_of(data), "digest_lists_metadata")
}

/// The record of the removal of lists.
pub(super) fn removal(lists: &[Digest]) -> Record {
    let mut text = String::new();
    for list in lists {
        text += &format!("{list}\n");
    }
    own("digest_lists_remove", &text)
}
