//! Which version of a package is installed below a root: the databases of dpkg and apk.
//!
//! Follows dpkg's `/var/lib/dpkg/status` (deb822(5)) and apk's `/lib/apk/db/installed`. They are
//! read as a stream: a host's database has some megabytes.

use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

use super::files::Root;

/// Bytes of a database that are read.
const MOST: u64 = 64 << 20;
/// Bytes that are kept of an abridged one: some ten thousand packages.
const MOST_ABRIDGED: usize = 1 << 20;
/// Bytes of a line that are kept; descriptions are of no interest.
const LINE: u64 = 4096;

/// The databases: path, how the line with the name begins, and the one with the version.
const DATABASES: [(&str, &str, &str); 2] = [
    ("/var/lib/dpkg/status", "Package: ", "Version: "),
    ("/lib/apk/db/installed", "P:", "V:"),
];

/// The version of a package below `root`. `None`: not installed, or no database was readable.
pub fn version(root: &Root, name: &str) -> Option<String> {
    DATABASES.iter().find_map(|(path, package, version)| {
        let (file, _) = root.file(Path::new(path)).ok()??;
        search(BufReader::new(file.take(MOST)), (package, version), name)
    })
}

/// Where the databases are, each in an image or on a host.
pub fn databases() -> impl Iterator<Item = &'static str> {
    DATABASES.iter().map(|(path, ..)| *path)
}

/// The version of a package by the text of the database that belongs at `path`. `None`: not installed there, or
/// no database belongs at that path.
pub fn in_database(path: &str, text: impl BufRead, name: &str) -> Option<String> {
    let (_, package, version) = DATABASES.iter().find(|(known, ..)| *known == path)?;
    search(text.take(MOST), (package, version), name)
}

/// The lines of a database that [`in_database`] looks at, 1 MiB of them at most: a database that streams by need
/// not be kept. What cannot be read ends it.
pub fn abridged(text: &mut dyn BufRead) -> Vec<u8> {
    let mut text = text.take(MOST);
    let (mut kept, mut line) = (Vec::new(), Vec::new());
    let wanted = |line: &[u8]| {
        let named = |key: &str| line.starts_with(key.as_bytes());
        let keys = DATABASES.iter();
        line == b"\n"
            || keys
                .into_iter()
                .any(|(_, package, version)| named(package) || named(version))
    };
    while kept.len() < MOST_ABRIDGED {
        line.clear();
        match text.by_ref().take(LINE).read_until(b'\n', &mut line) {
            Ok(1..) if wanted(&line) => kept.extend_from_slice(&line),
            Ok(1..) => {}
            _ => break,
        }
    }
    kept
}

fn search(mut text: impl BufRead, keys: (&str, &str), name: &str) -> Option<String> {
    let (package, version) = keys;
    let mut here = false;
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = text.by_ref().take(LINE).read_until(b'\n', &mut line).ok()?;
        if length == 0 {
            return None;
        }
        let Ok(content) = std::str::from_utf8(&line) else {
            continue;
        };
        let content = content.trim_end();
        if content.is_empty() {
            here = false;
        } else if let Some(found) = content.strip_prefix(package) {
            here = found == name;
        } else if here && let Some(found) = content.strip_prefix(version) {
            return Some(found.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_package_of_this_very_name() {
        let dpkg = "Package: redis\nVersion: 1\n\nPackage: redis-server\nStatus: x\nVersion: 5:7.0.15-1\nDescription: a\n Version: 9\n";
        let keys = ("Package: ", "Version: ");
        assert_eq!(
            search(dpkg.as_bytes(), keys, "redis-server").as_deref(),
            Some("5:7.0.15-1")
        );
        assert_eq!(search(dpkg.as_bytes(), keys, "server"), None);
        let apk = "C:x\nP:nginx\nV:1.26.2-r0\n\nP:php\nV:8\n";
        assert_eq!(
            search(apk.as_bytes(), ("P:", "V:"), "php").as_deref(),
            Some("8")
        );
        let [dpkg_path, apk_path] = DATABASES.map(|(path, ..)| path);
        assert!(databases().eq([dpkg_path, apk_path]));
        let found = |path, text: &str, name| in_database(path, text.as_bytes(), name);
        assert_eq!(found(apk_path, apk, "nginx").as_deref(), Some("1.26.2-r0"));
        assert_eq!(found(dpkg_path, apk, "nginx"), None);
        assert_eq!(found("/etc/passwd", apk, "nginx"), None);
        let short = String::from_utf8(abridged(&mut dpkg.as_bytes())).unwrap();
        assert_eq!(
            short,
            dpkg.replace("Status: x\n", "")
                .replace("Description: a\n Version: 9\n", "")
        );
    }
}
