// SPDX-License-Identifier: GPL-2.0

//! `digestctl`: makes, shows and loads the digest lists of the `digest_lists` kernel module.
//!
//! This file is the command line and nothing else; each command has a file of its own. Every
//! format is read and written by the crate that the module itself links.

mod appraise;
mod armor;
mod attest;
mod colour;
mod convert;
mod diff;
mod doctor;
mod documents;
mod elf;
mod enroll;
mod evidence;
mod exit;
mod export;
mod format;
mod generate;
mod hash;
mod json;
mod keys;
mod load;
mod log;
mod machine;
mod metadata;
mod openssl;
mod output;
mod policy;
mod predict;
mod progress;
mod query;
mod remove;
mod repo;
mod report;
mod rooted;
mod securityfs;
mod show;
mod sign;
mod signature;
mod status;
mod terminal;
mod verify;
mod verify_evidence;
mod walk;
mod watch;

use std::process::ExitCode;

use clap::{
    CommandFactory,
    FromArgMatches,
    Parser,
    Subcommand, //
};

/// Makes, shows and loads the digest lists of the digest_lists kernel module.
#[derive(Parser)]
#[command(version, max_term_width = 100, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Say only what was asked for, and what went wrong
    #[arg(short, long, global = true)]
    quiet: bool,

    /// Say on standard error what is done: files written, programs run, requests to the kernel
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    verbose: bool,
}

const AFTER_HELP: &str = "\
Wherever a file is read or written, - is standard input or output.

Example, as root:
  digestctl generate -x / -o /etc/digest_lists/lists/base
  digestctl sign /etc/digest_lists/lists/base --key key.pem --cert cert.pem
  digestctl metadata /etc/digest_lists/lists/base -o /etc/digest_lists/metadata
  modprobe digest_lists ima_policy=tcb
  digestctl load /etc/digest_lists/metadata
  digestctl status";

#[derive(Subcommand)]
enum Command {
    Generate(generate::Args),
    Sign(sign::Args),
    Verify(verify::Args),
    VerifyEvidence(verify_evidence::Args),
    Metadata(metadata::Args),
    Load(load::Args),
    Remove(remove::Args),
    Query(query::Args),
    #[command(subcommand)]
    Keys(keys::Command),
    Status(status::Args),
    Watch(watch::Args),
    Doctor(doctor::Args),
    Show(show::Args),
    Diff(diff::Args),
    Convert(convert::Args),
    #[command(subcommand)]
    Policy(policy::Command),
    Appraise(appraise::Args),
    Attest(attest::Args),
    #[command(subcommand)]
    Enroll(enroll::Command),
    Predict(predict::Args),
    #[command(subcommand)]
    Export(export::Command),
    #[command(subcommand)]
    Repo(repo::Command),
    #[command(subcommand)]
    Log(log::Command),
    Documents(documents::Args),
}

fn main() -> ExitCode {
    let cli = Cli::from_arg_matches(&command_line().get_matches());
    let cli = cli.unwrap_or_else(|error| error.exit());
    report::set_level(cli.quiet, cli.verbose);
    exit::code(match cli.command {
        Command::Generate(args) => generate::run(&args),
        Command::Sign(args) => sign::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::VerifyEvidence(args) => return verify_evidence::run(&args),
        Command::Metadata(args) => metadata::run(&args),
        Command::Load(args) => load::run(&args),
        Command::Remove(args) => remove::run(&args),
        Command::Query(args) => query::run(&args),
        Command::Keys(command) => keys::run(&command),
        Command::Status(args) => status::run(&args),
        Command::Watch(args) => watch::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Convert(args) => convert::run(&args),
        Command::Policy(command) => policy::run(&command),
        Command::Appraise(args) => appraise::run(&args),
        Command::Attest(args) => attest::run(&args),
        Command::Enroll(command) => return enroll::run(&command),
        Command::Predict(args) => predict::run(&args),
        Command::Export(command) => export::run(&command),
        Command::Repo(command) => repo::run(&command),
        Command::Log(command) => log::run(&command),
        Command::Documents(args) => documents::run(&args, command_line()),
    })
}

/// The command line, with the exit status in the help of each command.
fn command_line() -> clap::Command {
    with_status(Cli::command())
}

fn with_status(command: clap::Command) -> clap::Command {
    let own = command.get_after_help().map(ToString::to_string);
    let help = match own {
        // Some have more to say of it.
        Some(own) if own.contains("Exit status") => own,
        Some(own) => format!("{}\n\n{own}", exit::HELP),
        None => exit::HELP.to_owned(),
    };
    command.mut_subcommands(with_status).after_help(help)
}
