// SPDX-License-Identifier: GPL-2.0

//! The keys of distributions, and verification with them.

use std::{
    collections::{
        BTreeMap,
        HashMap, //
    },
    fs,
    path::PathBuf,
    process::Command, //
};

use digest_logic::{
    hash_algo::HashAlgo,
    openpgp::{
        der,
        Certificate,
        KeyId,
        Material,
        Mpi, //
    },
    rpm::base64, //
};
use host_tests::{
    fuzz,
    written, //
};
use rsa::{
    BigUint,
    Pkcs1v15Sign,
    RsaPublicKey, //
};
use sha1::{
    Digest as _,
    Sha1, //
};
use sha2::{
    Sha256,
    Sha384,
    Sha512, //
};

/// Keys by id.
#[derive(Default)]
pub struct Keys {
    rsa: HashMap<KeyId, RsaPublicKey>,
    /// Keys on curves, as `SubjectPublicKeyInfo`.
    ecdsa: HashMap<KeyId, Vec<u8>>,
    pub all: usize,
    pub usable: usize,
    pub refused: BTreeMap<&'static str, usize>,
}

impl Keys {
    /// Reads armored certificates.
    pub fn read(files: &[PathBuf]) -> Self {
        let mut keys = Self::default();
        for file in files {
            let text = String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned();
            for certificate in dearmor(&text) {
                fuzz::openpgp_packets(&certificate);
                keys.take(&certificate);
            }
        }
        keys
    }

    fn take(&mut self, data: &[u8]) {
        let certificate = match Certificate::parse(data) {
            Ok(certificate) => certificate,
            Err(error) => {
                *self.refused.entry(error.text()).or_default() += 1;
                return;
            }
        };
        for key in certificate
            .keys(|key| Sha1::digest(written(|sink| key.write_fingerprinted(sink)).unwrap()).into())
        {
            self.all += 1;
            match key.key.material() {
                Ok(material) => {
                    self.usable += 1;
                    match material {
                        Material::Rsa { n, e } => {
                            let number = |mpi: Mpi<'_>| BigUint::from_bytes_be(mpi.as_bytes());
                            let rsa = RsaPublicKey::new_with_max_size(number(n), number(e), 16384);
                            self.rsa.insert(key.id(), rsa.unwrap());
                        }
                        Material::Ecdsa { .. } => {
                            let spki = written(|sink| material.write_spki(sink)).unwrap();
                            self.ecdsa.insert(key.id(), spki);
                        }
                    }
                }
                Err(error) => *self.refused.entry(error.text()).or_default() += 1,
            }
        }
    }

    /// Whether the signature is good, as `openssl` says; `None` if the key is not known.
    pub fn verify_ecdsa(
        &self,
        issuer: &KeyId,
        digest: &[u8],
        r: &Mpi<'_>,
        s: &Mpi<'_>,
    ) -> Option<bool> {
        let spki = self.ecdsa.get(issuer)?;
        let signature = written(|sink| der::write_ecdsa(r, s, sink)).unwrap();
        let place = std::env::temp_dir().join(format!("ecdsa-{}", std::process::id()));
        fs::create_dir_all(&place).unwrap();
        for (name, data) in [
            ("key", spki.as_slice()),
            ("sig", &signature),
            ("digest", digest),
        ] {
            fs::write(place.join(name), data).unwrap();
        }
        let verified = Command::new("openssl")
            .current_dir(&place)
            .args([
                "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key",
            ])
            .args(["-sigfile", "sig", "-in", "digest"])
            .output()
            .expect("openssl runs");
        fs::remove_dir_all(&place).unwrap();
        Some(verified.status.success())
    }

    /// Whether the signature is good; `None` if the key is not known.
    pub fn verify_rsa(
        &self,
        issuer: &KeyId,
        hash: HashAlgo,
        digest: &[u8],
        value: &Mpi<'_>,
    ) -> Option<bool> {
        use rsa::traits::PublicKeyParts;
        let key = self.rsa.get(issuer)?;
        let mut padded = vec![0; key.size()];
        value.left_pad(&mut padded).unwrap();
        let scheme = match hash {
            HashAlgo::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
            HashAlgo::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
            _ => Pkcs1v15Sign::new::<Sha512>(),
        };
        Some(key.verify(scheme, digest, &padded).is_ok())
    }
}

/// The blocks of an armored text.
fn dearmor(text: &str) -> Vec<Vec<u8>> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while lines
        .by_ref()
        .any(|line| line == "-----BEGIN PGP PUBLIC KEY BLOCK-----")
    {
        // Fields up to an empty line, then base64 up to the checksum.
        let body: String = lines
            .by_ref()
            .skip_while(|line| !line.is_empty())
            .skip(1)
            .take_while(|line| !line.starts_with('=') && !line.starts_with('-'))
            .collect();
        blocks.push(written(|sink| base64::decode(body.as_bytes(), sink)).unwrap());
    }
    blocks
}
