//! Images that podman made of files of Debian's packages, read from every kind of archive that it writes, and
//! compared with the same image unpacked by podman: there the kernel follows the links.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use backlint::image::{Image, Tree, Unread, open};

use crate::support::podman::Podman;
use crate::support::program::{finish, scrubbed};

mod archives;
mod odd;

/// Packages that are installed where these tests run, with links, programs and configuration.
const PACKAGES: [&str; 5] = ["nginx", "nginx-common", "redis-server", "procps", "netbase"];

/// An image with three layers: files of packages; some removed, replaced, linked and moved; and some made again.
fn build(podman: &Podman) {
    let home = podman.home();
    let list = finish(scrubbed("dpkg").arg("-L").args(PACKAGES))
        .ended(0)
        .out;
    // Of packages that were made before /bin became a link, what is in /usr/bin now; and of diverted files dpkg tells a
    // sentence.
    let there = |path: &str| {
        let path = Path::new(path);
        let parent = path.parent()?.canonicalize().ok()?;
        path.symlink_metadata().ok()?;
        Some(parent.join(path.file_name()?).display().to_string())
    };
    let more = ["/bin", "/lib", "/sbin", "/bin/busybox"];
    let list: BTreeSet<String> = list.lines().chain(more).filter_map(there).collect();
    let names: Vec<String> = list
        .iter()
        .map(|path| path[1..].to_owned() + "\n")
        .collect();
    fs::write(home.join("list"), names.concat()).unwrap();
    let tar = home.join("base.tar");
    let mut pack = scrubbed("tar");
    pack.args(["-C", "/", "--no-recursion", "-cf"]).arg(&tar);
    pack.arg("-T").arg(home.join("list"));
    pack.arg("--transform=s,^etc/nginx/koi-win,etc/nginx/a b,");
    finish(&mut pack).ended(0);
    podman.ask(&["import", tar.to_str().unwrap(), "base"]);
    let change = |from: &str, to: &str, script: &str| {
        let words = ["/bin/busybox", "sh", "-c", script];
        let start = ["run", "--network=none", "--name", to, from];
        podman.ask(&[&start[..], &words].concat());
        let settings = "CMD [\"nginx\"]";
        podman.ask(&[
            "commit",
            "--change",
            settings,
            "--change",
            "EXPOSE 80/tcp",
            to,
            to,
        ]);
        podman.ask(&["rm", "--force", "--time=0", to]);
    };
    change(
        "base",
        "second",
        "set -e; b=/bin/busybox; $b rm -r /usr/share/doc /etc/redis; $b ln /usr/sbin/nginx /hard; \
         $b mkdir -p /etc/redis/new /a/b; echo 2 > /etc/redis/new/redis.conf; $b rm /etc/protocols; \
         $b ln -s /etc/nginx /a/b/abs; $b ln -s ../../../../etc/nginx/nginx.conf /a/b/climb; $b ln -s loop /a/loop; \
         $b mv /etc/nginx/mime.types /etc/nginx/moved; $b rm /etc/nginx/uwsgi_params; \
         $b mkdir /etc/nginx/uwsgi_params; echo 1 > /etc/nginx/uwsgi_params/x; \
         $b dd if=/dev/zero of=/sparse bs=1 count=1 seek=30000000; echo x > /a/gone",
    );
    change(
        "second",
        "third",
        "set -e; b=/bin/busybox; $b mkdir -p /usr/share/doc/again; echo 3 > /usr/share/doc/again/x; \
         $b rm -r /a/b /a/gone; $b mkdir /a/b; echo 3 > /a/b/only; $b rm -r /etc/nginx/uwsgi_params; \
         echo 3 > /etc/nginx/uwsgi_params; $b ln /etc/nginx/moved /a/second-name",
    );
}

/// Every path below a folder as it is in the root that this folder is.
fn paths(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut todo = vec![PathBuf::new()];
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(root.join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            found.push(format!("/{}", path.to_str().unwrap()));
            if entry.file_type().unwrap().is_dir() {
                todo.push(path);
            }
        }
    }
    found.sort();
    found
}

/// What a tree says of a path; of a file the text if it is short.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    names: Option<Vec<String>>,
    text: Option<Vec<u8>>,
    real: Option<String>,
    is_program: bool,
    shown: String,
}

/// What is to be fetched is no answer yet; what cannot be had is the same as nothing here.
fn known<T>(answer: Result<Option<T>, Unread>) -> Result<Option<T>, Unread> {
    match answer {
        Err(Unread::Because(_)) => Ok(None),
        other => other,
    }
}

fn said(tree: &dyn Tree, path: &str) -> Result<Said, Unread> {
    Ok(Said {
        names: known(tree.list(path))?,
        text: known(tree.read(path))?,
        real: tree.real(path),
        is_program: tree.is_program(path),
        shown: format!("{:?}", known(tree.shown(path))?),
    })
}

/// Asks for these paths, some at a time: all at once would be more than is read of one image.
fn ask(image: &mut Image, paths: &[String]) -> Vec<Said> {
    let parts = paths.chunks(1000).map(|part| {
        let answers =
            image.ask(|tree| -> Vec<_> { part.iter().map(|path| said(tree, path)).collect() });
        answers.unwrap()
    });
    let all: Vec<Result<Said, Unread>> = parts.flatten().collect();
    all.into_iter().map(Result::unwrap).collect()
}

/// Insists that an image is the same as the folder that podman unpacked.
#[track_caller]
fn same_as(image: &mut Image, root: &Path) {
    let mut paths = paths(root);
    assert!(paths.len() > 100);
    for more in [
        "/",
        "/a/b/../b",
        "/usr/sbin/../../hard",
        "/none",
        "/a/gone",
        "/etc/protocols",
    ] {
        paths.push(more.to_owned());
    }
    let mut folder = open(root, None).unwrap();
    let (mut own, mut expected) = (ask(image, &paths), ask(&mut folder, &paths));
    for ((path, own), expected) in paths.iter().zip(&mut own).zip(&mut expected) {
        assert_eq!(own, expected, "{path}");
    }
}
