// SPDX-License-Identifier: GPL-2.0

//! Many machines in one run.

use std::{
    borrow::Cow,
    collections::HashSet,
    io::Write,
    path::{
        absolute,
        Path,
        PathBuf, //
    }, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};
use rayon::{
    prelude::*,
    ThreadPoolBuilder, //
};
use serde_json::{
    json,
    Value, //
};

use super::{
    remembered,
    Args,
    Machine,
    Shown, //
};
use crate::{
    evidence::{
        reason::Verdict,
        state::{
            Memory,
            States, //
        },
        trust::Trust,
        verdict::Judgement, //
    },
    format,
    output::{
        directory_of,
        is_standard, //
    },
    progress,
    report::{
        count,
        if_read,
        quoted,
        say, //
    },
    terminal::{
        printable,
        Printer, //
    },
};

/// How many machines are judged before what is remembered of them is written.
const PIECE: usize = 512;

/// How many bytes of evidence these have, if they are more than one. Verdicts wait in memory until
/// then, and those of large evidence can be several times as large.
const MOST_EVIDENCE: u64 = 32 << 20;

/// A machine that was judged.
struct Judged {
    verdict: Verdict,
    /// The verdict as it is printed.
    text: Vec<u8>,
    /// What to remember.
    memory: Option<Memory>,
}

/// Judges the machines of the file `fleet`, and prints the verdicts in its order. Returns the
/// worst.
pub(super) fn judge(args: &Args, trust: &Trust, fleet: &Path) -> Result<Verdict> {
    let text = String::from_utf8(format::read(fleet)?)
        .with_context(|| format!("{} is no text", quoted(fleet)))?;
    let machines = machines(&text).with_context(|| quoted(fleet))?;
    let pool = ThreadPoolBuilder::new()
        .num_threads(args.jobs.unwrap_or(0))
        .build()
        .context("cannot start threads")?;
    let states = States::default();
    let mut counts = [0; 3];
    let mut worst = Verdict::Trusted;
    let mut out = match args.json {
        true => Printer::json(),
        false => Printer::text(),
    };
    let bar = progress::of_some(2, machines.len(), "machines");
    let mut rest = &machines[..];
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(together(rest));
        rest = behind;
        let mut judged: Vec<Result<Judged>> = pool.install(|| {
            let judged = piece.par_iter().map(|machine| {
                let judged = machine.judge(args, trust, &states);
                bar.inc(1);
                let (judgement, memory) = judged?;
                Ok(Judged {
                    verdict: judgement.verdict(),
                    text: shown(machine, &judgement, args.json)?,
                    memory,
                })
            });
            judged.collect()
        });
        remember(&states, piece, &mut judged);
        for (machine, judged) in piece.iter().zip(&judged) {
            let (verdict, text) = match judged {
                Ok(judged) => (judged.verdict, Cow::from(&judged.text)),
                Err(error) => {
                    let text = failed(machine, error, args.json)?;
                    (Verdict::Unjudged, text.into())
                }
            };
            if_read(bar.suspend(|| out.write_all(&text)).map_err(Into::into))?;
            counts[usize::from(verdict.status())] += 1;
            worst = worst.max(verdict);
        }
        if_read(bar.suspend(|| out.flush()).map_err(Into::into))?;
    }
    bar.finish_and_clear();
    if !args.json {
        let [trusted, untrusted, unjudged] = counts;
        let all = count(machines.len(), "machine");
        say(format_args!(
            "{all}: {trusted} trusted, {untrusted} not trusted, {unjudged} not judged"
        ))?;
    }
    Ok(worst)
}

/// How many of the machines, from the first, are judged before what is remembered of them is
/// written.
fn together(machines: &[Machine<'_>]) -> usize {
    let mut bytes = 0u64;
    let fits = |machine: &&Machine<'_>| {
        // One that is not there has none.
        let size = machine.evidence.metadata().map_or(0, |file| file.len());
        bytes = bytes.saturating_add(size);
        bytes <= MOST_EVIDENCE
    };
    let fit = machines.iter().take(PIECE).take_while(fits);
    fit.count().max(1)
}

/// Writes what is to be remembered of the machines. One of which it cannot be written was not
/// judged, as alone; the others were.
fn remember(states: &States, machines: &[Machine<'_>], judged: &mut [Result<Judged>]) {
    let all: Vec<_> = machines
        .iter()
        .zip(&*judged)
        .filter_map(|(machine, judged)| machine.state.zip(judged.as_ref().ok()?.memory.as_ref()))
        .collect();
    if states.write(&all).is_ok() {
        return;
    }
    for (machine, judged) in machines.iter().zip(judged) {
        let Ok(Judged {
            verdict,
            memory: Some(memory),
            ..
        }) = judged
        else {
            continue;
        };
        let written = machine.state.map(|state| states.write(&[(state, memory)]));
        if let Some(Err(error)) = written.map(|written| remembered(*verdict, written)) {
            *judged = Err(error);
        }
    }
}

/// The machines of the lines of `text`.
fn machines(text: &str) -> Result<Vec<Machine<'_>>> {
    let mut machines = Vec::new();
    let mut states = HashSet::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let words: Vec<&str> = line.split('\t').collect();
        let [evidence, nonce, ak, state] = words[..] else {
            bail!("line {number}: not four words with tabs between them");
        };
        if is_standard(Path::new(evidence)) {
            bail!("line {number}: evidence cannot come from standard input");
        }
        let path = |word| (word != "-").then_some(Path::new(word));
        let state = path(state);
        // The second one would begin where the first one began.
        if !state.is_none_or(|state| states.insert(place_of(state))) {
            bail!("line {number}: another line has the same state");
        }
        machines.push(Machine {
            evidence: Path::new(evidence),
            nonce,
            ak: path(ak),
            state,
        });
    }
    if machines.is_empty() {
        bail!("it names no machine");
    }
    Ok(machines)
}

/// One path for all that name the same file, which a state replaces: links on the way are followed,
/// one at the end is not.
fn place_of(state: &Path) -> PathBuf {
    let directory = directory_of(state);
    match (directory.canonicalize(), state.file_name()) {
        (Ok(directory), Some(name)) => directory.join(name),
        // It is made with its first state.
        _ => absolute(state).unwrap_or_else(|_| state.to_owned()),
    }
}

/// The verdict as it is printed.
fn shown(machine: &Machine<'_>, judgement: &Judgement, json: bool) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    if json {
        let value = Shown {
            judgement,
            evidence: Some(machine.evidence.display().to_string()),
            explained: None,
        };
        serde_json::to_writer(&mut text, &value)?;
        text.push(b'\n');
        return Ok(text);
    }
    write!(
        text,
        "{}: ",
        printable(&machine.evidence.display().to_string())
    )?;
    match judgement.verdict() {
        Verdict::Trusted => judgement.write_headline(&mut text)?,
        _ => judgement.write_text(&mut text)?,
    }
    Ok(text)
}

/// The same of a machine of which something cannot be read.
fn failed(machine: &Machine<'_>, error: &anyhow::Error, json: bool) -> Result<Vec<u8>> {
    if json {
        let verdict = Verdict::Unjudged.name();
        let value =
            json!({ "evidence": name(machine), "verdict": verdict, "error": format!("{error:#}") });
        return Ok([serde_json::to_vec(&value)?, vec![b'\n']].concat());
    }
    let evidence = machine.evidence.display().to_string();
    let line = format!(
        "{}: NOT JUDGED: {}\n",
        printable(&evidence),
        printable(&format!("{error:#}"))
    );
    Ok(line.into_bytes())
}

fn name(machine: &Machine<'_>) -> Value {
    machine.evidence.display().to_string().into()
}
