// SPDX-License-Identifier: GPL-2.0

//! Replays the committed corpus through every fuzz target, and what a few simple changes make of
//! it.

use std::{
    fs,
    path::Path, //
};

use host_tests::fuzz::TARGETS;

#[test]
fn the_corpus_and_what_one_changed_byte_makes_of_it_is_survived() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for (name, target) in TARGETS {
        let mut files = 0;
        let mut inputs = 0;
        for file in fs::read_dir(corpus.join(name)).unwrap() {
            let data = fs::read(file.unwrap().path()).unwrap();
            target(&data);
            for position in 0..data.len() {
                for value in [0, 1, 0x7f, 0x80, 0xff, data[position] ^ 1] {
                    let mut changed = data.clone();
                    changed[position] = value;
                    target(&changed);
                    inputs += 1;
                }
                target(&data[..position]);
                target(&data[position..]);
                inputs += 2;
            }
            files += 1;
        }
        println!("{name}: {files} files, {inputs} inputs");
        assert!(files > 0, "no corpus for {name}");
    }
}
