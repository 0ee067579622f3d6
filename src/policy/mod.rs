// SPDX-License-Identifier: GPL-2.0

//! The active policy: an immutable snapshot, read under RCU and replaced as a whole.

mod in_force;
mod mode;

pub(crate) use in_force::Policies;
pub(crate) use mode::Mode;

use crate::{
    reason::{
        check_pcr,
        error_of,
        refuse, //
    },
    stats::Counter,
    sys::{
        bytes::joined,
        console::Show,
        cred::Ids,
        file::File,
        label::Label,
        text::Text, //
    },
};
use core::fmt::Write;
use digest_logic::{
    num::u32_as_usize,
    policy::{
        self,
        Action,
        ActionSet,
        Capabilities,
        Context,
        Decision,
        Func,
        Mask,
        Measure,
        PolicyError,
        Rule,
        SelectionError, //
    },
    refusal::Cause, //
};
use kernel::{
    prelude::*,
    str::CStr,
    sync::Arc, //
};

/// The largest policy in bytes.
pub(crate) const MAX_POLICY: usize = 1 << 20;

/// An access to a file, as rules see it.
#[derive(Clone, Copy)]
pub(crate) struct Query<'a> {
    pub(crate) file: &'a File,
    /// The function of the policy language.
    pub(crate) func: Func,
    /// How the file is accessed.
    pub(crate) mask: Mask,
    /// The ids of the subject, if they differ from those of the current task.
    ids: Option<Ids>,
    /// Whether the label is that of the task itself, whatever credentials it has taken over.
    is_by_task: bool,
}

impl<'a> Query<'a> {
    /// An access by the current task.
    pub(crate) fn new(file: &'a File, func: Func, mask: Mask) -> Self {
        Self {
            file,
            func,
            mask,
            ids: None,
            is_by_task: false,
        }
    }

    /// The same access with other ids.
    pub(crate) fn with_ids(self, ids: Ids) -> Self {
        Self {
            ids: Some(ids),
            ..self
        }
    }

    /// The same access by the task itself, for hooks that are called with other credentials;
    /// [`Handler`](crate::sys::lsm::Handler) says which.
    pub(crate) fn by_task(self) -> Self {
        Self {
            ids: Some(Ids::of_task()),
            is_by_task: true,
            ..self
        }
    }
}

/// A policy that was parsed and accepted as a whole.
pub(crate) struct ActivePolicy {
    /// The text that the rules refer to.
    text: Text,
    /// All rules in their order.
    rules: KVVec<Rule>,
    /// How many accesses each rule decided about while the policy was in force.
    hits: KVVec<Counter>,
    /// For each function, the places in `rules` of the rules that can match it.
    by_func: [KVVec<u32>; Func::ALL.len()],
    /// The actions for which there is a rule.
    wanted: ActionSet,
    /// Whether a rule has a condition on the label of the task.
    needs_task_label: bool,
    /// Whether a rule has a condition on the label of the file.
    needs_file_label: bool,
}

impl ActivePolicy {
    /// The built-in policies in `selection`, joined by `|`; an empty policy for none. May sleep.
    pub(crate) fn builtin(selection: &CStr) -> Result<Arc<Self>> {
        let selection = selection.to_str().map_err(|_| EINVAL)?;
        let mut text = Text::new();
        if !selection.is_empty() {
            policy::write_selection(selection, &Capabilities::SERVED, &mut text).map_err(|e| {
                pr_err!("ima_policy={}: {}\n", selection, Show(e));
                if e == SelectionError::Write {
                    ENOMEM
                } else {
                    EINVAL
                }
            })?;
        }
        Self::parse(text)
    }

    /// The policy in `bytes`, from securityfs or a file. May sleep.
    ///
    /// # Errors
    ///
    /// Those of [`ActivePolicy::parse`], and `EILSEQ` if the bytes are not UTF-8.
    pub(crate) fn from_bytes(bytes: KVVec<u8>) -> Result<Arc<Self>> {
        policy::text_of(&bytes).map_err(refused)?;
        Self::parse(Text::from_bytes(bytes).map_err(|_| EINVAL)?)
    }

    /// Parses `text` as a policy. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` for words that the language does not have, `EOPNOTSUPP` for those that the module
    /// does not serve, and others. Line, column and reason are in the kernel log.
    fn parse(text: Text) -> Result<Arc<Self>> {
        let mut rules = KVVec::new();
        let mut hits = KVVec::new();
        let (mut needs_task_label, mut needs_file_label) = (false, false);
        let mut by_func = [const { KVVec::new() }; Func::ALL.len()];
        for rule in policy::rules(text.as_str(), &Capabilities::SERVED) {
            let rule = rule.map_err(refused)?;
            rule.pcr().map_or(Ok(()), |pcr| check_pcr(u32::from(pcr)))?;
            needs_task_label |= rule.needs_task_label();
            needs_file_label |= rule.needs_file_label();
            let place = u32::try_from(rules.len()).map_err(|_| EFBIG)?;
            for (func, places) in Func::ALL.iter().zip(by_func.iter_mut()) {
                if policy::rule_applies_to(&rule, *func) {
                    places.push(place, GFP_KERNEL)?;
                }
            }
            rules.push(rule, GFP_KERNEL)?;
            hits.push(Counter::default(), GFP_KERNEL)?;
        }
        let wanted = ActionSet::of_rules(rules.iter());
        Ok(Arc::new(
            Self {
                text,
                rules,
                hits,
                by_func,
                wanted,
                needs_task_label,
                needs_file_label,
            },
            GFP_KERNEL,
        )?)
    }

    pub(crate) fn text(&self) -> &str {
        self.text.as_str()
    }

    /// The rules as `policy` shows them, one per line. Policies with the same rules have the same
    /// text.
    pub(crate) fn canonical(&self) -> Result<Text> {
        let mut text = Text::new();
        for rule in self.rules.iter() {
            policy::write_rule(rule, self.text(), &mut text)
                .and_then(|()| text.write_str("\n"))
                .map_err(|_| ENOMEM)?;
        }
        Ok(text)
    }

    /// The text with `more` appended. May sleep.
    pub(crate) fn followed_by(&self, more: &[u8]) -> Result<KVVec<u8>> {
        let text = joined(&[self.text().as_bytes(), more])?;
        if text.len() > MAX_POLICY {
            return Err(refuse("policy", Cause::PolicyTooLarge));
        }
        Ok(text)
    }

    fn needs_label(&self) -> bool {
        self.needs_task_label || self.needs_file_label
    }

    pub(crate) fn rules(&self) -> usize {
        self.rules.len()
    }

    pub(crate) fn rule(&self, place: usize) -> Option<&Rule> {
        self.rules.get(place)
    }

    /// How many accesses the rule at `place` decided about; zero if there is no such rule.
    pub(crate) fn hits(&self, place: usize) -> u64 {
        self.hits.get(place).map_or(0, Counter::get)
    }

    /// Counts an access for rule number `place` among those for `func`.
    fn count(&self, func: Func, place: usize) {
        let places = self.places(func);
        let hits = places
            .and_then(|places| places.get(place))
            .and_then(|place| self.hits.get(u32_as_usize(*place)));
        if let Some(hits) = hits {
            hits.count();
        }
    }

    /// The places in `rules` of the rules that can match `func`.
    fn places(&self, func: Func) -> Option<&KVVec<u32>> {
        Func::ALL
            .iter()
            .zip(self.by_func.iter())
            .find_map(|(f, places)| (*f == func).then_some(places))
    }

    fn rules_for(&self, func: Func) -> impl Iterator<Item = &Rule> {
        self.places(func)
            .into_iter()
            .flatten()
            .filter_map(|place| self.rules.get(u32_as_usize(*place)))
    }

    /// What the policy says of an access with these labels. Calls `decides` for each rule that
    /// settles an action, with its place among the rules for the function.
    fn ask(
        &self,
        access: &Query<'_>,
        task: Option<&Label>,
        file: Option<&Label>,
        decides: impl FnMut(usize),
    ) -> Decision {
        if self.wanted.is_empty() {
            return Decision::default();
        }
        let context = Context {
            func: access.func,
            mask: access.mask,
            task: subject(access.ids.unwrap_or_else(Ids::current), task),
            file: Some(policy::File {
                label: file.map(Label::as_str),
                ..access.file.attrs()
            }),
            data: None,
        };
        let mut decision = policy::evaluate(
            self.rules_for(access.func),
            self.text(),
            &context,
            self.wanted,
            decides,
        );
        if let Some(appraise) = &mut decision.appraise {
            appraise.rule = self.line(access.func, appraise.rule);
        }
        decision
    }

    /// What the policy would say of an access if it were in force and enforced. May sleep if a rule
    /// has a condition on the label of a file.
    pub(crate) fn would_decide(&self, access: &Query<'_>) -> Decision {
        self.ask_with_labels(access, |_| ())
    }

    /// As [`ActivePolicy::ask`], with the labels. May sleep if a rule has a condition on the label
    /// of a file.
    fn ask_with_labels(&self, access: &Query<'_>, decides: impl FnMut(usize)) -> Decision {
        let of_subject = if access.is_by_task {
            Label::of_task
        } else {
            Label::of_current_task
        };
        let task = self.needs_task_label.then(of_subject).flatten();
        let file = (self.needs_file_label)
            .then(|| Label::of_file(access.file))
            .flatten();
        self.ask(access, task.as_ref(), file.as_ref(), decides)
    }

    /// The rule by which data called `name` are measured, if any. May sleep.
    pub(crate) fn measures_data(&self, func: Func, name: &[u8]) -> Option<Measure> {
        let task = self.needs_task_label.then(Label::of_current_task).flatten();
        let context = Context {
            func,
            mask: Mask::default(),
            task: subject(Ids::current(), task.as_ref()),
            file: None,
            data: core::str::from_utf8(name).ok(),
        };
        let count = |place| self.count(func, place);
        policy::evaluate(
            self.rules_for(func),
            self.text(),
            &context,
            self.wanted,
            count,
        )
        .measure
    }

    /// The place in the policy, from 1, of rule number `place` among those for `func`.
    fn line(&self, func: Func, place: usize) -> usize {
        let line = self
            .places(func)
            .and_then(|places| places.get(place))
            .copied()
            .unwrap_or(0);
        u32_as_usize(line).saturating_add(1)
    }

    /// The place in the policy, from 1, of the first `appraise` rule that names `func`. As in IMA,
    /// a rule without `func=` does not cover content without a file.
    fn appraises(&self, func: Func) -> Option<usize> {
        self.rules_for(func)
            .position(|rule| rule.action() == Action::Appraise && rule.func() == Some(func))
            .map(|place| self.line(func, place))
    }

    /// Whether there is an `appraise` rule.
    pub(crate) fn appraises_anything(&self) -> bool {
        self.wanted.contains(Action::Appraise)
    }
}

fn subject(ids: Ids, label: Option<&Label>) -> policy::Task<'_> {
    policy::Task {
        uid: ids.uid,
        euid: ids.euid,
        suid: ids.suid,
        cap_setuid: ids.cap_setuid,
        gid: ids.gid,
        egid: ids.egid,
        sgid: ids.sgid,
        cap_setgid: ids.cap_setgid,
        label: label.map(Label::as_str),
    }
}

fn refused(error: PolicyError) -> Error {
    pr_err!("policy: {}\n", Show(error));
    error_of(error.kind().cause())
}
