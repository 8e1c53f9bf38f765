//! Root file systems for images: programs of Debian with their libraries, and texts.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use tempfile::TempDir;

use crate::support::podman;

/// A root file system that is being made.
pub(super) struct Root(TempDir);

impl Root {
    /// One without anything.
    pub(super) fn bare() -> Self {
        let root = Self(tempfile::tempdir().unwrap());
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        root
    }

    /// One with a shell, accounts, and the distribution's name.
    pub(super) fn new() -> Self {
        let root = Self::bare();
        root.text("/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n")
            .text("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\nmemcache:x:100:100::/:/bin/sh\n")
            .text("/etc/group", "root:x:0:\nwww-data:x:33:\nnogroup:x:65534:\nmemcache:x:100:\n")
            .folder("/tmp")
            .folder("/run")
            .folder("/var/log/nginx")
            .folder("/var/lib/nginx")
            .program("/bin/busybox", "/bin/busybox")
            .link("/bin/busybox", "/bin/sh")
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    fn at(&self, path: &str) -> std::path::PathBuf {
        self.path().join(path.trim_start_matches('/'))
    }

    pub(super) fn folder(self, path: &str) -> Self {
        fs::create_dir_all(self.at(path)).unwrap();
        self
    }

    pub(super) fn text(self, path: &str, text: &str) -> Self {
        let to = self.at(path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(&to, text).unwrap();
        let mode = if text.starts_with("#!") { 0o755 } else { 0o644 };
        fs::set_permissions(&to, fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    pub(super) fn link(self, target: &str, path: &str) -> Self {
        let to = self.at(path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        symlink(target, to).unwrap();
        self
    }

    /// A program of this machine, with its libraries.
    pub(super) fn program(self, from: &str, to: &str) -> Self {
        podman::install(from, self.path(), to);
        self
    }

    /// A file or a whole folder of this machine at the same place, as `cp -a` takes it.
    pub(super) fn tree(self, path: &str) -> Self {
        let to = self.at(path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        let mut cp = crate::support::program::scrubbed("cp");
        cp.args(["-a", path]).arg(to.parent().unwrap());
        crate::support::program::finish(&mut cp).ended(0);
        self
    }
}

/// nginx, with this in its `http`.
pub(super) fn nginx(http: &str) -> Root {
    let text = format!("user root;\nevents {{}}\nhttp {{\n    access_log off;\n{http}\n}}\n");
    Root::new()
        .program("/usr/sbin/nginx", "/usr/sbin/nginx")
        .text("/etc/nginx/nginx.conf", &text)
}
