// SPDX-License-Identifier: GPL-2.0

//! The machine's side of an enrolment: its keys, and what only its TPM can tell.

use anyhow::{
    bail,
    Context,
    Result, //
};
use digest_logic::{
    digest::Hex,
    evidence::public::{
        Curve,
        Key,
        Public, //
    },
};

use super::{
    document::{
        Answer,
        Challenge,
        Document,
        Request,
        VERSION, //
    },
    keys::{
        digest,
        name, //
    },
    AnswerArgs,
    RequestArgs, //
};
use crate::{
    evidence::{
        crypto::sha256,
        document::{
            Ak,
            Bytes, //
        },
        tpm::{
            self,
            Use, //
        }, //
    },
    format,
    output::write_atomically,
    progress,
    report::complain, //
};

/// Makes the request.
pub(super) fn request(args: &RequestArgs) -> Result<()> {
    let ek = tpm::endorsement(&args.keys.ek)?;
    let certificate = match &args.ek_cert {
        Some(path) => Some(format::read(path)?),
        None => stored_certificate(&ek.0),
    };
    if certificate.is_none() {
        complain(format_args!(
            "note: the TPM has no certificate of this endorsement key; \
             the verifier has to know the key (enroll challenge --ek)"
        ));
    }
    let request = Request {
        version: VERSION,
        ek: Ak {
            public: ek,
            certificate: certificate.map(Bytes),
        },
        ak: Ak {
            public: tpm::public(&args.keys.ak)?,
            certificate: None,
        },
    };
    write_atomically(&args.output, &request.to_json()?)
}

/// The certificate that the TPM has of its endorsement key, in the low or the high range of the
/// TCG's (EK Credential Profile, section 2.2.1.4 and 2.2.1.5).
fn stored_certificate(public: &[u8]) -> Option<Vec<u8>> {
    let public = Public::parse(public).ok()?;
    let high = public.is_used_by_its_authorization();
    let index = match (public.key, high) {
        (Key::Rsa { .. }, false) => "0x1c00002",
        (Key::Rsa { modulus, .. }, true) => match modulus.len() {
            256 => "0x1c00012",
            384 => "0x1c0001c",
            _ => "0x1c0001e",
        },
        (Key::Ecc { curve, .. }, _) => match (curve, high) {
            (Curve::P256, false) => "0x1c0000a",
            (Curve::P256, true) => "0x1c00014",
            (Curve::P384, _) => "0x1c00016",
        },
    };
    let stored = tpm::stored_certificate(index).ok()?;
    without_padding(&stored).map(<[u8]>::to_vec)
}

/// The DER sequence that `data` begins with: some makers fill up the rest of the memory.
fn without_padding(data: &[u8]) -> Option<&[u8]> {
    let (head, length) = match *data {
        [0x30, 0x82, high, low, ..] => (4, usize::from(u16::from_be_bytes([high, low]))),
        [0x30, 0x81, length, ..] => (3, usize::from(length)),
        [0x30, length @ 0..=0x7f, ..] => (2, usize::from(length)),
        _ => return None,
    };
    data.get(..head + length)
}

/// Answers the challenge.
pub(super) fn answer(args: &AnswerArgs) -> Result<()> {
    let data = format::read(&args.challenge)?;
    let challenge = Challenge::parse(&data)
        .with_context(|| format!("cannot use {}", crate::report::quoted(&args.challenge)))?;
    let waiting = progress::waiting("the TPM answers the challenge");
    // The TPM says only that it refuses.
    let public = tpm::endorsement(&args.keys.ek)?;
    let public = Public::parse(&public.0)?;
    let by = match public.is_used_by_its_authorization() {
        true => Use::Authorization,
        false => Use::Policy,
    };
    let ek = digest(&public)?.to_string();
    if challenge.ek != ek {
        bail!(
            "the challenge is for the endorsement key {}, and --ek is {ek}: it is for another TPM",
            challenge.ek
        );
    }
    let ak = Hex(&name(&tpm::public(&args.keys.ak)?.0)?).to_string();
    if challenge.ak != ak {
        bail!(
            "the challenge is for the attestation key {}, and --ak is {ak}",
            challenge.ak
        );
    }
    let secret =
        tpm::activate_credential(&args.keys.ak, &args.keys.ek, by, &challenge.credential.0)
            .context("the TPM does not take the challenge: it was changed, or is for other keys")?;
    waiting.finish_and_clear();
    let answer = Answer {
        version: VERSION,
        challenge: sha256(&challenge.credential.0).to_string(),
        secret: Bytes(secret),
    };
    write_atomically(&args.output, &answer.to_json()?)
}
