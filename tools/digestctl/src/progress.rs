// SPDX-License-Identifier: GPL-2.0

//! How far work is, on terminals.

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
    match lists {
        0..=9 => ProgressBar::hidden(),
        _ => bar(lists as u64, "{wide_bar} {pos}/{len} lists {eta} left"),
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
