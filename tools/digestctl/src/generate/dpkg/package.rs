// SPDX-License-Identifier: GPL-2.0

//! The files of one package, as dpkg's database has them.

use std::{
    collections::HashSet,
    path::{
        Path,
        PathBuf, //
    }, //
};

use anyhow::{
    Context,
    Result, //
};

use super::{
    super::{
        conffiles::{
            conffiles_of,
            lines,
            relative, //
        },
        Args,
        MAINTAINER_SCRIPTS, //
    },
    File,
    INFO, //
};
use crate::{
    report::quoted,
    rooted::{
        Links,
        Root, //
    }, //
};

/// The packages that were removed and not purged, as dpkg names their files. What their lists name
/// is what the administrator may have kept of their configuration.
pub(super) fn removed(args: &Args, root: &Root) -> Result<HashSet<String>> {
    let path = Path::new("var/lib/dpkg/status");
    let status = root
        .read(path)
        .with_context(|| format!("cannot read {}", quoted(&args.root.join(path))))?
        .unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let mut removed = HashSet::new();
    for paragraph in status.split("\n\n") {
        let field = |name: &str| {
            let line = paragraph.lines().find_map(|line| line.strip_prefix(name));
            line.map_or("", str::trim)
        };
        if field("Status:").ends_with(" config-files") {
            let name = field("Package:");
            removed.insert(name.to_owned());
            removed.insert(format!("{name}:{}", field("Architecture:")));
        }
    }
    Ok(removed)
}

/// Adds the files of `package` to `files`, and what its sums do not say to `errors`. Of one that
/// `is_removed` only the scripts are left.
pub(super) fn read(
    args: &Args,
    root: &Root,
    package: &str,
    is_removed: bool,
    files: &mut Vec<File>,
    errors: &mut Vec<String>,
) -> Result<()> {
    let name = package.split(':').next().unwrap_or(package);
    let of_kind = |kind: &str| {
        if is_removed {
            return Ok(None);
        }
        let path = Path::new(INFO).join(format!("{package}.{kind}"));
        root.read(&path)
            .with_context(|| format!("cannot read {}", quoted(&args.root.join(&path))))
    };
    let mut add = |path, md5, mutable| {
        files.push(File {
            package: name.to_owned(),
            path,
            md5,
            mutable,
        });
    };
    let conffiles = conffiles_of(&of_kind("conffiles")?.unwrap_or_default());
    // A file that another package took over (Replaces:) is taken out of this list, and its sum
    // stays.
    let list: Option<HashSet<PathBuf>> =
        of_kind("list")?.map(|list| lines(&list).map(relative).collect());
    let own = |path: &Path| list.as_ref().is_none_or(|list| list.contains(path));
    match of_kind("md5sums")? {
        Some(sums) => {
            for line in lines(&sums) {
                match sum_of(line) {
                    // The administrator may change these, whether the package has a sum or not.
                    Some((path, _)) if conffiles.contains(&path) || !own(&path) => (),
                    Some((path, md5)) => add(path, Some(md5), false),
                    None => errors.push(format!(
                        "{package}.md5sums: no sum and name: '{}'",
                        line.escape_ascii()
                    )),
                }
            }
        }
        // Not every package has sums.
        None => {
            let list = list.iter().flatten();
            let mut paths: Vec<_> = list.filter(|path| !conffiles.contains(*path)).collect();
            paths.sort();
            paths
                .into_iter()
                .for_each(|path| add(path.clone(), None, false));
        }
    }
    let mut conffiles: Vec<_> = conffiles.into_iter().collect();
    conffiles.sort();
    conffiles.into_iter().for_each(|path| add(path, None, true));
    for script in MAINTAINER_SCRIPTS {
        let path = Path::new(INFO).join(format!("{package}.{script}"));
        if root.find(&path, Links::Followed)?.is_some() {
            add(path, None, false);
        }
    }
    Ok(())
}

/// The name and the sum that a line has. Between them are two spaces, or one, or ` *` for a file
/// that was read as binary; names may begin with `./`.
fn sum_of(line: &[u8]) -> Option<(PathBuf, String)> {
    let (sum, rest) = line.split_at_checked(32)?;
    if !sum.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let rest = rest.strip_prefix(b" ")?;
    let name = match rest {
        [b' ' | b'*', name @ ..] => name,
        name => name,
    };
    let sum = String::from_utf8_lossy(sum).to_ascii_lowercase();
    (!name.is_empty()).then(|| (relative(name), sum))
}
