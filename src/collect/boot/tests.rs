//! What is read of the persistent configuration below a root.

use std::fs;
use std::os::unix::fs::symlink;

use super::*;
use crate::collect::files::tests::tree;

#[test]
fn the_sysctl_configuration_is_read_by_directory_and_name() {
    let root = tree();
    for name in [
        "etc/sysctl.d/b.conf",
        "etc/sysctl.d/a.conf",
        "etc/sysctl.d/README",
        "usr/local/lib/sysctl.d/README.conf",
        "usr/lib/sysctl.d/z.conf",
    ] {
        fs::write(root.path().join(name), name.as_bytes()).unwrap();
    }
    symlink("/dev/null", root.path().join("etc/sysctl.d/masked.conf")).unwrap();
    fs::create_dir_all(root.path().join("etc/sysctl.d/dir.conf")).unwrap();
    let mut gaps = Vec::new();
    let (texts, boot) = read(root.path(), Depth::Files, None, &mut gaps);
    let paths: Vec<_> = texts.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/etc/sysctl.conf",
            "/etc/sysctl.d/a.conf",
            "/etc/sysctl.d/b.conf",
            "/etc/sysctl.d/dir.conf",
            "/etc/sysctl.d/masked.conf",
            "/usr/local/lib/sysctl.d/README.conf",
            "/usr/lib/sysctl.d/z.conf"
        ]
    );
    assert_eq!(texts[3].unread.as_deref(), Some("it is not a regular file"));
    assert_eq!(texts[4].link.as_deref(), Some("/dev/null"));
    assert_eq!(texts[4].text, "");
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!(gaps[0].what, "/etc/sysctl.d/dir.conf");
    assert!(boot.found.is_empty(), "{:?}", boot.found);
}
