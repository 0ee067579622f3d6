// SPDX-License-Identifier: GPL-2.0

//! The files of an enrolment, each one JSON document. Their fields are told in
//! Documentation/evidence.md.

use anyhow::{
    bail,
    Context,
    Result, //
};
use serde::{
    de::DeserializeOwned,
    Deserialize,
    Serialize, //
};

use crate::evidence::document::{
    Ak,
    Bytes, //
};

/// The version of the formats.
pub(super) const VERSION: u32 = 1;

/// The largest document in bytes.
const MAX_SIZE: usize = 1 << 20;

/// A machine asks to be enrolled.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) version: u32,
    /// The endorsement key.
    pub(super) ek: Ak,
    /// The attestation key.
    pub(super) ak: Ak,
}

/// The verifier asks for what only the TPM with both keys can tell.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Challenge {
    pub(super) version: u32,
    /// The digest of the endorsement key that it is for.
    pub(super) ek: String,
    /// The name of the attestation key that it is for, in hexadecimal.
    pub(super) ak: String,
    /// As `tpm2_makecredential` writes it.
    pub(super) credential: Bytes,
}

/// The machine's answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    pub(super) version: u32,
    /// The digest of the credential that it answers.
    pub(super) challenge: String,
    /// What was in it.
    pub(super) secret: Bytes,
}

/// What the verifier keeps to itself until the answer comes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pending {
    pub(super) version: u32,
    /// The digest of the credential.
    pub(super) challenge: String,
    /// What is in it.
    pub(super) secret: Bytes,
    /// `TPMT_PUBLIC` of the attestation key.
    pub(super) ak: Bytes,
    /// The digest of the endorsement key.
    pub(super) ek: String,
    /// Who certified the endorsement key; nothing if it was named by the verifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) issuer: Option<String>,
}

/// A document of one of these kinds.
pub(super) trait Document: DeserializeOwned + Serialize {
    /// What it is, for messages.
    const WHAT: &'static str;

    /// The version that it says it has.
    fn version(&self) -> u32;

    /// Reads one.
    fn parse(data: &[u8]) -> Result<Self> {
        if data.len() > MAX_SIZE {
            bail!("it is larger than {} MiB", MAX_SIZE >> 20);
        }
        let document: Self =
            serde_json::from_slice(data).with_context(|| format!("it is no {}", Self::WHAT))?;
        match document.version() {
            VERSION => Ok(document),
            version => bail!(
                "it has version {version} of the format, and this digestctl reads version {VERSION}"
            ),
        }
    }

    /// As a document.
    fn to_json(&self) -> Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }
}

/// Says what the documents are.
macro_rules! documents {
    ($($name:ident: $what:literal,)*) => {
        $(impl Document for $name {
            const WHAT: &'static str = $what;

            fn version(&self) -> u32 {
                self.version
            }
        })*
    };
}

documents! {
    Request: "request of a machine",
    Challenge: "challenge of a verifier",
    Answer: "answer of a machine",
    Pending: "pending challenge of a verifier",
}
