//! The files of an image in layers as one question sees them: what is held is answered, what is not is noted.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;

use super::folder::EXECUTABLE;
use super::held::{Held, Sparse};
use super::index::{Content, Found, Index};
use super::layer::fetch::Want;
use super::layer::keep::is_database;
use super::layer::members::Kind;
use super::tree::{Tree, Unread};
use crate::collect::exe::{Shown, detect};

/// Bytes of a file that is read whole, as of a live host.
const MOST: u64 = 1024 * 1024;
/// Contents that are wanted at once.
const MOST_WANTED: usize = 4096;

/// What has to be fetched before a question is asked again.
pub(super) type Wanted = BTreeMap<Content, Want>;

/// The files of an image.
#[derive(Debug)]
pub(super) struct View<'a> {
    index: &'a Index,
    held: &'a BTreeMap<Content, Held>,
    wanted: &'a Mutex<Wanted>,
    /// Nothing more is fetched.
    last: bool,
}

impl<'a> View<'a> {
    pub(super) fn new(
        index: &'a Index,
        held: &'a BTreeMap<Content, Held>,
        wanted: &'a Mutex<Wanted>,
        last: bool,
    ) -> Self {
        Self {
            index,
            held,
            wanted,
            last,
        }
    }

    /// A regular file. `None`: nothing is at this path.
    fn file(&self, path: &str) -> Result<Option<Found>, Unread> {
        match self.index.find(path.as_bytes()) {
            Some(found) if found.kind == Kind::File => Ok(Some(found)),
            Some(_) => Err(Unread::Because("it is not a regular file".to_owned())),
            None if self.index.is_link(path.as_bytes()) => Err(Unread::Because(
                "it is a symbolic link that leads nowhere".to_owned(),
            )),
            None => Ok(None),
        }
    }

    fn not_held(&self, content: Content, want: Want) -> Unread {
        let too_much = || {
            let why = "more was asked of the image than is read of one";
            Unread::Because(why.to_owned())
        };
        let Ok(mut wanted) = self.wanted.lock() else {
            return too_much();
        };
        if self.last || wanted.len() >= MOST_WANTED {
            return too_much();
        }
        match (wanted.get_mut(&content), want) {
            (Some(Want::Parts(parts)), Want::Parts(more)) => parts.extend(more),
            (_, want) => {
                wanted.insert(content, want);
            }
        }
        Unread::NotHeld
    }
}

impl Tree for View<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Unread> {
        let Some(file) = self.file(path)? else {
            return Ok(None);
        };
        if file.size == 0 {
            return Ok(Some(Vec::new()));
        }
        let held = self.held.get(&file.content);
        match held {
            Some(Held::Abridged(lines)) => return Ok(Some(lines.clone())),
            Some(Held::Unclear) => {
                return Err(Unread::Because("it has too many holes".to_owned()));
            }
            Some(Held::Parts(_)) | None => {}
        }
        let real = self.index.path(file.id);
        if is_database(real.strip_prefix(b"/").unwrap_or_default()) {
            return Err(self.not_held(file.content, Want::Database));
        }
        if file.size > MOST {
            let why = format!("it is longer than {MOST} bytes");
            return Err(Unread::Because(why));
        }
        let whole: Range<u64> = 0..file.size;
        match held.and_then(|held| held.part(whole.clone())) {
            Some(bytes) => Ok(Some(bytes.to_vec())),
            None => Err(self.not_held(file.content, Want::Parts(vec![whole]))),
        }
    }

    fn list(&self, path: &str) -> Result<Option<Vec<String>>, Unread> {
        let text = |name: &[u8]| String::from_utf8(name.to_vec()).ok();
        match self.index.list(path.as_bytes()) {
            None => Ok(None),
            Some(None) => Err(Unread::Because("it is not a directory".to_owned())),
            Some(Some(names)) => Ok(Some(names.into_iter().filter_map(text).collect())),
        }
    }

    fn real(&self, path: &str) -> Option<String> {
        let found = self.index.find(path.as_bytes())?;
        String::from_utf8(self.index.path(found.id)).ok()
    }

    fn is_program(&self, path: &str) -> bool {
        let found = self.index.find(path.as_bytes());
        found.is_some_and(|found| {
            found.kind == Kind::File && u32::from(found.mode) & EXECUTABLE != 0
        })
    }

    fn shown(&self, path: &str) -> Result<Option<Shown>, Unread> {
        let Some(file) = self.file(path)? else {
            return Ok(None);
        };
        let held = self.held.get(&file.content);
        if held == Some(&Held::Unclear) {
            return Err(Unread::Because("it has too many holes".to_owned()));
        }
        let parts = Sparse::new(held, file.size);
        let shown = detect(&parts);
        let missing = parts.missing();
        if missing.is_empty() {
            return Ok(Some(shown));
        }
        Err(self.not_held(file.content, Want::Parts(missing)))
    }
}
