//! The machine and its distribution: uname(2) and os-release(5).

use std::path::Path;

use super::files;
use crate::snapshot::{Host, Os};

/// Where os-release(5) is, the first that exists counts.
const OS_RELEASE: [&str; 2] = ["/etc/os-release", "/usr/lib/os-release"];

/// Reads the running kernel, and the distribution installed below `root`.
pub(super) fn read(root: &Path) -> Host {
    let uname = rustix::system::uname();
    Host {
        name: Some(uname.nodename().to_string_lossy().into_owned()),
        kernel: Some(uname.release().to_string_lossy().into_owned()),
        os: os(root),
    }
}

/// The system that is installed below `root` and does not run: of its kernels the newest.
pub(super) fn installed(root: &Path) -> Host {
    let folders = ["/usr/lib/modules", "/lib/modules"];
    let lists = folders
        .iter()
        .filter_map(|folder| files::list_dir(root, Path::new(folder)).ok()?);
    let releases = lists
        .flatten()
        .map(|name| name.to_string_lossy().into_owned());
    let version = |release: &String| -> Vec<u64> {
        let numbers = release.split(|c: char| !c.is_ascii_digit());
        numbers.filter_map(|number| number.parse().ok()).collect()
    };
    Host {
        name: None,
        kernel: releases.max_by_key(version),
        os: os(root),
    }
}

/// The distribution installed below `root`; `None` where os-release(5) is missing or has no `ID`.
pub fn os(root: &Path) -> Option<Os> {
    os_of(|path| Some(files::read(root, path).ok().flatten()?.bytes))
}

/// The distribution of a tree of files, by what reads one of them.
pub fn os_of(read: impl Fn(&Path) -> Option<Vec<u8>>) -> Option<Os> {
    let mut found = OS_RELEASE.iter().filter_map(|path| read(Path::new(path)));
    parse_os(&String::from_utf8_lossy(&found.next()?))
}

/// Reads `ID` and `VERSION_ID`; where a name is given twice the last counts, as in a shell.
fn parse_os(text: &str) -> Option<Os> {
    let (mut id, mut version) = (None, None);
    for line in text.lines() {
        match line.trim().split_once('=') {
            Some(("ID", value)) => id = Some(unquote(value)),
            Some(("VERSION_ID", value)) => version = Some(unquote(value)),
            _ => {}
        }
    }
    let id = id.filter(|id| !id.is_empty())?;
    Some(Os {
        id,
        version: version.filter(|version| !version.is_empty()),
    })
}

fn unquote(value: &str) -> String {
    for quote in ['"', '\''] {
        let inner = value
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner.to_owned();
        }
    }
    value.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_go_and_other_names_are_passed_over() {
        let os = parse_os("NAME=\"Debian\"\nVERSION_ID=\"12\"\n# ID=no\nID=debian\n").unwrap();
        assert_eq!(
            (os.id.as_str(), os.version.as_deref()),
            ("debian", Some("12"))
        );
        let os = parse_os("ID='arch'\nVERSION_ID=\n").unwrap();
        assert_eq!((os.id.as_str(), os.version), ("arch", None));
        assert_eq!(parse_os("ID=\n"), None);
        assert_eq!(
            parse_os("ID=\"\nVERSION_ID"),
            Some(Os {
                id: "\"".to_owned(),
                version: None
            })
        );
    }

    #[test]
    fn the_second_place_is_read_when_the_first_is_missing() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(os(root.path()), None);
        std::fs::create_dir_all(root.path().join("usr/lib")).unwrap();
        std::fs::write(root.path().join("usr/lib/os-release"), "ID=alpine\n").unwrap();
        assert_eq!(os(root.path()).unwrap().id, "alpine");
    }
}
