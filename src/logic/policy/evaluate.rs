// SPDX-License-Identifier: GPL-2.0

//! The decision of a policy about one access.

use super::{
    action::{
        Action,
        ActionSet, //
    },
    func::Func,
    option::OptionName,
    rule::{
        rule_applies_to,
        Rule, //
    },
    text::TextRange,
    tokens::is,
    value::{
        AlgoSet,
        AppraiseType,
        Mask,
        Template,
        UserCondition, //
    }, //
};

/// The subject of an access. Ids are those of the initial user namespace.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// The real user id.
    pub uid: u32,
    /// The effective user id.
    pub euid: u32,
    /// The saved user id.
    pub suid: u32,
    /// Whether the task has `CAP_SETUID`: then `euid=` compares the other two ids as well.
    pub cap_setuid: bool,
    /// The real group id.
    pub gid: u32,
    /// The effective group id.
    pub egid: u32,
    /// The saved group id.
    pub sgid: u32,
    /// Whether the task has `CAP_SETGID`: then `egid=` compares the other two ids as well.
    pub cap_setgid: bool,
    /// The security label, if a rule needs it ([`Rule::needs_task_label()`]) and there is one.
    pub label: Option<&'a str>,
}

/// The file that is accessed.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// The owner, as the mount shows it.
    pub owner: u32,
    /// The group, as the mount shows it.
    pub group: u32,
    /// `s_magic` of the file system.
    pub fsmagic: u64,
    /// `s_uuid` of the file system.
    pub fsuuid: [u8; 16],
    /// The name of the file system's type.
    pub fsname: &'a str,
    /// `s_subtype` of the file system.
    pub fs_subtype: Option<&'a str>,
    /// The security label, if a rule needs it ([`Rule::needs_file_label()`]) and there is one.
    pub label: Option<&'a str>,
}

/// One access, with all facts that rules may match.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Where in the kernel the access is checked.
    pub func: Func,
    /// What the access does.
    pub mask: Mask,
    /// The subject.
    pub task: Task<'a>,
    /// The file; [`None`] for a key, critical data, or a policy or list written as bytes.
    pub file: Option<File<'a>>,
    /// The name of the keyring (`KEY_CHECK`) or the label of the data (`CRITICAL_DATA`).
    pub data: Option<&'a str>,
}

/// A `measure` rule matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// The place of the rule among those that were given, from 0.
    pub rule: usize,
    /// Whether a file known from a digest list needs no record.
    pub digest_list: bool,
    /// The PCR to extend; [`None`] for the default.
    pub pcr: Option<u8>,
    /// The format of the record; [`None`] for the default.
    pub template: Option<Template>,
}

/// An `appraise` rule matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appraise {
    /// The place of the rule among those that were given, from 0.
    pub rule: usize,
    /// Whether a file known from a digest list needs no reference value of its own.
    pub digest_list: bool,
    /// The signature that is required; [`None`] if a plain digest is good enough.
    pub kind: Option<AppraiseType>,
    /// The algorithms that the reference value may use; [`None`] for any.
    pub algos: Option<AlgoSet>,
}

impl Appraise {
    /// Whether a signature at the end of the file suffices.
    pub fn takes_modsig(&self) -> bool {
        self.kind == Some(AppraiseType::ImasigOrModsig)
    }
}

/// The decision of a policy. The default asks for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// Record the file.
    pub measure: Option<Measure>,
    /// Require a reference value.
    pub appraise: Option<Appraise>,
    /// Leave an audit record, for the rule at this place.
    pub audit: Option<usize>,
    /// Store the digest, for the rule at this place. Never together with an earlier `appraise`.
    pub hash: Option<usize>,
    /// A matching rule allows direct I/O on a file that is checked.
    pub permit_directio: bool,
    /// A matching rule uses the file's fs-verity digest instead of the digest of its content.
    pub verity: bool,
}

impl Decision {
    /// Whether nothing is asked for.
    pub const fn is_empty(&self) -> bool {
        self.measure.is_none()
            && self.appraise.is_none()
            && self.audit.is_none()
            && self.hash.is_none()
    }
}

/// Decides about one access. The first matching rule settles its action, as in IMA.
///
/// `rules` are all rules of the policy in their order, or those for which [`rule_applies_to()`] is
/// true. `text` is the text they were parsed from. `wanted` are the actions for which there are
/// rules ([`ActionSet::of_rules()`]). The evaluation ends when all of them are settled. Calls
/// `decides` with the place in `rules` of each rule that settles an action.
///
/// As in IMA, flags such as `permit_directio` count from each matching rule on the way. Neither
/// allocates nor locks. Callable in an RCU read-side section.
pub fn evaluate<'r>(
    rules: impl IntoIterator<Item = &'r Rule>,
    text: &str,
    context: &Context<'_>,
    wanted: ActionSet,
    mut decides: impl FnMut(usize),
) -> Decision {
    let mut open = wanted;
    let mut decision = Decision::default();
    let mut place = 0usize;
    for rule in rules {
        if open.is_empty() {
            break;
        }
        if open.contains(rule.action.subject()) && matches(rule, text, context) {
            open = open.minus(ActionSet::of(&[rule.action.subject()]));
            decides(place);
            decision.apply(rule, place, context.func);
        }
        place = place.wrapping_add(1);
    }
    decision
}

impl ActionSet {
    /// The actions, without `dont_`, for which there is a rule that asks for something.
    pub fn of_rules<'r>(rules: impl IntoIterator<Item = &'r Rule>) -> Self {
        rules.into_iter().fold(Self::EMPTY, |set, rule| {
            if rule.action.is_positive() {
                set.with(rule.action)
            } else {
                set
            }
        })
    }
}

impl Decision {
    fn apply(&mut self, rule: &Rule, place: usize, func: Func) {
        // Lists are never looked up in lists, even for rules that name no function.
        let digest_list = rule.has(OptionName::DigestList) && func != Func::DigestListCheck;
        match rule.action {
            Action::Measure => {
                self.measure = Some(Measure {
                    rule: place,
                    digest_list,
                    pcr: rule.pcr,
                    template: rule.template,
                });
            }
            Action::Appraise => {
                self.appraise = Some(Appraise {
                    rule: place,
                    digest_list,
                    kind: rule.appraise_type,
                    algos: rule.appraise_algos,
                });
                self.hash = None;
            }
            Action::Audit => self.audit = Some(place),
            Action::Hash => self.hash = Some(place),
            Action::DontMeasure | Action::DontAppraise | Action::DontAudit | Action::DontHash => (),
        }
        self.permit_directio |= rule.has(OptionName::PermitDirectio);
        self.verity |= rule.has(OptionName::DigestType);
    }
}

fn matches(rule: &Rule, text: &str, context: &Context<'_>) -> bool {
    if !rule_applies_to(rule, context.func) || !matches_ids(rule, &context.task) {
        return false;
    }
    let Some(file) = &context.file else {
        // Without a file, only rules that name the function match, and conditions on files do not
        // count.
        return rule.func == Some(context.func) && matches_data(rule, text, context);
    };
    rule.mask.is_none_or(|mask| mask.matches(context.mask))
        && matches_file_system(rule, text, file)
        && rule.fowner.is_none_or(|owner| owner.matches(file.owner))
        && rule.fgroup.is_none_or(|group| group.matches(file.group))
        && matches_labels(rule, text, context.task.label, file.label)
}

fn matches_ids(rule: &Rule, task: &Task<'_>) -> bool {
    let matches_any = |user: UserCondition, [real, effective, saved]: [u32; 3], capable: bool| {
        let condition = user.condition;
        if !user.effective {
            return condition.matches(real);
        }
        condition.matches(effective)
            || capable && (condition.matches(saved) || condition.matches(real))
    };
    let uids = [task.uid, task.euid, task.suid];
    let gids = [task.gid, task.egid, task.sgid];
    rule.user
        .is_none_or(|user| matches_any(user, uids, task.cap_setuid))
        && rule
            .group
            .is_none_or(|group| matches_any(group, gids, task.cap_setgid))
}

fn matches_data(rule: &Rule, text: &str, context: &Context<'_>) -> bool {
    let Some(range) = rule.keyrings.or(rule.label) else {
        return true;
    };
    let (Some(names), Some(data)) = (range.get(text), context.data) else {
        return false;
    };
    names.split(is('|')).any(|name| name == data)
}

fn matches_file_system(rule: &Rule, text: &str, file: &File<'_>) -> bool {
    rule.fsmagic.is_none_or(|magic| magic == file.fsmagic)
        && is_or_unset(rule.fsname, text, Some(file.fsname))
        && is_or_unset(rule.fs_subtype, text, file.fs_subtype)
        && rule.fsuuid.is_none_or(|uuid| uuid == file.fsuuid)
}

/// Compares the fields of labels of the form `user:role:type:…`; a label without colons is a user.
fn matches_labels(rule: &Rule, text: &str, task: Option<&str>, file: Option<&str>) -> bool {
    is_or_unset(rule.subj_user, text, nth_field(task, 0))
        && is_or_unset(rule.subj_role, text, nth_field(task, 1))
        && is_or_unset(rule.subj_type, text, nth_field(task, 2))
        && is_or_unset(rule.obj_user, text, nth_field(file, 0))
        && is_or_unset(rule.obj_role, text, nth_field(file, 1))
        && is_or_unset(rule.obj_type, text, nth_field(file, 2))
}

fn nth_field(label: Option<&str>, place: usize) -> Option<&str> {
    label?.split(is(':')).nth(place)
}

fn is_or_unset(wanted: Option<TextRange>, text: &str, actual: Option<&str>) -> bool {
    wanted.is_none_or(|range| range.get(text).is_some_and(|name| Some(name) == actual))
}
