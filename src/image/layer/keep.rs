//! Which files are kept while a layer streams by, so that most questions need no second reading: small texts
//! that readers of configuration ask for, and the ends of the programs that the image starts.
//!
//! A guess costs nothing but time where it is wrong: what was not kept is fetched when it is asked for.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::Fault;
use super::members::{Kind, Member};
use crate::collect::packages;
use crate::image::config::Config;

/// Bytes that are kept of all layers together.
const MOST_BYTES: usize = 8 << 20;
/// Bytes of a text that is kept unasked.
const MOST_TEXT: u64 = 64 * 1024;
/// Bytes that are counted for each file that is kept, besides its own.
const EACH: u64 = 128;
/// Bytes of the journals of all layers together; the largest images that people make have a sixth.
const MOST_JOURNAL: usize = 128 << 20;
/// Bytes at the front of a program, with the path of its interpreter.
pub(in crate::image) const HEAD: u64 = 16 * 1024;
/// Bytes at its end, with the table of its sections and their names.
pub(in crate::image) const TAIL: u64 = 64 * 1024;
/// Entries that all layers may have; the largest images that people make have a tenth.
pub(in crate::image) const MOST_ENTRIES: usize = 4_000_000;

/// Where texts are that somebody may ask for.
const FOLDERS: [&[u8]; 9] = [
    b"etc/",
    b"usr/etc/",
    b"usr/lib/sysctl.d/",
    b"usr/local/lib/sysctl.d/",
    b"lib/sysctl.d/",
    b"run/sysctl.d/",
    b"usr/lib/systemd/system/",
    b"lib/systemd/system/",
    b"var/lib/dpkg/status.d/",
];
/// And which of those nobody asks for, though there are many.
const NOT: [&[u8]; 7] = [
    b"etc/ssl/",
    b"etc/pki/",
    b"etc/ca-certificates/",
    b"etc/fonts/",
    b"etc/udev/",
    b"usr/share/",
    b"usr/lib/python",
];
/// A folder of parts of other people's programs.
const MODULES: [&[u8]; 3] = [b"/node_modules/", b"/site-packages/", b"/dist-packages/"];
/// How names of configuration end, anywhere.
const ENDS: [&[u8]; 13] = [
    b".conf",
    b".cnf",
    b".cfg",
    b".ini",
    b".xml",
    b".yml",
    b".yaml",
    b".toml",
    b".json",
    b".properties",
    b".sh",
    b"/os-release",
    b".socket",
];

/// What is kept, for all layers of an image.
#[derive(Debug)]
pub(in crate::image) struct Keep {
    /// The last names of the words that the image is started with.
    programs: Vec<Vec<u8>>,
    bytes: AtomicUsize,
    entries: AtomicUsize,
    journal: AtomicUsize,
}

/// What of a file is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::image) enum Kept {
    Nothing,
    Whole,
    /// The lines of a database of packages that are ever looked for.
    Database,
    /// The head and the end of a program.
    Ends,
}

impl Keep {
    /// For an image that is started so.
    pub(in crate::image) fn new(config: Option<&Config>) -> Self {
        let words = config.into_iter();
        let words = words.flat_map(|config| config.entrypoint.iter().chain(&config.command));
        let mut programs: Vec<Vec<u8>> = words
            .flat_map(|word| word.split_ascii_whitespace())
            .filter_map(|word| word.rsplit('/').next())
            .filter(|name| !name.is_empty() && !name.starts_with('-'))
            .map(|name| name.as_bytes().to_vec())
            .take(64)
            .collect();
        programs.sort();
        programs.dedup();
        Self {
            programs,
            bytes: AtomicUsize::new(MOST_BYTES),
            entries: AtomicUsize::new(MOST_ENTRIES),
            journal: AtomicUsize::new(MOST_JOURNAL),
        }
    }

    /// What of this member is kept. Its bytes are taken, but for a database, of which only what is read tells.
    pub(super) fn of(&self, path: &[u8], member: &Member) -> Kept {
        if member.kind != Kind::File || member.size == 0 {
            return Kept::Nothing;
        }
        if is_database(path) {
            return Kept::Database;
        }
        let starts = |folder: &&[u8]| path.starts_with(folder);
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
        let (text, wanted) = if self.is_program(name) && !starts(&b"etc/".as_slice()) {
            (member.size <= MOST_TEXT, true)
        } else {
            let modules = |part: &&[u8]| path.windows(part.len()).any(|window| window == *part);
            let known = FOLDERS.iter().any(starts) || ENDS.iter().any(|end| path.ends_with(end));
            let wanted = member.size <= MOST_TEXT
                && known
                && !NOT.iter().any(starts)
                && !MODULES.iter().any(modules);
            (true, wanted)
        };
        let bytes = if text { member.size } else { HEAD + TAIL };
        match (wanted && self.take(bytes + EACH), text) {
            (false, _) => Kept::Nothing,
            (true, true) => Kept::Whole,
            (true, false) => Kept::Ends,
        }
    }

    /// `python3` is started as a link to `python3.11`.
    fn is_program(&self, name: &[u8]) -> bool {
        self.programs.iter().any(|program| {
            let rest = name.strip_prefix(program.as_slice());
            let version = |byte: &u8| byte.is_ascii_digit() || *byte == b'.' || *byte == b'-';
            rest.is_some_and(|rest| rest.iter().all(version))
        })
    }

    /// Whether so many bytes may be kept too.
    pub(super) fn take(&self, bytes: u64) -> bool {
        usize::try_from(bytes).is_ok_and(|bytes| take(&self.bytes, bytes))
    }

    /// These bytes are kept no longer.
    pub(super) fn give_back(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// One more entry.
    pub(super) fn count(&self) -> Result<(), Fault> {
        let too_many = || Fault::TooLarge(format!("has more than {MOST_ENTRIES} entries"));
        take(&self.entries, 1).then_some(()).ok_or_else(too_many)
    }

    /// So many bytes more of a journal.
    pub(super) fn write(&self, bytes: usize) -> Result<(), Fault> {
        let too_long = || {
            let most = MOST_JOURNAL >> 20;
            Fault::TooLarge(format!("has names of more than {most} MiB"))
        };
        take(&self.journal, bytes)
            .then_some(())
            .ok_or_else(too_long)
    }
}

/// Takes of what is left, if there is so much.
fn take(from: &AtomicUsize, count: usize) -> bool {
    let left = |left: usize| left.checked_sub(count);
    from.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left)
        .is_ok()
}

/// Whether a database of packages belongs at this path, which has no slash in front.
pub(in crate::image) fn is_database(path: &[u8]) -> bool {
    packages::databases().any(|known| known.as_bytes().strip_prefix(b"/") == Some(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(path: &str, size: u64) -> Kept {
        let keep = Keep::new(Some(&Config {
            entrypoint: vec!["/usr/bin/python3".to_owned(), "-m".to_owned()],
            command: vec!["exec nginx -g".to_owned()],
            ..Config::default()
        }));
        let member = Member {
            size,
            ..Member::default()
        };
        keep.of(path.as_bytes(), &member)
    }

    #[test]
    fn what_readers_of_configuration_ask_for_is_kept() {
        for path in [
            "etc/nginx/nginx.conf",
            "etc/passwd",
            "usr/lib/sysctl.d/50-default.conf",
            "opt/kafka/config/server.properties",
            "app/config.yaml",
            "usr/lib/os-release",
            "docker-entrypoint.sh",
            "usr/sbin/nginx",
        ] {
            assert_eq!(kept(path, 100), Kept::Whole, "{path}");
        }
        for path in [
            "usr/share/doc/x.conf",
            "app/node_modules/a/package.json",
            "etc/ssl/certs/a.pem",
            "usr/bin/perl",
        ] {
            assert_eq!(kept(path, 100), Kept::Nothing, "{path}");
        }
        assert_eq!(kept("etc/large.conf", 1 << 20), Kept::Nothing);
        assert_eq!(kept("etc/empty.conf", 0), Kept::Nothing);
        assert_eq!(kept("var/lib/dpkg/status", 5 << 20), Kept::Database);
    }

    #[test]
    fn of_programs_that_are_started_both_ends_are_kept() {
        for path in ["usr/bin/python3.11", "usr/bin/python3", "usr/sbin/nginx"] {
            assert_eq!(kept(path, 1 << 30), Kept::Ends, "{path}");
        }
        assert_eq!(kept("usr/bin/python3-config", 1 << 30), Kept::Nothing);
    }

    #[test]
    fn no_more_is_kept_than_the_budget() {
        let keep = Keep::new(None);
        assert!(keep.take(MOST_BYTES as u64 - 1) && keep.take(1) && !keep.take(1));
        assert!(!Keep::new(None).take(u64::MAX));
        keep.give_back(2);
        assert!(keep.take(2) && !keep.take(1));
    }

    #[test]
    fn journals_of_all_layers_have_one_budget() {
        let keep = Keep::new(None);
        keep.write(MOST_JOURNAL - 1).unwrap();
        keep.write(1).unwrap();
        let fault = keep.write(1).unwrap_err();
        assert_eq!(fault.to_string(), "has names of more than 128 MiB");
    }
}
