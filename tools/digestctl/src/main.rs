// SPDX-License-Identifier: GPL-2.0

//! `digestctl`: makes, shows and loads the digest lists of the `digest_lists` kernel module.
//!
//! This file is the command line and nothing else; each command has a file of its own. Every
//! format is read and written by the crate that the module itself links.

mod appraise;
mod armor;
mod attest;
mod enroll;
mod evidence;
mod export;
mod format;
mod generate;
mod hash;
mod keys;
mod load;
mod log;
mod machine;
mod metadata;
mod openssl;
mod output;
mod policy;
mod predict;
mod query;
mod remove;
mod repo;
mod report;
mod securityfs;
mod show;
mod sign;
mod signature;
mod status;
mod verify;
mod verify_evidence;
mod walk;

use std::{
    io::ErrorKind,
    process::ExitCode, //
};

use clap::{
    Parser,
    Subcommand, //
};

/// Makes, shows and loads the digest lists of the digest_lists kernel module.
#[derive(Parser)]
#[command(version, max_term_width = 100, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Exit status:
  0  done
  1  failed; the reason is on standard error
  2  wrong usage

Example, as root:
  digestctl generate -x / -o /etc/digest_lists/base
  digestctl sign /etc/digest_lists/base --key key.pem --cert cert.pem
  digestctl metadata /etc/digest_lists/base -o /etc/digest_lists/metadata
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
    Show(show::Args),
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
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
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
        Command::Show(args) => show::run(&args),
        Command::Policy(command) => policy::run(&command),
        Command::Appraise(args) => appraise::run(&args),
        Command::Attest(args) => attest::run(&args),
        Command::Enroll(command) => return enroll::run(&command),
        Command::Predict(args) => predict::run(&args),
        Command::Export(command) => export::run(&command),
        Command::Repo(command) => repo::run(&command),
        Command::Log(command) => log::run(&command),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("digestctl: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the reader of our output had enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
