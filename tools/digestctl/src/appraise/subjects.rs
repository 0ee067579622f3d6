// SPDX-License-Identifier: GPL-2.0

//! What would be accessed, how, and by whom.

use std::{
    collections::HashSet,
    ffi::OsStr,
    fs,
    io::Read,
    os::unix::{
        ffi::OsStrExt,
        fs::{
            MetadataExt,
            PermissionsExt, //
        },
    },
    path::{
        Path,
        PathBuf, //
    },
};

use anyhow::{
    Context as _,
    Result, //
};
use digest_logic::{
    lockout::{EXECUTING, INDISPENSABLE, MAPPING, OPENING_AND_MAPPING},
    policy::{
        Context,
        File,
        Func,
        Mask,
        Task, //
    },
};

use crate::{
    report::quoted,
    walk::{
        walk,
        Options, //
    }, //
};

/// The accesses by which a module is loaded from a file: its open by modprobe, and its use.
pub(crate) const MODULE: [(Func, Mask); 2] = [
    (Func::FileCheck, Mask::READ),
    (Func::ModuleCheck, Mask::READ),
];

/// One access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) path: PathBuf,
    pub(super) func: Func,
    mask: Mask,
    ids: Ids,
    label: Option<String>,
}

/// Ids of a task: real, effective and saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Ids {
    uid: [u32; 3],
    gid: [u32; 3],
    /// `CAP_SETUID` and `CAP_SETGID`.
    capable: [bool; 2],
}

/// All of them.
#[derive(Default)]
pub(crate) struct Subjects {
    pub(crate) found: Vec<Subject>,
    pub(crate) errors: Vec<String>,
}

impl Subject {
    /// The access as rules see it.
    pub(super) fn context<'a>(&'a self, file: &File<'a>) -> Context<'a> {
        let Ids { uid, gid, capable } = self.ids;
        Context {
            func: self.func,
            mask: self.mask,
            task: Task {
                uid: uid[0],
                euid: uid[1],
                suid: uid[2],
                cap_setuid: capable[0],
                gid: gid[0],
                egid: gid[1],
                sgid: gid[2],
                cap_setgid: capable[1],
                label: self.label.as_deref(),
            },
            file: Some(*file),
            data: None,
        }
    }
}

impl Subjects {
    /// The programs of the running processes and what they have mapped for execution, and what is
    /// indispensable: what the module asks about before it takes a policy.
    pub(crate) fn running() -> Result<Self> {
        let mut subjects = Self::default();
        let mut seen = HashSet::new();
        for entry in fs::read_dir("/proc").context("cannot read /proc")? {
            let process = entry?.path();
            let is_process = process
                .file_name()
                .is_some_and(|name| name.as_bytes().iter().all(u8::is_ascii_digit));
            if !is_process {
                continue;
            }
            // A process may end meanwhile; a kernel thread has no program.
            let (Ok(status), Ok(maps)) = (
                fs::read_to_string(process.join("status")),
                fs::read(process.join("maps")),
            ) else {
                continue;
            };
            let Some(ids) = Ids::parse(&status) else {
                continue;
            };
            let label = fs::read_to_string(process.join("attr/current")).ok();
            let label = label.map(|label| label.trim_end_matches(['\0', '\n']).to_owned());
            let program = fs::read_link(process.join("exe")).ok();
            // The name is one of the process's own mount namespace, where it may be another file's.
            let mut add = |uses: &[(Func, Mask)], path: PathBuf, used: &Path| {
                if !is_same(&path, used) {
                    subjects.elsewhere(&path);
                    return;
                }
                let key = (
                    path.clone(),
                    uses == OPENING_AND_MAPPING,
                    ids,
                    label.clone(),
                );
                if seen.insert(key) {
                    subjects.take(path, uses, ids, label.as_deref());
                }
            };
            if let Some(program) = program {
                add(&EXECUTING, program, &process.join("exe"));
            }
            for (range, path) in maps
                .split(|byte| *byte == b'\n')
                .filter_map(mapped_for_execution)
            {
                add(
                    &OPENING_AND_MAPPING,
                    path,
                    &process.join("map_files").join(range),
                );
            }
        }
        for path in INDISPENSABLE
            .iter()
            .map(|path| PathBuf::from(OsStr::from_bytes(path.to_bytes())))
        {
            if path.exists() {
                subjects.take(path.clone(), &EXECUTING, Ids::of(0), None);
                subjects.take(path, &OPENING_AND_MAPPING, Ids::of(0), None);
            }
        }
        subjects.sort();
        Ok(subjects)
    }

    /// The files below `paths`, as a user could use them.
    pub(super) fn below(paths: &[PathBuf], uid: u32) -> Self {
        let walk = walk(
            paths,
            &Options {
                one_file_system: false,
                except: Path::new(""),
            },
            |_| (),
        );
        let ids = Ids::of(uid);
        let mut subjects = Self {
            found: Vec::new(),
            errors: walk.errors,
        };
        for file in walk.files {
            for (func, mask) in uses_of(&file.path) {
                subjects.found.push(Subject {
                    path: file.path.clone(),
                    func,
                    mask,
                    ids,
                    label: None,
                });
            }
        }
        subjects.sort();
        subjects
    }

    /// Takes a file that root uses.
    pub(crate) fn of_root(&mut self, path: PathBuf, uses: &[(Func, Mask)]) {
        self.take(path, uses, Ids::of(0), None);
    }

    /// Takes those of `others` that are not here yet.
    pub(crate) fn add(&mut self, others: Self) {
        self.errors.extend(others.errors);
        self.found.extend(others.found);
        self.sort();
        self.found.dedup();
    }

    fn take(&mut self, path: PathBuf, uses: &[(Func, Mask)], ids: Ids, label: Option<&str>) {
        // The kernel appends this to the name of what was replaced; the content is not to be had by
        // the name.
        if path.as_os_str().as_bytes().ends_with(b" (deleted)") {
            self.errors.push(format!(
                "{}: in use, but replaced since: restart what uses it",
                quoted(&path)
            ));
        } else if !path.exists() {
            self.elsewhere(&path);
        } else {
            self.found.extend(uses.iter().map(|(func, mask)| Subject {
                path: path.clone(),
                func: *func,
                mask: *mask,
                ids,
                label: label.map(str::to_owned),
            }));
        }
    }

    fn elsewhere(&mut self, path: &Path) {
        self.errors.push(format!(
            "{}: in use in another mount namespace",
            quoted(path)
        ));
    }

    fn sort(&mut self) {
        self.found.sort_by(|one, other| {
            (&one.path, one.func.name()).cmp(&(&other.path, other.func.name()))
        });
        self.errors.sort();
        self.errors.dedup();
    }
}

impl Ids {
    /// Those of a user, alone in the group of the same number.
    fn of(uid: u32) -> Self {
        Self {
            uid: [uid; 3],
            gid: [uid; 3],
            capable: [uid == 0; 2],
        }
    }

    /// From `/proc/PID/status`.
    fn parse(status: &str) -> Option<Self> {
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
        let three = |name| {
            let mut ids = field(name)?.split_whitespace().map(str::parse);
            Some([ids.next()?.ok()?, ids.next()?.ok()?, ids.next()?.ok()?])
        };
        let capabilities = u64::from_str_radix(field("CapEff:")?.trim(), 16).ok()?;
        // include/uapi/linux/capability.h: CAP_SETGID is 6, CAP_SETUID is 7.
        Some(Self {
            uid: three("Uid:")?,
            gid: three("Gid:")?,
            capable: [(capabilities >> 7) & 1 == 1, (capabilities >> 6) & 1 == 1],
        })
    }
}

/// Whether `path` names the file that `used`, a link of a process in `/proc`, leads to; so too
/// where one of them cannot be told, since the process may have ended.
fn is_same(path: &Path, used: &Path) -> bool {
    match (fs::metadata(path), fs::metadata(used)) {
        (Ok(named), Ok(used)) => (named.dev(), named.ino()) == (used.dev(), used.ino()),
        _ => true,
    }
}

/// The name in `map_files`, and the file, of a line of `/proc/PID/maps` that is mapped for
/// execution.
fn mapped_for_execution(line: &[u8]) -> Option<(String, PathBuf)> {
    let mut fields = line.splitn(6, |byte| *byte == b' ');
    let (start, end) = std::str::from_utf8(fields.next()?).ok()?.split_once('-')?;
    let zeros = |address: &str| address.trim_start_matches('0').to_owned();
    let range = format!("{}-{}", zeros(start), zeros(end));
    let protection = fields.next()?;
    let path = fields.nth(3)?.trim_ascii_start();
    (protection.get(2) == Some(&b'x') && path.starts_with(b"/"))
        .then(|| (range, PathBuf::from(OsStr::from_bytes(path))))
}

/// How a file of a tree would be used.
fn uses_of(path: &Path) -> Vec<(Func, Mask)> {
    let mut uses = vec![(Func::FileCheck, Mask::READ)];
    let mut start = [0; 18];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut start));
    let is_elf = read.is_ok() && start.starts_with(b"\x7fELF");
    // ET_REL: what a module is; nobody maps that for execution.
    let is_relocatable = is_elf && start[16] == 1;
    let is_program = fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o111 != 0);
    if is_program && !is_relocatable {
        uses.extend([
            (Func::BprmCheck, Mask::EXEC),
            (Func::CredsCheck, Mask::EXEC),
        ]);
    }
    if is_elf && !is_relocatable {
        uses.extend(MAPPING.map(|func| (func, Mask::EXEC)));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if [".ko", ".ko.xz", ".ko.zst", ".ko.gz"]
        .iter()
        .any(|suffix| name.ends_with(suffix))
    {
        uses.push((Func::ModuleCheck, Mask::READ));
    }
    uses
}
