// SPDX-License-Identifier: GPL-2.0

//! Help, and how wrong usage is told from failure.

use crate::Place;

#[test]
fn wrong_usage_is_status_2() {
    let place = Place::new();
    for line in [
        "",
        "no-such-command",
        "generate",
        "generate tree",
        "generate -o list",
        "metadata -o meta",
        "metadata list",
        "load",
        "load a b",
        "show",
        "show --format tape x",
        "status extra",
        "policy",
        "policy check",
    ] {
        let ran = place.run(line);
        assert_eq!(ran.code, 2, "{line}: {}", ran.err);
        assert!(ran.err.contains("--help"), "{line}: {}", ran.err);
    }
}

#[test]
fn every_command_explains_itself() {
    let place = Place::new();
    for command in [
        "generate",
        "metadata",
        "load",
        "status",
        "show",
        "policy check",
    ] {
        place
            .run(&format!("{command} --help"))
            .good()
            .printed(&format!("Usage: digestctl {command}"))
            .printed("\n  1  no: ")
            .printed("\n  2  failed, could not be judged, or wrong usage");
    }
    for command in ["generate", "metadata", "load", "show", "policy check"] {
        place
            .run(&format!("{command} --help"))
            .good()
            .printed("Examples:\n  digestctl ");
    }
    // What was written all the same, and what could not be loaded at all.
    for command in ["generate", "load", "repo publish"] {
        place
            .run(&format!("{command} --help"))
            .good()
            .printed("the exit status is 2 ");
    }
    place
        .run("--help")
        .good()
        .printed("Exit status:\n  0  done; what was asked is so");
    place.run("--version").good().printed("digestctl ");
}
