//! Each kind of archive and folder, and which image of several is meant.

use super::*;

fn layer() -> Vec<u8> {
    Tar::default().file("etc/a", "1").end()
}

/// Parts by their digests, as an OCI layout has them.
#[derive(Default)]
struct Layout(Vec<(String, Vec<u8>)>);

impl Layout {
    fn blob(&mut self, bytes: &[u8]) -> serde_json::Value {
        let hex = digest(bytes);
        self.0.push((format!("blobs/sha256/{hex}"), bytes.to_vec()));
        serde_json::json!({"digest": format!("sha256:{hex}"), "size": bytes.len()})
    }

    fn json(&mut self, value: &serde_json::Value) -> serde_json::Value {
        self.blob(value.to_string().as_bytes())
    }

    /// An image for a platform.
    fn image(&mut self, platform: &str, layers: &[Vec<u8>]) -> serde_json::Value {
        let platform: Platform = platform.parse().unwrap();
        let machine = serde_json::json!({"os": platform.os, "architecture": platform.architecture});
        let mut settings = machine.clone();
        settings["config"] = serde_json::json!({"Cmd": [platform.to_string()]});
        let config = self.json(&settings);
        let layers: Vec<serde_json::Value> = layers.iter().map(|layer| self.blob(layer)).collect();
        let manifest = serde_json::json!({"schemaVersion": 2, "config": config, "layers": layers});
        let mut descriptor = self.json(&manifest);
        descriptor["platform"] = machine;
        descriptor
    }

    fn index(&mut self, manifests: &[serde_json::Value]) -> serde_json::Value {
        let mut descriptor = self.json(&serde_json::json!({"manifests": manifests}));
        descriptor["mediaType"] = "application/vnd.oci.image.index.v1+json".into();
        descriptor
    }

    fn end(mut self, manifests: &[serde_json::Value]) -> Self {
        let index = serde_json::json!({"schemaVersion": 2, "manifests": manifests});
        self.0
            .push(("index.json".to_owned(), index.to_string().into_bytes()));
        self
    }

    fn archive(&self) -> Vec<u8> {
        let tar = self.0.iter().fold(Tar::default(), |tar, (name, bytes)| {
            let name = format!("./{name}");
            tar.add(name.as_bytes(), EntryType::Regular, b"", 0o644, bytes)
        });
        tar.end()
    }

    fn folder(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in &self.0 {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        folder
    }
}

fn named(mut descriptor: serde_json::Value, name: &str) -> serde_json::Value {
    descriptor["annotations"] = serde_json::json!({"org.opencontainers.image.ref.name": name});
    descriptor
}

#[test]
fn an_archive_of_docker_save_is_read_however_it_is_packed() {
    let config = config(&["/bin/app"]);
    let layer = layer();
    let half = layer.len() / 2;
    let members = [gzip(&layer[..half]), gzip(&layer[half..])].concat();
    let frames = [
        zstd(&layer[..half]),
        b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec(),
        zstd(&layer[half..]),
    ]
    .concat();
    for packed in [layer.clone(), gzip(&layer), members, zstd(&layer), frames] {
        let archive = docker(&[packed, Tar::default().file("etc/b", "2").end()], &config);
        for archive in [archive.clone(), gzip(&archive), zstd(&archive)] {
            let (_folder, path) = file(&archive);
            let mut image = open(&path, None).unwrap();
            assert_eq!(image.name(), "shop/web:1");
            assert_eq!(image.config().unwrap().command, ["/bin/app"]);
            assert_eq!(list(&mut image, "/etc"), ["a", "b"]);
            assert_eq!(read(&mut image, "/etc/a").unwrap(), "1");
        }
    }
}

#[test]
fn a_layer_that_is_a_link_to_another_is_that_one() {
    let config = config(&[]);
    let manifest = r#"[{"Config": "c", "Layers": ["a/layer.tar", "b/layer.tar"]}]"#;
    let archive = Tar::default()
        .file("c", &config)
        .add(b"a/layer.tar", EntryType::Regular, b"", 0o644, &layer())
        .symlink("b/layer.tar", "../a/layer.tar")
        .file("manifest.json", manifest);
    for archive in [archive.0.clone(), gzip(&Tar(archive.0).end())] {
        let (_folder, path) = file(&archive);
        assert_eq!(
            read(&mut open(&path, None).unwrap(), "/etc/a").unwrap(),
            "1"
        );
    }
}

#[test]
fn archives_of_the_first_docker_are_read() {
    let archive = Tar::default()
        .file("repositories", r#"{"web": {"1": "top"}}"#)
        .file(
            "top/json",
            r#"{"parent": "base", "config": {"Cmd": ["x"]}}"#,
        )
        .add(
            b"top/layer.tar",
            EntryType::Regular,
            b"",
            0o644,
            &Tar::default()
                .file("etc/.wh.a", "")
                .file("etc/b", "2")
                .end(),
        )
        .file("base/json", "{}")
        .add(b"base/layer.tar", EntryType::Regular, b"", 0o644, &layer());
    let (_folder, path) = file(&archive.end());
    let mut image = open(&path, None).unwrap();
    assert_eq!(
        (image.name(), image.config().unwrap().command.len()),
        ("web:1", 1)
    );
    assert_eq!(list(&mut image, "/etc"), ["b"]);
    let circle = Tar::default()
        .file("repositories", r#"{"web": {"1": "top"}}"#)
        .file("top/json", r#"{"parent": "top"}"#)
        .file("top/layer.tar", "");
    assert!(
        refused(&circle.end())
            .to_string()
            .contains("more than 1024 layers")
    );
}

#[test]
fn a_layout_is_read_as_an_archive_and_as_a_folder() {
    let mut layout = Layout::default();
    let here = Platform::here().to_string();
    let image = layout.image(&here, &[gzip(&layer())]);
    let layout = layout.end(&[named(image, "web:2")]);
    let folder = layout.folder();
    let (_folder, path) = file(&layout.archive());
    for path in [path.as_path(), folder.path()] {
        let mut image = open(path, None).unwrap();
        assert_eq!(image.name(), "web:2");
        assert_eq!(read(&mut image, "/etc/a").unwrap(), "1");
    }
}

#[test]
fn of_several_platforms_the_one_asked_for_is_read() {
    let mut layout = Layout::default();
    let here = Platform::here().to_string();
    let other = if here == "linux/riscv64" {
        "linux/s390x"
    } else {
        "linux/riscv64"
    };
    let images = [
        layout.image(other, &[layer()]),
        layout.image(&here, &[layer()]),
    ];
    let mut attestation = layout.image("unknown/unknown", &[]);
    attestation["annotations"] =
        serde_json::json!({"vnd.docker.reference.type": "attestation-manifest"});
    let inner = layout.index(&[&images[..], &[attestation]].concat());
    let layout = layout.end(&[named(inner, "web:3")]);
    let (_folder, path) = file(&layout.archive());
    let command = |platform: Option<&str>| {
        let platform: Option<Platform> = platform.map(|text| text.parse().unwrap());
        let image = open(&path, platform.as_ref())?;
        assert_eq!(image.name(), "web:3");
        Ok::<_, ImageError>(image.config().unwrap().command.join(" "))
    };
    assert_eq!(command(None).unwrap(), here);
    assert_eq!(command(Some(other)).unwrap(), other);
    let error = command(Some("linux/mips")).unwrap_err().to_string();
    let mut both = [here.as_str(), other];
    both.sort_unstable();
    let there = format!(
        "has no image for linux/mips, only for {}: choose with --platform",
        both.join(", ")
    );
    assert!(error.ends_with(&there), "{error}");
}

#[test]
fn an_image_for_another_platform_than_asked_for_is_refused() {
    let (_folder, path) = file(&docker(&[layer()], &config(&[])));
    let wanted = "linux/mips".parse().unwrap();
    let error = open(&path, Some(&wanted)).unwrap_err();
    assert!(matches!(error, ImageError::NoPlatform { .. }), "{error}");
}

#[test]
fn several_images_are_not_guessed_among() {
    let manifest = r#"[{"Config": "a", "RepoTags": ["web:1"], "Layers": []}, {"Config": "b", "RepoTags": null, "Layers": []}]"#;
    let error = refused(&Tar::default().file("manifest.json", manifest).end()).to_string();
    assert!(
        error.contains("has several images, web:1, b: save the one that is meant"),
        "{error}"
    );
    let mut layout = Layout::default();
    let here = Platform::here().to_string();
    let images = [layout.image(&here, &[layer()]), layout.image(&here, &[])];
    let [first, second] = images;
    let layout = layout.end(&[named(first, "web:1"), named(second, "db:1")]);
    let error = refused(&layout.archive()).to_string();
    assert!(error.contains("web:1") && error.contains("db:1"), "{error}");
}

#[test]
fn what_is_no_image_is_told_with_what_would_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("text"), "hello\n".repeat(200)).unwrap();
    std::fs::write(at("short"), "hello\n").unwrap();
    std::fs::write(at("empty"), "").unwrap();
    std::fs::write(at("tar"), Tar::default().file("a", "1").end()).unwrap();
    std::fs::create_dir(at("folder")).unwrap();
    for (name, why) in [
        ("text", "the file is no tar archive"),
        ("short", "the file is no tar archive"),
        ("empty", "the file is empty"),
        ("tar", "neither index.json nor manifest.json"),
        ("folder", "neither index.json nor directories"),
    ] {
        let error = open(&at(name), None).unwrap_err().to_string();
        assert!(
            error.contains(why) && error.contains("a folder that is a root"),
            "{error}"
        );
    }
    let missing = open(&at("missing"), None).unwrap_err().to_string();
    assert!(missing.contains("cannot be read"), "{missing}");
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        at("pipe"),
        rustix::fs::Mode::from_raw_mode(0o600),
    )
    .unwrap();
    let pipe = open(&at("pipe"), None).unwrap_err().to_string();
    assert!(pipe.contains("write the image to a file"), "{pipe}");
}

#[test]
fn a_root_file_system_is_read_without_leaving_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(at("etc/d")).unwrap();
    std::fs::write(at("etc/a"), "1").unwrap();
    std::fs::create_dir_all(at("var/lib/dpkg")).unwrap();
    let database = "Package: p\nVersion: 1\nDescription: words\n\n".repeat(100_000);
    std::fs::write(at("var/lib/dpkg/status"), database).unwrap();
    std::os::unix::fs::symlink("/etc/a", at("etc/link")).unwrap();
    std::os::unix::fs::symlink("/proc/self/exe", at("etc/out")).unwrap();
    let mut image = open(folder.path(), None).unwrap();
    assert!(image.config().is_none());
    assert_eq!(read(&mut image, "/etc/link").unwrap(), "1");
    assert_eq!(real(&mut image, "/etc/link").as_deref(), Some("/etc/a"));
    assert_eq!(list(&mut image, "/etc"), ["a", "d", "link", "out"]);
    assert!(matches!(unread(&mut image, "/etc/out"), Unread::Because(_)));
    assert!(
        image
            .ask(|tree| tree.shown("/etc/a"))
            .unwrap()
            .unwrap()
            .is_some()
    );
    assert!(!image.ask(|tree| tree.is_program("/etc/a")).unwrap());
    let database = read(&mut image, "/var/lib/dpkg/status").unwrap();
    assert!(database.starts_with("Package: p\nVersion: 1\n\n"));
}

#[test]
fn a_root_file_system_may_have_files_that_are_named_as_those_of_images() {
    for (name, text) in [
        (
            "manifest.json",
            r#"{"name": "app", "icons": [], "start_url": "/"}"#,
        ),
        ("manifest.json", r#"[{"Config": 5}]"#),
        ("manifest.json", "[]"),
        ("manifest.json", "no JSON"),
        ("manifest.json/x", ""),
        ("index.json", r#"{"manifests": [{"digest": "x"}]}"#),
        ("index.json", "no JSON"),
        ("index.json/x", ""),
        ("repositories/x", ""),
        ("repositories", "{}"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("etc")).unwrap();
        std::fs::write(folder.path().join("etc/a"), "1").unwrap();
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        let mut image = open(folder.path(), None).unwrap();
        assert!(image.config().is_none(), "{name}");
        assert_eq!(read(&mut image, "/etc/a").unwrap(), "1", "{name}");
    }
}

#[test]
fn an_image_in_a_folder_is_one_beside_other_folders_too() {
    let mut layout = Layout::default();
    let image = layout.image(&Platform::here().to_string(), &[layer()]);
    let folder = layout.end(&[named(image, "web:2")]).folder();
    std::fs::create_dir(folder.path().join("home")).unwrap();
    assert_eq!(open(folder.path(), None).unwrap().name(), "web:2");
    let (saved, _) = file(b"");
    std::fs::create_dir(saved.path().join("home")).unwrap();
    std::fs::write(saved.path().join("c"), config(&["x"])).unwrap();
    let manifest = r#"[{"Config": "c", "RepoTags": ["web:3"], "Layers": []}]"#;
    std::fs::write(saved.path().join("manifest.json"), manifest).unwrap();
    assert_eq!(open(saved.path(), None).unwrap().name(), "web:3");
}

#[test]
fn a_layer_that_is_kept_elsewhere_is_a_gap() {
    let mut layout = Layout::default();
    let here = Platform::here();
    let config =
        layout.json(&serde_json::json!({"os": here.os, "architecture": here.architecture}));
    let there = layout.blob(&layer());
    let foreign = serde_json::json!({
        "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "digest": format!("sha256:{}", "0".repeat(64)),
    });
    let manifest = layout.json(&serde_json::json!({"config": config, "layers": [foreign, there]}));
    let layout = layout.end(&[manifest]);
    let (_folder, path) = file(&layout.archive());
    let mut image = open(&path, None).unwrap();
    assert_eq!(read(&mut image, "/etc/a").unwrap(), "1");
    let gaps: Vec<String> = image.gaps().iter().map(ToString::to_string).collect();
    assert!(
        gaps[0].contains("0000 of the image: it may not be distributed"),
        "{gaps:?}"
    );
}
