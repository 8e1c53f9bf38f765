//! Every kind of archive.

use super::*;

/// An archive of the image and how it is made.
fn archives(podman: &Podman) -> Vec<PathBuf> {
    let at = |name: &str| podman.home().join(name);
    let mut made = Vec::new();
    for format in ["docker-archive", "oci-archive", "oci-dir", "docker-dir"] {
        let path = at(format);
        podman.ask(&[
            "save",
            "--format",
            format,
            "-o",
            path.to_str().unwrap(),
            "third",
        ]);
        made.push(path);
    }
    for packing in ["gzip", "zstd"] {
        let path = at(packing);
        let place = format!("oci-archive:{}", path.display());
        podman.ask(&["push", "--compression-format", packing, "third", &place]);
        made.push(path);
        let path = at(&format!("docker-archive-{packing}"));
        let mut pack = scrubbed(packing);
        pack.arg("-c").arg(at("docker-archive"));
        pack.stdout(fs::File::create(&path).unwrap());
        assert!(pack.status().unwrap().success());
        made.push(path);
    }
    made
}

#[test]
fn every_archive_of_podman_is_the_image_that_podman_unpacks() {
    let podman = Podman::new();
    build(&podman);
    let root = PathBuf::from(podman.ask(&["image", "mount", "third"]));
    for path in archives(&podman) {
        let mut image = open(&path, None).unwrap();
        let config = image.config().unwrap();
        assert_eq!(config.command, ["nginx"], "{}", path.display());
        assert_eq!(config.exposed.len(), 1);
        same_as(&mut image, &root);
        assert_eq!(image.gaps(), [], "{}", path.display());
    }
    podman.ask(&["image", "unmount", "--all"]);
}
