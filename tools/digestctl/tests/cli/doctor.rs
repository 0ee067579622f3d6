// SPDX-License-Identifier: GPL-2.0

//! `digestctl doctor`, over trees with what the kernel and the module show.

use std::{
    env,
    ffi::OsStr,
    fs,
    io::Read,
    os::unix::{
        ffi::OsStrExt,
        fs::symlink, //
    },
    path::PathBuf,
    process::{
        Command,
        Stdio, //
    },
    time::{
        Duration,
        Instant, //
    }, //
};

use crate::{
    sign::with_keys,
    skipped,
    Place,
    Ran, //
};

const RELEASE: &str = "7.3.4+deb13-amd64";
const STATUS: &str = "root/sys/kernel/security/digest_lists/status";

/// A system on which nothing is wrong, with a list that Alice has signed.
fn healthy() -> Place {
    let place = with_keys();
    place
        .run("sign list --key alice.key --cert alice.pem")
        .good();
    for name in ["list", "list.p7s"] {
        place.file(
            &format!("root/etc/digest_lists/lists/{name}"),
            place.read(name),
        );
    }
    place.file("root/etc/digest_lists/policy", "measure digest_list\n");
    place.file("root/proc/sys/kernel/osrelease", format!("{RELEASE}\n"));
    place.file(
        &format!("root/boot/config-{RELEASE}"),
        "CONFIG_RUST=y\nCONFIG_MODULES=y\nCONFIG_SECURITYFS=y\nCONFIG_BPF_LSM=y\nCONFIG_KPROBES=y\n\
         CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y\n",
    );
    place.file(
        &format!("root/lib/modules/{RELEASE}/modules.dep"),
        "kernel/fs/fat/fat.ko.xz:\nupdates/digest_lists.ko.xz:\n",
    );
    place.file(
        "root/sys/kernel/security/lsm",
        "lockdown,capability,bpf,ima",
    );
    place.file("root/sys/class/tpm/tpm0/tpm_version_major", "2\n");
    place.file(
        "root/sys/class/tpm/tpm0/pcr-sha256/12",
        "0".repeat(64) + "\n",
    );
    place.file(
        "root/sys/kernel/tracing/enabled_functions",
        "bpf_lsm_mmap_file (1) R   I  \ttramp: 0xffffffffc0 (digest_lists_mmap_file+0x0/0x10)\n",
    );
    let version = env!("CARGO_PKG_VERSION");
    place.file(
        STATUS,
        format!(
            "version: {version}\npcr: 12\npcr_initial: zero\npolicy_rules: 3\nlists: 1\ndigests: 5\n\
             require_signature: yes\nrecords_waiting: 0\nfiles_denied: 0\n"
        ),
    );
    place.file(
        "root/sys/kernel/security/digest_lists/trusted_keys",
        "12ab algo=rsa2048 usage=sign,certify origin=module valid_from=0 valid_to=9 state=valid\n",
    );
    place
}

fn doctor(place: &Place) -> Ran {
    place.run("doctor --root root")
}

/// There is this problem and no other, with a remedy.
#[track_caller]
fn has_problem(place: &Place, about: &str, text: &str, remedy: &str) {
    let ran = doctor(place).said_no("1 problem");
    let expected = format!("problem: {about}: ");
    let lines: Vec<_> = ran.out.lines().collect();
    let at = lines
        .iter()
        .position(|line| line.starts_with(&expected))
        .unwrap_or_else(|| panic!("{}", ran.out));
    assert!(lines[at].contains(text), "{}", ran.out);
    assert!(lines[at + 1].contains(remedy), "{}", ran.out);
}

#[test]
fn a_healthy_system_has_no_problem() {
    let place = healthy();
    let ran = doctor(&place).good();
    assert!(
        !ran.out.contains("problem:") && !ran.out.contains("note:"),
        "{}",
        ran.out
    );
    for part in [
        "good: kernel: 7.3.4+deb13-amd64 has what the module needs\n",
        "good: pcr: PCR 12 starts from zero\n",
        "good: trust: 1 may sign lists\n",
        "good: next boot: 1 list signed\n",
    ] {
        assert!(ran.out.contains(part), "{}", ran.out);
    }
    let ran = place.run("doctor -q --root root").good();
    assert_eq!(ran.out, "");
}

#[test]
fn what_the_kernel_lacks_is_a_problem() {
    let place = healthy();
    place.file("root/sys/kernel/security/lsm", "lockdown,capability,yama");
    let remedy = "add lsm=lockdown,capability,yama,bpf to the kernel's command line";
    has_problem(&place, "lsm", "bpf is not among the active LSMs", remedy);
    let place = healthy();
    place.file(&format!("root/boot/config-{RELEASE}"), "CONFIG_RUST=y\n");
    has_problem(
        &place,
        "kernel",
        "CONFIG_BPF_LSM",
        "start a kernel that has them",
    );
}

#[test]
fn the_configuration_of_the_kernel_that_is_served_is_good() {
    let cache = env::var_os("CACHE")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache/digest-lists")));
    let file = cache.expect("a home").join("kernel/tree/.config");
    let Ok(config) = fs::read(&file) else {
        skipped("there is no kernel tree; run scripts/kernel");
        return;
    };
    let place = healthy();
    place.file(&format!("root/boot/config-{RELEASE}"), config);
    doctor(&place).good().printed("has what the module needs");
}

#[test]
fn a_pcr_that_does_not_start_from_zero_is_a_note() {
    let place = healthy();
    fs::remove_file(place.path(STATUS)).expect("removed");
    fs::remove_file(place.path("root/sys/kernel/security/digest_lists/trusted_keys"))
        .expect("removed");
    place.file("root/sys/class/tpm/tpm0/pcr-sha256/12", "00FF\n");
    let ran = doctor(&place).said_no("1 problem");
    assert!(
        ran.out.contains("problem: module: it is not loaded\n"),
        "{}",
        ran.out
    );
    let note = "note: pcr: PCR 12 does not start from zero: not zero in pcr-sha256\n";
    assert!(ran.out.contains(note), "{}", ran.out);
}

#[test]
fn a_module_of_another_version_and_records_that_wait_are_problems() {
    let place = healthy();
    let status = String::from_utf8(place.read(STATUS)).expect("text");
    let version = format!("version: {}\n", env!("CARGO_PKG_VERSION"));
    place.file(STATUS, status.replace(&version, "version: 0.0.9\n"));
    has_problem(
        &place,
        "module",
        "the module has version 0.0.9",
        "install both of one version",
    );
    place.file(STATUS, status.replace("waiting: 0", "waiting: 7"));
    has_problem(
        &place,
        "module",
        "7 of its records are not in the TPM",
        "records_waiting_errno",
    );
}

#[test]
fn neighbours_on_the_hooks_are_noted() {
    let place = healthy();
    place.file(
        "root/sys/kernel/tracing/enabled_functions",
        "bpf_lsm_file_open (1) R   D   M  \ttramp: 0xffffffffc0201000 (call_direct_funcs+0x0/0x10)\n\
         \tdirect-->bpf_trampoline_6442536467+0x0/0x1000\n"
            .replace("\n\tdirect", " direct"),
    );
    let ran = doctor(&place).good();
    let note = "note: hooks: BPF programs are attached as well to: file_open\n";
    assert!(ran.out.contains(note), "{}", ran.out);
}

#[test]
fn what_the_next_initramfs_will_lack_is_told() {
    let lists = "root/etc/digest_lists/lists";
    let place = healthy();
    fs::remove_file(place.path(&format!("{lists}/list.p7s"))).expect("removed");
    has_problem(&place, "next boot", "not signed: list", "digestctl sign");
    let place = healthy();
    symlink("/media/usb/other", place.path(&format!("{lists}/other"))).expect("a link");
    has_problem(&place, "next boot", "other leads nowhere", "copy the list");
    let place = healthy();
    place.file(&format!("{lists}/text"), "text");
    has_problem(
        &place,
        "next boot",
        "text is not a digest list",
        "remove it",
    );
    let place = healthy();
    place.file("root/etc/digest_lists/policy", "measure pcr=10\n");
    has_problem(
        &place,
        "next boot",
        "'pcr=10': IMA extends this PCR",
        "policy check",
    );
    let place = healthy();
    place.file("root/lib/modules/7.4/modules.dep", "");
    let ran = doctor(&place).good();
    assert!(
        ran.out.contains("note: next boot: no module for 7.4\n"),
        "{}",
        ran.out
    );
}

#[test]
fn lists_without_a_signature_are_a_note_where_none_is_required() {
    let place = healthy();
    fs::remove_file(place.path("root/etc/digest_lists/lists/list.p7s")).expect("removed");
    place.file(
        "root/etc/modprobe.d/digest_lists.conf",
        "# options digest_lists require_signature=1\n\
         options digest_lists ima_policy=exec_tcb require_signature=0\n",
    );
    let ran = doctor(&place).good();
    let note = "note: next boot: not signed: list; such lists serve measurement only\n";
    assert!(ran.out.contains(note), "{}", ran.out);
    place.file(
        "root/proc/cmdline",
        "root=/dev/vda digest_lists.require_signature=1 quiet\n",
    );
    has_problem(&place, "next boot", "not signed: list", "digestctl sign");
}

#[test]
fn no_key_that_may_sign_is_a_problem_where_lists_have_to_be_signed() {
    let place = healthy();
    let keys = "root/sys/kernel/security/digest_lists/trusted_keys";
    place.file(
        keys,
        "12ab algo=rsa2048 usage=sign state=revoked\n13 usage=certify state=valid\n",
    );
    has_problem(
        &place,
        "trust",
        "no key may sign lists",
        "digestctl keys add",
    );
}

#[test]
fn findings_are_told_to_programs() {
    let place = healthy();
    let ran = place.run("doctor --json --root root").good();
    let value: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(value[0]["about"], "kernel");
    assert_eq!(value[0]["level"], "good");
    assert_eq!(value[0]["remedy"], "");
}

#[test]
fn names_of_any_bytes_are_found_and_disturb_no_terminal() {
    let place = healthy();
    let lists = place.path("root/etc/digest_lists/lists");
    for name in [&b"list-\xff"[..], b"list\n\x1b[2Jgood: x"] {
        for suffix in [&b""[..], b".p7s"] {
            let from = lists.join(format!("list{}", String::from_utf8_lossy(suffix)));
            let to = OsStr::from_bytes(&[name, suffix].concat()).to_owned();
            fs::copy(from, lists.join(to)).expect("a copy");
        }
    }
    doctor(&place)
        .good()
        .printed("good: next boot: 3 lists signed\n");
    fs::remove_file(lists.join(OsStr::from_bytes(b"list\n\x1b[2Jgood: x.p7s"))).expect("removed");
    place.file("root/sys/kernel/security/lsm", "bpf,\x1b[2Jima");
    let ran = doctor(&place).said_no("1 problem");
    ran.printed("good: lsm: active: bpf,?[2Jima\n")
        .printed("not signed: list\\n\\x1b[2Jgood: x\n");
}

/// What is appraised, on whichever file system the test runs.
const POLICY: &str = "appraise func=BPRM_CHECK digest_list\nappraise func=MMAP_CHECK digest_list\n\
     appraise func=MODULE_CHECK digest_list\n";

/// A system whose next boot appraises what it executes. Alice's list knows the content `one` only,
/// which this program is.
fn enforcing() -> Place {
    let place = healthy();
    place.file("root/etc/digest_lists/policy", POLICY);
    place.file("root/usr/lib/systemd/systemd", "one");
    place
}

#[test]
fn a_boot_that_would_refuse_nothing_is_good() {
    let place = healthy();
    let nothing = "good: next boot: nothing is refused: no rule appraises\n";
    doctor(&place).good().printed(nothing);
    let place = enforcing();
    doctor(&place)
        .good()
        .printed("good: next boot: would refuse none of 1 file that it uses\n");
    let ran = place.run("doctor --root root --seconds 0").good();
    assert!(!ran.out.contains("would refuse"), "{}", ran.out);
}

#[test]
fn what_units_start_is_judged_with_its_interpreter_and_libraries() {
    let place = enforcing();
    place.file(
        "root/etc/systemd/system/default.target",
        "[Unit]\nWants=wanted.service\n",
    );
    place.file(
        "root/usr/lib/systemd/system/wanted.service",
        "[Service]\nExecStart=-/opt/wanted --option\nExecStartPost=+named\n",
    );
    place.file(
        "root/usr/lib/systemd/system/unwanted.service",
        "ExecStart=/opt/unwanted\n",
    );
    place.file(
        "root/usr/lib/systemd/system/at@.service",
        "ExecStart=/opt/at %i\n",
    );
    place.file("root/usr/lib/systemd/system/by.socket", "[Socket]\n");
    place.file(
        "root/usr/lib/systemd/system/by.service",
        "ExecStart=/opt/by\n",
    );
    for (unit, target) in [("at@7.service", "default"), ("by.socket", "basic")] {
        let wants = format!("root/etc/systemd/system/{target}.target.wants/{unit}");
        place.file(&wants, "");
        fs::remove_file(place.path(&wants)).expect("removed");
        symlink("/nowhere", place.path(&wants)).expect("a link");
    }
    for name in [
        "opt/wanted",
        "opt/unwanted",
        "opt/at",
        "opt/by",
        "usr/bin/named",
    ] {
        place.file(
            &format!("root/{name}"),
            format!("#!/opt/interpreter\n{name}"),
        );
    }
    // A program of this machine, with what it needs.
    place.file(
        "root/opt/interpreter",
        fs::read("/usr/bin/openssl").expect("a program"),
    );
    place.file("root/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "one");
    place.file("root/opt/libs/libc.so.6", "library");
    place.file("root/etc/ld.so.conf.d/opt.conf", "# /none\n/opt/libs\n");
    has_problem(
        &place,
        "next boot",
        "would refuse 6 of 8 files that it uses: /opt/at, /opt/by, /opt/interpreter, \
         /opt/libs/libc.so.6, /opt/wanted, /usr/bin/named",
        "digestctl generate FILE… -o /etc/digest_lists/lists/local",
    );
}

#[test]
fn modules_in_use_are_judged_for_every_kernel() {
    let place = enforcing();
    place.file(
        "root/proc/modules",
        "digest_lists 1 0 - Live 0x0\nsnd_pcm 1 0 - Live 0x0\n",
    );
    for (kernel, content) in [(RELEASE, "one"), ("7.4", "another")] {
        place.file(
            &format!("root/lib/modules/{kernel}/modules.dep"),
            "updates/digest_lists.ko.xz:\nkernel/snd-pcm.ko:\nkernel/other.ko:\n",
        );
        for name in [
            "updates/digest_lists.ko.xz",
            "kernel/snd-pcm.ko",
            "kernel/other.ko",
        ] {
            place.file(&format!("root/lib/modules/{kernel}/{name}"), content);
        }
    }
    has_problem(
        &place,
        "next boot",
        "would refuse 2 of 5 files that it uses: /lib/modules/7.4/kernel/snd-pcm.ko, \
         /lib/modules/7.4/updates/digest_lists.ko.xz",
        "digestctl sign it",
    );
}

#[test]
fn ten_files_are_named_and_the_others_counted() {
    let place = enforcing();
    for number in 10..24 {
        place.file(
            &format!("root/usr/lib/systemd/system-generators/g{number}"),
            "unknown",
        );
    }
    let names: Vec<_> = (10..20)
        .map(|number| format!("/usr/lib/systemd/system-generators/g{number}"))
        .collect();
    let text = format!(
        "would refuse 14 of 15 files that it uses: {}, and 4 more",
        names.join(", ")
    );
    has_problem(&place, "next boot", &text, "--denied says why");
}

#[test]
fn the_policy_of_the_next_boot_is_the_one_that_counts() {
    let place = enforcing();
    place.file("root/usr/lib/systemd/systemd", "unknown");
    let would = "would refuse 1 of 1 file that it uses: /usr/lib/systemd/systemd";
    has_problem(&place, "next boot", would, "--denied says why");
    // It replaces the one of load time.
    place.file(
        "root/proc/cmdline",
        "digest_lists.ima_policy=exec_tcb quiet\n",
    );
    has_problem(&place, "next boot", would, "/etc/digest_lists/policy");
    fs::remove_file(place.path("root/etc/digest_lists/policy")).expect("removed");
    let nothing = "good: next boot: nothing is refused: no rule appraises\n";
    doctor(&place).good().printed(nothing);
    place.file("root/proc/cmdline", "quiet\n");
    for options in [
        "options digest-lists ima-policy=nothing",
        "options digest_lists \\\n \"ima_policy=tcb | nothing\"",
    ] {
        place.file("root/usr/lib/modprobe.d/a.conf", format!("{options}\n"));
        has_problem(
            &place,
            "next boot",
            "does not load with ima_policy=",
            "policy builtin",
        );
    }
    // Of one name, the file in /etc counts; of several, the last.
    place.file(
        "root/etc/modprobe.d/a.conf",
        "options digest_lists ima_policy=tcb\n",
    );
    doctor(&place).good().printed(nothing);
    place.file(
        "root/etc/modprobe.d/b.conf",
        "options digest_lists ima_policy=nothing\n",
    );
    has_problem(&place, "next boot", "ima_policy=nothing", "policy builtin");
}

#[test]
fn what_is_only_logged_is_a_note() {
    let place = enforcing();
    place.file("root/usr/lib/systemd/systemd", "unknown");
    place.file(
        "root/etc/modprobe.d/a.conf",
        "options digest_lists ima_appraise=log\n",
    );
    doctor(&place)
        .good()
        .printed("/usr/lib/systemd/systemd; ima_appraise=log lets them pass\n");
}

#[test]
fn lists_that_are_not_signed_or_not_by_the_given_certificate_do_not_count() {
    let place = enforcing();
    let ran = place.run("doctor --root root --cert alice.pem");
    ran.good().printed("would refuse none of 1 file");
    let ran = place
        .run("doctor --root root --cert bob.pem")
        .said_no("2 problems");
    ran.printed("etc/digest_lists/lists/list does not count by these certificates")
        .printed("would refuse 1 of 1 file that it uses: /usr/lib/systemd/systemd\n");
    fs::remove_file(place.path("root/etc/digest_lists/lists/list.p7s")).expect("removed");
    doctor(&place)
        .said_no("2 problems")
        .printed("would refuse 1 of 1 file that it uses: /usr/lib/systemd/systemd\n");
}

/// The problem there is, and no other, says that it is no problem in this boot alone.
#[track_caller]
fn is_permitted_now_only(place: &Place, text: &str, value: &str) {
    let text = format!("{text}; only this boot's command line says {value}");
    has_problem(place, "next boot", &text, "");
}

#[test]
fn what_only_the_command_line_of_this_boot_permits_stays_a_problem() {
    let place = healthy();
    fs::remove_file(place.path("root/etc/digest_lists/lists/list.p7s")).expect("removed");
    for value in ["0", "off", "n", "F"] {
        let word = format!("require_signature={value}");
        place.file("root/proc/cmdline", format!("digest_lists.{word}\n"));
        is_permitted_now_only(&place, "not signed: list", &word);
    }
    let place = enforcing();
    place.file("root/usr/lib/systemd/systemd", "unknown");
    for mode in ["log", "fix", "off"] {
        let word = format!("ima_appraise={mode}");
        place.file("root/proc/cmdline", format!("digest-lists.{word}\n"));
        is_permitted_now_only(&place, "/usr/lib/systemd/systemd", &word);
    }
    let place = healthy();
    fs::remove_file(place.path("root/etc/digest_lists/policy")).expect("removed");
    place.file("root/proc/modules", "fat 1 0 - Live 0x0\n");
    place.file(
        &format!("root/lib/modules/{RELEASE}/kernel/fs/fat/fat.ko.xz"),
        "unknown",
    );
    place.file(
        "root/etc/modprobe.d/a.conf",
        "options digest_lists ima_policy=secure_boot\n",
    );
    place.file("root/proc/cmdline", "digest_lists.ima_policy=tcb\n");
    is_permitted_now_only(&place, "fat.ko.xz", "ima_policy=tcb");
    // The other way round it is this boot's that appraises, and that may be the next one's.
    place.file(
        "root/etc/modprobe.d/a.conf",
        "options digest_lists ima_policy=tcb\n",
    );
    place.file("root/proc/cmdline", "digest_lists.ima_policy=secure_boot\n");
    has_problem(&place, "next boot", "fat.ko.xz", "'tcb|secure_boot'");
}

#[test]
fn a_signature_of_another_content_is_a_problem() {
    let place = enforcing();
    place.file("tree/a", "another");
    place.run("generate tree -o other").good();
    place
        .run("sign other --key alice.key --cert alice.pem")
        .good();
    place.file(
        "root/etc/digest_lists/lists/list.p7s",
        place.read("other.p7s"),
    );
    let other = "/etc/digest_lists/lists/list.p7s is a signature of another content";
    let ran = doctor(&place).said_no("2 problems");
    ran.printed(&format!("problem: next boot: {other}"))
        .printed("would refuse 1 of 1 file that it uses: /usr/lib/systemd/systemd\n");
    place.file("root/etc/digest_lists/lists/list.p7s", "0\x03text");
    let ran = doctor(&place).said_no("2 problems");
    ran.printed("problem: next boot: /etc/digest_lists/lists/list.p7s is no signature");
}

#[test]
fn a_signature_without_a_digest_is_verified_by_certificates_only() {
    let place = enforcing();
    let sign = |list: &str| {
        let made = Command::new("openssl")
            .current_dir(place.path(""))
            .args(["cms", "-sign", "-binary", "-noattr", "-outform", "DER"])
            .args([
                "-md",
                "sha256",
                "-signer",
                "alice.pem",
                "-inkey",
                "alice.key",
            ])
            .args(["-in", list, "-out"])
            .arg(place.path("root/etc/digest_lists/lists/list.p7s"))
            .output()
            .expect("openssl runs");
        assert!(made.status.success());
    };
    sign("list");
    let ran = doctor(&place).good();
    ran.printed("note: next boot: signatures that were not verified: list\n")
        .printed("good: next boot: would refuse none of 1 file");
    place
        .run("doctor --root root --cert alice.pem")
        .good()
        .printed("good: next boot: 1 list signed\n");
    sign("alice.pem");
    place
        .run("doctor --root root --cert alice.pem")
        .said_no("2 problems")
        .printed("etc/digest_lists/lists/list does not count by these certificates");
}

#[test]
fn what_is_counted_is_what_the_hook_of_the_initramfs_takes() {
    let lists = "root/etc/digest_lists/lists";
    let place = healthy();
    place.file(&format!("{lists}/directory/list"), "");
    fs::create_dir(place.path(&format!("{lists}/a.p7s"))).expect("a directory");
    place.file(&format!("{lists}/.gone.p7s"), "");
    doctor(&place)
        .good()
        .printed("good: next boot: 1 list signed\n");
    for name in ["list", "list.p7s"] {
        let name = |dot: &str| place.path(&format!("{lists}/{dot}{name}"));
        fs::rename(name(""), name(".")).expect("renamed");
    }
    has_problem(
        &place,
        "next boot",
        "there is no list",
        "digestctl generate",
    );
    let place = healthy();
    fs::rename(
        place.path(&format!("{lists}/list")),
        place.path(&format!("{lists}/moved")),
    )
    .expect("renamed");
    let ran = doctor(&place).said_no("2 problems");
    ran.printed("list.p7s is a signature without a list: no initramfs can be made with it\n")
        .printed("not signed: moved\n");
}

#[test]
fn a_policy_that_cannot_be_read_is_a_problem() {
    let policy = "root/etc/digest_lists/policy";
    let place = healthy();
    fs::remove_file(place.path(policy)).expect("removed");
    symlink("/media/usb/policy", place.path(policy)).expect("a link");
    has_problem(&place, "next boot", "policy leads nowhere", "remove it");
    fs::remove_file(place.path(policy)).expect("removed");
    fs::create_dir(place.path(policy)).expect("a directory");
    has_problem(&place, "next boot", "policy cannot be read", "remove it");
}

#[test]
fn the_signature_beside_a_link_counts_and_not_the_one_beside_its_target() {
    let lists = "root/etc/digest_lists/lists";
    let place = enforcing();
    for name in ["list", "list.p7s"] {
        let to = place.path(&format!("root/srv/{name}"));
        fs::create_dir_all(place.path("root/srv")).expect("a directory");
        fs::rename(place.path(&format!("{lists}/{name}")), to).expect("renamed");
    }
    symlink("/srv/list", place.path(&format!("{lists}/link"))).expect("a link");
    place
        .run("doctor --root root --cert alice.pem")
        .said_no("2 problems")
        .printed("not signed: link\n");
    fs::rename(
        place.path("root/srv/list.p7s"),
        place.path(&format!("{lists}/link.p7s")),
    )
    .expect("renamed");
    place
        .run("doctor --root root --cert alice.pem")
        .good()
        .printed("good: next boot: 1 list signed\n");
}

/// A library of 64 bits that asks for others, each by an entry of its own, with a path to them.
fn library(needed: &[&str], path: &str) -> Vec<u8> {
    const START: u64 = 64 + 2 * 56;
    let mut strings = vec![0];
    let mut add = |text: &str| {
        let at = strings.len() as u64;
        strings.extend(text.as_bytes());
        strings.push(0);
        at
    };
    let path = (29, add(path));
    let mut entries: Vec<_> = needed.iter().map(|name| (1, add(name))).collect();
    entries.push(path);
    let table = START + (entries.len() as u64 + 2) * 16;
    entries.extend([(5, table), (0, 0)]);
    let mut file = b"\x7fELF\x02\x01".to_vec();
    file.resize(64, 0);
    file[32] = 64;
    file[54] = 56;
    file[56] = 2;
    let len = table + strings.len() as u64;
    for (kind, offset) in [(1, 0), (2, START)] {
        let words = [kind, offset, offset, offset, len, len, 0];
        file.extend(words.iter().flat_map(|word: &u64| word.to_le_bytes()));
    }
    for (tag, value) in entries {
        file.extend(
            [tag, value]
                .iter()
                .flat_map(|word: &u64| word.to_le_bytes()),
        );
    }
    file.extend(strings);
    file
}

#[test]
fn a_long_chain_of_libraries_is_followed_to_its_end() {
    const LIBRARIES: usize = 20_000;
    let place = enforcing();
    for number in 0..LIBRARIES {
        let next = format!("l{}", number + 1);
        place.file(
            &format!("root/usr/lib/l{number}"),
            library(&[&next], "/usr/lib"),
        );
    }
    place.file("root/usr/lib/systemd/systemd", library(&["l0"], "/usr/lib"));
    let text = format!("of {} files that it uses", LIBRARIES + 1);
    has_problem(&place, "next boot", &text, "");
}

#[test]
fn names_and_paths_of_libraries_have_an_end() {
    let place = enforcing();
    let program = "root/usr/lib/systemd/systemd";
    place.file("root/opt/libs/last", "one");
    let would = |libraries: &[&str], path: &str, files: &str| {
        place.file(program, library(libraries, path));
        doctor(&place).said_no("1 problem").printed(files);
    };
    would(
        &["last"],
        &("/none:".repeat(63) + "/opt/libs"),
        "of 2 files",
    );
    would(
        &["last"],
        &("/none:".repeat(64) + "/opt/libs"),
        "of 1 file ",
    );
    // The name leads there, but is longer than any path may be.
    let slashes = "/".repeat(5000) + "last";
    would(&[&slashes], "/opt/libs", "of 1 file ");
}

#[test]
fn libraries_are_looked_for_until_the_time_is_over() {
    let place = enforcing();
    let names: Vec<_> = (0..2000).map(|number| format!("n{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let path = "/usr/lib/systemd/../systemd/../none:".repeat(64);
    for number in 0..100 {
        place.file(
            &format!("root/usr/lib/systemd/system-generators/g{number}"),
            library(&names, &path),
        );
    }
    let ran = place
        .run("doctor --root root --seconds 1")
        .said_no("1 problem");
    ran.printed("note: next boot: not all that it uses was found in time\n");
}

#[test]
fn a_file_without_end_is_not_read() {
    let place = healthy();
    let file = place.file("root/etc/digest_lists/lists/large", "");
    let file = fs::OpenOptions::new().write(true).open(file);
    file.and_then(|file| file.set_len(1 << 40)).expect("a hole");
    has_problem(&place, "next boot", "large cannot be read", "remove it");
}

/// A boot that wants this unit and runs a program of it, and what else is there.
fn with_unit(unit: &str, files: &[(&str, &str)]) -> Place {
    let place = enforcing();
    place.file(
        "root/etc/systemd/system/default.target",
        format!("[Unit]\nWants={unit}\n"),
    );
    place.file(
        &format!("root/usr/lib/systemd/system/{unit}"),
        "[Service]\nExecStart=/opt/own\n",
    );
    for name in ["own", "first", "second", "third"] {
        place.file(&format!("root/opt/{name}"), "unknown");
    }
    for (name, text) in files {
        place.file(&format!("root/{name}"), text);
    }
    place
}

#[test]
fn a_masked_unit_starts_nothing() {
    let none = "would refuse none of 1 file that it uses\n";
    for target in ["/dev/null", "../../../dev/null"] {
        let place = with_unit(
            "a.service",
            &[(
                "etc/systemd/system/a.service.d/x.conf",
                "ExecStartPre=/opt/first\n",
            )],
        );
        symlink(target, place.path("root/etc/systemd/system/a.service")).expect("a link");
        doctor(&place).good().printed(none);
    }
    let place = with_unit("a.service", &[("etc/systemd/system/a.service", "")]);
    doctor(&place).good().printed(none);
}

#[test]
fn drop_ins_count_by_unit_prefix_and_type_and_reset() {
    let place = with_unit(
        "a-b.service",
        &[
            (
                "etc/systemd/system/service.d/1.conf",
                "ExecStartPre=/opt/first\n",
            ),
            (
                "etc/systemd/system/a-.service.d/2.conf",
                "ExecStartPre=/opt/second\n",
            ),
            (
                "usr/lib/systemd/system/a-b.service.d/3.txt",
                "ExecStop=/opt/third\n",
            ),
        ],
    );
    has_problem(
        &place,
        "next boot",
        "would refuse 3 of 4 files that it uses: /opt/first, /opt/own, /opt/second",
        "",
    );
    // What is set to nothing starts anew, and a name in /etc stands for the one in /usr.
    place.file(
        "root/usr/lib/systemd/system/a-b.service.d/3.conf",
        "ExecStop=/opt/third\n",
    );
    place.file(
        "root/etc/systemd/system/a-b.service.d/3.conf",
        "ExecStart=\nExecStartPre =\nExecStart=/opt/first\n",
    );
    has_problem(
        &place,
        "next boot",
        "would refuse 1 of 2 files that it uses: /opt/first",
        "",
    );
}

#[test]
fn parameters_mean_what_they_mean_to_the_kernel_and_to_modprobe() {
    let place = healthy();
    fs::remove_file(place.path("root/etc/digest_lists/lists/list.p7s")).expect("removed");
    let options = |value: &str| {
        place.file(
            "root/usr/local/lib/modprobe.d/a.conf",
            format!("options digest_lists require_signature{value}\n"),
        );
    };
    for value in ["=0", "=off", "=OF", "=f", "=n", "=No"] {
        options(value);
        doctor(&place)
            .good()
            .printed("such lists serve measurement only\n");
    }
    for value in ["=1", "=on", "=t", "=o", "=", "=0 require_signature"] {
        options(value);
        has_problem(&place, "next boot", "not signed: list", "digestctl sign");
    }
}

#[test]
fn a_system_without_kernels_has_none_with_the_module() {
    let place = healthy();
    fs::remove_dir_all(place.path("root/lib/modules")).expect("removed");
    let ran = doctor(&place).good();
    assert!(!ran.out.contains("every installed kernel"), "{}", ran.out);
    ran.printed("note: next boot: no kernel is in /lib/modules\n");
}

#[test]
fn units_beyond_number_are_left_out_and_told() {
    let place = enforcing();
    let units: Vec<_> = (0..10_010).map(|n| format!("u{n}.service")).collect();
    place.file(
        "root/etc/systemd/system/default.target",
        format!("Wants={}\n", units.join(" ")),
    );
    doctor(&place)
        .good()
        .printed("note: next boot: more than 10000 units are asked for");
}

#[test]
fn what_is_too_large_to_be_a_text_is_left_out_and_told() {
    let place = enforcing();
    let path = format!("root/lib/modules/{RELEASE}/modules.dep");
    let file = fs::OpenOptions::new().write(true).open(place.path(&path));
    file.and_then(|file| file.set_len(17 << 20))
        .expect("a large file");
    let ran = doctor(&place);
    let note = format!(
        "note: system: /lib/modules/{RELEASE}/modules.dep is left out: longer than 16 MiB\n"
    );
    assert_eq!(ran.out.matches(&note).count(), 1, "{}", ran.out);
}

#[test]
fn a_program_beyond_size_is_not_read() {
    let place = enforcing();
    let program = place.path("root/usr/lib/systemd/systemd");
    let file = fs::OpenOptions::new().write(true).open(program);
    file.and_then(|file| file.set_len((1 << 30) + 1))
        .expect("a large file");
    let ran = doctor(&place).good();
    assert!(!ran.out.contains("would refuse 1"), "{}", ran.out);
    ran.printed(" of files could not be judged\n");
}

#[test]
fn a_file_that_does_not_answer_is_named_and_ends_the_look() {
    const HOLD: &str = "import fcntl, signal, sys, time\n\
        signal.signal(signal.SIGIO, signal.SIG_IGN)\n\
        file = open(sys.argv[1], 'r+')\n\
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)\n\
        print('held', flush=True)\n\
        time.sleep(600)\n";
    let place = enforcing();
    let program = place.path("root/usr/lib/systemd/systemd");
    // Whoever opens it waits, as for a share that is gone, until the kernel ends the lease.
    let holder = Command::new("python3")
        .args(["-c", HOLD])
        .arg(&program)
        .stdout(Stdio::piped())
        .spawn();
    let mut holder = holder.expect("python3 runs");
    let mut held = [0; 4];
    // Open to the end: a holder that cannot write ends, and its lease with it.
    let mut output = holder.stdout.take().expect("its output");
    let read = output.read_exact(&mut held);
    let begun = Instant::now();
    let ran = place.run("doctor --root root --patience 1");
    let took = begun.elapsed();
    holder.kill().expect("killed");
    holder.wait().expect("it ended");
    assert!(read.is_ok() && took < Duration::from_secs(30), "{took:?}");
    ran.said_no("1 problem")
        .printed("good: next boot: 1 list signed\n")
        .printed(
            "problem: system: /usr/lib/systemd/systemd does not answer: to read it did not end in \
             1 s, and what comes after it was not looked at\n    what to do: see what it is on \
             (findmnt -T /usr/lib/systemd/systemd)",
        );
}
