// SPDX-License-Identifier: GPL-2.0

//! How far work is, on terminals.

use std::time::Duration;

use indicatif::{
    ProgressBar,
    ProgressStyle, //
};

use crate::report::is_quiet;

/// A bar for so many steps.
pub(crate) fn bar(steps: u64, template: &str) -> ProgressBar {
    match is_quiet() {
        true => ProgressBar::hidden(),
        false => ProgressBar::new(steps).with_style(style(template)),
    }
}

/// A counter, where the number of steps is not known.
pub(crate) fn spinner(template: &str) -> ProgressBar {
    match is_quiet() {
        true => ProgressBar::hidden(),
        false => ProgressBar::new_spinner().with_style(style(template)),
    }
}

/// A bar for the lists of a command; none where they are few.
pub(crate) fn of_lists(lists: usize) -> ProgressBar {
    of_some(10, lists, "lists")
}

/// A bar for files of a repository that are looked at; none where they are few.
pub(crate) fn of_files(files: usize) -> ProgressBar {
    of_some(1000, files, "files of the repository")
}

/// A bar for so many steps, which are called `what`; none where they are fewer than `least`.
pub(crate) fn of_some(least: usize, steps: usize, what: &str) -> ProgressBar {
    match steps < least {
        true => ProgressBar::hidden(),
        false => bar(
            steps as u64,
            &format!("{{wide_bar}} {{pos}}/{{len}} {what} {{eta}} left"),
        ),
    }
}

/// For one step of which nobody knows how far it is: shows that it goes on.
pub(crate) fn waiting(what: &str) -> ProgressBar {
    let spinner = spinner(&format!("{{spinner}} {what} {{elapsed}}"));
    if !spinner.is_hidden() {
        // Also what takes less than that is seen once.
        spinner.tick();
        spinner.enable_steady_tick(Duration::from_millis(200));
    }
    spinner
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
