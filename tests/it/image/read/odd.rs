//! Archives that no tool writes, made by tar(1) and truncate(1).

use std::time::{Duration, Instant};

use super::*;

/// Runs a shell's text in this folder.
fn shell(folder: &Path, text: &str) {
    finish(scrubbed("bash").args(["-euc", text]).current_dir(folder)).ended(0);
}

/// The archive of an image of the layers that this text makes (`layer1.tar`, and so on).
fn docker_archive(folder: &Path, layers: &str, text: &str) -> PathBuf {
    shell(folder, text);
    let names: Vec<String> = layers
        .split(' ')
        .map(|name| format!("\"{name}\""))
        .collect();
    let manifest = format!(
        "[{{\"Config\":\"c.json\",\"RepoTags\":[\"odd:1\"],\"Layers\":[{}]}}]",
        names.join(",")
    );
    fs::write(folder.join("manifest.json"), manifest).unwrap();
    fs::write(folder.join("c.json"), "{\"config\":{\"Cmd\":[\"x\"]}}").unwrap();
    shell(
        folder,
        &format!("tar -cf image.tar manifest.json c.json {layers}"),
    );
    folder.join("image.tar")
}

/// Sparse in every way that tar(1) knows: as GNU's own type, as both kinds of PAX, and with all its zeros in gzip.
#[test]
fn a_sparse_file_of_ten_gigabytes_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = docker_archive(
        folder.path(),
        "gnu.tar pax0.tar pax1.tar.gz",
        "mkdir etc; echo 1 > etc/a.conf; truncate -s 10G big; printf end | dd of=big bs=1 seek=10G conv=notrunc status=none
         truncate -s 4000 etc/holes.conf; printf x >> etc/holes.conf
         tar --format=gnu -S -cf gnu.tar big etc
         mv big big0; mv etc/holes.conf etc/holes0.conf
         tar --format=pax --sparse-version=0.1 -S -cf pax0.tar big0 etc
         mv big0 big1; mv etc/holes0.conf etc/holes1.conf
         tar --format=pax --sparse-version=1.0 -S -czf pax1.tar.gz big1 etc
         rm big1",
    );
    let start = Instant::now();
    let mut image = open(&path, None).unwrap();
    let (big, texts) = image
        .ask(|tree| {
            let big = ["/big", "/big0", "/big1"].map(|path| tree.shown(path));
            let texts = ["", "0", "1"].map(|n| tree.read(&format!("/etc/holes{n}.conf")));
            (big, texts)
        })
        .unwrap();
    assert!(
        big.iter().all(|shown| matches!(shown, Ok(Some(_)))),
        "{big:?}"
    );
    for text in texts {
        let text = text.unwrap().unwrap();
        assert_eq!((text.len(), text[4000]), (4001, b'x'));
        assert!(text[..4000].iter().all(|byte| *byte == 0));
    }
    assert!(start.elapsed() < Duration::from_secs(10));
}

/// What `docker build` writes of such a file: all its zeros, packed to a thousandth.
#[test]
fn zeros_that_were_packed_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = docker_archive(
        folder.path(),
        "zeros.tar.zst",
        "truncate -s 1G big; mkdir etc; echo 1 > etc/a; tar -c big etc | zstd -q -1 -o zeros.tar.zst; rm big",
    );
    let mut image = open(&path, None).unwrap();
    let text = image.ask(|tree| tree.read("/etc/a")).unwrap().unwrap();
    assert_eq!(text.unwrap(), b"1\n");
}

#[test]
fn names_that_lead_out_duplicates_and_links_out_stay_inside() {
    let folder = tempfile::tempdir().unwrap();
    let path = docker_archive(
        folder.path(),
        "layer1.tar layer2.tar",
        "mkdir -p in/etc; cd in; echo inside > etc/passwd; echo 1 > twice; ln -s /../../etc/passwd link; ln -s / up
         tar -cf ../layer1.tar twice etc link up
         echo 2 > twice; tar -rf ../layer1.tar twice
         ln etc/passwd other; tar -rf ../layer1.tar etc/passwd other
         cd ..; mkdir -p x/y; cp in/twice x/out; cd x/y; tar -P -cf ../../layer2.tar ../out ../../in/twice",
    );
    let mut image = open(&path, None).unwrap();
    let mut read = |path: &str| {
        let text = image.ask(|tree| tree.read(path)).unwrap().unwrap();
        text.map(|text| String::from_utf8(text).unwrap())
    };
    assert_eq!(read("/twice").unwrap(), "2\n");
    for path in ["/link", "/up/up/etc/passwd", "/other", "/up/link"] {
        assert_eq!(read(path).unwrap(), "inside\n", "{path}");
    }
    assert_eq!(read("/out"), None);
    let gaps: Vec<String> = image.gaps().iter().map(ToString::to_string).collect();
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert!(
        gaps[0].starts_with("../out and another entry of the image"),
        "{gaps:?}"
    );
}

#[test]
fn archives_that_are_cut_off_or_changed_are_told_with_their_part() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let path = docker_archive(
        folder.path(),
        "layer.tar.gz",
        "mkdir usr; cp -r /etc/nginx usr; cp /usr/sbin/nginx usr/program; tar -czf layer.tar.gz usr",
    );
    let whole = fs::read(&path).unwrap();
    let asked = |bytes: &[u8]| {
        fs::write(at("odd.tar"), bytes).unwrap();
        let asked =
            open(&at("odd.tar"), None).and_then(|mut image| image.ask(|tree| tree.real("/")));
        asked.map_err(|error| error.to_string())
    };
    assert_eq!(asked(&whole).unwrap().as_deref(), Some("/"));
    let cut = asked(&whole[..whole.len() / 2]).unwrap_err();
    assert!(
        cut.contains("odd.tar is damaged: the archive: it is cut off; save the image once more"),
        "{cut}"
    );
    let mut changed = whole.clone();
    let middle = whole.len() / 2;
    changed[middle..middle + 64].fill(0x5a);
    let changed = asked(&changed).unwrap_err();
    assert!(
        changed.contains("odd.tar is damaged: layer layer.tar.gz: "),
        "{changed}"
    );
}
