// SPDX-License-Identifier: GPL-2.0

//! `digestctl documents`: manual pages and completions of the command line, made from its own
//! definitions when the tool is built. The command is hidden: no user needs it.

mod manual;

use std::path::PathBuf;

use anyhow::{
    Context,
    Result, //
};
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
    /// The directory that stands for /usr/share
    directory: PathBuf,
}

/// The completions of a shell, where it finds those of packages below /usr/share.
const COMPLETIONS: [(Shell, &str); 3] = [
    (Shell::Bash, "bash-completion/completions/digestctl"),
    (Shell::Zsh, "zsh/vendor-completions/_digestctl"),
    (Shell::Fish, "fish/vendor_completions.d/digestctl.fish"),
];

/// Runs the command.
pub(crate) fn run(args: &Args, command: clap::Command) -> Result<()> {
    let write = |name: &str, text: &[u8]| -> Result<()> {
        let path = args.directory.join(name);
        let directory = path.parent().unwrap_or(&args.directory);
        std::fs::create_dir_all(directory)
            .with_context(|| format!("cannot make {}", quoted(directory)))?;
        write_atomically(&path, text)
    };
    for (name, page) in manual::pages(command.clone())? {
        write(&format!("man/man8/{name}"), &page)?;
    }
    for (shell, name) in COMPLETIONS {
        let mut text = Vec::new();
        generate(shell, &mut command.clone(), "digestctl", &mut text);
        write(name, &text)?;
    }
    Ok(())
}
