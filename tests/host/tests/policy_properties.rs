// SPDX-License-Identifier: GPL-2.0

//! What holds for every policy text.

use digest_logic::policy::{
    evaluate,
    parse_line,
    rules,
    text_of,
    write_rule,
    write_selection,
    Action,
    ActionSet,
    Capabilities,
    Context,
    File,
    Func,
    Mask,
    OptionName,
    Task, //
};
use proptest::prelude::*;

/// A value that the option often accepts.
fn value(option: OptionName) -> BoxedStrategy<String> {
    let words = |words: &'static [&'static str]| {
        proptest::sample::select(words)
            .prop_map(str::to_owned)
            .boxed()
    };
    match option {
        OptionName::Func => proptest::sample::select(Func::ALL.map(Func::name).to_vec())
            .prop_map(str::to_owned)
            .boxed(),
        OptionName::Mask => words(&["MAY_READ", "^MAY_READ", "MAY_EXEC", "^MAY_APPEND"]),
        OptionName::Fsmagic => any::<u64>().prop_map(|n| format!("{n:x}")).boxed(),
        OptionName::Fsuuid => "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}".boxed(),
        OptionName::Pcr => (0u8..26).prop_map(|n| n.to_string()).boxed(),
        OptionName::Template => words(&["ima", "ima-ng", "ima-sig", "ima-ngv2", "evm-sig"]),
        OptionName::DigestType => words(&["verity"]),
        OptionName::AppraiseType => words(&["imasig", "imasig|modsig", "sigv3"]),
        OptionName::AppraiseFlag => words(&["check_blacklist"]),
        OptionName::AppraiseAlgos => words(&["sha1", "sha512,sha256", "sha3-512,md5,sm3"]),
        option if option.is_id() => any::<u32>().prop_map(|n| n.to_string()).boxed(),
        _ => "[!-~]{1,8}(\\|[a-z\u{e9}]{1,4})?".boxed(),
    }
}

fn option() -> impl Strategy<Value = String> {
    proptest::sample::select(OptionName::ALL.to_vec()).prop_flat_map(|option| {
        let operators: &[&str] = if option.is_id() {
            &["=", "<", ">"]
        } else {
            &["="]
        };
        let operator = proptest::sample::select(operators);
        (operator, value(option)).prop_map(move |(operator, value)| {
            if option.is_bare() {
                option.name().to_owned()
            } else {
                format!("{}{operator}{value}", option.name())
            }
        })
    })
}

/// A line of good words, which may or may not go together.
fn line() -> impl Strategy<Value = String> {
    let action = proptest::sample::select(Action::ALL.map(Action::name).to_vec());
    let options = proptest::collection::vec(option(), 0..6);
    (action, options).prop_map(|(action, options)| {
        let words = std::iter::once(action.to_owned()).chain(options);
        words.collect::<Vec<_>>().join(" ")
    })
}

/// Text in which every kind of mistake is likely.
fn noise() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        4 => line(),
        1 => option(),
        1 => "[ -~\t\n=<>|#^,]{0,40}",
        1 => ".{0,20}",
    ];
    let separators = proptest::sample::select(&["\n", " ", "\t", "\n#", ""][..]);
    proptest::collection::vec((word, separators), 0..8).prop_map(|parts| {
        parts
            .into_iter()
            .map(|(word, separator)| word + separator)
            .collect()
    })
}

fn contexts() -> Vec<Context<'static>> {
    let task = Task {
        uid: 0,
        euid: 1,
        suid: 2,
        cap_setuid: true,
        gid: 0,
        egid: 1,
        sgid: 2,
        cap_setgid: false,
        label: Some("a:b:c"),
    };
    let file = File {
        owner: 0,
        group: 0,
        fsmagic: 0,
        fsuuid: [0; 16],
        fsname: "ext4",
        fs_subtype: Some("x"),
        label: None,
    };
    Func::ALL
        .into_iter()
        .flat_map(|func| {
            [Some(file), None].map(|file| Context {
                func,
                mask: Mask::READ,
                task,
                file,
                data: Some("a"),
            })
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_rule_survives_being_written_and_read(line in line(), offset in 0u32..100_000) {
        if let Ok(Some(rule)) = parse_line(&line, 1, 0, &Capabilities::ALL) {
            let mut written = String::new();
            write_rule(&rule, &line, &mut written).expect("its own text");
            let again = parse_line(&written, 1, 0, &Capabilities::ALL)
                .expect("what was written is good")
                .expect("and a rule");
            let mut twice = String::new();
            write_rule(&again, &written, &mut twice).expect("its own text");
            prop_assert_eq!(&written, &twice);
            // Written the same way and standing in the same place, the rules are equal.
            let third = parse_line(&twice, 1, 0, &Capabilities::ALL).expect("good");
            prop_assert_eq!(Some(again), third);

            // The same line further down in a longer text is the same rule.
            let text = format!("{}{line}", " ".repeat(offset as usize));
            let moved = parse_line(&line, 9, offset, &Capabilities::ALL).expect("good");
            let mut shown = String::new();
            write_rule(&moved.expect("a rule"), &text, &mut shown).expect("its own text");
            prop_assert_eq!(shown, written);
        }
    }

    #[test]
    fn no_text_makes_anything_panic(text in noise()) {
        for capabilities in [Capabilities::ALL, Capabilities::SERVED] {
            let mut parser = rules(&text, &capabilities);
            let mut good = Vec::new();
            while let Some(rule) = parser.next() {
                prop_assert!(parser.line_number() as usize <= text.matches('\n').count() + 1);
                match rule {
                    Ok(rule) => good.push(rule),
                    Err(error) => {
                        prop_assert_eq!(error.line(), parser.line_number());
                        prop_assert!(!error.to_string().chars().any(char::is_control));
                    }
                }
            }
            let wanted = ActionSet::of_rules(&good);
            for context in contexts() {
                let decision = evaluate(&good, &text, &context, wanted, |_| ());
                if let Some(measure) = decision.measure {
                    let action = good.get(measure.rule).map(|rule| rule.action());
                    prop_assert_eq!(action, Some(Action::Measure));
                }
            }
        }
        let _ = write_selection(&text, &Capabilities::ALL, &mut String::new());
    }

    #[test]
    fn rules_and_text_may_disagree_without_harm(text in noise(), other in noise()) {
        for rule in rules(&text, &Capabilities::ALL).flatten() {
            let _ = write_rule(&rule, &other, &mut String::new());
            for context in contexts() {
                evaluate([&rule], &other, &context, ActionSet::ALL, |_| ());
            }
        }
    }

    #[test]
    fn no_bytes_make_the_encoding_check_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(text_of(&bytes).is_ok(), std::str::from_utf8(&bytes).is_ok());
    }

    #[test]
    fn what_is_served_is_part_of_the_language(line in line()) {
        if let Ok(rule) = parse_line(&line, 1, 0, &Capabilities::SERVED) {
            prop_assert_eq!(parse_line(&line, 1, 0, &Capabilities::ALL), Ok(rule));
        }
    }
}
