// SPDX-License-Identifier: GPL-2.0

//! What a policy decides about an access.

use digest_logic::policy::{
    evaluate,
    rule_applies_to,
    rules,
    Action,
    ActionSet,
    AppraiseType,
    Capabilities,
    Context,
    Decision,
    File,
    Func,
    Mask,
    Rule,
    Task,
    Template, //
};

const UUID: [u8; 16] = [
    0x8b, 0xcb, 0xe3, 0x94, 0x4f, 0x13, 0x41, 0x44, 0xbe, 0x8e, 0x5a, 0xa9, 0xea, 0x2c, 0xe2, 0xf6,
];

/// User 1000, who is 1001 in effect and was 1002, without capabilities.
const USER: Task<'_> = Task {
    uid: 1000,
    euid: 1001,
    suid: 1002,
    cap_setuid: false,
    gid: 2000,
    egid: 2001,
    sgid: 2002,
    cap_setgid: false,
    label: Some("staff_u:staff_r:staff_t:s0"),
};

const FILE: File<'_> = File {
    owner: 3000,
    group: 4000,
    fsmagic: 0xef53,
    fsuuid: UUID,
    fsname: "ext4",
    fs_subtype: None,
    label: Some("system_u:object_r:bin_t:s0"),
};

/// The user opens the file for reading.
const OPEN: Context<'_> = Context {
    func: Func::FileCheck,
    mask: Mask::READ,
    task: USER,
    file: Some(FILE),
    data: None,
};

fn parsed(text: &str) -> Vec<Rule> {
    rules(text, &Capabilities::ALL)
        .map(|rule| rule.expect("a good rule"))
        .collect()
}

fn decide(text: &str, context: &Context<'_>) -> Decision {
    let rules = parsed(text);
    evaluate(&rules, text, context, ActionSet::of_rules(&rules), |_| ())
}

fn measured(text: &str, context: &Context<'_>) -> bool {
    decide(text, context).measure.is_some()
}

#[test]
fn a_condition_decides_whether_the_rule_matches() {
    let cases = [
        ("measure", true),
        ("measure func=FILE_CHECK", true),
        ("measure func=BPRM_CHECK", false),
        ("measure mask=MAY_READ", true),
        ("measure mask=^MAY_READ", true),
        ("measure mask=MAY_EXEC", false),
        ("measure mask=^MAY_EXEC", false),
        ("measure fsmagic=0xef53", true),
        ("measure fsmagic=0x9fa0", false),
        ("measure fsname=ext4", true),
        ("measure fsname=ext", false),
        ("measure fs_subtype=sshfs", false),
        ("measure fsuuid=8bcbe394-4f13-4144-be8e-5aa9ea2ce2f6", true),
        ("measure fsuuid=8bcbe394-4f13-4144-be8e-5aa9ea2ce2f7", false),
        ("measure uid=1000", true),
        ("measure uid=1001", false),
        ("measure uid>999", true),
        ("measure uid>1000", false),
        ("measure uid<1001", true),
        ("measure uid<1000", false),
        ("measure euid=1001", true),
        ("measure euid=1000", false),
        ("measure euid=1002", false),
        ("measure gid=2000", true),
        ("measure gid=2001", false),
        ("measure egid=2001", true),
        ("measure egid=2000", false),
        ("measure fowner=3000", true),
        ("measure fowner>3000", false),
        ("measure fgroup<4001", true),
        ("measure fgroup=0", false),
        ("measure subj_user=staff_u", true),
        ("measure subj_role=staff_r", true),
        ("measure subj_type=staff_t", true),
        ("measure subj_type=staff", false),
        ("measure obj_user=system_u", true),
        ("measure obj_role=object_r", true),
        ("measure obj_type=bin_t", true),
        ("measure obj_type=lib_t", false),
        (
            "measure uid=1000 obj_type=bin_t fsname=ext4 mask=MAY_READ",
            true,
        ),
        (
            "measure uid=1000 obj_type=bin_t fsname=xfs mask=MAY_READ",
            false,
        ),
    ];
    for (rule, expected) in cases {
        assert_eq!(measured(rule, &OPEN), expected, "{rule}");
    }
}

#[test]
fn a_plain_mask_is_the_whole_access_and_a_hat_is_one_bit_of_it() {
    let context = Context {
        mask: Mask::READ.union(Mask::WRITE),
        ..OPEN
    };
    assert!(!measured("measure mask=MAY_READ", &context));
    assert!(measured("measure mask=^MAY_READ", &context));
    assert!(measured("measure mask=^MAY_WRITE", &context));
    assert!(!measured("measure mask=^MAY_EXEC", &context));
}

#[test]
fn with_the_capability_the_effective_id_stands_for_all_three() {
    let capable = Context {
        task: Task {
            cap_setuid: true,
            cap_setgid: true,
            ..USER
        },
        ..OPEN
    };
    for id in [1000, 1001, 1002] {
        assert!(measured(&format!("measure euid={id}"), &capable), "{id}");
    }
    for id in [2000, 2001, 2002] {
        assert!(measured(&format!("measure egid={id}"), &capable), "{id}");
    }
    assert!(!measured("measure euid=1003", &capable));
    assert!(!measured("measure uid=1001", &capable));
}

#[test]
fn labels_are_compared_field_by_field() {
    let labelled = |label| Context {
        task: Task { label, ..USER },
        ..OPEN
    };
    assert!(measured("measure subj_user=_", &labelled(Some("_"))));
    assert!(!measured("measure subj_role=_", &labelled(Some("_"))));
    assert!(!measured("measure subj_user=_", &labelled(None)));
    assert!(measured("measure", &labelled(None)));
}

#[test]
fn the_first_rule_that_matches_settles_its_action() {
    let text = "dont_measure fsname=ext4\nmeasure\n";
    assert!(!measured(text, &OPEN));
    let text = "measure\ndont_measure fsname=ext4\n";
    assert!(measured(text, &OPEN));
    let text = "dont_measure fsname=xfs\nmeasure pcr=4\nmeasure pcr=5\n";
    let measure = decide(text, &OPEN).measure.expect("measured");
    assert_eq!((measure.rule, measure.pcr), (1, Some(4)));
}

#[test]
fn actions_are_settled_independently() {
    let text =
        "dont_audit\nappraise appraise_type=imasig digest_list\nmeasure template=ima-sig\naudit\n";
    let decision = decide(text, &OPEN);
    let appraise = decision.appraise.expect("appraised");
    assert_eq!(appraise.rule, 1);
    assert_eq!(appraise.kind, Some(AppraiseType::Imasig));
    assert!(appraise.digest_list);
    let measure = decision.measure.expect("measured");
    assert_eq!(measure.rule, 2);
    assert_eq!(measure.template, Some(Template::ImaSig));
    assert!(!measure.digest_list);
    assert_eq!(decision.audit, None);
    assert!(!decision.is_empty());
}

#[test]
fn appraisal_takes_the_place_of_an_earlier_hash() {
    assert_eq!(decide("hash\nappraise\n", &OPEN).hash, None);
    assert_eq!(decide("appraise\nhash\n", &OPEN).hash, Some(1));
}

#[test]
fn flags_count_from_every_rule_that_matched() {
    let decision = decide("dont_measure permit_directio\naudit\nmeasure\n", &OPEN);
    assert!(decision.permit_directio && decision.measure.is_none());
    let decision = decide(
        "measure\nmeasure permit_directio digest_type=verity\n",
        &OPEN,
    );
    assert!(!decision.permit_directio && !decision.verity);
    let decision = decide("measure digest_type=verity permit_directio\naudit\n", &OPEN);
    assert!(decision.permit_directio && decision.verity);
}

#[test]
fn only_wanted_actions_are_looked_at() {
    let text = "audit\nmeasure\n";
    let rules = parsed(text);
    let wanted = ActionSet::EMPTY.with(Action::Measure);
    let decision = evaluate(&rules, text, &OPEN, wanted, |_| ());
    assert_eq!(decision.audit, None);
    assert!(decision.measure.is_some());
    assert!(evaluate(&rules, text, &OPEN, ActionSet::EMPTY, |_| ()).is_empty());
    assert!(ActionSet::of_rules(&parsed("dont_measure\ndont_audit")).is_empty());
}

#[test]
fn each_rule_that_settles_an_action_is_told_and_no_other() {
    let text = "dont_measure uid=1\naudit\ndont_measure\nmeasure\nappraise func=MMAP_CHECK\n";
    let rules = parsed(text);
    let mut told = Vec::new();
    let wanted = ActionSet::of_rules(&rules);
    evaluate(&rules, text, &OPEN, wanted, |place| told.push(place));
    assert_eq!(told, [1, 2]);
}

#[test]
fn a_list_is_not_looked_up_in_lists() {
    let context = Context {
        func: Func::DigestListCheck,
        ..OPEN
    };
    let measure = decide("measure digest_list", &context).measure;
    assert!(!measure.expect("measured").digest_list);
    let measure = decide("measure digest_list", &OPEN).measure;
    assert!(measure.expect("measured").digest_list);
}

#[test]
fn data_needs_a_rule_that_names_its_function() {
    let key = |data| Context {
        func: Func::KeyCheck,
        file: None,
        data,
        ..OPEN
    };
    let ima = key(Some(".ima"));
    assert!(!measured("measure", &ima));
    assert!(measured("measure func=KEY_CHECK", &ima));
    assert!(measured("measure func=KEY_CHECK keyrings=.evm|.ima", &ima));
    assert!(!measured("measure func=KEY_CHECK keyrings=.evm|.im", &ima));
    assert!(!measured(
        "measure func=KEY_CHECK keyrings=.ima",
        &key(None)
    ));
    assert!(measured("measure func=KEY_CHECK uid=1000", &ima));
    assert!(!measured("measure func=KEY_CHECK uid=0", &ima));
    assert!(!measured("measure func=KEY_CHECK gid=0", &ima));
    assert!(!measured("measure func=CRITICAL_DATA", &ima));

    let data = Context {
        func: Func::CriticalData,
        ..key(Some("selinux"))
    };
    assert!(measured(
        "measure func=CRITICAL_DATA label=a|selinux",
        &data
    ));
    assert!(!measured("measure func=CRITICAL_DATA label=a", &data));
}

#[test]
fn a_policy_written_as_bytes_is_checked_without_a_file() {
    let bytes = Context {
        func: Func::PolicyCheck,
        file: None,
        ..OPEN
    };
    assert!(!measured("measure", &bytes));
    assert!(measured("measure func=POLICY_CHECK", &bytes));
    // As in IMA, what a rule says of files does not count.
    assert!(measured("measure func=POLICY_CHECK fsname=xfs", &bytes));
    let file = Context {
        file: Some(FILE),
        ..bytes
    };
    assert!(measured("measure", &file));
    assert!(!measured("measure func=POLICY_CHECK fsname=xfs", &file));
}

#[test]
fn rules_listed_per_function_decide_the_same() {
    let text = "dont_measure func=BPRM_CHECK uid=5\nmeasure func=MMAP_CHECK\naudit\n\
                measure func=BPRM_CHECK pcr=3\nmeasure\ndont_audit func=BPRM_CHECK\n";
    let rules = parsed(text);
    let wanted = ActionSet::of_rules(&rules);
    for func in Func::ALL {
        let context = Context { func, ..OPEN };
        let listed = rules.iter().filter(|rule| rule_applies_to(rule, func));
        let short = evaluate(listed, text, &context, wanted, |_| ());
        let full = evaluate(&rules, text, &context, wanted, |_| ());
        assert_eq!(short.measure.map(|m| m.pcr), full.measure.map(|m| m.pcr));
        assert_eq!(short.audit.is_some(), full.audit.is_some());
    }
}

#[test]
fn a_rule_without_a_function_applies_to_what_checks_files() {
    let rules = parsed("measure");
    let rule = rules.first().expect("one");
    let others: Vec<_> = Func::ALL
        .into_iter()
        .filter(|func| !rule_applies_to(rule, *func))
        .collect();
    assert_eq!(
        others,
        [
            Func::KeyCheck,
            Func::CriticalData,
            Func::KexecCmdline,
            Func::SetxattrCheck
        ]
    );
}

#[test]
fn a_rule_tells_whether_it_needs_labels() {
    let rules = parsed("measure\nmeasure subj_role=a\nmeasure obj_type=a");
    let needs: Vec<_> = rules
        .iter()
        .map(|rule| (rule.needs_task_label(), rule.needs_file_label()))
        .collect();
    assert_eq!(needs, [(false, false), (true, false), (false, true)]);
}
