// SPDX-License-Identifier: GPL-2.0

//! Many machines in one run.

use std::{
    collections::HashSet,
    io::Write,
    path::Path, //
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
    Args,
    Machine, //
};
use crate::{
    evidence::{
        lists::printable,
        reason::Verdict,
        state::{
            State,
            States, //
        },
        trust::Trust,
        verdict::Judgement, //
    },
    format,
    report::{
        count,
        quoted, //
    },
};

/// How many machines are judged before what is remembered of them is written.
const PIECE: usize = 512;

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
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for piece in machines.chunks(PIECE) {
        let judged: Vec<_> = pool.install(|| {
            let judged = piece.par_iter().map(|machine| {
                let judged = machine.judge(args, trust, &states);
                judged.and_then(|(judgement, state)| {
                    let verdict = judgement.verdict();
                    shown(machine, &judgement, args.json).map(|text| (verdict, text, state))
                })
            });
            judged.collect()
        });
        let mut remembered: Vec<(&Path, &State)> = Vec::new();
        for (machine, judged) in piece.iter().zip(&judged) {
            let verdict = match judged {
                Ok((verdict, text, state)) => {
                    out.write_all(text)?;
                    remembered.extend(machine.state.zip(state.as_ref()));
                    *verdict
                }
                Err(error) => {
                    out.write_all(&failed(machine, error, args.json)?)?;
                    Verdict::Unjudged
                }
            };
            counts[usize::from(verdict.status())] += 1;
            worst = worst.max(verdict);
        }
        states.write(&remembered)?;
        out.flush()?;
    }
    if !args.json {
        let [trusted, untrusted, unjudged] = counts;
        let all = count(machines.len(), "machine");
        writeln!(
            out,
            "{all}: {trusted} trusted, {untrusted} not trusted, {unjudged} not judged"
        )?;
        out.flush()?;
    }
    Ok(worst)
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
        let path = |word| (word != "-").then_some(Path::new(word));
        let state = path(state);
        // The second one would begin where the first one began.
        if !state.is_none_or(|state| states.insert(state)) {
            bail!("line {number}: another line has the same state");
        }
        machines.push(Machine {
            evidence: Path::new(evidence),
            nonce,
            ak: path(ak),
            state,
        });
    }
    Ok(machines)
}

/// The verdict as it is printed.
fn shown(machine: &Machine<'_>, judgement: &Judgement, json: bool) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    if json {
        let mut value = serde_json::to_value(judgement)?;
        value["evidence"] = name(machine);
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
