// SPDX-License-Identifier: GPL-2.0

//! The text of audit records, beside what the kernel's integrity subsystem writes.

use digest_logic::audit::{
    Failure,
    Matched,
    Untrusted, //
};

#[test]
fn a_string_is_quoted_unless_auditd_could_misread_it() {
    let cases: &[(&[u8], &str)] = &[
        (b"/usr/bin/true", "\"/usr/bin/true\""),
        (b"", "\"\""),
        (b"!~", "\"!~\""),
        (b"a b", "612062"),
        (b"a\"", "6122"),
        (b"\x7f", "7F"),
        (b"\x01\n", "010A"),
        ("\u{e9}".as_bytes(), "C3A9"),
        (b"\xff", "FF"),
    ];
    for (raw, want) in cases {
        assert_eq!(Untrusted(raw).to_string(), *want, "{raw:?}");
    }
}

#[test]
fn a_matched_file_is_named_with_its_digest() {
    let matched = Matched {
        path: b"/etc/a file",
        digest: "sha256:00ff",
    };
    assert_eq!(
        matched.to_string(),
        "file=2F6574632F612066696C65 hash=\"sha256:00ff\""
    );
}

const FAILURE: Failure<'static> = Failure {
    op: "appraise_data",
    cause: "unknown-content",
    comm: b"bash",
    name: b"/tmp/x",
    inode: None,
    errno: 0,
    xattr: None,
    digest: None,
    rule: 0,
};

#[test]
fn a_failure_has_imas_fields_in_imas_order_and_the_modules_own_behind() {
    assert_eq!(
        FAILURE.to_string(),
        " op=appraise_data cause=unknown-content comm=\"bash\" name=\"/tmp/x\" res=1 errno=0"
    );
    let whole = Failure {
        comm: b"a b",
        inode: Some((b"vda1", 1234)),
        errno: -13,
        xattr: Some(b"security.ima"),
        digest: Some("sha256:00ff"),
        rule: 7,
        ..FAILURE
    };
    assert_eq!(
        whole.to_string(),
        " op=appraise_data cause=unknown-content comm=612062 name=\"/tmp/x\" dev=\"vda1\" ino=1234 \
         res=0 errno=-13 xattr=\"security.ima\" hash=\"sha256:00ff\" rule=7"
    );
}
