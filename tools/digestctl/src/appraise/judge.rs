// SPDX-License-Identifier: GPL-2.0

//! What a policy makes of an access, given lists: the judgement of `digestctl appraise` and of
//! `digestctl doctor`.

use std::path::{
    Path,
    PathBuf, //
};

use anyhow::{
    anyhow,
    bail,
    Result, //
};
use digest_logic::{
    appraise::{
        judge,
        Denial,
        Evidence,
        Own,
        Vouchers, //
    },
    digest::Digest,
    hash_algo::HashAlgo,
    list::Kind,
    policy::{
        evaluate,
        text_of,
        write_rule,
        write_selection,
        Action,
        ActionSet,
        Capabilities,
        Func,
        Rule, //
    },
    storage::{
        is_others,
        Facts, //
    }, //
};

use super::{
    context::FileSystems,
    lists::{
        Known,
        Lists, //
    },
    own,
    subjects::Subject, //
};
use crate::{
    format,
    hash::hash_slices,
    output::is_standard,
    policy::judged,
    report::quoted,
    verify::Verifier, //
};

/// A policy and the text its rules point into.
pub(crate) struct Policy {
    text: String,
    rules: Vec<Rule>,
    wanted: ActionSet,
}

/// What would become of an access.
pub(crate) enum Outcome {
    /// No rule wants the file appraised.
    NotAppraised,
    /// By what.
    Allowed(String),
    /// Why.
    Denied(String),
}

/// What accesses are judged by.
pub(crate) struct Judge<'a> {
    policy: Policy,
    lists: Lists<'a>,
    verifier: Verifier,
    file_systems: FileSystems,
    /// The file that was read last: accesses come by file.
    last: Option<Content>,
}

/// A file that was read.
struct Content {
    path: PathBuf,
    data: Vec<u8>,
    known: Option<Known>,
    own: Own,
}

impl Policy {
    /// A file, or the names of built-in policies.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let name = quoted(path);
        if is_standard(path) || path.exists() {
            return Self::of_bytes(&name, &format::read(path)?);
        }
        Self::of_names(&name)
            .map_err(|error| anyhow!("{name} is no file, and as names of policies: {error}"))
    }

    /// What a file has; `name` is for messages.
    pub(crate) fn of_bytes(name: &str, bytes: &[u8]) -> Result<Self> {
        let text = text_of(bytes).map_err(|error| anyhow!("{name}: {error}"))?;
        Self::of_text(name, text.to_owned())
    }

    /// Built-in policies, as the module's parameter names them.
    pub(crate) fn of_names(names: &str) -> Result<Self> {
        let mut text = String::new();
        write_selection(names, &Capabilities::SERVED, &mut text)
            .map_err(|error| anyhow!("{error}"))?;
        Self::of_text(names, text)
    }

    fn of_text(name: &str, text: String) -> Result<Self> {
        let rules: Vec<_> = judged(&text, false)
            .collect::<Result<_, _>>()
            .map_err(|error| anyhow!("{name}: {error}"))?;
        let wanted = ActionSet::of_rules(&rules);
        Ok(Self {
            text,
            rules,
            wanted,
        })
    }

    /// Whether a rule appraises.
    pub(crate) fn appraises(&self) -> bool {
        self.wanted.contains(Action::Appraise)
    }

    /// Those of `found` that the kernel asks about under this policy: by the functions that are
    /// younger than the others only if a rule names them.
    pub(crate) fn asked(&self, found: &[Subject]) -> Vec<Subject> {
        let is_named = |func| self.rules.iter().any(|rule| rule.func() == Some(func));
        found
            .iter()
            .filter(|subject| match subject.func {
                Func::CredsCheck | Func::MmapCheckReqprot => is_named(subject.func),
                _ => true,
            })
            .cloned()
            .collect()
    }

    /// The rule at `place`, as the language writes it.
    fn show(&self, place: usize) -> String {
        let mut shown = String::new();
        if let Some(rule) = self.rules.get(place) {
            // Writing to a string does not fail.
            let _ = write_rule(rule, &self.text, &mut shown);
        }
        shown
    }
}

impl<'a> Judge<'a> {
    /// One that asks this policy, these lists, and this verifier about signatures of files.
    pub(crate) fn new(policy: Policy, lists: Lists<'a>, verifier: Verifier) -> Result<Self> {
        Ok(Self {
            policy,
            lists,
            verifier,
            file_systems: FileSystems::read()?,
            last: None,
        })
    }

    /// What would become of the access.
    pub(crate) fn outcome(&mut self, subject: &Subject) -> Result<Outcome> {
        let policy = &self.policy;
        let file = self.file_systems.file(&subject.path)?;
        let context = subject.context(&file);
        let decision = evaluate(&policy.rules, &policy.text, &context, policy.wanted, |_| ());
        let Some(rule) = decision.appraise else {
            return Ok(Outcome::NotAppraised);
        };
        if decision.verity {
            bail!("a rule asks for its digest in fs-verity, by which nothing is judged here");
        }
        let facts = Facts {
            magic: file.fsmagic,
            ..Facts::default()
        };
        if is_others(&facts) {
            let denial = Denial::UnstableContent.name().to_string_lossy();
            let rule = policy.show(rule.rule);
            return Ok(Outcome::Denied(format!("{denial}, by the rule: {rule}")));
        }
        let last = self.last.take().filter(|last| last.path == subject.path);
        let content = match last {
            Some(last) => last,
            None => Content::read(&subject.path, &self.lists, &self.verifier)?,
        };
        let content = self.last.insert(content);
        let known = content.known.as_ref();
        let evidence = Evidence {
            own: content.own,
            list: known.map(|known| known.kind),
            is_new: false,
            is_empty: content.data.is_empty(),
        };
        Ok(match judge(&rule, &evidence) {
            Ok(vouchers) => Outcome::Allowed(why_allowed(&vouchers, known)),
            Err(denial) => {
                let sha256 = hash_slices(HashAlgo::Sha256, &[&content.data]);
                let digest = Digest::new(HashAlgo::Sha256, &sha256)?;
                let denial = denial.name().to_string_lossy().into_owned();
                let mut why = format!(
                    "{denial}, {digest}, by the rule: {}",
                    policy.show(rule.rule)
                );
                match known {
                    Some(known) if rule.digest_list => why += &format!(" ({known})"),
                    Some(_) => why += " (a list has it, which this rule does not ask)",
                    None => (),
                }
                if matches!(content.own, Own::Bad(_)) && self.verifier.has_no_certs() {
                    why += " (no --cert was given to verify a signature with)";
                }
                Outcome::Denied(why)
            }
        })
    }
}

impl Content {
    fn read(path: &Path, lists: &Lists<'_>, verifier: &Verifier) -> Result<Self> {
        let data = format::read(path)?;
        Ok(Self {
            path: path.to_owned(),
            known: lists.find(&data)?,
            own: own::read(path, &data, verifier)?,
            data,
        })
    }
}

fn why_allowed(vouchers: &Vouchers, known: Option<&Known>) -> String {
    match (vouchers.own, vouchers.list, known) {
        (_, Some(Kind::Immutable | Kind::Mutable), Some(known)) => known.to_string(),
        (Some(own), ..) if own.signed => "by the signature in security.ima".to_owned(),
        _ => "by the digest in security.ima".to_owned(),
    }
}
