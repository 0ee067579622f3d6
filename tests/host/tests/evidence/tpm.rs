// SPDX-License-Identifier: GPL-2.0

//! Quotes, signatures and keys, made by swtpm and tpm2-tools and made by hand.

use std::{
    fs,
    path::{
        Path,
        PathBuf, //
    },
    process::{
        Child,
        Command,
        Stdio, //
    },
    time::{
        Duration,
        Instant, //
    },
};

use digest_logic::{
    evidence::{
        attest::Quote,
        public::{
            Curve,
            Key,
            Public, //
        },
        tpm_signature::{
            TpmSignature,
            Value, //
        },
    },
    hash_algo::HashAlgo, //
    refusal::Cause,
};
use host_tests::{
    build::evidence::{
        ecc_key,
        quote,
        rsa_key,
        signature, //
    },
    cases,
    fuzz,
    skipped, //
};
use proptest::prelude::*;

use crate::no_cut_is_taken;

const AK: u32 = (1 << 1) | (1 << 4) | (1 << 5) | (1 << 6) | (1 << 16) | (1 << 18);

struct Tpm {
    place: PathBuf,
    child: Child,
}

impl Drop for Tpm {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.place);
    }
}

impl Tpm {
    fn new() -> Option<Self> {
        let ran = Command::new("tpm2").arg("--version").output();
        if !ran.is_ok_and(|output| output.status.success()) {
            skipped("there are no tpm2-tools");
            return None;
        }
        let place = std::env::temp_dir().join(format!("digest-lists-tpm-{}", std::process::id()));
        fs::create_dir_all(&place).unwrap();
        let of = |name: &str| place.join(name).display().to_string();
        let child = Command::new("swtpm")
            .args(["socket", "--tpm2", "--tpmstate", &format!("dir={}", of(""))])
            .args(["--server", &format!("type=unixio,path={}", of("sock"))])
            .args(["--ctrl", &format!("type=unixio,path={}", of("sock.ctrl"))])
            .args(["--flags", "not-need-init,startup-clear"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let tpm = Self { place, child };
        let until = Instant::now() + Duration::from_secs(30);
        while !Path::new(&tpm.place.join("sock.ctrl")).exists() {
            assert!(Instant::now() < until, "swtpm does not come up");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(tpm)
    }

    fn run(&self, line: &str) {
        let output = Command::new("tpm2")
            .current_dir(&self.place)
            .env(
                "TPM2TOOLS_TCTI",
                format!("swtpm:path={}", self.place.join("sock").display()),
            )
            .args(line.split(' '))
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "tpm2 {line}: {error}");
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.place.join(name)).unwrap()
    }
}

#[test]
fn what_a_tpm_quotes_signs_and_tells_of_its_key_is_read() {
    let Some(tpm) = Tpm::new() else { return };
    for (key, scheme) in [("ecc", "ecdsa"), ("rsa", "rsassa")] {
        tpm.run(&format!("createek -Q -c ek -G {key}"));
        tpm.run("flushcontext -t");
        tpm.run(&format!(
            "createak -Q -C ek -c ak -G {key} -g sha256 -s {scheme} -u public -f tss"
        ));
        tpm.run("flushcontext -t");
        tpm.run("flushcontext -s");
        tpm.run("quote -Q -c ak -l sha1:0,12+sha256:0,1,12,23+sha512:12 -q 0011223344556677 -g sha256 -m attest -s signature");
        tpm.run("flushcontext -t");

        let attest = tpm.read("attest");
        let quote = Quote::parse(&attest).unwrap();
        assert_eq!(quote.nonce, [0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77]);
        let selected: Vec<(u16, Vec<u32>)> = quote
            .selections()
            .iter()
            .map(|selection| (selection.algo, selection.numbers().collect()))
            .collect();
        let expected = [
            (0x04, vec![0, 12]),
            (0x0b, vec![0, 1, 12, 23]),
            (0x0d, vec![12]),
        ];
        assert_eq!(selected, expected);
        assert_eq!(quote.digest.len(), 32);
        no_cut_is_taken(&attest, |data| Quote::parse(data).is_ok());

        let bytes = tpm.read("signature");
        let signature = TpmSignature::parse(&bytes).unwrap();
        assert_eq!(signature.hash, HashAlgo::Sha256);
        match (key, signature.value) {
            ("rsa", Value::RsaSsa(value)) => assert_eq!(value.len(), 256),
            ("ecc", Value::Ecdsa { r, s }) => assert!(r.len() <= 32 && s.len() <= 32),
            other => panic!("{other:?}"),
        }
        no_cut_is_taken(&bytes, |data| TpmSignature::parse(data).is_ok());

        let bytes = tpm.read("public");
        let bytes = Public::without_size(&bytes);
        let public = Public::parse(bytes).unwrap();
        assert!(public.is_attestation_key());
        match (key, public.key) {
            ("rsa", Key::Rsa { modulus, exponent }) => {
                assert_eq!((modulus.len(), exponent), (256, 65_537));
            }
            ("ecc", Key::Ecc { curve, x, y }) => {
                assert_eq!((curve, x.len(), y.len()), (Curve::P256, 32, 32));
            }
            other => panic!("{other:?}"),
        }
        no_cut_is_taken(bytes, |data| Public::parse(data).is_ok());
        for data in [&attest, bytes] {
            fuzz::tpm_structures(data);
        }
    }
}

#[test]
fn what_is_no_quote_is_refused_for_its_reason() {
    let good = quote(b"name", b"nonce", 1, &[(0x0b, 1 << 12)], &[1; 32]);
    assert!(Quote::parse(&good).is_ok());
    let mut other = good.clone();
    other[0] = 0;
    assert_eq!(Quote::parse(&other), Err(Cause::BadMagic));
    let mut other = good.clone();
    // Of type certification.
    other[5] = 0x17;
    assert_eq!(Quote::parse(&other), Err(Cause::BadMagic));
    let twice = quote(b"", b"", 1, &[(0x0b, 1), (0x0b, 2)], &[]);
    assert_eq!(Quote::parse(&twice), Err(Cause::UnexpectedField));
    let many: Vec<_> = (0..17).map(|algo| (algo, 1)).collect();
    assert_eq!(
        Quote::parse(&quote(b"", b"", 1, &many, &[])),
        Err(Cause::BadLength)
    );
    let long = quote(b"", &[0; 67], 1, &[], &[]);
    assert_eq!(Quote::parse(&long), Err(Cause::BadLength));
    assert_eq!(
        Quote::parse(&[&good[..], b"x"].concat()),
        Err(Cause::TrailingBytes)
    );
}

#[test]
fn weak_hashes_and_other_schemes_sign_nothing() {
    let sign = |scheme, hash| signature(scheme, hash, &[&[1; 32], &[2; 32]]);
    assert!(TpmSignature::parse(&sign(0x18, 0x0b)).is_ok());
    for (scheme, hash, error) in [
        (0x18, 0x04, Cause::WeakAlgorithm),
        (0x18, 0x12, Cause::UnknownAlgorithm),
        (0x1a, 0x0b, Cause::BadSignature),
        (0x05, 0x0b, Cause::BadSignature),
        (0x14, 0x0b, Cause::TrailingBytes),
    ] {
        assert_eq!(TpmSignature::parse(&sign(scheme, hash)), Err(error));
    }
}

#[test]
fn only_a_restricted_key_of_the_tpm_s_own_is_one_that_attests() {
    for bit in [1, 5, 16, 18] {
        let key = rsa_key(AK & !(1 << bit), &[0xff; 256]);
        assert!(!Public::parse(&key).unwrap().is_attestation_key(), "{bit}");
    }
    let key = rsa_key(AK, &[0xff; 256]);
    assert!(Public::parse(&key).unwrap().is_attestation_key());
    let key = ecc_key(AK, &[1; 32], &[2; 32]);
    assert!(Public::parse(&key).unwrap().is_attestation_key());
    let mut curve = key.clone();
    let at = key.len() - 2 * 34 - 3;
    curve[at] = 0x10;
    assert_eq!(Public::parse(&curve), Err(Cause::BadKey));
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn a_quote_is_read_as_it_was_written(
        nonce in prop::collection::vec(any::<u8>(), 0..=64),
        clock: u64,
        pcrs in 0u32..1 << 24,
        digest in prop::collection::vec(any::<u8>(), 0..=64),
    ) {
        let bytes = quote(b"signer", &nonce, clock, &[(0x0b, pcrs)], &digest);
        let read = Quote::parse(&bytes).unwrap();
        prop_assert_eq!(read.nonce, &nonce[..]);
        prop_assert_eq!(read.clock.clock, clock);
        prop_assert_eq!(read.digest, &digest[..]);
        let bits = read.selections()[0].numbers().fold(0, |bits, pcr| bits | (1 << pcr));
        prop_assert_eq!(bits, pcrs);
    }

    #[test]
    fn no_bytes_are_too_strange(data in prop::collection::vec(any::<u8>(), 0..300)) {
        fuzz::tpm_structures(&data);
        fuzz::measurement_list(&data);
        fuzz::firmware_log(&data);
        fuzz::evidence_texts(&data);
    }
}
