//! Archives that are cut off, changed, or are not what they say.

use super::*;

fn layer() -> Vec<u8> {
    let text = |n: usize| format!("{n}: {}\n", "text of a file ".repeat(200));
    let tar = (0..40).fold(Tar::default(), |tar, n| {
        tar.file(&format!("etc/{n}"), &text(n))
    });
    tar.end()
}

fn packed() -> Vec<(&'static str, Vec<u8>)> {
    let layer = layer();
    vec![
        ("gzip", gzip(&layer)),
        ("zstd", zstd(&layer)),
        ("plain", layer),
    ]
}

#[test]
fn a_layer_that_is_cut_off_is_told() {
    for (name, layer) in packed() {
        for keep in [600, layer.len() / 3, layer.len() / 2 + 7] {
            let archive = docker(&[layer[..keep].to_vec()], &config(&[]));
            let error = refused(&archive).to_string();
            let told = error.contains("layer 0/layer.tar: it is cut off; save the image once more");
            assert!(told, "{name} at {keep}: {error}");
        }
    }
}

#[test]
fn a_packed_layer_that_was_changed_is_told() {
    for (name, layer) in packed().into_iter().take(2) {
        for at in (20..layer.len()).step_by(layer.len() / 50) {
            let mut layer = layer.clone();
            layer[at] ^= 0x55;
            let archive = docker(&[layer.clone()], &config(&[]));
            let (_folder, path) = file(&archive);
            let mut image = open(&path, None).unwrap();
            match image.ask(|tree| tree.list("/etc")) {
                Err(error) => {
                    let told = error.to_string().contains("layer 0/layer.tar");
                    assert!(told, "{name} at {at}: {error}");
                }
                // Some bytes mean nothing, others the same: zeros copied from elsewhere.
                Ok(names) => {
                    assert_eq!(names.unwrap().unwrap().len(), 40, "{name} at {at}");
                    let text = read(&mut image, "/etc/39").unwrap();
                    assert!(text.starts_with("39: text of a file"), "{name} at {at}");
                }
            }
        }
    }
}

#[test]
fn an_archive_that_is_cut_off_is_told() {
    let archive = docker(&[layer()], &config(&[]));
    for packed in [archive.clone(), gzip(&archive), zstd(&archive)] {
        for keep in [
            packed.len() / 4,
            packed.len() / 2,
            packed.len() - 4000.min(packed.len() / 5),
        ] {
            let error = refused(&packed[..keep]).to_string();
            let told = ["it is cut off", "neither index.json nor manifest.json"];
            assert!(
                told.iter().any(|told| error.contains(told)),
                "{keep}: {error}"
            );
        }
    }
}

#[test]
fn a_header_that_was_changed_is_told() {
    let mut layer = layer();
    layer[512 + 3072 + 5] ^= 1;
    let error = refused(&docker(&[layer], &config(&[]))).to_string();
    assert!(
        error.contains("a header of its tar archive is damaged"),
        "{error}"
    );
    let error = refused(&docker(&[b"no tar".repeat(200)], &config(&[]))).to_string();
    assert!(
        error.contains("layer 0/layer.tar: it is no tar archive"),
        "{error}"
    );
    assert_eq!(
        list(&mut image(&[Vec::new()]), "/"),
        [""; 0],
        "an empty layer is one"
    );
}

#[test]
fn a_configuration_that_is_not_what_its_digest_says_is_told() {
    let good = config(&["a"]);
    let archive = docker(&[], &good);
    let changed = good.replace("\"a\"", "\"b\"");
    let at = archive
        .windows(good.len())
        .position(|part| part == good.as_bytes())
        .unwrap();
    let mut archive = archive;
    archive[at..at + good.len()].copy_from_slice(changed.as_bytes());
    let error = refused(&archive).to_string();
    assert!(error.contains("it is not what its digest says"), "{error}");
}

#[test]
fn what_is_missing_or_no_json_is_told_with_its_name() {
    let archive = |manifest: &str| {
        Tar::default()
            .file("c", "{}")
            .file("manifest.json", manifest)
            .end()
    };
    for (manifest, why) in [
        ("[{\"Config\": \"x\", \"Layers\": []}]", "x: it is missing"),
        (
            "[{\"Config\": \"c\", \"Layers\": [\"l\"]}]",
            "l: it is missing",
        ),
        (
            "[{\"Config\": \"c\"",
            "manifest.json: it is no JSON (line 1",
        ),
        ("[{\"Config\": 5}]", "manifest.json: it has not the fields"),
        ("[]", "the list of its images is empty"),
        ("{\"config\": null}", "it has no configuration"),
        (
            "{\"config\": {\"digest\": \"../../etc\"}}",
            "it is no digest",
        ),
    ] {
        let error = refused(&archive(manifest)).to_string();
        assert!(error.contains(why), "{manifest}: {error}");
    }
    let error = refused(&Tar::default().file("index.json", "\u{feff}").end()).to_string();
    assert!(error.contains("index.json: it is no JSON"), "{error}");
}

#[test]
fn layers_packed_in_other_ways_are_told_with_the_way() {
    for (head, name) in [(b"\xfd7zXZ\0".as_slice(), "xz"), (b"BZh91AY&SY", "bzip2")] {
        let layer = [head, &[0; 600]].concat();
        let error = refused(&docker(std::slice::from_ref(&layer), &config(&[]))).to_string();
        let told = format!("layer.tar is packed with {name}, which backlint does not read; load");
        assert!(error.contains(&told), "{error}");
        let error = refused(&layer).to_string();
        assert!(
            error.contains(&format!("the archive is packed with {name}")),
            "{error}"
        );
    }
}

#[test]
fn no_prefix_and_no_changed_byte_makes_it_panic() {
    let layer = Tar::default()
        .file("etc/a", "1")
        .hard_link("b", "etc/a")
        .symlink("c", "b")
        .file("etc/.wh.x", "");
    let archive = docker(&[gzip(&layer.end())], &config(&["/c"]));
    let ask = |bytes: &[u8]| {
        let (_folder, path) = file(bytes);
        if let Ok(mut image) = open(&path, None) {
            let _ = image.ask(|tree| (tree.read("/c"), tree.list("/"), tree.shown("/b")));
            let _ = image.gaps();
        }
    };
    for at in (0..archive.len()).step_by(37) {
        ask(&archive[..at]);
        for value in [0, 0x80, 0xff] {
            let mut changed = archive.clone();
            changed[at] = value;
            ask(&changed);
        }
    }
}
