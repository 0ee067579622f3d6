// SPDX-License-Identifier: GPL-2.0

//! Which lines are rules, and why the others are not.

mod accepted;
mod refused;

use digest_logic::policy::{
    parse_line,
    rules,
    text_of,
    write_rule,
    Capabilities,
    ErrorKind,
    PolicyError,
    Rule,
    LINE_MAX, //
};

use crate::{
    accepted::{
        ACCEPTED,
        REWRITTEN, //
    },
    refused::REFUSED, //
};

fn parse(line: &str) -> Result<Option<Rule>, PolicyError> {
    parse_line(line, 1, 0, &Capabilities::ALL)
}

fn shown(rule: &Rule, text: &str) -> String {
    let mut out = String::new();
    write_rule(rule, text, &mut out).expect("the text is the rule's own");
    out
}

#[test]
fn a_rule_is_shown_as_it_was_written() {
    for line in ACCEPTED {
        let rule = parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(shown(&rule.expect("a rule"), line), *line);
    }
}

#[test]
fn spelling_and_order_do_not_matter() {
    for (line, expected) in REWRITTEN {
        let rule = parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(shown(&rule.expect("a rule"), line), *expected, "{line}");
    }
}

#[test]
fn blank_lines_and_comments_are_no_rules() {
    for line in [
        "",
        " ",
        "\t",
        " \t ",
        "#",
        "# measure",
        "   #measure func=NONE",
        "#\u{e9}",
    ] {
        assert_eq!(parse(line), Ok(None), "{line:?}");
    }
}

#[test]
fn a_bad_line_names_the_word_and_what_was_expected() {
    for (line, kind, token, reason) in REFUSED {
        let error = parse(line).expect_err(line);
        let message = error.to_string();
        assert_eq!(error.kind(), *kind, "{line}: {message}");
        assert!(
            message.contains(&format!(": '{token}': ")),
            "{line}: {message}"
        );
        assert!(error.reason().contains(reason), "{line}: {message}");
        let column = usize::try_from(error.column()).expect("a small number");
        let word = line.get(column - 1..).expect("a column of the line");
        let start = token.split('\\').next().expect("a first part");
        assert!(word.starts_with(start), "{line}: {message}");
    }
}

#[test]
fn the_tables_are_as_large_as_promised() {
    let cases = ACCEPTED.len() + REWRITTEN.len() + REFUSED.len();
    assert!(cases >= 150, "{cases}");
}

#[test]
fn what_the_module_does_not_serve_is_refused_by_name() {
    let cases = [
        (
            "appraise appraise_type=sigv3 digest_type=verity",
            "'appraise_type=sigv3': signatures of fs-verity digests",
        ),
        (
            "measure func=KEXEC_CMDLINE",
            "'func=KEXEC_CMDLINE': cannot be served",
        ),
        (
            "appraise func=SETXATTR_CHECK appraise_algos=sha256",
            "'func=SETXATTR_CHECK': cannot be served",
        ),
        (
            "measure func=CRITICAL_DATA label=selinux|kernel_info",
            "'label=selinux|kernel_info': no data with this label come",
        ),
        ("measure template=ima", "'template=ima': "),
        ("measure template=ima-modsig", "'template=ima-modsig': "),
        ("measure template=evm-sig", "'template=evm-sig': "),
    ];
    for (line, expected) in cases {
        let error = parse_line(line, 7, 0, &Capabilities::SERVED).expect_err(line);
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{line}");
        assert!(error.to_string().contains(expected), "{line}: {error}");
        assert_eq!(error.line(), 7);
    }
    for line in [
        "dont_measure fsmagic=0x9fa0",
        "measure func=FILE_CHECK mask=^MAY_READ euid=0 digest_list",
        "measure fsname=ext4 fowner>0 fgroup<5 gid=3 permit_directio",
        "measure func=MODULE_CHECK fsuuid=8bcbe394-4f13-4144-be8e-5aa9ea2ce2f6",
        "measure func=KEY_CHECK keyrings=.ima|.evm template=ima-buf pcr=11",
        "measure func=CRITICAL_DATA label=digest_lists",
        "measure func=CRITICAL_DATA label=selinux|modules",
        "audit func=CREDS_CHECK subj_user=system_u obj_type=bin_t",
        "dont_audit func=FIRMWARE_CHECK fsname=fuse fs_subtype=sshfs",
        "measure func=MMAP_CHECK_REQPROT template=ima-sigv2 digest_type=verity digest_list",
        "measure func=KEXEC_KERNEL_CHECK",
        "measure func=KEXEC_INITRAMFS_CHECK",
        "measure func=POLICY_CHECK",
        "appraise func=BPRM_CHECK appraise_type=imasig appraise_flag=check_blacklist digest_list",
        "appraise func=MODULE_CHECK appraise_type=imasig|modsig",
        "appraise fowner=0 appraise_algos=sha256,sha512",
        "dont_appraise fsmagic=0x9fa0",
        "hash func=FILE_CHECK",
        "dont_hash fowner=0",
    ] {
        parse_line(line, 1, 0, &Capabilities::SERVED).expect(line);
    }
}

#[test]
fn each_template_is_served_or_not() {
    let capabilities = Capabilities {
        options: Capabilities::ALL.options,
        ..Capabilities::SERVED
    };
    parse_line("measure template=ima-ng", 1, 0, &capabilities).expect("served");
    let error =
        parse_line("measure template=ima-modsig", 1, 0, &capabilities).expect_err("not served");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.reason().contains("the template is not served"));
}

#[test]
fn lines_and_columns_count_from_one_across_a_policy() {
    let text = "# first\n\nmeasure uid=0\n  dont_measure fsmagic=zz\naudit";
    let results: Vec<_> = rules(text, &Capabilities::ALL).collect();
    assert_eq!(results.len(), 3);
    let error = results.get(1).expect("three").expect_err("a bad number");
    assert_eq!(
        error.to_string(),
        "line 4, column 16: 'fsmagic=zz': expected a hexadecimal number"
    );
}

#[test]
fn strings_are_found_in_the_text_of_the_whole_policy() {
    let text = "measure fsname=ext4\nmeasure fsname=btrfs obj_type=a_t\n";
    let all: Vec<_> = rules(text, &Capabilities::ALL)
        .map(|rule| shown(&rule.expect("a rule"), text))
        .collect();
    assert_eq!(
        all,
        ["measure fsname=ext4", "measure fsname=btrfs obj_type=a_t"]
    );
}

#[test]
fn long_lines_and_words_are_bounded() {
    let fits = format!("measure fsname={}", "x".repeat(LINE_MAX - 15));
    assert!(parse(&fits).is_ok());
    let error = parse(&format!("{fits}x")).expect_err("one too long");
    assert_eq!(error.kind(), ErrorKind::TooLong);

    let error = parse(&"y".repeat(100)).expect_err("no such word");
    assert!(error
        .to_string()
        .contains(&format!("'{}...'", "y".repeat(47))));

    // The value would lie beyond what 32 bits can tell.
    let far = parse_line("measure fsname=a", 1, u32::MAX - 3, &Capabilities::ALL);
    assert_eq!(far.expect_err("too far").kind(), ErrorKind::TooLong);
}

#[test]
fn bytes_that_are_no_text_are_named_by_their_place() {
    assert_eq!(text_of(b"measure\n"), Ok("measure\n"));
    let error = text_of(b"measure\naudit \xff").expect_err("no UTF-8");
    assert_eq!(error.kind(), ErrorKind::Encoding);
    assert_eq!(error.to_string(), "line 2, column 7: expected UTF-8 text");
}
