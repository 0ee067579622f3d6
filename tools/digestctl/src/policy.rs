// SPDX-License-Identifier: GPL-2.0

//! `digestctl policy`: checks policies as the module does, and shows the built-in ones.

use std::{
    io::{
        Read,
        Write, //
    },
    path::{
        Path,
        PathBuf, //
    }, //
};

use anyhow::{
    anyhow,
    bail,
    Context,
    Result, //
};
use digest_logic::policy::{
    rules,
    text_of,
    write_selection,
    Capabilities, //
};

use crate::{
    format,
    report::{
        count,
        quoted, //
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
        /// The policy; - is standard input
        file: PathBuf,

        /// Accept the whole language, not only what the module serves
        #[arg(long)]
        whole_language: bool,
    },

    /// Print the rules of built-in policies
    Builtin {
        /// Names as in the module's parameter ima_policy, joined by |
        names: String,

        /// Print also the rules that the module does not serve
        #[arg(long)]
        whole_language: bool,
    },
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<()> {
    let capabilities = |whole| match whole {
        true => Capabilities::ALL,
        false => Capabilities::SERVED,
    };
    match command {
        Command::Check {
            file,
            whole_language,
        } => check(file, &capabilities(*whole_language)),
        Command::Builtin {
            names,
            whole_language,
        } => {
            let mut text = String::new();
            write_selection(names, &capabilities(*whole_language), &mut text)
                .map_err(|error| anyhow!("{error}"))?;
            std::io::stdout().write_all(text.as_bytes())?;
            Ok(())
        }
    }
}

fn check(file: &Path, capabilities: &Capabilities) -> Result<()> {
    let (name, bytes) = if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin()
            .read_to_end(&mut bytes)
            .context("cannot read standard input")?;
        ("standard input".to_owned(), bytes)
    } else {
        (quoted(file), format::read(file)?)
    };
    let text = text_of(&bytes).map_err(|error| anyhow!("{name}: {error}"))?;
    let mut good = 0;
    let mut bad = 0;
    for rule in rules(text, capabilities) {
        match rule {
            Ok(_) => good += 1,
            Err(error) => {
                eprintln!("{name}: {error}");
                bad += 1;
            }
        }
    }
    if bad > 0 {
        bail!("{name}: {} refused", count(bad, "rule"));
    }
    if good == 0 {
        bail!("{name}: the policy has no rule");
    }
    writeln!(
        std::io::stdout(),
        "{name}: {}, all good",
        count(good, "rule")
    )?;
    Ok(())
}
