// SPDX-License-Identifier: GPL-2.0

//! Makes a fleet for `make bench-verifier`: lists, and evidence of many machines.
//!
//! Each machine has a key of its own, which a program has in place of a TPM: what it signs has the
//! form that a TPM gives it, and the verifier sees no difference.
//!
//! `fleet lists DIR LISTS DIGESTS` makes `DIR/lists`, an update of the first list, a list of what
//! is not loaded, and revocations. `fleet evidence DIR MACHINES ROUND BANK,…` makes the evidence of
//! a round, `DIR/round`, and `DIR/fleet` that names it. It reads `DIR/predicted`, the measurement
//! list of `digestctl predict`, and `DIR/metadata` and `DIR/update`. In each round but the first
//! the evidence has what is new; one machine in a hundred has updated a list and used an unknown
//! file.

use std::{
    fmt::Write as _,
    fs,
    path::Path, //
};

use base64::{
    engine::general_purpose::STANDARD,
    Engine, //
};
use digest_logic::{
    compact,
    digest::{
        Digest,
        Hex, //
    },
    edition::Edition,
    evidence::{
        records::Extends,
        replay::Hasher, //
    },
    hash_algo::HashAlgo,
    list::Kind,
    policy::Template,
    seen,
    template::{
        write_binary,
        Event, //
    },
};
use host_tests::{
    build::evidence::{
        ecc_key,
        quote,
        signature, //
    },
    written, //
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
use sha2::Digest as _;

/// The PCRs that are quoted: those of the boot, and that of the list.
const PCRS: u32 = 0x13ff;
/// That of the list.
const PCR: u32 = 12;
/// fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, sign.
const ATTRIBUTES: u32 = 0x0005_0072;
/// One machine in so many changes in a round.
const CHANGE: u64 = 100;
/// Bytes of a firmware's event log.
const FIRMWARE: usize = 16 << 10;

struct Hashes;

impl Hasher for Hashes {
    fn hash(&self, algo: HashAlgo, parts: &[&[u8]]) -> Digest {
        let all = parts.concat();
        let bytes = match algo {
            HashAlgo::Sha1 => sha1::Sha1::digest(all).to_vec(),
            HashAlgo::Sha256 => sha2::Sha256::digest(all).to_vec(),
            HashAlgo::Sha384 => sha2::Sha384::digest(all).to_vec(),
            HashAlgo::Sha512 => sha2::Sha512::digest(all).to_vec(),
        };
        Digest::new(algo, &bytes).unwrap()
    }
}

fn sha256(data: impl AsRef<[u8]>) -> Digest {
    Hashes.hash(HashAlgo::Sha256, &[data.as_ref()])
}

fn hex(data: &[u8]) -> String {
    Hex(data).to_string()
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["lists", dir, lists, digests] => {
            make_lists(
                Path::new(dir),
                lists.parse().unwrap(),
                digests.parse().unwrap(),
            );
        }
        ["evidence", dir, machines, round, banks] => {
            let banks = banks.split(',').map(HashAlgo::from_name);
            let banks = banks.collect::<Result<_, _>>().unwrap();
            Fleet::read(Path::new(dir), banks).write(
                machines.parse().unwrap(),
                round.parse().unwrap(), //
            );
        }
        _ => panic!("fleet lists DIR LISTS DIGESTS | fleet evidence DIR MACHINES ROUND BANK,…"),
    }
}

fn make_lists(dir: &Path, lists: u64, digests: u64) {
    let put = |name: &str, kind, serial, what: &str, digests: u64| {
        let of = |number| sha256(format!("{what} {number}"));
        let digests: Vec<Digest> = (0..digests).map(of).collect();
        let list = written(|sink| {
            Edition::new(name.as_bytes(), serial)?.write(sink)?;
            let digests = digests.iter().map(Digest::as_bytes);
            compact::write_block(kind, HashAlgo::Sha256, digests, sink)
        });
        fs::create_dir_all(dir.join("lists")).unwrap();
        fs::write(dir.join(format!("lists/{name}.{serial}")), list.unwrap()).unwrap();
    };
    for number in 0..lists {
        let name = format!("package{number:03}");
        put(&name, Kind::Immutable, 1, &name, digests);
    }
    put(
        "package000",
        Kind::Immutable,
        2,
        "package000, updated",
        digests,
    );
    put("others", Kind::Immutable, 1, "other", digests);
    // Files of the list that is updated, none of which was used.
    put("revocations", Kind::Revoked, 1, "package000", 20);
}

/// A record, as the list has it, and its template data.
struct Record {
    line: Vec<u8>,
    data: Vec<u8>,
}

impl Record {
    fn new(template: Template, event: &Event<'_>) -> Self {
        let data = written(|sink| event.write(template, sink)).unwrap();
        let digest = Hashes.hash(HashAlgo::Sha1, &[&data]);
        let line = written(|sink| write_binary(PCR, &digest, template.name(), &data, sink));
        Self {
            line: line.unwrap(),
            data,
        }
    }

    fn named(digest: Digest, name: &str) -> Self {
        Self::new(Template::ImaNg, &Event::new(digest, name.as_bytes()))
    }

    fn own(name: &str, data: &str) -> Self {
        let event = Event {
            buffer: data.as_bytes(),
            ..Event::new(sha256(data), name.as_bytes())
        };
        Self::new(Template::ImaBuf, &event)
    }
}

/// What all machines have.
struct Fleet<'a> {
    dir: &'a Path,
    banks: Vec<HashAlgo>,
    /// The list after the boot.
    predicted: Vec<u8>,
    booted: Vec<Record>,
    metadata: Vec<u8>,
    update: Vec<u8>,
    /// The lists that are loaded: digest and number of digests.
    lists: Vec<(Digest, u32)>,
    updated: (Digest, u32),
}

impl<'a> Fleet<'a> {
    fn read(dir: &'a Path, banks: Vec<HashAlgo>) -> Self {
        let read = |name: &str| fs::read(dir.join(name)).unwrap();
        let predicted = read("predicted");
        let booted = Extends::new(&predicted).map(|extend| Record {
            line: Vec::new(),
            data: extend.unwrap().data.to_vec(),
        });
        let list = |name: &str| {
            let data = read(name);
            let list = digest_logic::list::ParsedList::parse(
                digest_logic::list::ListType::Compact,
                &data, //
            );
            (sha256(&data), list.unwrap().counts().total())
        };
        let names = String::from_utf8(read("loaded")).unwrap();
        Self {
            dir,
            banks,
            booted: booted.collect(),
            metadata: read("metadata"),
            update: read("update"),
            lists: names.lines().map(list).collect(),
            updated: list("lists/package000.2"),
            predicted,
        }
    }

    /// The evidence of use of a machine.
    fn seen(&self, machine: u64, updated: bool) -> String {
        let mut text = Vec::new();
        let first = usize::from(updated);
        let lists = self.lists.iter().skip(first);
        let lists = lists.chain(updated.then_some(&self.updated));
        for (place, (list, count)) in lists.enumerate() {
            let mut bits = vec![0u8; seen::bytes_for(*count)];
            let seed = sha256(format!("used {machine} {place}"));
            for (byte, random) in bits.iter_mut().zip(seed.as_bytes().iter().cycle()) {
                *byte = random & 0x11;
            }
            // What is revoked was not used.
            bits.iter_mut().take(3).for_each(|byte| *byte = 0);
            if let (Some(last), extra @ 1..) = (bits.last_mut(), count % 8) {
                *last &= (1 << extra) - 1;
            }
            let line = written(|sink| seen::write_line(list, *count, &bits, sink));
            text.extend(line.unwrap());
        }
        String::from_utf8(text).unwrap()
    }

    /// What a machine records in a round.
    fn records(&self, machine: u64, round: u64) -> Vec<Record> {
        let mut records = Vec::new();
        if round > 0 && machine % CHANGE == round {
            let removed = format!("{}\n", self.lists[0].0);
            records.push(Record::named(
                sha256(&self.update),
                "digest_lists_metadata:/var/lib/update",
            ));
            records.push(Record::own("digest_lists_remove", &removed));
            records.push(Record::named(sha256("other 7"), "/usr/bin/other"));
        }
        let text = self.seen(machine, is_updated(machine, round));
        let data = format!("{} {}\n", sha256(&text), text.len());
        records.push(Record::own("digest_lists_checkpoint", &data));
        records
    }

    fn write(&self, machines: u64, round: u64) {
        let mut fleet = String::new();
        for name in ["round", "ak", "states"] {
            fs::create_dir_all(self.dir.join(name)).unwrap();
        }
        for machine in 0..machines {
            let name = format!("{machine:06}");
            let seed = sha256(format!("ak {machine}"));
            let key = SigningKey::from_bytes(seed.as_bytes().into()).unwrap();
            let ak = format!("ak/{name}.pem");
            if round == 0 {
                let public = p256::PublicKey::from(key.verifying_key());
                let pem = public.to_public_key_pem(LineEnding::LF).unwrap();
                fs::write(self.dir.join(&ak), pem).unwrap();
            }
            let nonce = sha256(format!("nonce {machine} {round}"));
            let evidence = format!("round/{name}.json");
            let text = self.evidence(machine, round, &key, &nonce);
            fs::write(self.dir.join(&evidence), text).unwrap();
            let nonce = hex(nonce.as_bytes());
            writeln!(fleet, "{evidence}\t{nonce}\t{ak}\tstates/{name}").unwrap();
        }
        fs::write(self.dir.join("fleet"), fleet).unwrap();
    }

    fn evidence(&self, machine: u64, round: u64, key: &SigningKey, nonce: &Digest) -> String {
        let rounds: Vec<Vec<Record>> = (0..=round)
            .map(|round| self.records(machine, round))
            .collect();
        let before: usize = rounds.iter().rev().skip(1).map(Vec::len).sum();
        let first = match round {
            0 => 0,
            _ => self.booted.len() + before,
        };
        let mut log = Vec::new();
        if round == 0 {
            log.extend(&self.predicted);
        }
        for record in rounds.last().unwrap() {
            log.extend(&record.line);
        }

        let mut values = Vec::new();
        let mut pcrs = Vec::new();
        let mut selection = Vec::new();
        for bank in &self.banks {
            let all = self.booted.iter().chain(rounds.iter().flatten());
            let mut value = Digest::zero(*bank);
            for record in all {
                let digest = Hashes.hash(*bank, &[&record.data]);
                value = digest_logic::evidence::replay::extended(&Hashes, &value, &digest);
            }
            let zero = Digest::zero(*bank);
            let numbers = (0..24).filter(|number| PCRS & (1 << number) != 0);
            let of_bank: Vec<String> = numbers
                .map(|number| {
                    let value = if number == PCR { &value } else { &zero };
                    values.extend(value.as_bytes());
                    format!("        \"{number}\": \"{}\"", hex(value.as_bytes()))
                })
                .collect();
            pcrs.push(format!(
                "      \"{bank}\": {{\n{}\n      }}",
                of_bank.join(",\n")
            ));
            selection.push((id_of(*bank), PCRS));
        }
        let point = key.verifying_key().to_encoded_point(false);
        let public = ecc_key(ATTRIBUTES, point.x().unwrap(), point.y().unwrap());
        // The name of a key: its hash behind the number of the hash.
        let signer = [&[0, 0x0b], sha256(&public).as_bytes()].concat();
        let attest = quote(
            &signer,
            nonce.as_bytes(),
            1_000_000 * (round + 1),
            &selection,
            sha256(&values).as_bytes(),
        );
        let signed: Signature = key.sign_prehash(sha256(&attest).as_bytes()).unwrap();
        let (r, s) = signed.split_bytes();
        let signature = signature(0x18, 0x0b, &[&r, &s]);
        let changed = round > 0 && machine % CHANGE == round;
        let metadata = match (round, changed) {
            (0, _) => Some(&self.metadata),
            (_, true) => Some(&self.update),
            _ => None,
        };
        let metadata = metadata.map_or(String::new(), |data| {
            let name = hex(sha256(data).as_bytes());
            format!("\n    \"{name}\": \"{}\"\n  ", STANDARD.encode(data))
        });
        let firmware = match round {
            0 => format!(
                "  \"firmware_log\": \"{}\",\n",
                STANDARD.encode(vec![7; FIRMWARE])
            ),
            _ => String::new(),
        };
        let text = self.seen(machine, is_updated(machine, round));
        let records = first + rounds.last().unwrap().len();
        let [attest, signature, public, log] =
            [&attest, &signature, &public, &log].map(|bytes| STANDARD.encode(bytes));
        let (nonce, pcrs) = (hex(nonce.as_bytes()), pcrs.join(",\n"));
        let seen = text.replace('\n', "\\n");
        format!(
            "{{\n  \"version\": 1,\n  \"nonce\": \"{nonce}\",\n  \"quote\": {{\n    \"attest\": \"{attest}\",\n    \
             \"signature\": \"{signature}\",\n    \"pcrs\": {{\n{pcrs}\n    }}\n  }},\n  \"ak\": {{\n    \
             \"public\": \"{public}\"\n  }},\n  \"log\": {{\n    \"first\": {first},\n    \"records\": \"{log}\"\n  }},\n  \
             \"metadata\": {{{metadata}}},\n  \"seen\": \"{seen}\",\n{firmware}  \"status\": {{\n    \
             \"records\": \"{records}\"\n  }}\n}}\n"
        )
    }
}

fn is_updated(machine: u64, round: u64) -> bool {
    let when = machine % CHANGE;
    when > 0 && when <= round
}

fn id_of(bank: HashAlgo) -> u16 {
    match bank {
        HashAlgo::Sha1 => 4,
        HashAlgo::Sha256 => 0x0b,
        HashAlgo::Sha384 => 0x0c,
        HashAlgo::Sha512 => 0x0d,
    }
}
