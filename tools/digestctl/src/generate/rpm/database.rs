// SPDX-License-Identifier: GPL-2.0

//! The headers of an RPM database, by the program `rpmdb`.

use std::{
    path::Path,
    process::Command, //
};

use anyhow::{
    bail,
    Context,
    Result, //
};

use crate::{
    progress,
    report::{
        detail,
        quoted, //
    }, //
};

/// The files of which a database has one, whatever its format.
const DATABASES: [&str; 3] = ["rpmdb.sqlite", "Packages.db", "Packages"];

/// The headers of a database, one after the other.
pub(super) fn export(database: Option<&Path>) -> Result<Vec<u8>> {
    // rpmdb makes an empty database where there is none.
    if let Some(database) = database {
        if !DATABASES.iter().any(|name| database.join(name).exists()) {
            bail!(
                "{} has no RPM database: none of the files {}",
                quoted(database),
                DATABASES.join(", ")
            );
        }
    }
    let mut reasons = Vec::new();
    // Databases of old releases are in a format that has to be asked for.
    for define in [None, Some("_db_backend bdb_ro")] {
        let mut command = Command::new("rpmdb");
        if let Some(define) = define {
            command.args(["--define", define]);
        }
        if let Some(database) = database {
            let database = database
                .canonicalize()
                .with_context(|| format!("cannot find {}", quoted(database)))?;
            command.arg("--dbpath").arg(database);
        }
        command.arg("--exportdb");
        detail(format_args!("running {command:?}"));
        let waiting = progress::waiting("rpmdb reads the database");
        let output = command.output();
        waiting.finish_and_clear();
        let output = output.context("cannot run rpmdb; it is in the package rpm")?;
        if output.status.success() && !output.stdout.is_empty() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().map(str::trim).filter(|line| !line.is_empty());
        reasons.extend(said.map(str::to_owned));
    }
    reasons.dedup();
    if reasons.is_empty() {
        bail!("rpmdb finds no package in this database");
    }
    bail!(
        "rpmdb does not read this database: {}. It wants to write a lock there: give a copy of a \
         database that is on a read-only file system",
        reasons.join("; ")
    )
}
