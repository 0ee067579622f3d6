// SPDX-License-Identifier: GPL-2.0

//! `digestctl verify`: whether lists are signed by somebody.

pub(crate) mod openpgp_keys;

use std::path::{
    Path,
    PathBuf, //
};

use anyhow::{
    anyhow,
    bail,
    Context,
    Result, //
};
use digest_logic::{
    cms::Message,
    cursor::{
        Sink,
        SliceSink, //
    },
    hash_algo::HashAlgo,
    ima_sig::ImaSignature,
    list::ListType,
    openpgp::{
        self,
        der,
        Value, //
    },
    signature::Signature,
    x509::{
        self,
        Purpose, //
    }, //
};
use openpgp_keys::Keys;
use serde_json::json;
use tempfile::TempDir;

use crate::{
    armor,
    format,
    hash::hash_slices,
    json,
    openssl,
    output::{
        is_standard,
        Buffer, //
    },
    progress,
    report::{
        complain,
        count,
        if_read,
        quoted,
        say,
        No, //
    },
    sign::{
        check_signer,
        now, //
    },
    signature::beside, //
};

/// Verify the signatures of digest lists.
///
/// The signature of each LIST is LIST.p7s or LIST.sig. It has to be by a key of one of the
/// certificates, or by a key whose certificate one of them has signed. The rules are the kernel's:
/// OpenPGP signatures count for RPM headers only. IMA's count by certificates that are dedicated to
/// lists. A key does not count if it was revoked, is not for signing, or was not valid when the
/// signature was made.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  digestctl verify base.list --cert ca.pem
  digestctl verify lists/bash-5.2.26-1.x86_64 --key RPM-GPG-KEY-vendor")]
pub(crate) struct Args {
    /// Digest lists
    #[arg(required = true, value_name = "LIST")]
    lists: Vec<PathBuf>,

    /// X.509 certificates in PEM
    #[arg(long, value_name = "CERT")]
    cert: Vec<PathBuf>,

    /// OpenPGP keys, armored or not
    #[arg(long, value_name = "KEY")]
    key: Vec<PathBuf>,

    /// When certificates and keys must be valid, as the module's parameter `validity`
    #[arg(long, value_enum, default_value_t = Validity::Signing)]
    validity: Validity,

    /// Print JSON: an array with an object for each list
    #[arg(long)]
    json: bool,
}

/// Whether the clock is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Validity {
    /// When the signature was made, if it says so
    Signing,
    /// Also now
    Clock,
}

impl Validity {
    /// The moments that count for a signature made at `signed`, in seconds since 1970, if it says
    /// so.
    fn moments(self, signed: Option<i64>) -> Result<impl Iterator<Item = i64>> {
        let now = match self {
            Self::Signing => None,
            Self::Clock => Some(now()?),
        };
        Ok(signed.into_iter().chain(now))
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    if args.cert.is_empty() && args.key.is_empty() {
        bail!("--cert or --key has to name the certificates or keys by which lists may be signed");
    }
    let verifier = Verifier::new(&args.cert, &args.key, args.validity)?;
    let mut bad = 0;
    let mut failed = 0;
    let mut values = Vec::new();
    let bar = progress::of_lists(args.lists.len());
    for list in &args.lists {
        let name = quoted(list);
        let verified = readable(list).and_then(|()| verifier.verify(list));
        let verified = match verified {
            // What cannot be read, or no program to verify with, is no answer.
            Err(error) if error.chain().any(|cause| cause.is::<std::io::Error>()) => {
                failed += 1;
                bar.suspend(|| complain(format_args!("{error:#}")));
                continue;
            }
            Err(error) if is_standard(list) => return Err(error),
            verified => verified.map_err(|error| format!("{error:#}")),
        };
        bar.inc(1);
        bad += usize::from(verified.is_err());
        values.push(json!({
            "list": name,
            "good": verified.is_ok(),
            "signature": verified.as_ref().ok(),
            "reason": verified.as_ref().err(),
        }));
        match verified {
            _ if args.json => (),
            // What was asked for: --quiet says it as well.
            Ok(by) => bar.suspend(|| say(format_args!("{name}: good signature, {by}")))?,
            Err(error) => bar.suspend(|| complain(format_args!("{name}: {error}"))),
        }
    }
    bar.finish_and_clear();
    if args.json {
        if_read(json::print(&serde_json::Value::Array(values)))?;
    }
    if failed > 0 {
        bail!("{} could not be read", count(failed, "list"));
    }
    if bad > 0 {
        return Err(No::error(format!("{} not verified", count(bad, "list"))));
    }
    Ok(())
}

/// Whether there is a list to judge.
fn readable(list: &Path) -> Result<()> {
    if is_standard(list) {
        bail!("a list on standard input has no signature beside it");
    }
    std::fs::File::open(list)
        .map(drop)
        .with_context(|| format!("cannot read {}", quoted(list)))
}

/// Verifies signatures by given keys.
pub(crate) struct Verifier {
    place: TempDir,
    /// All certificates in one file.
    certs: PathBuf,
    cert_files: Vec<PathBuf>,
    keys: Keys,
    validity: Validity,
}

/// A signature in a CMS message.
const PKCS7: &str = "PKCS#7";

impl Verifier {
    /// One that trusts the certificates in the files `certs` and the OpenPGP keys in the files
    /// `keys`.
    pub(crate) fn new(certs: &[PathBuf], keys: &[PathBuf], validity: Validity) -> Result<Self> {
        let place = TempDir::new().context("cannot make a temporary directory")?;
        let file = place.path().join("certs");
        let mut pem = Vec::new();
        for cert in certs {
            let data = format::read(cert)?;
            for der in armor::remove(data.clone()).with_context(|| quoted(cert))? {
                Purpose::of_certificate(&der).with_context(|| quoted(cert))?;
            }
            pem.extend(data);
            pem.push(b'\n');
        }
        std::fs::write(&file, pem)?;
        Ok(Self {
            place,
            certs: file,
            cert_files: certs.to_vec(),
            keys: Keys::read(keys)?,
            validity,
        })
    }

    /// Whether there is nothing to verify an IMA signature with.
    pub(crate) fn has_no_certs(&self) -> bool {
        self.cert_files.is_empty()
    }

    /// Verifies a list, and says what kind of signature it has.
    pub(crate) fn verify(&self, list: &Path) -> Result<&'static str> {
        self.verify_beside(list).map(|(kind, _)| kind)
    }

    /// The same by the signature in the file `path`, wherever that is.
    pub(crate) fn verify_by(&self, list: &Path, path: &Path) -> Result<&'static str> {
        self.verified(list, path).map(|(kind, _)| kind)
    }

    /// Verifies a list, and says by whom it is signed.
    pub(crate) fn signer(&self, list: &Path) -> Result<String> {
        let (kind, cert) = self.verify_beside(list)?;
        let Some(cert) = cert else {
            return Ok(format!("{kind} signature"));
        };
        let subject = openssl::subject(&cert)?.map_err(|reason| anyhow!(reason))?;
        Ok(match kind {
            PKCS7 => subject,
            _ => format!("{kind} signature by {subject}"),
        })
    }

    fn verify_beside(&self, list: &Path) -> Result<(&'static str, Option<PathBuf>)> {
        format::list(&format::read(list)?)?;
        let Some((path, _)) = beside(list)? else {
            bail!("there is no signature beside it (.p7s or .sig)");
        };
        self.verified(list, &path)
    }

    /// Verifies a list by the signature in the file `path`. Returns the kind of signature, and the
    /// file with the signer's certificate, if it has one; it stays until the next is verified.
    fn verified(&self, list: &Path, path: &Path) -> Result<(&'static str, Option<PathBuf>)> {
        let data = format::read(list)?;
        let (list_type, _) = format::list(&data)?;
        match Signature::parse(&format::read(path)?)? {
            Signature::Pkcs7(message) => {
                let signer = self.verify_cms(list, path, message)?;
                Ok((PKCS7, Some(signer)))
            }
            Signature::Ima(signature) => {
                let signer = self.verify_ima(&data, &signature, |purpose| purpose.lists)?;
                Ok(("IMA", Some(signer.to_owned())))
            }
            // As in the kernel: over anything else it would mean something else.
            Signature::OpenPgp(_) if list_type != ListType::RpmHeader => {
                bail!("an OpenPGP signature counts for RPM headers only")
            }
            Signature::OpenPgp(signature) => {
                self.verify_openpgp(&data, &signature)?;
                Ok(("OpenPGP", None))
            }
        }
    }

    /// Returns the file that has the signer's certificate.
    fn verify_cms(&self, list: &Path, path: &Path, message: &[u8]) -> Result<PathBuf> {
        let message = Message::parse(message)?;
        message.algo().verifiable()?;
        let signed = message.signed_at();
        let signer = self.place.path().join("signer");
        let verify = |moment| {
            openssl::verify_cms(list, path, &self.certs, moment, &signer)?
                .map_err(|reason| anyhow!(reason))
        };
        let mut moments = self.validity.moments(signed)?.peekable();
        if moments.peek().is_none() {
            verify(None)?;
        }
        moments.try_for_each(|moment| verify(Some(moment)))?;
        for der in armor::remove(format::read(&signer)?)? {
            check_signer(&der)?;
        }
        Ok(signer)
    }

    /// Verifies an IMA signature of `data` by one of the certificates whose purpose `counts`, and
    /// returns that.
    pub(crate) fn verify_ima(
        &self,
        data: &[u8],
        signature: &ImaSignature<'_>,
        counts: impl Fn(&Purpose) -> bool,
    ) -> Result<&Path> {
        let digest = hash_slices(signature.hash, &[data]);
        let mut others = false;
        for cert in &self.cert_files {
            let der = openssl::certificate(cert)?
                .map_err(|reason| anyhow!("{} is no certificate: {reason}", quoted(cert)))?;
            // These signatures say no time.
            let (from, to) = x509::validity(&der)?;
            let valid = (self.validity.moments(None)?).all(|moment| (from..=to).contains(&moment));
            if !valid || !check_signer(&der).is_ok_and(|purpose| counts(&purpose)) {
                others = true;
                continue;
            }
            let args = ["x509", "-pubkey", "-noout", "-in"].map(std::ffi::OsStr::new);
            let args = args.into_iter().chain([cert.as_os_str()]);
            let key = openssl::run(args)?
                .map_err(|reason| anyhow!("{} is no certificate: {reason}", quoted(cert)))?;
            if self.check(&key, signature.hash, &digest, signature.signature)? {
                return Ok(cert);
            }
        }
        if others {
            bail!("the signature is by no key of these certificates that may make it: IMA's signatures count for lists only by one dedicated to lists, for files only by another, and by none that does not sign or is not valid");
        }
        bail!("the signature is by no key of these certificates")
    }

    fn verify_openpgp(&self, data: &[u8], signature: &openpgp::Signature<'_>) -> Result<()> {
        let mut trailer = Buffer::default();
        signature.write_trailer(&mut trailer)?;
        let digest = hash_slices(signature.hash(), &[data, &trailer.0]);
        let Some(key) = self.keys.find(&signature.issuer()) else {
            bail!(
                "the signature is by none of these keys, but by {}",
                hex(&signature.issuer().0)
            );
        };
        let moments: Vec<u64> = self
            .validity
            .moments(Some(signature.created().into()))?
            .map(u64::try_from)
            .collect::<Result<_, _>>()?;
        key.check(moments.iter().copied())?;
        let ended = |end| moments.iter().any(|moment| *moment > end);
        if signature.expires().is_some_and(ended) {
            bail!("the signature has expired");
        }
        let mut value = Buffer::default();
        match signature.value() {
            Value::Rsa(number) => {
                let mut padded = vec![0; key.rsa_len.context("the key is of another kind")?];
                number.left_pad(&mut padded)?;
                value.put(&padded)?;
            }
            Value::Ecdsa { r, s } => {
                let mut room = [0; 160];
                let mut sink = SliceSink::new(&mut room);
                der::write_ecdsa(&r, &s, &mut sink)?;
                value.put(sink.written())?;
            }
        }
        if self.check(&key.spki, signature.hash(), &digest, &value.0)? {
            return Ok(());
        }
        bail!("the signature is not good")
    }

    /// Whether `signature` of `digest` is good by the public key `key`.
    fn check(&self, key: &[u8], hash: HashAlgo, digest: &[u8], signature: &[u8]) -> Result<bool> {
        let put = |name: &str, data: &[u8]| {
            let path = self.place.path().join(name);
            std::fs::write(&path, data).map(|()| path)
        };
        let (key, digest, signature) = (
            put("key", key)?,
            put("digest", digest)?,
            put("signature", signature)?,
        );
        Ok(openssl::verify_digest(&key, hash.name(), &digest, &signature)?.is_ok())
    }
}

fn hex(bytes: &[u8]) -> String {
    digest_logic::digest::Hex(bytes).to_string()
}
