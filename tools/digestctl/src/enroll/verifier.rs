// SPDX-License-Identifier: GPL-2.0

//! The verifier's side of an enrolment: which TPM it is, and whether the attestation key is in it.
//!
//! What a machine sends is hostile until its answer is right. The answer shows that one TPM has the
//! endorsement key and a key of that name; the name covers the attributes of the key. So these are
//! those of the key, and quotes by it are statements of that TPM.

use std::{
    fs::File,
    io::Read,
    path::Path, //
};

use anyhow::{
    Context,
    Result, //
};
use digest_logic::{
    digest::{
        Digest,
        Hex, //
    },
    evidence::public::Public, //
};
use tempfile::TempDir;

use super::{
    document::{
        Answer,
        Challenge,
        Document,
        Pending,
        Request,
        VERSION, //
    },
    keys::{
        digest,
        name, //
    },
    reason::{
        Reason,
        Refusal, //
    },
    ChallengeArgs,
    FinishArgs, //
};
use crate::{
    evidence::{
        crypto::{
            sha256,
            AttestationKey, //
        },
        document::Bytes,
        tpm, //
    },
    format, openssl,
    output::{
        write_atomically,
        write_secret, //
    },
    report::quoted,
    terminal::plain,
};

/// The size of what the machine has to tell, in bytes: that of the shortest hash of a name.
const SECRET: usize = 32;

/// The purpose of certificates of endorsement keys (`tcg-kp-EKCertificate`), as openssl prints it:
/// by its name, or, where it does not know it, by its number.
const PURPOSE: [&str; 2] = ["Endorsement Key Certificate", "2.23.133.8.1"];

/// What becomes of a machine.
pub(super) type Outcome = std::result::Result<Identity, Refusal>;

/// Which keys a machine has that is not refused.
pub(super) struct Identity {
    /// The name of the attestation key, in hexadecimal.
    pub(super) ak: String,
    /// The digest of the endorsement key.
    pub(super) ek: String,
    /// Who certified that; none if the verifier itself named it.
    pub(super) issuer: Option<String>,
}

/// Makes a challenge.
pub(super) fn challenge(args: &ChallengeArgs) -> Result<Outcome> {
    let request = match Request::parse(&format::read(&args.request)?) {
        Ok(request) => request,
        Err(error) => return refuse(Reason::RequestMalformed, format!("{error:#}")),
    };
    let ak = &request.ak.public.0;
    match Public::parse(ak).map_err(anyhow::Error::from) {
        Err(error) => return refuse(Reason::AkMalformed, format!("{error:#}")),
        Ok(public) if !public.is_attestation_key() => {
            return refuse(
                Reason::AkUnrestricted,
                "the key would sign what its TPM did not say",
            );
        }
        Ok(public) => {
            if let Err(error) = AttestationKey::new(&public.key) {
                return refuse(Reason::AkMalformed, format!("{error:#}"));
            }
        }
    }
    let ek = &request.ek.public.0;
    let public = match Public::parse(ek) {
        Err(error) => return refuse(Reason::EkMalformed, error.to_string()),
        Ok(public) if !public.is_endorsement_key() || public.name_hash.is_weak() => {
            return refuse(
                Reason::EkMalformed,
                "the key would decrypt for others than its TPM",
            );
        }
        Ok(public) => public,
    };
    let key = match AttestationKey::new(&public.key) {
        Ok(key) => key,
        Err(error) => return refuse(Reason::EkMalformed, format!("{error:#}")),
    };
    let ek_digest = digest(&public)?;
    let issuer = match vouched(args, &request, &key, &ek_digest)? {
        Ok(issuer) => issuer,
        Err(refusal) => return Ok(Err(refusal)),
    };

    let mut secret = [0; SECRET];
    File::open("/dev/urandom")
        .and_then(|mut random| random.read_exact(&mut secret))
        .context("cannot read /dev/urandom")?;
    let ak_name = name(ak)?;
    let credential = tpm::make_credential(ek, &ak_name, &secret)?;
    let pending = Pending {
        version: VERSION,
        challenge: sha256(&credential).to_string(),
        secret: Bytes(secret.to_vec()),
        ak: request.ak.public,
        ek: ek_digest.to_string(),
        issuer,
    };
    let challenge = Challenge {
        version: VERSION,
        ek: pending.ek.clone(),
        ak: Hex(&ak_name).to_string(),
        credential: Bytes(credential),
    };
    write_secret(&args.pending, &pending.to_json()?)?;
    write_atomically(&args.output, &challenge.to_json()?)?;
    Ok(Ok(Identity::of(&pending)?))
}

/// Who says that the endorsement key is one of a TPM: the name of an authority, or nothing if the
/// verifier itself does.
fn vouched(
    args: &ChallengeArgs,
    request: &Request,
    key: &AttestationKey,
    digest: &Digest,
) -> Result<std::result::Result<Option<String>, Refusal>> {
    for named in &args.ek {
        let is_this = match Digest::parse(named) {
            Ok(named) => named == *digest,
            Err(_) => AttestationKey::read(Path::new(named))? == *key,
        };
        if is_this {
            return Ok(Ok(None));
        }
    }
    let Some(certificate) = &request.ek.certificate else {
        let detail = format!("{digest} has no certificate, and no --ek names it");
        return refuse(Reason::EkUncertified, detail);
    };
    if args.ek_ca.is_empty() {
        let detail = format!("no --ek names {digest}, and no --ek-ca an authority");
        return refuse(Reason::EkUncertified, detail);
    }
    let place = TempDir::new().context("cannot make a temporary directory")?;
    let [authorities, cert] = ["authorities", "certificate"].map(|name| place.path().join(name));
    let mut all = Vec::new();
    for path in &args.ek_ca {
        all.extend(format::read(path)?);
        all.push(b'\n');
    }
    std::fs::write(&authorities, all)?;
    std::fs::write(&cert, &certificate.0)?;
    let of_key = match openssl::public_key(&cert)? {
        Ok(pem) => pem,
        Err(error) => return refuse(Reason::EkCertificate, error),
    };
    let of_key = std::str::from_utf8(&of_key)
        .ok()
        .and_then(|pem| AttestationKey::of_pem(pem).ok());
    if of_key.as_ref() != Some(key) {
        return refuse(Reason::EkOther, "the certificate is not that of the key");
    }
    if let Err(error) = openssl::verify_certificate(&cert, &authorities)? {
        return refuse(Reason::EkCertificate, error);
    }
    let usage = openssl::extended_usage(&cert)?.unwrap_or_default();
    let is_for_keys = openssl::purposes(&usage).any(|purpose| PURPOSE.contains(&purpose));
    if !usage.is_empty() && !is_for_keys {
        return refuse(
            Reason::EkCertificate,
            "the certificate is for another purpose than endorsement keys",
        );
    }
    let issuer = openssl::issuer(&cert)?.unwrap_or_default();
    Ok(Ok(Some(plain(issuer.as_bytes()))))
}

/// Checks the answer, and writes the attestation key of the machine.
pub(super) fn finish(args: &FinishArgs) -> Result<Outcome> {
    let pending = Pending::parse(&format::read(&args.pending)?)
        .with_context(|| format!("cannot use {}", quoted(&args.pending)))?;
    let answer = match Answer::parse(&format::read(&args.answer)?) {
        Ok(answer) => answer,
        Err(error) => return refuse(Reason::AnswerMalformed, format!("{error:#}")),
    };
    if answer.challenge != pending.challenge {
        return refuse(
            Reason::ChallengeOther,
            format!("the pending challenge is {}", pending.challenge),
        );
    }
    if answer.secret != pending.secret || pending.secret.0.len() != SECRET {
        return refuse(
            Reason::AnswerWrong,
            "the answer does not have what was in the challenge",
        );
    }
    let public = Public::parse(&pending.ak.0).context("the pending attestation key")?;
    let key = AttestationKey::new(&public.key)?;
    let identity = Identity::of(&pending)?;
    let text = [&identity.lines()[..], &[key.to_pem()?]]
        .concat()
        .join("\n");
    write_atomically(&args.output, text.as_bytes())?;
    // An answer is good once.
    std::fs::remove_file(&args.pending)
        .with_context(|| format!("cannot delete {}", quoted(&args.pending)))?;
    Ok(Ok(identity))
}

impl Identity {
    fn of(pending: &Pending) -> Result<Self> {
        Ok(Self {
            ak: Hex(&name(&pending.ak.0)?).to_string(),
            ek: pending.ek.clone(),
            issuer: pending.issuer.clone(),
        })
    }

    /// What both keys are, for people.
    pub(super) fn lines(&self) -> [String; 2] {
        let by = match &self.issuer {
            Some(issuer) => format!("certified by {issuer}"),
            None => "named by the verifier".to_owned(),
        };
        [
            format!("  attestation key: {}", self.ak),
            format!("  endorsement key: {}, {by}", self.ek),
        ]
    }
}

fn refuse<T>(reason: Reason, detail: impl Into<String>) -> Result<std::result::Result<T, Refusal>> {
    Ok(Err(Refusal::new(reason, detail)))
}
