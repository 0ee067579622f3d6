// SPDX-License-Identifier: GPL-2.0

//! Causes of refusal: their errnos and texts, and the tables of the documents.

use std::{
    collections::HashSet,
    fs,
    path::{
        Path,
        PathBuf, //
    }, //
};

use digest_logic::{
    openpgp::{
        PublicKeyAlgo,
        WeakHash, //
    },
    refusal::{
        Cause,
        Layer, //
    }, //
};

#[test]
fn every_cause_of_a_format_has_an_errno_of_its_own_and_every_cause_a_text() {
    let texts: HashSet<&str> = Cause::ALL.iter().map(|cause| cause.row()).collect();
    assert_eq!(texts.len(), Cause::ALL.len());
    let mut errnos = HashSet::new();
    for cause in Cause::ALL {
        assert_eq!(cause.to_string(), cause.text());
        let is_of_bytes = !matches!(
            cause.layer(),
            Layer::File | Layer::Trust | Layer::Request | Layer::Policy
        );
        if is_of_bytes {
            let number = cause.errno().number();
            assert!(errnos.insert(number), "{cause:?}");
            // What Linux knows, without those that tell of files, memory, permissions and keys.
            assert!((1..=133).contains(&number), "{cause:?}");
            for other in [1, 2, 4, 5, 9, 11, 12, 13, 14, 16, 21, 22, 27, 126, 127, 128] {
                assert_ne!(number, other, "{cause:?}");
            }
        }
    }
}

#[test]
fn algorithms_that_cannot_be_verified_are_refused_by_name() {
    let cases = [
        (16, "Elgamal"),
        (17, "DSA"),
        (22, "EdDSA"),
        (27, "Ed25519"),
        (28, "Ed448"),
        (30, "ML-DSA-65+Ed25519"),
        (31, "ML-DSA-87+Ed448"),
        (32, "SLH-DSA"),
    ];
    for (id, name) in cases {
        let algo = PublicKeyAlgo::from_id(id);
        assert_eq!(algo.to_string(), name);
        let error = algo.verifiable().unwrap_err();
        assert_eq!(error, Cause::UnverifiableSignature(algo));
        assert!(error.text().contains(name), "{}", error.text());
    }
    for (hash, name) in [
        (WeakHash::Md5, "MD5"),
        (WeakHash::Sha1, "SHA-1"),
        (WeakHash::Ripemd160, "RIPEMD-160"),
    ] {
        assert!(Cause::WeakSignatureHash(hash).text().contains(name));
    }
    for id in 0..=u8::MAX {
        let algo = PublicKeyAlgo::from_id(id);
        let expected = matches!(id, 1 | 3 | 19);
        assert_eq!(algo.verifiable().is_ok(), expected, "{id}");
    }
}

/// The name of a layer in the documents.
fn name_of(layer: Layer) -> &'static str {
    match layer {
        Layer::Format => "any format",
        Layer::Metadata => "metadata",
        Layer::File => "files",
        Layer::List => "lists",
        Layer::Header => "RPM headers",
        Layer::Signature => "signatures and keys",
        Layer::Trust => "trust",
        Layer::Request => "requests",
        Layer::Policy => "policies",
        Layer::Internal => "inside the module",
    }
}

/// The table of the causes of the layers that `names` has, separated by commas.
fn table_of(names: &str) -> String {
    let mut table = String::from("| errno | cause, as the kernel log has it |\n|---|---|\n");
    let many = names.contains(',');
    for name in names.split(", ") {
        let rows: Vec<&Cause> = Cause::ALL
            .iter()
            .filter(|cause| name_of(cause.layer()) == name)
            .collect();
        assert!(!rows.is_empty(), "no layer is called {name}");
        if many {
            table += &format!("| | *{name}* |\n");
        }
        for cause in rows {
            table += &format!("| `{}` | {} |\n", cause.errno().name(), cause.row());
        }
    }
    table
}

/// `text` with the tables after the comments `<!-- refusals: LAYER, ... -->` as they must be.
fn with_tables(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        out += line;
        let names = line
            .trim_end()
            .strip_prefix("<!-- refusals: ")
            .and_then(|rest| rest.strip_suffix(" -->"));
        if let Some(names) = names {
            out += "\n";
            out += &table_of(names);
            while lines
                .next_if(|line| line.trim().is_empty() || line.starts_with('|'))
                .is_some()
            {}
            out += "\n";
        }
    }
    out
}

/// The text of a document.
fn document(name: &str) -> (PathBuf, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../Documentation")
        .join(name);
    let text = fs::read_to_string(&path).unwrap();
    (path, text)
}

#[test]
fn the_tables_of_the_interfaces_are_those_of_the_module() {
    let (path, text) = document("abi.md");
    let expected = with_tables(&text);
    if std::env::var_os("DIGEST_LISTS_WRITE_TABLES").is_some() {
        fs::write(path, &expected).unwrap();
        return;
    }
    assert!(
        text == expected,
        "Documentation/abi.md differs from src/logic/refusal.rs; \
         DIGEST_LISTS_WRITE_TABLES=1 writes its tables anew:\n{expected}"
    );
}

/// The errnos in the columns of that name of the tables in `text`.
fn errnos_in_tables(text: &str) -> HashSet<&str> {
    let mut column = None;
    let mut errnos = HashSet::new();
    for line in text.lines() {
        let mut cells = line.split('|').map(str::trim);
        column = match (line.starts_with('|'), column) {
            (false, _) => None,
            (true, None) => Some(cells.clone().position(|cell| cell == "errno")),
            (true, known) => known,
        };
        if let Some(cell) = column.flatten().and_then(|at| cells.nth(at)) {
            errnos.extend(cell.split('`').filter(|word| word.starts_with('E')));
        }
    }
    errnos
}

#[test]
fn the_interfaces_name_every_errno_of_the_module_and_no_other() {
    let (_, text) = document("abi.md");
    let named = errnos_in_tables(&text);
    let mut of_module = HashSet::new();
    for cause in Cause::ALL {
        let name = cause.errno().name();
        if cause.layer() != Layer::Internal {
            assert!(named.contains(name), "{cause:?}: {name} is not in abi.md");
        }
        of_module.insert(name);
    }
    // What the kernel says itself: permissions, memory, file systems.
    let of_kernel = ["EPERM", "EFAULT", "ENOMEM", "EINTR", "ENOTDIR", "EIO"];
    for name in named {
        assert!(
            of_module.contains(name) || of_kernel.contains(&name),
            "abi.md has {name}"
        );
    }
}

#[test]
fn the_document_on_signatures_explains_every_refusal_of_a_signature() {
    let (_, text) = document("signatures.md");
    let (_, table) = text.split_once("\n## Refusals\n").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let named = errnos_in_tables(table);
    for cause in Cause::ALL {
        if matches!(cause.layer(), Layer::Signature | Layer::Trust) {
            let name = cause.errno().name();
            assert!(named.contains(name), "{cause:?}: {name} is not explained");
        }
    }
    for name in named {
        assert!(
            Cause::ALL.iter().any(|cause| cause.errno().name() == name),
            "signatures.md has {name}"
        );
    }
}
