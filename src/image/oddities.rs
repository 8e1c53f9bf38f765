//! Entries of layers that were left out, counted by why: an image may have millions of them.

use std::collections::BTreeMap;

use crate::snapshot::Gap;
use crate::text::untrusted::clean;

/// Why an entry was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Oddity {
    /// `../../etc/passwd`.
    Outside,
    /// Longer than Linux takes (`NAME_MAX`, `PATH_MAX`), or with a NUL in it.
    NoName,
    /// A hard link to what is not there, or is a directory.
    LinkToNothing,
    /// A whiteout of nothing that has a name.
    Whiteout,
}

impl Oddity {
    fn words(self) -> &'static str {
        match self {
            Self::Outside => "its name leads out of the image",
            Self::NoName => "it has a name that no file can have",
            Self::LinkToNothing => "it is a hard link to a file that is not there",
            Self::Whiteout => "it removes a file without a name",
        }
    }
}

/// The entries that were left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Oddities(BTreeMap<Oddity, (u64, String)>);

impl Oddities {
    /// One more.
    pub(super) fn add(&mut self, oddity: Oddity, name: &[u8]) {
        let first = || {
            let name = name.get(..256).unwrap_or(name);
            clean(&String::from_utf8_lossy(name)).into_owned()
        };
        self.0.entry(oddity).or_insert_with(|| (0, first())).0 += 1;
    }

    /// Those of an upper layer.
    pub(super) fn append(&mut self, upper: Self) {
        for (oddity, (count, first)) in upper.0 {
            self.0.entry(oddity).or_insert_with(|| (0, first)).0 += count;
        }
    }

    /// For the record: one gap for each reason.
    pub(super) fn gaps(&self) -> impl Iterator<Item = Gap> {
        self.0.iter().map(|(oddity, (count, first))| {
            let what = match count {
                1 => format!("{first} in the image"),
                2 => format!("{first} and another entry of the image"),
                count => format!("{first} and {} other entries of the image", count - 1),
            };
            let blinds = "the file that was meant, which was left out";
            Gap::new(what, oddity.words(), blinds)
        })
    }
}

/// Bytes that a file's name may have.
const MOST_NAME: usize = 255;
/// Bytes that a path may have, without the NUL.
pub(super) const MOST_PATH: usize = 4095;

/// A name of a layer as a path inside the image without a slash in front; empty for its root.
pub(super) fn inside(name: &[u8]) -> Result<Vec<u8>, Oddity> {
    let mut path = Vec::with_capacity(name.len());
    for part in name.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if path.is_empty() => return Err(Oddity::Outside),
            b".." => {
                let end = path.iter().rposition(|byte| *byte == b'/');
                path.truncate(end.unwrap_or(0));
            }
            part if part.len() > MOST_NAME || part.contains(&0) => return Err(Oddity::NoName),
            part => {
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend_from_slice(part);
            }
        }
    }
    match path.len() {
        0..=MOST_PATH => Ok(path),
        _ => Err(Oddity::NoName),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_and_never_lead_out() {
        let inside = |name: &str| inside(name.as_bytes());
        for (name, path) in [
            ("./", ""),
            ("/", ""),
            ("./etc//passwd", "etc/passwd"),
            ("/etc/./x/", "etc/x"),
            ("a/../b", "b"),
            ("a/..", ""),
            ("a/b/../../c", "c"),
            ("...", "..."),
        ] {
            assert_eq!(inside(name), Ok(path.as_bytes().to_vec()), "{name}");
        }
        for name in ["..", "../etc/passwd", "/../x", "a/../../b", "./../a"] {
            assert_eq!(inside(name), Err(Oddity::Outside), "{name}");
        }
        assert_eq!(inside(&"x".repeat(256)), Err(Oddity::NoName));
        assert_eq!(inside(&"x/".repeat(2050)), Err(Oddity::NoName));
        assert_eq!(inside("a\0b"), Err(Oddity::NoName));
    }

    #[test]
    fn many_entries_are_one_gap() {
        let mut oddities = Oddities::default();
        for name in [b"../a\x1b".as_slice(), b"../b"] {
            oddities.add(Oddity::Outside, name);
        }
        oddities.add(Oddity::LinkToNothing, b"c");
        let gaps: Vec<String> = oddities.gaps().map(|gap| gap.to_string()).collect();
        assert_eq!(gaps.len(), 2);
        assert!(
            gaps[0].starts_with("../a\\u{1b} and another entry of the image"),
            "{gaps:?}"
        );
    }
}
