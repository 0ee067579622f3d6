// SPDX-License-Identifier: GPL-2.0

//! One record of the measurement list.

use crate::sys::{
    bytes,
    sha,
    tpm::Bank, //
};
use core::iter::zip;
use digest_logic::{
    cursor::{
        LengthSink,
        Sink,
        SliceSink, //
    },
    digest::Digest,
    hash_algo::HashAlgo,
    policy::Template,
    template::{
        batch,
        write_ascii,
        write_binary,
        Event, //
    },
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// Two records with the same identity are the same: PCR and SHA-256 of the template data.
pub(super) type Identity = (u32, [u8; 32]);

/// The form of a record's data.
#[derive(Clone, Copy)]
enum Form {
    /// An event in this template.
    Event(Template),
    /// A batch of records.
    Batch,
}

impl Form {
    fn name(self) -> &'static str {
        match self {
            Self::Event(template) => template.name(),
            Self::Batch => batch::NAME,
        }
    }
}

/// A record. It never changes once it is in the list.
pub(crate) struct Record {
    pcr: u32,
    form: Form,
    violation: bool,
    data: KVBox<[u8]>,
}

impl Record {
    pub(super) fn new(
        pcr: u32,
        template: Template,
        event: &Event<'_>,
        violation: bool,
    ) -> Result<Arc<Self>> {
        let mut len = LengthSink::new();
        event.write(template, &mut len).map_err(|_| EINVAL)?;
        let data = bytes::boxed(len.len(), |data| {
            let written = event.write(template, &mut SliceSink::new(data));
            written.map_err(|_| EINVAL)
        })?;
        Ok(Arc::new(
            Self {
                pcr,
                form: Form::Event(template),
                violation,
                data,
            },
            GFP_KERNEL,
        )?)
    }

    /// The record of several records for `pcr`, none of which is a violation. [`None`] for fewer
    /// than two.
    pub(super) fn batch<'a>(
        pcr: u32,
        members: impl Iterator<Item = &'a Self> + Clone,
    ) -> Result<Option<Arc<Self>>> {
        if members.clone().nth(1).is_none() {
            return Ok(None);
        }
        let mut len = LengthSink::new();
        (members.clone())
            .try_for_each(|member| member.write_binary(HashAlgo::Sha1, &mut len))
            .map_err(|_| EINVAL)?;
        let data = bytes::boxed(len.len(), |data| {
            let mut sink = SliceSink::new(data);
            { members }
                .try_for_each(|member| member.write_binary(HashAlgo::Sha1, &mut sink))
                .map_err(|_| EINVAL)
        })?;
        let batch = Self {
            pcr,
            form: Form::Batch,
            violation: false,
            data,
        };
        Ok(Some(Arc::new(batch, GFP_KERNEL)?))
    }

    pub(super) fn pcr(&self) -> u32 {
        self.pcr
    }

    pub(super) fn identity(&self) -> Identity {
        (self.pcr, sha::sha256(&self.data))
    }

    /// Writes the digest that extends `bank` into `out`, which is zero.
    ///
    /// A violation extends all ones. Banks of algorithms that the kernel's library does not have
    /// get the SHA-1 digest padded with zeros, as in IMA.
    pub(super) fn digest_for(&self, bank: Bank, out: &mut [u8]) {
        if self.violation {
            return out.fill(0xff);
        }
        let algo = HashAlgo::from_tpm_alg_id(bank.algo);
        let digest = self.template_digest(algo.unwrap_or(HashAlgo::Sha1));
        for (to, from) in zip(out.iter_mut(), digest.as_bytes()) {
            *to = *from;
        }
    }

    /// The template digest; all zero for a violation.
    fn template_digest(&self, algo: HashAlgo) -> Digest {
        if self.violation {
            return Digest::zero(algo);
        }
        hash(algo, &self.data)
    }

    /// Writes the record as in the ascii list of the bank `algo`.
    pub(crate) fn show_ascii(&self, algo: HashAlgo, out: &mut impl Sink) {
        let digest = self.template_digest(algo);
        // The same code wrote both, so every record parses.
        let _ = match self.form {
            Form::Event(template) => write_ascii(self.pcr, &digest, template, &self.data, out),
            Form::Batch => batch::write_ascii(self.pcr, &digest, &self.data, out),
        };
    }

    /// Writes the record as in the binary list of the bank `algo`.
    pub(crate) fn show_binary(&self, algo: HashAlgo, out: &mut impl Sink) {
        let _ = self.write_binary(algo, out);
    }

    fn write_binary(&self, algo: HashAlgo, out: &mut impl Sink) -> digest_logic::refusal::Result {
        let digest = self.template_digest(algo);
        write_binary(self.pcr, &digest, self.form.name(), &self.data, out)
    }
}

pub(super) fn hash(algo: HashAlgo, data: &[u8]) -> Digest {
    sha::digest(algo, data)
        .or_else(|| Digest::new(HashAlgo::Sha1, &sha::sha1(data)).ok())
        .unwrap_or(Digest::zero(algo))
}
