// SPDX-License-Identifier: GPL-2.0

//! `digestctl policy`: checks policies as the module does, and shows the built-in ones.

use std::{
    io::Write,
    path::{
        Path,
        PathBuf, //
    }, //
};

use anyhow::{
    anyhow,
    Result, //
};
use digest_logic::{
    pcr,
    policy::{
        rules,
        text_of,
        write_rule,
        write_selection,
        Capabilities,
        Rule,
        BUILTIN_NAMES, //
    }, //
};
use serde_json::json;

use crate::{
    format,
    json,
    output::is_standard,
    report::{
        complain_of_place,
        count,
        if_read,
        quoted,
        remark,
        No, //
    },
    terminal::{
        print,
        Printer, //
    }, //
};

/// Check policies, or show the built-in ones.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Check a policy with the module's own parser
    ///
    /// Every line that the module would refuse is named, with the reason.
    #[command(after_help = "\
Examples:
  digestctl policy check /etc/ima/ima-policy
  digestctl policy builtin tcb | digestctl policy check -")]
    Check {
        /// The policy
        file: PathBuf,

        /// Accept the whole language, not only what the module serves
        #[arg(long)]
        whole_language: bool,

        /// Print JSON: an object with the rules that are good and the lines that are not
        #[arg(long)]
        json: bool,
    },

    /// Print the rules of built-in policies
    Builtin {
        /// Names as in the module's parameter ima_policy, joined by | [default: print the names]
        names: Option<String>,

        /// Print also the rules that the module does not serve
        #[arg(long)]
        whole_language: bool,
    },
}

/// Why a rule of a policy is refused, and where.
pub(crate) struct Refusal {
    line: u32,
    column: u32,
    reason: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reason)
    }
}

fn capabilities(whole: bool) -> Capabilities {
    match whole {
        true => Capabilities::ALL,
        false => Capabilities::SERVED,
    }
}

/// The rules of a policy, as the module takes them or not. The `whole` language is more than what
/// it serves.
pub(crate) fn judged(text: &str, whole: bool) -> impl Iterator<Item = Result<Rule, Refusal>> + '_ {
    let mut rules = rules(text, &capabilities(whole));
    std::iter::from_fn(move || {
        let rule = rules.next()?;
        let line = rules.line_number();
        Some(match rule {
            Ok(rule) => match rule
                .pcr()
                .map(|pcr| (pcr, pcr::check(u32::from(pcr), false)))
            {
                Some((pcr, Err(unusable))) if !whole => Err(Refusal {
                    line,
                    column: 1,
                    reason: format!("line {line}: 'pcr={pcr}': {unusable}"),
                }),
                _ => Ok(rule),
            },
            Err(error) => Err(Refusal {
                line: error.line(),
                column: error.column(),
                reason: error.to_string(),
            }),
        })
    })
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<()> {
    match command {
        Command::Check {
            file,
            whole_language,
            json,
        } => check(file, *whole_language, *json),
        Command::Builtin {
            names: None,
            whole_language: _,
        } => {
            let mut out = Printer::text();
            for name in BUILTIN_NAMES {
                writeln!(out, "{name}")?;
            }
            out.flush()?;
            Ok(())
        }
        Command::Builtin {
            names: Some(names),
            whole_language,
        } => {
            let mut text = String::new();
            write_selection(names, &capabilities(*whole_language), &mut text)
                .map_err(|error| anyhow!("{error}"))?;
            print(text.as_bytes())
        }
    }
}

fn check(file: &Path, whole_language: bool, as_json: bool) -> Result<()> {
    let name = match is_standard(file) {
        true => "standard input".to_owned(),
        false => quoted(file),
    };
    let bytes = format::read(file)?;
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    let text = match text_of(&bytes) {
        Ok(text) => text,
        Err(error) => {
            bad.push(Refusal {
                line: error.line(),
                column: error.column(),
                reason: error.to_string(),
            });
            ""
        }
    };
    for rule in judged(text, whole_language) {
        match rule {
            Ok(rule) => good.push(rule),
            Err(refusal) => bad.push(refusal),
        }
    }
    if as_json {
        let rules = good.iter().map(|rule| {
            let mut shown = String::new();
            // Writing to a string does not fail.
            let _ = write_rule(rule, text, &mut shown);
            shown
        });
        let refused = bad.iter().map(|refusal| {
            json!({"line": refusal.line, "column": refusal.column, "reason": refusal.reason})
        });
        if_read(json::print(&json!({
            "good": bad.is_empty(),
            "rules": rules.collect::<Vec<_>>(),
            "refused": refused.collect::<Vec<_>>(),
        })))?;
    } else {
        for refusal in &bad {
            complain_of_place(format_args!("{name}: {refusal}"));
        }
    }
    if !bad.is_empty() {
        let rules = count(bad.len(), "rule");
        return Err(No::error(format!("{name}: {rules} refused")));
    }
    if as_json {
        return Ok(());
    }
    // As in the kernel, no rule is a policy as well: nothing is measured or appraised by it.
    remark(format_args!(
        "{name}: {}, all good",
        count(good.len(), "rule")
    ))
}
