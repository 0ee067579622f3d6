// SPDX-License-Identifier: GPL-2.0

//! What a machine records that uses known files only: predicted from what it is made of, or taken
//! from its measurement list; and what its PCR becomes by that.

use std::{
    fs,
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
    digest::Digest,
    evidence::replay::{
        extended,
        Hasher, //
    },
    hash_algo::HashAlgo,
    metadata::Metadata,
    policy::{
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
            History,
            KEY,
            METADATA,
            POLICY,
            START, //
        },
    },
    format, keys,
    output::Buffer,
    policy::judged,
    report::quoted,
    signature::is_signature,
};

/// The machine, for those commands that say what it records.
#[derive(clap::Args)]
pub(crate) struct Machine {
    /// Metadata in the order of loading; the path is what the record names
    #[arg(value_name = "META")]
    metadata: Vec<PathBuf>,

    /// The directory that will be / when the metadata are loaded
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,

    /// The binary measurement list of such a machine, instead of all that it is predicted from
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["metadata", "keys", "rules", "ima_policy", "kernel", "boot_aggregate", "settings"]
    )]
    log: Option<PathBuf>,

    /// The directory of the keys that are added before the lists: /etc/digest_lists/keys
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,

    /// The rules of the policy at load
    #[arg(long, value_name = "FILE", conflicts_with = "ima_policy")]
    rules: Option<PathBuf>,

    /// The parameter ima_policy: built-in policies joined by |
    #[arg(long, value_name = "NAMES")]
    ima_policy: Option<String>,

    /// The release of the kernel (uname -r)
    #[arg(long, value_name = "RELEASE", required_unless_present = "log")]
    kernel: Option<String>,

    /// The version of the module
    #[arg(long = "module-version", value_name = "VERSION", default_value = env!("CARGO_PKG_VERSION"))]
    module_version: String,

    /// The digest of the record boot_aggregate
    #[arg(long, value_name = "ALGORITHM:HEX", required_unless_present = "log")]
    boot_aggregate: Option<String>,

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
}

/// What a list makes of its PCR.
pub(crate) struct Outcome {
    /// The PCR of the list.
    pub(crate) pcr: u32,
    /// Its value before the list, in each bank of the start record, in the order of that.
    pub(crate) initial: Vec<Digest>,
    /// Its value after the list, in the same order.
    pub(crate) values: Vec<Digest>,
    /// The digests of the policies, the one at load first.
    pub(crate) policies: Vec<Digest>,
}

impl Machine {
    /// The binary measurement list of the machine.
    pub(crate) fn list(&self) -> Result<Vec<u8>> {
        match &self.log {
            Some(path) => format::read(path),
            None => predicted(self),
        }
    }
}

/// The records of the list `data`, which is whole.
pub(crate) fn records(data: &[u8]) -> Result<History<'_>> {
    let history = History::new(0, data);
    match history.broken {
        Some(error) => Err(error).with_context(|| {
            let number = history.extends.len();
            format!("record {number} of the measurement list")
        }),
        None => Ok(history),
    }
}

impl Outcome {
    /// That of the list `data`, from where its start record says that it begins.
    pub(crate) fn of(data: &[u8]) -> Result<Self> {
        let history = records(data)?;
        let start = history
            .start()
            .map_err(|reason| anyhow!("the measurement list: {reason}"))?;
        let pcr = start.get("pcr").and_then(|text| text.parse().ok());
        let pcr = pcr.context("the start record names no PCR")?;
        let policy = start
            .get("policy")
            .context("the start record names no policy")?;
        let mut policies = vec![Digest::parse(policy).context("the policy of the start record")?];
        let later = history.records().map(|(_, record)| record.event);
        policies.extend(
            later
                .filter(|event| event.name == POLICY)
                .map(|event| event.digest),
        );
        let lines = history
            .initial(start)
            .context("the measurement list does not say what the PCR was before it")?;
        let mut initial = Vec::new();
        for (bank, hex) in lines.initial() {
            // A bank that nothing here can hash for has no value here.
            let Ok(algo) = HashAlgo::from_name(bank) else {
                continue;
            };
            let value = Digest::from_hex(algo, hex.as_bytes());
            initial.push(value.with_context(|| format!("pcr_initial_{bank}"))?);
        }
        let mut values = initial.clone();
        for extend in history.extends.iter().filter(|extend| extend.pcr == pcr) {
            for value in &mut values {
                *value = extended(&Hashes, value, &extend.digest_for(value.algo()));
            }
        }
        Ok(Self {
            pcr,
            initial,
            values,
            policies,
        })
    }
}

/// The canonical text of the policy.
fn policy(machine: &Machine) -> Result<String> {
    let mut text = String::new();
    if let Some(path) = &machine.rules {
        let data = format::read(path)?;
        let data = text_of(&data).map_err(|error| anyhow!("{}: {error}", quoted(path)))?;
        text.push_str(data);
    } else if let Some(names) = &machine.ima_policy {
        write_selection(names, &Capabilities::SERVED, &mut text)
            .map_err(|error| anyhow!("{error}"))?;
    }
    let mut canonical = String::new();
    for rule in judged(&text, false) {
        let rule = rule.map_err(|error| anyhow!("the policy: {error}"))?;
        write_rule(&rule, &text, &mut canonical)?;
        canonical.push('\n');
    }
    Ok(canonical)
}

/// The list of a machine that is not there yet.
fn predicted(machine: &Machine) -> Result<Vec<u8>> {
    let banks: Vec<HashAlgo> = machine
        .banks
        .iter()
        .map(|name| HashAlgo::from_name(name).with_context(|| format!("--banks {name}")))
        .collect::<Result<_>>()?;
    let aggregate = machine.boot_aggregate.as_deref();
    let aggregate = aggregate.context("--boot-aggregate is missing")?;
    let aggregate = Digest::parse(aggregate).context("--boot-aggregate")?;
    let mut list = Buffer::default();
    let event = Event::new(aggregate, BOOT_AGGREGATE.as_bytes());
    append(machine.pcr, Template::ImaNg, &event, &mut list)?;
    let text = start(machine, &banks)?;
    let event = Event {
        buffer: text.as_bytes(),
        ..Event::new(sha256(text.as_bytes()), START)
    };
    append(machine.pcr, Template::ImaBuf, &event, &mut list)?;
    let keys = machine.keys.as_deref().map(keys_in).transpose()?;
    for path in keys.unwrap_or_default() {
        let data = keys::recorded(&path).with_context(|| quoted(&path))?;
        let event = Event::new(sha256(&data), KEY);
        append(machine.pcr, Template::ImaNg, &event, &mut list)?;
    }
    let root = machine
        .root
        .canonicalize()
        .with_context(|| quoted(&machine.root))?;
    for path in &machine.metadata {
        let data = format::read(path)?;
        Metadata::parse(&data).with_context(|| format!("{} is no metadata", quoted(path)))?;
        let absolute = path.canonicalize().with_context(|| quoted(path))?;
        let Ok(inside) = absolute.strip_prefix(&root) else {
            bail!("{} is not below {}", quoted(path), quoted(&root));
        };
        let inside = Path::new("/").join(inside);
        let name = [METADATA, b":", inside.as_os_str().as_bytes()].concat();
        let event = Event::new(sha256(&data), &name);
        append(machine.pcr, Template::ImaNg, &event, &mut list)?;
    }
    Ok(list.0)
}

/// The files of keys in `directory`, in the order in which the initramfs adds them: that of the
/// bytes of their names, without signatures and what is hidden (integration/lib/functions).
fn keys_in(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).with_context(|| quoted(directory))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        if !is_signature(name) && !name.as_bytes().starts_with(b".") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn append(pcr: u32, template: Template, event: &Event<'_>, list: &mut Buffer) -> Result<()> {
    let mut data = Buffer::default();
    event.write(template, &mut data)?;
    let digest = Hashes.hash(HashAlgo::Sha1, &[&data.0]);
    write_binary(pcr, &digest, template.name(), &data.0, list)?;
    Ok(())
}

/// The text of the start record.
fn start(machine: &Machine, banks: &[HashAlgo]) -> Result<String> {
    let policy = sha256(policy(machine)?.as_bytes());
    let mut start = Start {
        allow_unload: false,
        dedicated_keys: false,
        ima_appraise: "enforce",
        kernel: machine.kernel.as_deref().context("--kernel is missing")?,
        own_storage: Kinds::NONE,
        pcr: machine.pcr,
        policy,
        require_signature: true,
        tpm_required: false,
        trust_machine_keyring: false,
        validity: "signing",
        version: &machine.module_version,
    };
    for setting in &machine.settings {
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
