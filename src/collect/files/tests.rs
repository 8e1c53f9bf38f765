//! What is read below a root, and what is refused.

use std::fs;
use std::os::unix::fs::symlink;

use super::*;

/// A root with the directories of sysctl.d(5) and /lib as a link.
pub(in crate::collect) fn tree() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for directory in ["etc/sysctl.d", "usr/lib/sysctl.d", "usr/local/lib/sysctl.d"] {
        fs::create_dir_all(root.path().join(directory)).unwrap();
    }
    symlink("usr/lib", root.path().join("lib")).unwrap();
    fs::write(root.path().join("etc/sysctl.conf"), "a = 1\n").unwrap();
    root
}

#[test]
fn absolute_links_stay_inside_the_root() {
    let root = tree();
    fs::write(root.path().join("etc/hostname"), "inside").unwrap();
    symlink("/etc/hostname", root.path().join("link")).unwrap();
    symlink("../../../../../../etc/hostname", root.path().join("climb")).unwrap();
    for name in ["/link", "link", "climb", "../../etc/hostname"] {
        let file = read(root.path(), Path::new(name)).unwrap().unwrap();
        assert_eq!(file.bytes, b"inside", "{name}");
        assert_eq!(file.real_path, Path::new("/etc/hostname"));
    }
}

#[test]
fn what_does_not_exist_is_none() {
    let root = tree();
    symlink("/nowhere", root.path().join("dangling")).unwrap();
    for name in ["none", "none/x"] {
        assert_eq!(read(root.path(), Path::new(name)).unwrap(), None);
    }
    for name in ["none", "none/x", "dangling"] {
        assert_eq!(list_dir(root.path(), Path::new(name)).unwrap(), None);
    }
    // A change could not be applied to it.
    let dangling = read(root.path(), Path::new("dangling"));
    assert!(matches!(dangling, Err(FileError::Dangling)));
    assert!(read(&root.path().join("none"), Path::new("x")).is_err());
}

#[test]
fn only_regular_files_of_moderate_length_are_read() {
    let root = tree();
    rustix::fs::mkfifoat(rustix::fs::CWD, root.path().join("fifo"), Mode::RUSR).unwrap();
    fs::write(root.path().join("long"), vec![0; 1024 * 1024 + 1]).unwrap();
    fs::write(root.path().join("most"), vec![0; 1024 * 1024]).unwrap();
    let result = |name: &str| read(root.path(), Path::new(name));
    assert!(matches!(result("fifo"), Err(FileError::NotRegular)));
    assert!(matches!(result("etc"), Err(FileError::NotRegular)));
    assert!(matches!(result("long"), Err(FileError::TooLong)));
    assert_eq!(result("most").unwrap().unwrap().bytes.len(), 1024 * 1024);
}

#[test]
fn without_openat2_no_link_is_followed() {
    let root = tree();
    symlink("sysctl.conf", root.path().join("etc/link")).unwrap();
    let base = open_root(root.path()).unwrap();
    let open = |path: &str| {
        open_without_openat2(
            &base,
            root.path(),
            Path::new(path),
            OFlags::RDONLY | OFlags::CLOEXEC,
        )
    };
    assert!(open("/etc/sysctl.conf").is_ok());
    assert!(open(".").is_ok());
    assert_eq!(open("etc/link").unwrap_err(), Errno::LOOP);
    assert_eq!(open("lib/sysctl.d").unwrap_err(), Errno::NOTDIR);
    assert_eq!(open("../x").unwrap_err(), Errno::LOOP);
    assert_eq!(open("none/x").unwrap_err(), Errno::NOENT);
}
