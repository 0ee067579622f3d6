// SPDX-License-Identifier: GPL-2.0

//! `digestctl generate --from rpm` and `--from rpmdb` over real packages and databases, fetched by
//! `scripts/test-data`, and `digestctl verify` with the vendors' keys.

mod odd;

use std::{
    collections::BTreeSet,
    env,
    fs,
    path::{
        Path,
        PathBuf, //
    }, //
};

use crate::{
    names,
    skipped,
    Place, //
};

fn data() -> Option<PathBuf> {
    let cache = env::var_os("CACHE")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache/digest-lists")))?;
    let data = cache.join("test-data");
    if data.join("packages").is_dir() {
        return Some(data);
    }
    skipped("there are no packages; run scripts/test-data");
    None
}

/// The digests of `list`, as `show` prints them.
fn shown(place: &Place, list: &str) -> BTreeSet<String> {
    let shown = place.run(&format!("show --digests {list}")).good().out;
    shown
        .lines()
        .filter(|line| line.starts_with("mutable ") || line.starts_with("immutable "))
        .filter_map(|line| Some(line.split_once(':')?.1.to_owned()))
        .collect()
}

/// The digests of files with content, as rpm prints them in its table.
fn said(table: &Path) -> BTreeSet<String> {
    let text = fs::read(table).expect("a table");
    String::from_utf8_lossy(&text)
        .lines()
        .filter_map(|line| {
            let fields: Vec<_> = line.split('\t').collect();
            match fields[..] {
                ["F", mode, _, size, digest, ..] => {
                    let mode: u32 = mode.parse().ok()?;
                    let regular = mode & 0o170_000 == 0o100_000;
                    (regular && size != "0" && !digest.is_empty()).then(|| digest.to_owned())
                }
                _ => None,
            }
        })
        .collect()
}

#[test]
fn the_lists_of_real_packages_have_the_digests_that_rpm_prints() {
    let Some(data) = data() else { return };
    let place = Place::new();
    let (mut good, mut refused, mut signed) = (0, 0, 0);
    for name in names(&data.join("packages")) {
        let Some(stem) = name.strip_suffix(".rpm") else {
            continue;
        };
        let package = data.join("packages").join(&name);
        let ran = place.run(&format!(
            "generate --from rpm {} -o {stem}",
            package.display()
        ));
        if ran.code != 0 {
            assert!(ran.err.contains("left out: "), "{}", ran.err);
            refused += 1;
            continue;
        }
        let lists = names(&place.path(stem));
        let table = data.join("packages").join(format!("{stem}.tsv"));
        if table.exists() {
            assert_eq!(
                shown(&place, &format!("{stem}/{}", lists[0])),
                said(&table),
                "{name}"
            );
        }
        signed += usize::from(lists.len() == 2);
        good += 1;
    }
    eprintln!(
        "{good} packages, {signed} of them signed; {refused} without a header that can be loaded"
    );
    assert!(good > 10 && signed > 0);
}

#[test]
fn databases_give_lists_that_their_vendors_signed() {
    let Some(data) = data() else { return };
    let place = Place::new();
    let keys: Vec<_> = [
        "centos/RPM-GPG-KEY-CentOS-7",
        "centos/RPM-GPG-KEY-CentOS-Official",
    ]
    .iter()
    .map(|name| data.join("keys").join(name))
    .filter(|key| key.exists())
    .map(|key| format!("--key {}", key.display()))
    .collect();
    let mut verified = 0;
    for name in ["centos7-plain", "centos8-modularitylabel"] {
        let headers = data.join("databases").join(format!("{name}.headers"));
        let ran = place.run(&format!(
            "generate --from rpmdb {} -o {name}",
            headers.display()
        ));
        assert_eq!(ran.code, 0, "{}", ran.err);
        let signed: Vec<_> = names(&place.path(name))
            .into_iter()
            .filter(|list| place.has(&format!("{name}/{list}.sig")))
            .take(12)
            .collect();
        assert!(!signed.is_empty(), "{}", ran.out);
        for list in signed {
            let list = format!("{name}/{list}");
            let line = format!("verify {list} {}", keys.join(" "));
            place.run(&line).good().printed("good signature, OpenPGP");
            verified += 1;
            // One bit of the list, one of the signature.
            for victim in [list.clone(), format!("{list}.sig")] {
                let good = place.read(&victim);
                let mut bad = good.clone();
                let middle = bad.len() - 20;
                bad[middle] ^= 1;
                fs::write(place.path(&victim), &bad).expect("written");
                let ran = place.run(&line);
                assert_eq!(ran.code, 1, "{victim}: {}", ran.out);
                fs::write(place.path(&victim), &good).expect("written");
            }
        }
        place
            .run(&format!(
                "metadata {name}/{} -o {name}.meta",
                names(&place.path(name))[0]
            ))
            .good();
    }
    eprintln!("{verified} lists verified, and refused with one bit flipped");
}

/// A signature in a certificate by `issuer`, of this kind, later than all others, with one more
/// subpacket.
fn says(kind: u8, issuer: &[u8; 8], subpacket: &[u8]) -> Vec<u8> {
    let hashed = [&[5, 2, 0x7f, 0, 0, 0], subpacket].concat();
    let body = [
        &[4, kind, 1, 8, 0, hashed.len() as u8],
        hashed.as_slice(),
        &[0, 10, 9, 16],
        issuer,
        // The number verifies nothing: signatures in a certificate are not verified.
        &[0, 0, 0, 1, 1],
    ]
    .concat();
    [&[0x89, 0, body.len() as u8], body.as_slice()].concat()
}

/// The packets of an armored key.
fn dearmored(text: &str) -> Vec<u8> {
    use digest_logic::cursor::SliceSink;
    let body: String = text
        .lines()
        .skip_while(|line| !line.is_empty())
        .take_while(|line| !line.starts_with('=') && !line.starts_with("-----END"))
        .collect();
    let mut room = vec![0; body.len()];
    let mut sink = SliceSink::new(&mut room);
    digest_logic::rpm::base64::decode(body.as_bytes(), &mut sink).expect("base64");
    sink.written().to_vec()
}

/// The name of a header in `lists`, with its vendor's signature beside it.
fn signed_list(place: &Place, data: &Path) -> String {
    let headers = data.join("databases/centos7-plain.headers");
    let line = format!("generate --from rpmdb {} -o lists", headers.display());
    // Some headers have no digests, and are named.
    assert_eq!(place.run(&line).code, 0);
    names(&place.path("lists"))
        .into_iter()
        .find(|list| place.has(&format!("lists/{list}.sig")))
        .expect("a signed list")
}

#[test]
fn keys_that_the_kernel_would_not_take_verify_nothing() {
    let Some(data) = data() else { return };
    let place = Place::new();
    let list = signed_list(&place, &data);
    let signature = place.read(&format!("lists/{list}.sig"));
    let issuer = digest_logic::openpgp::Signature::parse(&signature)
        .expect("a signature")
        .issuer()
        .0;
    let armored = fs::read_to_string(data.join("keys/centos/RPM-GPG-KEY-CentOS-7")).expect("a key");
    let key = dearmored(&armored);
    let try_key = |name: &str, more: &[u8]| {
        fs::write(place.path(name), [&key, more].concat()).expect("written");
        place.run(&format!("verify lists/{list} --key {name}"))
    };
    try_key("good", &[])
        .good()
        .printed("good signature, OpenPGP");
    // Key flags (27): sign and certify; only encrypt. Key expiration time (9): a second.
    try_key("signs", &says(0x1f, &issuer, &[2, 27, 3])).good();
    for (name, kind, subpacket, reason) in [
        ("revoked", 0x20, &[2, 27, 3][..], "the key was revoked"),
        (
            "encrypts",
            0x1f,
            &[2, 27, 0x0c],
            "the key is not for signing",
        ),
        ("expired", 0x1f, &[5, 9, 0, 0, 0, 1], "the key had expired"),
    ] {
        let ran = try_key(name, &says(kind, &issuer, subpacket));
        assert!(ran.err.contains(reason), "{name}: {}", ran.err);
        ran.said_no("1 list not verified");
    }
    // A copy that was revoked counts, in whatever order the files are named.
    for order in ["--key good --key revoked", "--key revoked --key good"] {
        let ran = place.run(&format!("verify lists/{list} {order}"));
        assert!(ran.err.contains("the key was revoked"), "{}", ran.err);
    }
}

#[test]
fn openpgp_signatures_count_for_rpm_headers_only() {
    let Some(data) = data() else { return };
    let place = Place::new();
    let list = signed_list(&place, &data);
    place.file("program", "content");
    place.run("generate program -o compact").good();
    fs::copy(
        place.path(&format!("lists/{list}.sig")),
        place.path("compact.sig"),
    )
    .expect("copied");
    let key = data.join("keys/centos/RPM-GPG-KEY-CentOS-7");
    let ran = place.run(&format!("verify compact --key {}", key.display()));
    assert!(ran.err.contains("for RPM headers only"), "{}", ran.err);
    ran.said_no("1 list not verified");
}

#[test]
fn what_is_no_package_is_left_out() {
    let place = Place::new();
    place.file("a.rpm", "no package");
    let ran = place.run("generate --from rpm a.rpm -o lists");
    assert!(
        ran.err.contains("a.rpm: left out: no RPM package"),
        "{}",
        ran.err
    );
    ran.failed("no package has a header that can be loaded");
}
