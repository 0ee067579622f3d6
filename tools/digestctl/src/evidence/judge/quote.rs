// SPDX-License-Identifier: GPL-2.0

//! Whether a quote is one by the expected key, of the values that are told, for this question.

use std::path::Path;

use anyhow::{
    Context,
    Result, //
};
use digest_logic::{
    digest::{
        Digest,
        Hex, //
    },
    evidence::{
        attest::Quote,
        public::Public,
        replay::Hasher,
        tpm_signature::TpmSignature, //
    },
    hash_algo::HashAlgo, //
};
use tempfile::TempDir;

use super::{
    Expectation,
    Facts,
    Round, //
};
use crate::{
    evidence::{
        crypto::{
            AttestationKey,
            Hashes, //
        },
        document::unhex,
        history::Values,
        reason::Reason, //
    },
    openssl, //
};

/// The purpose of certificates of attestation keys (`tcg-kp-AIKCertificate`), as openssl prints it:
/// by its name, or, where it does not know it, by its number.
const PURPOSE: [&str; 2] = ["Attestation Identity Key Certificate", "2.23.133.8.3"];

/// The length of a value in a bank that is not replayed: SM3, SHA3-256, SHA3-384, SHA3-512.
const fn value_size(algo: u16) -> Option<usize> {
    match algo {
        0x12 | 0x27 => Some(32),
        0x28 => Some(48),
        0x29 => Some(64),
        _ => None,
    }
}

impl Round<'_> {
    /// Returns what the quote says if it is good.
    pub(super) fn check_quote(&mut self) -> Result<Option<Facts>> {
        let evidence = self.evidence;
        let quote = match Quote::parse(&evidence.quote.attest.0) {
            Ok(quote) => quote,
            Err(error) => {
                self.find(Reason::QuoteMalformed, None, format!("the quote: {error}"));
                return Ok(None);
            }
        };
        let signature = match TpmSignature::parse(&evidence.quote.signature.0) {
            Ok(signature) => signature,
            Err(error) => {
                self.find(
                    Reason::QuoteMalformed,
                    None,
                    format!("its signature: {error}"),
                );
                return Ok(None);
            }
        };
        let Some(key) = self.key()? else {
            return Ok(None);
        };
        if !key.verifies(&evidence.quote.attest.0, &signature) {
            let detail = "the signature is not one of the quote by the attestation key";
            self.find(Reason::QuoteSignature, None, detail);
            return Ok(None);
        }
        if quote.nonce != self.judge.nonce {
            let detail = format!(
                "it was made for {}, not for {}",
                Hex(quote.nonce),
                Hex(&self.judge.nonce)
            );
            self.find(Reason::Nonce, None, detail);
            return Ok(None);
        }
        let Some(quoted) = self.values(&quote, &signature) else {
            return Ok(None);
        };
        let clock = quote.clock;
        let machine = &mut self.judgement.machine;
        machine.insert("tpm_clock".into(), clock.clock.to_string());
        machine.insert("tpm_reset_count".into(), clock.reset_count.to_string());
        machine.insert("tpm_restart_count".into(), clock.restart_count.to_string());
        machine.insert("tpm_firmware".into(), format!("{:016x}", quote.firmware));
        Ok(Some(Facts {
            ak: key.digest(),
            clock,
            quoted,
        }))
    }

    /// The key of the evidence, if it is the one that is expected.
    fn key(&mut self) -> Result<Option<AttestationKey>> {
        let public = match Public::parse(Public::without_size(&self.evidence.ak.public.0)) {
            Ok(public) => public,
            Err(error) => {
                self.find(
                    Reason::AkOther,
                    None,
                    format!("the attestation key: {error}"),
                );
                return Ok(None);
            }
        };
        let key = match AttestationKey::new(&public.key) {
            Ok(key) => key,
            Err(error) => {
                self.find(
                    Reason::AkOther,
                    None,
                    format!("the attestation key: {error}"),
                );
                return Ok(None);
            }
        };
        match &self.judge.key {
            Expectation::Pinned(pinned) if *pinned != key => {
                let detail = "the key of the evidence is not the one that is given with --ak";
                self.find(Reason::AkOther, None, detail);
                return Ok(None);
            }
            Expectation::Pinned(_) => (),
            Expectation::Certified {
                authorities,
                any_purpose,
            } => {
                if let Err(reason) = self.certified(&key, authorities, *any_purpose)? {
                    self.find(Reason::AkCertificate, None, reason);
                    return Ok(None);
                }
            }
        }
        if !public.is_attestation_key() {
            let detail = "the key is not restricted to what its TPM states";
            self.find(Reason::AkUnrestricted, None, detail);
            return Ok(None);
        }
        Ok(Some(key))
    }

    /// Whether the certificate of the evidence is that of `key`, by one of the `authorities`, and
    /// says that it is for attestation keys.
    fn certified(
        &self,
        key: &AttestationKey,
        authorities: &Path,
        any_purpose: bool,
    ) -> Result<Result<(), String>> {
        let Some(certificate) = &self.evidence.ak.certificate else {
            return Ok(Err("the evidence has no certificate of the key".to_owned()));
        };
        let place = TempDir::new().context("cannot make a temporary directory")?;
        let file = place.path().join("ak");
        std::fs::write(&file, &certificate.0)?;
        let spki = match openssl::public_key(&file)? {
            Ok(spki) => spki,
            Err(reason) => return Ok(Err(reason)),
        };
        let of_certificate = std::str::from_utf8(&spki)
            .ok()
            .and_then(|pem| AttestationKey::of_pem(pem).ok());
        if of_certificate.as_ref() != Some(key) {
            return Ok(Err("the certificate is that of another key".to_owned()));
        }
        if let Err(reason) = openssl::verify_certificate(&file, authorities)? {
            return Ok(Err(reason));
        }
        let usage = openssl::extended_usage(&file)?.unwrap_or_default();
        let is_for_keys = openssl::purposes(&usage).any(|purpose| PURPOSE.contains(&purpose));
        Ok(match is_for_keys || any_purpose {
            true => Ok(()),
            false => Err(format!(
                "the certificate does not say that it is for attestation keys ({}, tcg-kp-AIKCertificate); \
                 --ak-cert-purpose any takes it",
                PURPOSE[1]
            )),
        })
    }

    /// The values of the PCRs, if they are those that were quoted.
    fn values(&mut self, quote: &Quote<'_>, signature: &TpmSignature<'_>) -> Option<Values> {
        let mut values = Values::new();
        let mut all = Vec::new();
        for selection in quote.selections() {
            let algo = HashAlgo::from_tpm_alg_id(selection.algo);
            let bank = algo.map_or_else(
                |_| format!("{:#06x}", selection.algo),
                |algo| algo.name().to_owned(),
            );
            for number in selection.numbers() {
                let value = self
                    .evidence
                    .quote
                    .pcrs
                    .get(&bank)
                    .and_then(|pcrs| pcrs.get(&number))
                    .and_then(|hex| unhex(hex).ok());
                let Some(value) = value else {
                    let detail = format!("PCR {number} of the bank {bank} is quoted and not told");
                    self.find(Reason::PcrValues, None, detail);
                    return None;
                };
                if let Ok(algo) = algo {
                    let Ok(digest) = Digest::new(algo, &value) else {
                        let detail = format!("PCR {number} of the bank {bank} has a wrong length");
                        self.find(Reason::PcrValues, None, detail);
                        return None;
                    };
                    values.insert((number, algo), digest);
                } else if value_size(selection.algo) != Some(value.len()) {
                    // With values of any length, those of other banks could be told shifted.
                    let detail = format!("PCR {number} of the bank {bank} has a wrong length");
                    self.find(Reason::PcrValues, None, detail);
                    return None;
                }
                all.extend(value);
            }
        }
        if Hashes.hash(signature.hash, &[&all]).as_bytes() != quote.digest {
            let detail = "the digest of the values is not the one that was quoted";
            self.find(Reason::PcrValues, None, detail);
            return None;
        }
        Some(values)
    }

    /// The key is the one that is remembered.
    pub(super) fn is_remembered(&mut self, facts: &Facts) -> bool {
        let Some(state) = &self.judge.state else {
            return true;
        };
        if state.ak == facts.ak {
            return true;
        }
        let detail = "the key is not the one of the last round";
        self.find(Reason::AkOther, None, detail);
        false
    }

    /// The clock goes forward.
    pub(super) fn check_clock(&mut self, facts: &Facts) {
        let Some(state) = &self.judge.state else {
            return;
        };
        let (then, now) = (state.clock, facts.clock);
        if now.reset_count < then.reset_count
            || now.reset_count == then.reset_count
                && (now.restart_count < then.restart_count || now.clock < then.clock)
        {
            let detail = format!(
                "resets, restarts and milliseconds were {}, {} and {}, and are {}, {} and {}",
                then.reset_count,
                then.restart_count,
                then.clock,
                now.reset_count,
                now.restart_count,
                now.clock
            );
            self.find(Reason::ClockBack, None, detail);
        }
        if now.reset_count > then.reset_count {
            self.judgement
                .note("the machine was restarted since the last round");
        }
    }
}
