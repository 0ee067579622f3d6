// SPDX-License-Identifier: GPL-2.0

//! A CoRIM (draft-ietf-rats-corim) with one CoMID: reference values of the PCR, as a measurement
//! whose key is the number of the PCR. It is not signed.

use anyhow::{
    bail,
    Context,
    Result, //
};
use corim::{
    builder::{
        ComidBuilder,
        CorimBuilder, //
    },
    types::{
        common::{
            MeasuredElement,
            TagIdChoice, //
        },
        corim::CorimId,
        environment::{
            ClassMap,
            EnvironmentMap, //
        },
        measurement::{
            self,
            MeasurementMap,
            MeasurementValuesMap, //
        },
        triples::ReferenceTriple, //
    },
};
use digest_logic::hash_algo::HashAlgo;

use crate::machine::{
    records,
    Outcome, //
};

/// What the values are of.
#[derive(clap::Args)]
pub(crate) struct Class {
    /// The vendor of the machines, by which a verifier finds the values
    #[arg(long, value_name = "TEXT", default_value = "digest_lists")]
    vendor: String,

    /// The model of the machines [default: the release of the kernel]
    #[arg(long, value_name = "TEXT")]
    model: Option<String>,
}

/// The number of a hash in the registry of named information. SHA-1 has none there.
const fn number(algo: HashAlgo) -> Option<i64> {
    match algo {
        HashAlgo::Sha1 => None,
        HashAlgo::Sha256 => Some(1),
        HashAlgo::Sha384 => Some(7),
        HashAlgo::Sha512 => Some(8),
    }
}

/// The bytes of the CoRIM by the list `data`, with the tag of an unsigned one.
pub(super) fn manifest(data: &[u8], class: &Class) -> Result<Vec<u8>> {
    let outcome = Outcome::of(data)?;
    let history = records(data)?;
    let kernel = history.start().ok().and_then(|start| start.get("kernel"));
    let model = match &class.model {
        Some(model) => model.clone(),
        None => kernel
            .context("the start record names no kernel")?
            .to_owned(),
    };
    let digests: Vec<measurement::Digest> = outcome
        .values
        .iter()
        .filter_map(|value| {
            let number = number(value.algo())?;
            Some(measurement::Digest::new(number, value.as_bytes().to_vec()))
        })
        .collect();
    let strong = |value: &&digest_logic::digest::Digest| number(value.algo()).is_some();
    let Some(first) = outcome.values.iter().find(strong) else {
        bail!("a CoRIM has no number for the hash of any bank of the machine");
    };
    // The same values have the same name.
    let name = format!("digest_lists/pcr{}/{first}", outcome.pcr);
    let mut values = MeasurementValuesMap::default();
    values.digests = Some(digests);
    let measurement = MeasurementMap {
        mkey: Some(MeasuredElement::Uint(outcome.pcr.into())),
        mval: values,
        authorized_by: None,
    };
    let environment = EnvironmentMap {
        class: Some(ClassMap {
            class_id: None,
            vendor: Some(class.vendor.clone()),
            model: Some(model),
            layer: None,
            index: None,
        }),
        instance: None,
        group: None,
    };
    let comid = ComidBuilder::new(TagIdChoice::Text(name.clone()))
        .add_reference_triple(ReferenceTriple::new(environment, vec![measurement]))
        .build()?;
    let corim = CorimBuilder::new(CorimId::Text(name)).add_comid_tag(comid)?;
    Ok(corim.build_bytes()?)
}
