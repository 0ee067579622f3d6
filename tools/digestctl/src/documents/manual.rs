// SPDX-License-Identifier: GPL-2.0

//! Manual pages, section 8: one of the tool, and one of each command.

use std::io::Write;

use anyhow::Result;
use clap::Command;
use clap_mangen::Man;

/// The pages with the names of their files.
pub(super) fn pages(mut command: Command) -> Result<Vec<(String, Vec<u8>)>> {
    // So that global options and names are passed down.
    command.build();
    let mut pages = Vec::new();
    add(&command, "digestctl", &mut pages)?;
    Ok(pages)
}

fn add(command: &Command, name: &str, pages: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    let shown: Vec<_> = command
        .get_subcommands()
        .filter(|below| !below.is_hide_set() && below.get_name() != "help")
        .collect();
    for below in &shown {
        add(below, &format!("{name}-{}", below.get_name()), pages)?;
    }
    pages.push((format!("{name}.8"), page(command, name, &shown)?));
    Ok(())
}

fn page(command: &Command, name: &str, below: &[&Command]) -> Result<Vec<u8>> {
    let version = command.get_version().unwrap_or(env!("CARGO_PKG_VERSION"));
    let after = command.get_after_help().map(ToString::to_string);
    // The sections of the end are ours.
    let plain = command.clone().after_help("").after_long_help("");
    // clap keeps names for as long as the process lives.
    let static_name: &'static str = String::leak(name.to_owned());
    let man = Man::new(plain.name(static_name).display_name(static_name))
        .title(name)
        .section("8")
        .source(format!("digest_lists {version}"))
        .manual("digest_lists");
    let mut out = Vec::new();
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    if !below.is_empty() {
        writeln!(out, ".SH COMMANDS")?;
        for command in below {
            let about = command.get_about().map(ToString::to_string);
            let page = format!("{name}-{}", command.get_name());
            writeln!(out, ".TP\n\\fB{}\\fR(8)", escaped(&page))?;
            writeln!(out, "{}", escaped(&about.unwrap_or_default()))?;
        }
    }
    write_sections(&after.unwrap_or_default(), &mut out)?;
    write_see_also(name, &mut out)?;
    Ok(out)
}

/// What follows the options: headings that end with a colon, and lines as they stand. Text without
/// a heading is a paragraph.
fn write_sections(text: &str, out: &mut Vec<u8>) -> Result<()> {
    for paragraph in text.split("\n\n").filter(|text| !text.trim().is_empty()) {
        let (first, rest) = paragraph.split_once('\n').unwrap_or((paragraph, ""));
        if rest.is_empty() {
            writeln!(out, ".SH NOTES\n{}", escaped(first))?;
            continue;
        }
        let heading = first.trim_end_matches(':').to_uppercase();
        writeln!(out, ".SH \"{}\"\n.nf", escaped(&heading))?;
        for line in rest.lines() {
            writeln!(out, "{}", escaped(line.strip_prefix("  ").unwrap_or(line)))?;
        }
        writeln!(out, ".fi")?;
    }
    Ok(())
}

fn write_see_also(name: &str, out: &mut Vec<u8>) -> Result<()> {
    writeln!(out, ".SH \"SEE ALSO\"")?;
    if name != "digestctl" {
        writeln!(out, ".BR digestctl (8),")?;
    }
    for page in [
        "digest_lists",
        "digest_lists_metadata",
        "digest_lists_policy",
    ] {
        writeln!(out, ".BR {page} (5),")?;
    }
    writeln!(out, ".BR digest_lists_evidence (5)")?;
    Ok(())
}

/// Text that roff takes as it is.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    match text.starts_with(['.', '\'']) {
        true => format!("\\&{text}"),
        false => text,
    }
}
