// SPDX-License-Identifier: GPL-2.0

//! What follows from the facts that hooks are passed.

use digest_logic::{
    cache::shortcut::{
        Opened,
        Subject,
        Way, //
    },
    hook::{
        maps_another_content,
        remaps,
        KeyEvent, //
    },
    storage::Facts, //
};

#[test]
fn a_key_counts_by_the_name_of_its_keyring_and_by_its_type() {
    let cases: &[(Option<&[u8]>, bool, KeyEvent)] = &[
        (Some(b".blacklist"), false, KeyEvent::Blacklisted),
        (Some(b".blacklist"), true, KeyEvent::Blacklisted),
        (Some(b".ima"), true, KeyEvent::Added(b".ima")),
        (Some(b".ima"), false, KeyEvent::Other),
        (Some(b".blacklist2"), true, KeyEvent::Added(b".blacklist2")),
        (Some(b"blacklist"), false, KeyEvent::Other),
        (Some(b""), true, KeyEvent::Added(b"")),
        (None, true, KeyEvent::Other),
        (None, false, KeyEvent::Other),
    ];
    for (keyring, is_asymmetric, want) in cases {
        assert_eq!(
            KeyEvent::new(*keyring, *is_asymmetric),
            *want,
            "{keyring:?}"
        );
    }
}

#[test]
fn a_mapping_has_another_content_only_if_a_stacked_file_system_maps_another_layer_than_it_reads() {
    // The file, what a read of it reads, what is mapped.
    assert!(!maps_another_content("overlay", "lower", || "lower"));
    assert!(maps_another_content("overlay", "upper", || "lower"));
    // erofs maps a shared inode, and reads by itself; nothing else is asked then.
    assert!(!maps_another_content("erofs", "erofs", || panic!(
        "asked for what does not count"
    )));
}

#[test]
fn an_ioctl_that_gives_files_other_storage_is_told_by_group_and_number() {
    // EXT4_IOC_MOVE_EXT, FIDEDUPERANGE, F2FS_IOC_MOVE_RANGE by programs of 64 and of 32 bits.
    for cmd in [0xc028_660f, 0xc018_9436, 0xc020_f509, 0xc01c_f509] {
        assert!(remaps(cmd), "{cmd:#x}");
    }
    // F2FS_IOC_START_ATOMIC_WRITE, F2FS_IOC_START_ATOMIC_REPLACE.
    for cmd in [0xf501, 0xf519] {
        assert!(remaps(cmd), "{cmd:#x}");
    }
    // FICLONE, FICLONERANGE, FS_IOC_GETFLAGS, TCGETS, F2FS_IOC_COMMIT_ATOMIC_WRITE.
    for cmd in [0x4004_9409, 0x4020_940d, 0x8008_6601, 0x5401, 0xf502] {
        assert!(!remaps(cmd), "{cmd:#x}");
    }
}

const REGULAR: Opened = Opened {
    is_regular: true,
    is_writable: false,
    is_direct: false,
    has_writers: false,
};

#[test]
fn a_shortcut_is_for_regular_files_that_are_only_read_through_the_page_cache() {
    assert!(REGULAR.is_eligible());
    let others = [
        (
            "a directory",
            Opened {
                is_regular: false,
                ..REGULAR
            },
        ),
        (
            "open for writing",
            Opened {
                is_writable: true,
                ..REGULAR
            },
        ),
        (
            "past the page cache",
            Opened {
                is_direct: true,
                ..REGULAR
            },
        ),
        (
            "written by another task",
            Opened {
                has_writers: true,
                ..REGULAR
            },
        ),
    ];
    for (name, opened) in others {
        assert!(!opened.is_eligible(), "{name}");
    }
}

#[test]
fn a_shortcut_is_for_files_whose_changes_show() {
    let ext4 = Facts {
        magic: 0xef53,
        counts_changes: true,
        fine_times: true,
        ..Facts::default()
    };
    let plain = Way {
        is_stacked: false,
        is_idmapped: false,
        storage: ext4,
    };
    assert!(plain.is_eligible());
    let storage = |storage| Way { storage, ..plain };
    let others = [
        (
            "overlayfs",
            Way {
                is_stacked: true,
                ..plain
            },
        ),
        (
            "an idmapped mount",
            Way {
                is_idmapped: true,
                ..plain
            },
        ),
        (
            "no change counter",
            storage(Facts {
                counts_changes: false,
                ..ext4
            }),
        ),
        (
            "coarse times",
            storage(Facts {
                fine_times: false,
                ..ext4
            }),
        ),
        (
            "tmpfs",
            storage(Facts {
                magic: 0x0102_1994,
                ..ext4
            }),
        ),
    ];
    for (name, way) in others {
        assert!(!way.is_eligible(), "{name}");
    }
}

#[test]
fn a_shortcut_is_for_tasks_with_one_user_and_one_group() {
    let one = Subject {
        uids: [1000; 3],
        gids: [100; 3],
    };
    assert_eq!(one.one(), Some((1000, 100)));
    for place in 0..3 {
        let mut several = one;
        several.uids[place] = 0;
        assert_eq!(several.one(), None, "user id {place}");
        let mut several = one;
        several.gids[place] = 0;
        assert_eq!(several.one(), None, "group id {place}");
    }
}
