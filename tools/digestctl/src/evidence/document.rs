// SPDX-License-Identifier: GPL-2.0

//! Evidence as a file: one JSON document. Its fields are told in Documentation/evidence.md.
//!
//! Nothing of it is believed here; that its parts have the right form is all that is checked.

use std::{
    collections::BTreeMap,
    fmt,
    marker::PhantomData,
    path::Path, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use base64::{
    engine::general_purpose::STANDARD,
    Engine, //
};
use digest_logic::{
    digest::Digest,
    evidence::attest::MAX_BANKS,
    hash_algo::HashAlgo, //
};
use serde::{
    de::{
        Error,
        MapAccess,
        Visitor, //
    },
    Deserialize,
    Deserializer,
    Serialize,
    Serializer, //
};

use crate::format;

/// The version of the format.
pub(crate) const VERSION: u32 = 1;

/// The largest document in bytes.
const MAX_SIZE: usize = 256 << 20;

/// The most PCRs of a bank.
const MAX_PCRS: usize = digest_logic::pcr::LAST as usize + 1;

/// The most metadata.
const MAX_METADATA: usize = 1 << 16;

/// The most lines of the module's status.
const MAX_LINES: usize = 1024;

/// Bytes, as base64 in the document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        // The text is read where it stands: it may be most of the document.
        impl Visitor<'_> for Text {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("base64")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Bytes, E> {
                STANDARD.decode(text).map(Bytes).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// At most `MOST` fields, none of which stands twice. Each takes many times more memory than the
/// bytes of the document that it has.
struct Few<K, V, const MOST: usize>(BTreeMap<K, V>);

impl<'de, K, V, const MOST: usize> Deserialize<'de> for Few<K, V, MOST>
where
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<K, V, const MOST: usize>(PhantomData<(K, V)>);

        impl<'de, K, V, const MOST: usize> Visitor<'de> for Fields<K, V, MOST>
        where
            K: Deserialize<'de> + Ord,
            V: Deserialize<'de>,
        {
            type Value = Few<K, V, MOST>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an object of at most {MOST} fields")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = BTreeMap::new();
                while let Some((key, value)) = map.next_entry()? {
                    if fields.insert(key, value).is_some() {
                        return Err(A::Error::custom("a field stands twice"));
                    }
                    if fields.len() > MOST {
                        return Err(A::Error::invalid_length(fields.len(), &self));
                    }
                }
                Ok(Few(fields))
            }
        }
        deserializer.deserialize_map(Fields(PhantomData))
    }
}

fn few<'de, D, V, const MOST: usize>(deserializer: D) -> Result<BTreeMap<String, V>, D::Error>
where
    D: Deserializer<'de>,
    V: Deserialize<'de>,
{
    Few::<String, V, MOST>::deserialize(deserializer).map(|few| few.0)
}

/// Values of PCRs.
fn pcrs<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, BTreeMap<u32, String>>, D::Error> {
    let banks: BTreeMap<String, Few<u32, String, MAX_PCRS>> = few::<_, _, MAX_BANKS>(deserializer)?;
    let banks = banks.into_iter();
    Ok(banks.map(|(bank, pcrs)| (bank, pcrs.0)).collect())
}

/// The name of metadata: a digest.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        match Digest::from_hex(HashAlgo::Sha256, name.as_bytes()) {
            Ok(_) => Ok(Self(name)),
            Err(_) => Err(D::Error::custom(format_args!("'{name}' is no SHA-256"))),
        }
    }
}

fn metadata<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Bytes>, D::Error> {
    let all = Few::<Name, Bytes, MAX_METADATA>::deserialize(deserializer)?.0;
    Ok(all.into_iter().map(|(name, data)| (name.0, data)).collect())
}

/// What a machine says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Evidence {
    pub(crate) version: u32,
    /// In hexadecimal; the one that counts is in the quote.
    pub(crate) nonce: String,
    pub(crate) quote: Quote,
    pub(crate) ak: Ak,
    pub(crate) log: Log,
    /// The metadata by which lists were loaded, by their SHA-256 in hexadecimal.
    #[serde(default, deserialize_with = "metadata")]
    pub(crate) metadata: BTreeMap<String, Bytes>,
    /// The text of the last checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seen: Option<String>,
    /// The firmware's event log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) firmware_log: Option<Bytes>,
    /// systemd's log of what user space measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) system_log: Option<Bytes>,
    /// The module's status, line by line.
    #[serde(default, deserialize_with = "few::<_, _, MAX_LINES>")]
    pub(crate) status: BTreeMap<String, String>,
}

/// What the TPM signed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Quote {
    /// `TPMS_ATTEST`.
    pub(crate) attest: Bytes,
    /// `TPMT_SIGNATURE`.
    pub(crate) signature: Bytes,
    /// Values in hexadecimal, by the name of the bank and the number of the PCR.
    #[serde(deserialize_with = "pcrs")]
    pub(crate) pcrs: BTreeMap<String, BTreeMap<u32, String>>,
}

/// The attestation key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ak {
    /// `TPMT_PUBLIC`.
    pub(crate) public: Bytes,
    /// X.509, in DER.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) certificate: Option<Bytes>,
}

/// The measurement list.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    /// How many records precede these.
    pub(crate) first: u64,
    /// As `binary_runtime_measurements` has them.
    pub(crate) records: Bytes,
}

impl Evidence {
    /// The bytes of a document for [`Self::parse`]. The machine says how large it is: of one that
    /// is too large only so much is read that this is known.
    pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
        format::read_at_most(path, MAX_SIZE + 1)
    }

    /// Reads a document.
    pub(crate) fn parse(data: &[u8]) -> Result<Self> {
        if data.len() > MAX_SIZE {
            bail!("it is larger than {} MiB", MAX_SIZE >> 20);
        }
        let evidence: Self = serde_json::from_slice(data).context("it is no evidence")?;
        if evidence.version != VERSION {
            bail!(
                "it has version {} of the format, and this digestctl reads version {VERSION}",
                evidence.version
            );
        }
        Ok(evidence)
    }

    /// As a document.
    pub(crate) fn to_json(&self) -> Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }
}

/// The bytes that hexadecimal digits stand for.
pub(crate) fn unhex(text: &str) -> Result<Vec<u8>> {
    let mut bytes = vec![0; text.len() / 2];
    digest_logic::digest::decode_hex(text.as_bytes(), &mut bytes)
        .map_err(|_| anyhow::anyhow!("'{text}' is not hexadecimal"))?;
    Ok(bytes)
}
