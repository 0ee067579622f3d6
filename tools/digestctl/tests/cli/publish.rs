// SPDX-License-Identifier: GPL-2.0

//! `digestctl repo publish`, over an archive that a test signs as its owner would, and over
//! packages of Debian with Debian's own signature.

use std::{
    env,
    fs,
    path::{
        Path,
        PathBuf, //
    },
    process::Command, //
};

use crate::{
    deb::build,
    expected,
    names,
    openpgp::Key,
    sha256,
    shown,
    sign::with_keys,
    skipped,
    terminal::{
        is_calm,
        EVIL, //
    },
    Place,
    Ran, //
};

const INDEX: &str = "main/binary-amd64/Packages";

/// An archive of two packages, signed by its owner, whose certificate is in `keyring`.
struct Archive {
    place: Place,
    owner: Key,
}

impl Archive {
    fn new() -> Self {
        let place = with_keys();
        let owner = Key::new(&place, "owner");
        place.file("keyring", owner.certificate());
        for name in ["one", "two"] {
            let directory = format!("archive/pool/main/{name}");
            fs::create_dir_all(place.path(&directory)).expect("a directory");
            place.file(&format!("{name}/usr/bin/{name}"), format!("program {name}"));
            build(&place, name, name, &format!("{directory}/{name}_1_all.deb"));
        }
        let archive = Self { place, owner };
        archive.index();
        archive.release("Date: Thu, 26 Nov 2020 02:14:46 UTC\n");
        archive
    }

    /// The packages of the pool, as Packages describes them.
    fn described(&self) -> String {
        let describe = |name: &str| {
            let path = format!("pool/main/{name}/{name}_1_all.deb");
            let data = self.place.read(&format!("archive/{path}"));
            format!(
                "Package: {name}\nVersion: 1\nFilename: {path}\nSize: {}\nSHA256: {}\n\
                 Description: {name}\n more of it\n\n",
                data.len(),
                sha256(&data)
            )
        };
        ["one", "two"].map(describe).concat()
    }

    fn index(&self) {
        let path = self
            .place
            .file(&format!("archive/dist/{INDEX}"), self.described());
        let packed = Command::new("xz").arg("-k").arg("-f").arg(&path).status();
        assert!(packed.expect("xz runs").success());
    }

    /// InRelease of the index that is there, signed.
    fn release(&self, fields: &str) {
        let text = self.unsigned(fields);
        self.place
            .file("archive/dist/InRelease", self.owner.sign_clear(&text));
    }

    fn unsigned(&self, fields: &str) -> String {
        let mut text = format!(
            "Origin: Test\nCodename: nine\n{fields}MD5Sum:\n {} 3 {INDEX}\nSHA256:\n",
            "0".repeat(32)
        );
        for suffix in ["", ".xz"] {
            let data = self.place.read(&format!("archive/dist/{INDEX}{suffix}"));
            text += &format!(" {} {} {INDEX}{suffix}\n", sha256(&data), data.len());
        }
        text
    }

    fn publish(&self, options: &str) -> Ran {
        self.place.run(&format!(
            "repo publish --pool archive/pool --in-release archive/dist/InRelease --keyring keyring \
             --key alice.key --cert alice.pem -o lists {options}"
        ))
    }

    /// Nothing is published, for this reason, and nothing is left.
    #[track_caller]
    fn refused(&self, options: &str, reason: &str) {
        self.publish(options).said_no(reason);
        assert!(!self.place.has("lists"));
        let left = names(&self.place.path("."));
        assert!(
            !left.iter().any(|name| name.starts_with(".digestctl")),
            "{left:?}"
        );
    }
}

fn alice_lists(place: &Place) {
    for name in ["one", "two"] {
        place
            .run(&format!("verify lists/{name}_1_all --cert alice.pem"))
            .good();
        let program = format!("program {name}");
        let expected = expected(&[("immutable", program.as_str())]);
        assert_eq!(shown(place, &format!("lists/{name}_1_all")), expected);
    }
}

#[test]
fn an_archive_that_its_owner_signed_becomes_signed_lists() {
    let archive = Archive::new();
    let ran = archive.publish("");
    assert_eq!(ran.code, 0, "{}", ran.err);
    let ran = ran
        .printed("archive/dist/InRelease: Test nine of Thu, 26 Nov 2020 02:14:46 UTC, signed by ");
    assert!(
        ran.out.contains(&archive.owner.fingerprint()),
        "{}",
        ran.out
    );
    ran.printed("lists: 2 digests of 2 packages, 0 of them unchanged\n");
    alice_lists(&archive.place);
    assert_eq!(
        names(&archive.place.path("lists")),
        ["one_1_all", "one_1_all.p7s", "two_1_all", "two_1_all.p7s"]
    );
    // As a verifier takes them.
    archive
        .place
        .run("repo add repo lists/one_1_all lists/two_1_all")
        .good()
        .printed("lists/two_1_all, signed\n");
}

#[test]
fn lists_that_are_there_stay_and_unchanged_ones_keep_their_signature() {
    let archive = Archive::new();
    assert_eq!(archive.publish("").code, 0);
    let signature = archive.place.read("lists/one_1_all.p7s");
    archive
        .place
        .run("generate tree -o lists/zero_1_all")
        .good();
    fs::remove_file(archive.place.path("lists/two_1_all.p7s")).expect("removed");
    archive
        .publish("")
        .printed("lists: 2 digests of 2 packages, 1 of them unchanged\n");
    alice_lists(&archive.place);
    assert_eq!(archive.place.read("lists/one_1_all.p7s"), signature);
    assert!(archive.place.has("lists/zero_1_all"));
    archive.place.file("lists/index.html", "<html>");
    archive
        .publish("")
        .failed("lists/index.html is neither a list nor a signature");
    alice_lists(&archive.place);
}

#[test]
fn a_compressed_index_is_enough() {
    for program in ["xz", "gzip"] {
        let archive = Archive::new();
        let index = archive.place.path(&format!("archive/dist/{INDEX}"));
        if program == "gzip" {
            fs::remove_file(index.with_extension("xz")).expect("removed");
            let packed = Command::new(program).arg("-k").arg(&index).status();
            assert!(packed.expect("it runs").success());
            let gz = archive.place.read(&format!("archive/dist/{INDEX}.gz"));
            let whole = archive.place.read(&format!("archive/dist/{INDEX}"));
            let text =
                format!(
                "Date: Thu, 26 Nov 2020 02:14:46 UTC\nSHA256:\n {} {} {INDEX}\n {} {} {INDEX}.gz\n",
                sha256(&whole), whole.len(), sha256(&gz), gz.len()
            );
            archive
                .place
                .file("archive/dist/InRelease", archive.owner.sign_clear(&text));
        }
        fs::remove_file(&index).expect("removed");
        assert_eq!(archive.publish("").code, 0, "{program}");
        alice_lists(&archive.place);
    }
}

#[test]
fn an_in_release_that_was_changed_or_is_by_another_key_is_refused() {
    let archive = Archive::new();
    let good = archive.place.read("archive/dist/InRelease");
    let text = String::from_utf8(good.clone()).expect("text");
    let unsigned = "is not signed by a key of the keyring";
    let changed = text.replace("Codename: nine", "Codename: ten");
    archive.place.file("archive/dist/InRelease", changed);
    archive.refused("", unsigned);
    // Text around what is signed does not count.
    archive.place.file(
        "archive/dist/InRelease",
        archive.unsigned("Date: Thu, 26 Nov 2020 02:14:46 UTC\n"),
    );
    archive.refused("", unsigned);
    let other = Key::new(&archive.place, "other");
    let signed = other.sign_clear(&archive.unsigned("Date: Thu, 26 Nov 2020 02:14:46 UTC\n"));
    archive.place.file("archive/dist/InRelease", signed);
    archive.refused("", unsigned);
    // By the same certificate as the owner's, in whose name it is not.
    archive.place.file("keyring", other.certificate());
    assert_eq!(archive.publish("").code, 0);
    fs::remove_dir_all(archive.place.path("lists")).expect("removed");
    archive.place.file("archive/dist/InRelease", good);
    archive.refused("", unsigned);
}

#[test]
fn what_stands_around_the_signed_text_does_not_count() {
    let archive = Archive::new();
    let good = archive.place.read("archive/dist/InRelease");
    // An index of the liar's own, named before the signed text and behind it.
    let lie = archive.described().replace("Package: one", "Package: lie");
    archive.place.file(&format!("archive/dist/{INDEX}"), &lie);
    let words = format!("SHA256:\n {} {} {INDEX}\n", sha256(&lie), lie.len());
    for text in [
        [words.as_bytes(), good.as_slice()].concat(),
        [good.as_slice(), words.as_bytes()].concat(),
    ] {
        archive.place.file("archive/dist/InRelease", text);
        let ran = archive.publish("");
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(!archive.place.has("lists"));
    }
}

#[test]
fn an_index_that_was_changed_is_refused() {
    let archive = Archive::new();
    let lie = archive.described().replace("Package: one", "Package: lie");
    archive.place.file(&format!("archive/dist/{INDEX}"), lie);
    archive.refused("", "Packages is not the one of this InRelease");
    archive.refused(
        &format!("--packages archive/dist/{INDEX}"),
        "Packages is not the one of this InRelease",
    );
    let good = Archive::new();
    archive
        .place
        .file(&format!("archive/dist/{INDEX}"), good.described());
    archive.refused("", "Packages is not the one of this InRelease");
}

#[test]
fn a_package_that_was_changed_is_unlisted_or_is_missing_is_refused() {
    let archive = Archive::new();
    let one = "archive/pool/main/one/one_1_all.deb";
    let good = archive.place.read(one);
    let mut changed = good.clone();
    *changed.last_mut().expect("a byte") ^= 1;
    archive.place.file(one, changed);
    archive.refused("", "one_1_all.deb has not the content that Packages says");
    archive.place.file(one, [good.as_slice(), b"more"].concat());
    archive.refused(
        "--partial",
        "one_1_all.deb has not the content that Packages says",
    );
    archive.place.file(one, &good);
    archive.place.file("archive/pool/three_1_all.deb", &good);
    archive.refused("", "three_1_all.deb is in no Packages file");
    fs::remove_file(archive.place.path("archive/pool/three_1_all.deb")).expect("removed");
    fs::remove_file(archive.place.path(one)).expect("removed");
    archive.refused("", "one_1_all.deb is in Packages, and not in the pool");
    archive
        .publish("--partial")
        .printed("lists: 1 digest of 1 package, 0 of them unchanged\n");
}

#[test]
fn an_archive_whose_time_is_over_or_to_come_is_refused() {
    let archive = Archive::new();
    let (past, future) = (
        "Thu, 26 Nov 2020 02:14:46 UTC",
        "Sun, 26 Nov 2090 02:14:46 UTC",
    );
    archive.release(&format!("Date: {past}\nValid-Until: {future}\n"));
    assert_eq!(archive.publish("").code, 0);
    fs::remove_dir_all(archive.place.path("lists")).expect("removed");
    archive.release(&format!("Date: {past}\nValid-Until: {past}\n"));
    archive.refused("", "its Valid-Until is over");
    archive.release(&format!("Date: {future}\n"));
    archive.refused("", "which is yet to come");
    assert_eq!(archive.publish("--any-date").code, 0);
    fs::remove_dir_all(archive.place.path("lists")).expect("removed");
    for fields in [
        "",
        "Date: tomorrow\n",
        "Date: Thu, 31 Feb 2020 02:14:46 UTC\n",
    ] {
        archive.release(fields);
        archive.publish("").failed("archive/dist/InRelease: ");
    }
}

#[test]
fn names_that_lead_elsewhere_are_no_names_of_packages() {
    let archive = Archive::new();
    for name in [
        "pool/..",
        "pool/.deb",
        "pool/a b.deb",
        "pool/\u{1b}[2J.deb",
        "pool/x.p7s",
    ] {
        let lie = archive
            .described()
            .replace("pool/main/one/one_1_all.deb", name);
        archive.place.file(&format!("archive/dist/{INDEX}"), lie);
        archive.release("Date: Thu, 26 Nov 2020 02:14:46 UTC\n");
        archive.publish("").failed("is no name of a package file");
    }
}

#[test]
fn what_an_archive_calls_itself_does_not_control_a_terminal() {
    let archive = Archive::new();
    let text = archive.unsigned("Date: Thu, 26 Nov 2020 02:14:46 UTC\n");
    let text = text.replace("Origin: Test", &format!("Origin: {EVIL}"));
    archive
        .place
        .file("archive/dist/InRelease", archive.owner.sign_clear(&text));
    let ran = archive.publish("");
    assert_eq!(ran.code, 0, "{}", ran.err);
    is_calm(&ran);
    // What is wrong with it is quoted.
    let text = text.replace("SHA256:\n", &format!("SHA256:\n {EVIL}\n"));
    archive
        .place
        .file("archive/dist/InRelease", archive.owner.sign_clear(&text));
    let ran = archive.publish("");
    assert_eq!(ran.code, 2, "{}", ran.err);
    is_calm(&ran);
}

/// Where the build of the module keeps what it got from Debian: indexes of apt, and packages.
fn debian() -> Option<(PathBuf, PathBuf)> {
    let cache = env::var_os("CACHE")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache/digest-lists")))?;
    let lists = cache.join("apt/lists");
    let mut files = fs::read_dir(lists)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()));
    let release = files.find(|path| path.to_string_lossy().ends_with("-backports_InRelease"))?;
    Some((release, cache.join("kernel/debs")))
}

#[test]
fn packages_of_debian_are_listed_by_debians_own_signature() {
    const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
    let Some((release, debs)) = debian().filter(|_| Path::new(KEYRING).exists()) else {
        skipped("there are no packages of the kernel, or no keys of Debian; run scripts/kernel");
        return;
    };
    let place = with_keys();
    // One that is small; the archive still has it, or else a newer one.
    let small = |path: &PathBuf| path.metadata().is_ok_and(|file| file.len() < 20 << 20);
    let paths = fs::read_dir(debs).expect("packages");
    let paths = paths.map(|entry| entry.expect("an entry").path());
    let deb = paths
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "deb"))
        .find(small)
        .expect("a small package");
    let name = deb
        .file_stem()
        .expect("a name")
        .to_str()
        .expect("text")
        .to_owned();
    fs::create_dir(place.path("pool")).expect("a directory");
    let copy = place.path("pool").join(deb.file_name().expect("a name"));
    fs::copy(&deb, &copy).expect("a copy");
    let line = format!(
        "repo publish --partial --any-date --pool pool --in-release {} --keyring {KEYRING} \
         --key alice.key --cert alice.pem -o lists",
        release.display()
    );
    let ran = place.run(&line);
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.printed("Debian").printed("signed by ");
    place
        .run(&format!("verify lists/{name} --cert alice.pem"))
        .good();
    let mut data = fs::read(&copy).expect("the package");
    data[100] ^= 1;
    fs::write(&copy, data).expect("written");
    place
        .run(&line)
        .said_no("has not the content that Packages says");
}
