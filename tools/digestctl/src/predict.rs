// SPDX-License-Identifier: GPL-2.0

//! `digestctl predict`: what the PCR becomes on a machine that uses known files only.

use std::{
    collections::BTreeMap,
    io::Write,
    os::unix::ffi::OsStrExt,
    path::{
        Path,
        PathBuf, //
    },
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
    evidence::{
        records::Extends,
        replay::{
            extended,
            Hasher, //
        },
    },
    hash_algo::HashAlgo,
    metadata::Metadata,
    policy::{
        rules,
        text_of,
        write_rule,
        write_selection,
        Capabilities,
        Template, //
    },
    start::{
        Initial,
        Start, //
    },
    storage::Kinds,
    template::{
        write_binary,
        Event,
        BOOT_AGGREGATE, //
    },
};

use crate::{
    evidence::{
        crypto::{
            sha256,
            Hashes, //
        },
        history::{
            METADATA,
            START, //
        },
    },
    format,
    output::{
        write_atomically,
        Buffer, //
    },
    report::quoted,
};

/// Predict the PCR of a machine that uses known files only.
///
/// Prints the value in each bank after the module was loaded with this policy and these parameters
/// and the metadata were loaded in this order, each by its path. A secret can be bound to it, and a
/// verifier can pin it.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  digestctl predict --rules /etc/ima/ima-policy --kernel $(uname -r) \\
    --boot-aggregate sha256:… /etc/digest_lists/metadata")]
pub(crate) struct Args {
    /// Metadata in the order of loading; the path is what the record names
    #[arg(value_name = "META")]
    metadata: Vec<PathBuf>,

    /// The directory that will be / when the metadata are loaded
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,

    /// The rules of the policy at load
    #[arg(long, value_name = "FILE", conflicts_with = "ima_policy")]
    rules: Option<PathBuf>,

    /// The parameter ima_policy: built-in policies joined by |
    #[arg(long, value_name = "NAMES")]
    ima_policy: Option<String>,

    /// The release of the kernel (uname -r)
    #[arg(long, value_name = "RELEASE")]
    kernel: String,

    /// The version of the module
    #[arg(long = "module-version", value_name = "VERSION", default_value = env!("CARGO_PKG_VERSION"))]
    module_version: String,

    /// The digest of the record boot_aggregate
    #[arg(long, value_name = "ALGORITHM:HEX")]
    boot_aggregate: String,

    /// The PCR
    #[arg(long, value_name = "N", default_value_t = 12)]
    pcr: u32,

    /// The banks of the TPM
    #[arg(
        long,
        value_name = "BANK",
        value_delimiter = ',',
        default_value = "sha1,sha256,sha384,sha512"
    )]
    banks: Vec<String>,

    /// Another parameter of the module
    #[arg(long = "set", value_name = "PARAMETER=VALUE")]
    settings: Vec<String>,

    /// Write the measurement list to this file
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,

    /// Print the values as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let banks: Vec<HashAlgo> = args
        .banks
        .iter()
        .map(|name| HashAlgo::from_name(name).with_context(|| format!("--banks {name}")))
        .collect::<Result<_>>()?;
    let list = list(args, &banks)?;
    let mut values: Vec<Digest> = banks.iter().map(|algo| Digest::zero(*algo)).collect();
    for extend in Extends::new(&list) {
        let extend = extend?;
        for value in &mut values {
            *value = extended(&Hashes, value, &extend.digest_for(value.algo(), &Hashes));
        }
    }
    if let Some(path) = &args.list {
        write_atomically(path, &list)?;
    }
    let mut out = std::io::stdout().lock();
    let policy = sha256(policy(args)?.as_bytes());
    if args.json {
        let banks: BTreeMap<&str, String> = values
            .iter()
            .map(|value| (value.algo().name(), Hex(value.as_bytes()).to_string()))
            .collect();
        let value = serde_json::json!({
            "pcr": args.pcr,
            "policy": policy.to_string(),
            "values": banks,
        });
        writeln!(out, "{value:#}")?;
        return Ok(());
    }
    writeln!(out, "policy={policy}")?;
    for value in values {
        writeln!(
            out,
            "boot_pcr={}:{}:{}",
            value.algo(),
            args.pcr,
            Hex(value.as_bytes())
        )?;
    }
    Ok(())
}

/// The canonical text of the policy.
fn policy(args: &Args) -> Result<String> {
    let mut text = String::new();
    if let Some(path) = &args.rules {
        let data = format::read(path)?;
        let data = text_of(&data).map_err(|error| anyhow!("{}: {error}", quoted(path)))?;
        text.push_str(data);
    } else if let Some(names) = &args.ima_policy {
        write_selection(names, &Capabilities::SERVED, &mut text)
            .map_err(|error| anyhow!("{error}"))?;
    }
    let mut canonical = String::new();
    for rule in rules(&text, &Capabilities::SERVED) {
        let rule = rule.map_err(|error| anyhow!("the policy: {error}"))?;
        write_rule(&rule, &text, &mut canonical)?;
        canonical.push('\n');
    }
    Ok(canonical)
}

/// The list of the machine.
fn list(args: &Args, banks: &[HashAlgo]) -> Result<Vec<u8>> {
    let aggregate = Digest::parse(&args.boot_aggregate).context("--boot-aggregate")?;
    let mut list = Buffer::default();
    let event = Event::new(aggregate, BOOT_AGGREGATE.as_bytes());
    append(args.pcr, Template::ImaNg, &event, &mut list)?;
    let text = start(args, banks)?;
    let event = Event {
        buffer: text.as_bytes(),
        ..Event::new(sha256(text.as_bytes()), START)
    };
    append(args.pcr, Template::ImaBuf, &event, &mut list)?;
    let root = args
        .root
        .canonicalize()
        .with_context(|| quoted(&args.root))?;
    for path in &args.metadata {
        let data = format::read(path)?;
        Metadata::parse(&data).with_context(|| format!("{} is no metadata", quoted(path)))?;
        let absolute = path.canonicalize().with_context(|| quoted(path))?;
        let Ok(inside) = absolute.strip_prefix(&root) else {
            bail!("{} is not below {}", quoted(path), quoted(&root));
        };
        let inside = Path::new("/").join(inside);
        let name = [METADATA, b":", inside.as_os_str().as_bytes()].concat();
        let event = Event::new(sha256(&data), &name);
        append(args.pcr, Template::ImaNg, &event, &mut list)?;
    }
    Ok(list.0)
}

fn append(pcr: u32, template: Template, event: &Event<'_>, list: &mut Buffer) -> Result<()> {
    let mut data = Buffer::default();
    event.write(template, &mut data)?;
    let digest = Hashes.hash(HashAlgo::Sha1, &[&data.0]);
    write_binary(pcr, &digest, template.name(), &data.0, list)?;
    Ok(())
}

/// The text of the start record.
fn start(args: &Args, banks: &[HashAlgo]) -> Result<String> {
    let policy = sha256(policy(args)?.as_bytes());
    let mut start = Start {
        allow_unload: false,
        dedicated_keys: false,
        ima_appraise: "enforce",
        kernel: &args.kernel,
        own_storage: Kinds::NONE,
        pcr: args.pcr,
        policy,
        require_signature: true,
        tpm_required: false,
        trust_machine_keyring: false,
        validity: "signing",
        version: &args.module_version,
    };
    for setting in &args.settings {
        let (key, value) = setting
            .split_once('=')
            .with_context(|| format!("--set {setting}: not PARAMETER=VALUE"))?;
        let flag = || match value {
            "0" | "n" | "N" => Ok(false),
            "1" | "y" | "Y" => Ok(true),
            _ => Err(anyhow!("--set {setting}: neither 0 nor 1")),
        };
        match key {
            "allow_unload" => start.allow_unload = flag()?,
            "dedicated_keys" => start.dedicated_keys = flag()?,
            "ima_appraise" => start.ima_appraise = value,
            "own_storage" => {
                start.own_storage = Kinds::parse(value.as_bytes())
                    .map_err(|_| anyhow!("--set {setting}: no kind of storage"))?;
            }
            "require_signature" => start.require_signature = flag()?,
            "tpm_required" => start.tpm_required = flag()?,
            "trust_machine_keyring" => start.trust_machine_keyring = flag()?,
            "validity" => start.validity = value,
            _ => bail!("--set {setting}: the start record has no such parameter"),
        }
    }
    let zeros = [0; 64];
    let initial = banks.iter().map(|algo| Initial {
        algo: algo.tpm_alg_id(),
        value: zeros.get(..algo.digest_size()).unwrap_or_default(),
    });
    let mut text = String::new();
    start.write(initial, &mut text)?;
    Ok(text)
}
