// SPDX-License-Identifier: GPL-2.0

//! Which storage keeps content as this kernel's writers left it.

use digest_logic::storage::{
    has_pages_to_drop,
    is_stable,
    kinds_below,
    kinds_of_disk,
    reads_by_file,
    shows_changes,
    Disk,
    Facts,
    Kinds, //
};

/// Places of real disks in sysfs.
#[test]
fn a_disk_is_told_by_its_name_and_by_the_buses_that_lead_to_it() {
    let own = Kinds::NONE;
    let cases: &[(&str, Kinds)] = &[
        // The machine's own.
        ("/devices/pci0000:00/0000:00:05.0/virtio2/block/vda", own),
        ("/devices/pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/block/sda", own),
        ("/devices/pci0000:00/0000:00:06.0/0000:01:00.0/nvme/nvme0/nvme0n1", own),
        ("/devices/pci0000:00/0000:03:00.0/host1/port-1:0/end_device-1:0/target1:0:0/1:0:0:0/block/sdb", own),
        ("/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1", own),
        ("/devices/virtual/block/ram0", own),
        ("/devices/virtual/block/zram0", own),
        ("/devices/virtual/block/dm-0", own),
        ("/devices/virtual/block/md127", own),
        ("/devices/vbd-51712/block/xvda", own),
        // Names that only begin alike.
        ("/devices/virtual/block/loopy", own),
        ("/devices/pci0000:00/usbfoo/fwupd/sessions/block/sda", own),
        // Others'.
        ("/devices/virtual/block/loop0", Kinds::LOOP),
        ("/devices/virtual/block/zloop3", Kinds::LOOP),
        ("/devices/tcm_loop_0/tcm_loop_adapter_0/host3/target3:0:1/3:0:1:0/block/sdc", Kinds::LOOP),
        ("/devices/virtual/block/nbd15", Kinds::NETWORK),
        ("/devices/rbd/0/block/rbd0", Kinds::NETWORK),
        ("/devices/virtual/block/drbd1", Kinds::NETWORK),
        ("/devices/virtual/block/etherd!e0.1", Kinds::NETWORK),
        ("/devices/platform/host2/session1/target2:0:0/2:0:0:1/block/sdb", Kinds::NETWORK),
        ("/devices/pci0000:80/0000:81:00.0/host7/rport-7:0-2/target7:0:0/7:0:0:0/block/sdd", Kinds::NETWORK),
        ("/devices/virtual/nvme-fabrics/ctl/nvme1/nvme1n1", Kinds::NETWORK),
        ("/devices/virtual/nvme-fabrics/ctl/nvme1/nvme1c1n1", Kinds::NETWORK),
        ("/devices/virtual/block/ublkb0", Kinds::USER),
        ("/devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb", Kinds::REMOVABLE),
        ("/devices/platform/floppy.0/block/fd0", Kinds::REMOVABLE),
        ("/devices/pci0000:00/0000:00:1f.2/ata2/host1/target1:0:0/1:0:0:0/block/sr0", Kinds::REMOVABLE),
        ("/devices/pci0000:00/0000:05:00.0/fw1/fw1.0/host4/target4:0:0/4:0:0:0/block/sde", Kinds::REMOVABLE),
    ];
    for (path, want) in cases {
        let disk = Disk {
            name: path.rsplit('/').next().unwrap().as_bytes(),
            path: path.as_bytes(),
            removable: false,
        };
        assert_eq!(kinds_of_disk(&disk), *want, "{path}");
        let unplugged = kinds_of_disk(&Disk {
            removable: true,
            ..disk
        });
        assert_eq!(unplugged, want.and(Kinds::REMOVABLE), "removable {path}");
    }
}

fn ext4() -> Facts {
    Facts {
        magic: 0xef53,
        needs_device: true,
        has_device: true,
        counts_changes: true,
        fine_times: true,
        has_writeback: true,
        ..Facts::default()
    }
}

fn memory() -> Facts {
    Facts {
        magic: 0x0102_1994,
        counts_changes: true,
        fine_times: true,
        ..Facts::default()
    }
}

#[test]
fn content_is_stable_and_results_are_kept_on_own_storage_only() {
    // Description, facts, disks; stable, tracked, pages that can be dropped.
    let cases = [
        ("ext4", ext4(), Kinds::NONE, (true, true, true)),
        (
            "ext4 on a loop device",
            ext4(),
            Kinds::LOOP,
            (false, false, true),
        ),
        ("ext4 on NBD", ext4(), Kinds::NETWORK, (false, false, true)),
        (
            "ext4 on a stick",
            ext4(),
            Kinds::REMOVABLE,
            (false, false, true),
        ),
        (
            "ext4 on a disk of which nothing is known",
            ext4(),
            Kinds::UNKNOWN,
            (false, false, true),
        ),
        (
            "ext4 with DAX",
            Facts {
                is_dax: true,
                ..ext4()
            },
            Kinds::NONE,
            (true, true, false),
        ),
        (
            "vfat",
            Facts {
                counts_changes: false,
                fine_times: false,
                ..ext4()
            },
            Kinds::NONE,
            (true, false, true),
        ),
        (
            "erofs from a file",
            Facts {
                magic: 0xe0f5_e1e2,
                needs_device: true,
                ..Facts::default()
            },
            Kinds::NONE,
            (false, false, false),
        ),
        (
            "eCryptfs",
            Facts {
                magic: 0xf15f,
                has_writeback: true,
                ..Facts::default()
            },
            Kinds::NONE,
            (false, false, true),
        ),
        (
            "FUSE on a block device",
            Facts {
                magic: 0x6573_5546,
                counts_changes: false,
                ..ext4()
            },
            Kinds::NONE,
            (false, false, true),
        ),
        (
            "a file system that says so itself",
            Facts {
                unverifiable: true,
                ..ext4()
            },
            Kinds::NONE,
            (false, false, true),
        ),
        ("tmpfs", memory(), Kinds::NONE, (true, false, false)),
        (
            "memfd",
            Facts {
                kernel_mount: true,
                ..memory()
            },
            Kinds::NONE,
            (false, false, false),
        ),
        (
            "memfd sealed against writing, but not against shrinking",
            Facts {
                kernel_mount: true,
                seals: 8,
                ..memory()
            },
            Kinds::NONE,
            (false, false, false),
        ),
        (
            "memfd sealed against both",
            Facts {
                kernel_mount: true,
                seals: 8 | 2 | 1,
                ..memory()
            },
            Kinds::NONE,
            (true, false, false),
        ),
    ];
    for (what, facts, disks, want) in cases {
        let below = kinds_below(&facts, disks);
        let got = (
            is_stable(&facts, below),
            is_stable(&facts, below) && shows_changes(&facts),
            has_pages_to_drop(&facts),
        );
        assert_eq!(got, want, "{what}");
    }
}

#[test]
fn two_file_systems_read_a_page_by_an_open_file_only() {
    for (magic, want) in [(0x9660, true), (0x1501_3346, true), (0xef53, false)] {
        let facts = Facts { magic, ..ext4() };
        assert_eq!(reads_by_file(&facts), want, "{magic:#x}");
    }
}

#[test]
fn storage_is_own_only_if_the_administrator_named_every_kind_of_it() {
    let loop_on_nbd = Kinds::LOOP.and(Kinds::NETWORK);
    for (own, want) in [
        ("", false),
        ("loop", false),
        ("network", false),
        ("network,loop", true),
        ("loop,network,removable,user,unknown", true),
    ] {
        let own = Kinds::parse(own.as_bytes()).unwrap();
        assert_eq!(is_stable(&ext4(), loop_on_nbd.without(own)), want);
    }
    let server = Facts {
        magic: 0x6969,
        ..Facts::default()
    };
    let all = Kinds::parse(b"loop,network,removable,user,unknown").unwrap();
    assert!(
        !is_stable(&server, Kinds::NONE.without(all)),
        "a server is never own"
    );
}

#[test]
fn a_word_that_names_no_storage_is_named_in_the_error() {
    assert_eq!(Kinds::parse(b"loop,usb,nbd"), Err(&b"usb"[..]));
    assert_eq!(Kinds::parse(b"loop,"), Err(&b""[..]));
    assert_eq!(Kinds::parse(b"Loop"), Err(&b"Loop"[..]));
    let kinds = Kinds::parse(b"user,loop").unwrap();
    assert_eq!(kinds.words().collect::<Vec<_>>(), ["loop", "user"]);
    assert_eq!(Kinds::from_bits(kinds.bits()), kinds);
}
