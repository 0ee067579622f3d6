// SPDX-License-Identifier: GPL-2.0

//! `digestctl documents`: manual pages and completions of the command line, made from its own
//! definitions when the tool is built. The command is hidden: no user needs it.

mod manual;

use std::path::PathBuf;

use anyhow::Result;
use clap_complete::{
    generate,
    Shell, //
};

use crate::{
    output::write_atomically,
    report::quoted, //
};

/// Make the manual pages and the completions for shells.
#[derive(clap::Args)]
#[command(hide = true)]
pub(crate) struct Args {
    /// The directory for man/ and completions/
    directory: PathBuf,
}

/// The completions of a shell, under the name by which it finds them.
const COMPLETIONS: [(Shell, &str); 3] = [
    (Shell::Bash, "digestctl"),
    (Shell::Zsh, "_digestctl"),
    (Shell::Fish, "digestctl.fish"),
];

/// Runs the command.
pub(crate) fn run(args: &Args, command: clap::Command) -> Result<()> {
    let (man, completions) = (
        args.directory.join("man"),
        args.directory.join("completions"),
    );
    for directory in [&man, &completions] {
        std::fs::create_dir_all(directory)
            .map_err(|error| anyhow::anyhow!("cannot make {}: {error}", quoted(directory)))?;
    }
    for (name, page) in manual::pages(command.clone())? {
        write_atomically(&man.join(name), &page)?;
    }
    for (shell, name) in COMPLETIONS {
        let mut text = Vec::new();
        generate(shell, &mut command.clone(), "digestctl", &mut text);
        write_atomically(&completions.join(name), &text)?;
    }
    Ok(())
}
