// SPDX-License-Identifier: GPL-2.0

//! Output for programs: one JSON value on standard output, whose names of fields stay
//! (`Documentation/digestctl.md`).

use std::io::{
    self,
    Write, //
};

use anyhow::Result;
use serde::Serialize;
use serde_json::{
    Map,
    Value, //
};

use crate::terminal::Printer;

/// Prints the value.
pub(crate) fn print(value: &impl Serialize) -> Result<()> {
    let mut out = Printer::json();
    match serde_json::to_writer_pretty(&mut out, value) {
        Err(error) if error.is_io() => return Err(io::Error::from(error).into()),
        written => written?,
    }
    writeln!(out)?;
    out.flush()?;
    Ok(())
}

/// Prints the value in a line.
pub(crate) fn print_line(value: &Value) -> Result<()> {
    let mut out = Printer::json();
    writeln!(out, "{value}")?;
    out.flush()?;
    Ok(())
}

/// What the module says as text: a number, `yes` or `no`, or a string.
pub(crate) fn scalar(text: &str) -> Value {
    match text {
        "yes" => true.into(),
        "no" => false.into(),
        // Not `+1`, nor `007`.
        _ => match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => number.into(),
            _ => text.into(),
        },
    }
}

/// The words `key=value` of a line of the module's, behind `first`, which has no key. Of words that
/// have none either, the text before them goes on.
pub(crate) fn words(line: &str, first: &str) -> Value {
    let mut object = Map::new();
    let mut last = first.to_owned();
    for word in line.split(' ').filter(|word| !word.is_empty()) {
        match word.split_once('=') {
            Some((key, value)) if is_key(key) => {
                last = key.to_owned();
                object.insert(last.clone(), value.into());
            }
            _ => match object.get_mut(&last) {
                Some(Value::String(text)) => {
                    text.push(' ');
                    text.push_str(word);
                }
                _ => {
                    object.insert(last.clone(), word.into());
                }
            },
        }
    }
    for value in object.values_mut() {
        if let Value::String(text) = value {
            *value = scalar(text);
        }
    }
    Value::Object(object)
}

fn is_key(key: &str) -> bool {
    !key.is_empty()
        && key
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}
