// SPDX-License-Identifier: GPL-2.0

//! Manual pages and completions, made from the definitions of the command line.

use std::process::Command;

use crate::{
    names,
    skipped,
    Place, //
};

#[test]
fn each_command_has_a_page_with_its_options_and_its_exit_status() {
    let place = Place::new();
    place.run("documents out").good();
    let pages = names(&place.path("out/man/man8"));
    for name in ["digestctl", "digestctl-generate", "digestctl-policy-check"] {
        assert!(pages.contains(&format!("{name}.8")), "{pages:?}");
    }
    for page in &pages {
        assert!(
            !page.contains("documents") && !page.contains("help"),
            "{page}"
        );
        let text = String::from_utf8(place.read(&format!("out/man/man8/{page}"))).expect("UTF-8");
        let status = text.to_uppercase().contains("EXIT STATUS");
        assert!(
            status && text.contains("could not be judged"),
            "{page}: {text}"
        );
    }
    let text = String::from_utf8(place.read("out/man/man8/digestctl-generate.8")).expect("UTF-8");
    assert!(text.contains("\\-\\-skip\\-changed") && text.contains("digestctl generate"));
}

#[test]
fn completions_are_made_for_three_shells() {
    let place = Place::new();
    place.run("documents out").good();
    for name in [
        "zsh/vendor-completions/_digestctl",
        "fish/vendor_completions.d/digestctl.fish",
    ] {
        let text = String::from_utf8(place.read(&format!("out/{name}"))).expect("UTF-8");
        assert!(text.contains("generate"), "{name}: {text}");
    }
    let bash = place.path("out/bash-completion/completions/digestctl");
    let script = format!(
        ". {}; COMP_WORDS=(digestctl gen); COMP_CWORD=1; _digestctl digestctl gen digestctl; \
         echo \"${{COMPREPLY[@]}}\"",
        bash.display()
    );
    let Ok(ran) = Command::new("bash").args(["-c", &script]).output() else {
        skipped("there is no bash");
        return;
    };
    assert_eq!(
        String::from_utf8_lossy(&ran.stdout),
        "generate\n",
        "{ran:?}"
    );
}
