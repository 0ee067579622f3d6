// SPDX-License-Identifier: GPL-2.0

//! Keylime's runtime policy: for each name the digests that a record of that name may have.
//!
//! The module's own records are expected as they are in the list. Records of files are expected
//! only if the file is allowed: that a machine used it says nothing.

use std::{
    collections::{
        BTreeMap,
        HashSet, //
    },
    path::PathBuf, //
};

use anyhow::{
    anyhow,
    bail,
    Context,
    Result, //
};
use digest_logic::{
    digest::{
        Digest,
        Hex, //
    },
    policy::Template,
    template::put_event_name, //
};
use serde_json::{
    json,
    Value, //
};

use crate::{
    evidence::{
        expected,
        history::CHECKPOINT, //
    },
    machine::records,
    output::Buffer,
    report::{
        complain,
        count, //
    },
    terminal::plain,
};

/// The version of the policy's format.
const VERSION: u32 = 1;

/// What may have a record beside what the machine is expected to record.
#[derive(clap::Args)]
pub(crate) struct Allowed {
    /// A file that may be used though no list knows it; may be repeated
    #[arg(long, value_name = "ALGORITHM:HEX PATH")]
    allow: Vec<String>,

    /// The file of expectations of `digestctl verify-evidence`, of which the lines allow= count;
    /// each needs the path behind the digest
    #[arg(long = "policy", value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Digests by the names of records, in their order.
#[derive(Default)]
struct Names {
    digests: BTreeMap<String, Vec<String>>,
    /// What is in there. A file that changes has one name and many digests.
    there: HashSet<(String, String)>,
}

impl Names {
    fn add(&mut self, name: &str, digest: &Digest) {
        let hex = Hex(digest.as_bytes()).to_string();
        if self.there.insert((name.to_owned(), hex.clone())) {
            let digests = self.digests.entry(name.to_owned()).or_default();
            digests.push(hex);
        }
    }

    fn has(&self, name: &str, digest: &Digest) -> bool {
        let hex = Hex(digest.as_bytes()).to_string();
        self.there.contains(&(name.to_owned(), hex))
    }
}

/// The policy by the list `data`.
pub(super) fn policy(data: &[u8], allowed: &Allowed) -> Result<Value> {
    let [mut digests, mut buffers, mut keyrings] = [(); 3].map(|()| Names::default());
    for (digest, name) in allowed.files()? {
        digests.add(&name, &digest);
    }
    let history = records(data)?;
    // Where no machine was, nothing of it can be expected.
    history
        .start()
        .map_err(|reason| anyhow!("the measurement list: {reason}"))?;
    let mut left_out = 0;
    for (place, record) in history.records() {
        let event = &record.event;
        let number = history.number(place);
        let Ok(name) = std::str::from_utf8(event.name) else {
            bail!(
                "record {number} ({}): Keylime reads no list in which a name is not UTF-8",
                plain(event.name)
            );
        };
        if event.name == CHECKPOINT {
            continue;
        }
        let file = name.starts_with('/');
        if record.is_violation() || file && !digests.has(name, &event.digest) {
            left_out += 1;
            continue;
        }
        match record.template {
            Template::Ima | Template::ImaNg | Template::ImaSig => {
                digests.add(name, &event.digest);
            }
            Template::ImaBuf => {
                buffers.add(name, &event.digest);
                // Data that Keylime can read as a key are looked up there instead.
                if name.starts_with('.') || name.starts_with("keyring:") {
                    keyrings.add(name, &event.digest);
                }
            }
            template => bail!(
                "record {number} ({name}): Keylime does not know the template {}",
                template.name()
            ),
        }
    }
    if left_out > 0 {
        complain(format_args!(
            "note: {} of files that are not allowed left out",
            count(left_out, "record")
        ));
    }
    let checkpoint = String::from_utf8_lossy(CHECKPOINT);
    Ok(json!({
        "meta": { "version": VERSION, "generator": 0 },
        "release": 0,
        "digests": digests.digests,
        // Its digest is another one each time; nothing bad can be told by it.
        "excludes": [format!("^{checkpoint}$")],
        "keyrings": keyrings.digests,
        "ima": { "ignored_keyrings": [], "log_hash_alg": "sha1", "dm_policy": null },
        "ima-buf": buffers.digests,
        "verification-keys": "",
    }))
}

impl Allowed {
    /// The digests of files, and their names as records have them.
    fn files(&self) -> Result<Vec<(Digest, String)>> {
        let mut values = self.allow.clone();
        if let Some(path) = &self.file {
            values.extend(expected::values_of(path, "allow")?);
        }
        values
            .iter()
            .map(|value| file(value).with_context(|| format!("allow={value}")))
            .collect()
    }
}

fn file(value: &str) -> Result<(Digest, String)> {
    let value = value.trim();
    let (digest, path) = value.split_once(' ').unwrap_or((value, ""));
    let digest = Digest::parse(digest)?;
    let path = path.trim();
    if !path.starts_with('/') {
        bail!("no absolute path behind the digest: Keylime looks for files by their path");
    }
    let mut name = Buffer::default();
    put_event_name(path.as_bytes(), &mut name)?;
    Ok((digest, String::from_utf8(name.0)?))
}
