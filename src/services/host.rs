//! What readers of configuration may ask of a host: facts of processes, and files as one process
//! sees them. The live host implements this in the command line's stage; tests do in memory.

use std::collections::BTreeMap;

use glob::{MatchOptions, Pattern};

use crate::snapshot::Gap;

/// A host with processes and files; several threads ask it.
pub trait Host: Sync {
    /// When a process started and which one is its parent. `None`: gone, or not readable.
    fn status(&self, pid: u32) -> Option<Status>;
    /// The command line, the program's name first; empty for none. `None`: not readable.
    fn arguments(&self, pid: u32) -> Option<Vec<String>>;
    /// The working directory, as the process itself would spell it.
    fn directory(&self, pid: u32) -> Option<String>;
    /// A variable of the environment that the process was started with.
    fn variable(&self, pid: u32, name: &str) -> Option<String>;
    /// Soft and hard limit of open descriptors.
    fn descriptor_limit(&self, pid: u32) -> Option<(u64, u64)>;
    /// The version of a package that is installed below the root directory of a process.
    fn package(&self, pid: u32, name: &str) -> Option<String>;
    /// Reads a regular file below the root directory of a process, never outside of it.
    /// `Ok(None)`: it does not exist.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    fn read(&self, pid: u32, path: &str) -> Result<Option<Text>, String>;
    /// A directory below the root directory of a process. `Ok(None)`: it does not exist.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    fn list(&self, pid: u32, path: &str) -> Result<Option<Listing>, String>;
}

/// Two facts of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// The parent.
    pub parent: u32,
    /// When it started, in milliseconds since 1970.
    pub started: Option<u64>,
}

/// A file's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Bytes that are not UTF-8 are replaced.
    pub text: String,
    /// When it was changed, in milliseconds since 1970.
    pub modified: Option<u64>,
}

/// What is in a directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The names, sorted.
    pub names: Vec<String>,
    /// When one of them was made or went, in milliseconds since 1970.
    pub modified: Option<u64>,
}

/// Bytes that the configuration of one service may have.
const MOST_BYTES: usize = 8 << 20;
/// Files that it may have, and directories.
const MOST_FILES: usize = 1024;
/// Faults of one service that are told; a file can have one on each of its lines.
const MOST_FAULTS: usize = 16;
/// Bytes that variables of one service may have when they are put in each other's place.
const MOST_EXPANDED: usize = 4 << 20;
/// Bytes of a path, of which the kernel takes no more (`PATH_MAX`).
const LONGEST_PATH: usize = 4096;
/// Names that all directories together may have.
const MOST_NAMES: usize = 1 << 16;
/// Names that a pattern may match.
const MOST_MATCHES: usize = 1024;
/// How deep files may include each other; nginx and Apache allow less or the same.
pub const DEEPEST: usize = 20;

/// The files of one service as its main process sees them, within bounds.
pub struct Files<'a> {
    host: &'a dyn Host,
    pid: u32,
    bytes: usize,
    count: usize,
    /// When the last of the files and directories that were read was changed.
    last_change: Option<u64>,
    /// Every directory that was listed: patterns often name the same one.
    listed: BTreeMap<String, Vec<String>>,
    names: usize,
    expanded: usize,
    /// What could not be read: path and why.
    faults: Vec<(String, String)>,
    stopped: bool,
}

impl<'a> Files<'a> {
    /// The files that process `pid` sees.
    pub fn new(host: &'a dyn Host, pid: u32) -> Self {
        Self {
            host,
            pid,
            bytes: 0,
            count: 0,
            last_change: None,
            listed: BTreeMap::new(),
            names: 0,
            expanded: 0,
            faults: Vec::new(),
            stopped: false,
        }
    }

    /// The text of a file. `None`: it does not exist, or cannot be read, which becomes a gap.
    pub fn read(&mut self, path: &str) -> Option<String> {
        let path = &normal(path);
        if !self.may_go_on(path) {
            return None;
        }
        match self.host.read(self.pid, path) {
            Ok(Some(file)) => {
                self.bytes += file.text.len();
                self.last_change = self.last_change.max(file.modified);
                if file.text.contains('\0') {
                    self.fault(path, "it is not a text");
                    return None;
                }
                Some(file.text)
            }
            Ok(None) => None,
            Err(why) => {
                self.fault(path, why);
                None
            }
        }
    }

    /// The text of a file that another one includes, and which has to be there.
    pub fn included(&mut self, path: &str, by: &str) -> Option<String> {
        let faults = self.faults.len();
        let text = self.read(path);
        if text.is_none() && self.faults.len() == faults {
            self.fault(by, format!("it includes {path}, which is not there"));
        }
        text
    }

    /// Counts bytes that a reader keeps beyond the text of its files. `false`: they are too many,
    /// which is a fault.
    pub fn expand(&mut self, path: &str, bytes: usize) -> bool {
        self.expanded += bytes;
        let fits = self.expanded <= MOST_EXPANDED;
        if !fits {
            self.fault(path, "what it says grows too large");
        }
        fits
    }

    /// The first of these files that exists.
    pub fn first(&mut self, paths: &[String]) -> Option<(String, String)> {
        paths
            .iter()
            .find_map(|path| Some((path.clone(), self.read(path)?)))
    }

    /// The names in a directory, sorted; none where it cannot be read.
    pub fn list(&mut self, path: &str) -> Vec<String> {
        let path = &normal(path);
        if !self.may_go_on(path) {
            return Vec::new();
        }
        if let Some(names) = self.listed.get(path) {
            return names.clone();
        }
        let names = match self.host.list(self.pid, path) {
            Ok(Some(listing)) => {
                self.last_change = self.last_change.max(listing.modified);
                listing.names
            }
            Ok(None) => Vec::new(),
            Err(why) => {
                self.fault(path, why);
                Vec::new()
            }
        };
        self.names += names.len();
        if self.names > MOST_NAMES {
            self.stop(path, format!("more than {MOST_NAMES} names were listed"));
            return Vec::new();
        }
        self.listed.insert(path.clone(), names.clone());
        names
    }

    /// Whether a path is a directory.
    pub fn is_directory(&mut self, path: &str) -> bool {
        let path = normal(path);
        self.may_go_on(&path) && matches!(self.host.list(self.pid, &path), Ok(Some(_)))
    }

    /// The paths that a pattern of glob(7) matches, sorted; a path without wildcards is itself.
    pub fn glob(&mut self, pattern: &str) -> Vec<String> {
        if pattern.len() > LONGEST_PATH {
            self.fault(shown(pattern), "file name too long");
            return Vec::new();
        }
        let pattern = normal(pattern);
        let options = MatchOptions {
            case_sensitive: true,
            require_literal_separator: true,
            require_literal_leading_dot: true,
        };
        let mut found = vec![String::new()];
        for part in pattern.split('/').filter(|part| !part.is_empty()) {
            let wild = part.contains(['*', '?', '[']);
            let matcher = Pattern::new(part).ok().filter(|_| wild);
            let mut next = Vec::new();
            for directory in &found {
                match &matcher {
                    None => next.push(format!("{directory}/{part}")),
                    Some(matcher) => {
                        let names = self.list(if directory.is_empty() { "/" } else { directory });
                        let fitting = names
                            .into_iter()
                            .filter(|name| matcher.matches_with(name, options));
                        next.extend(fitting.map(|name| format!("{directory}/{name}")));
                    }
                }
                if next.len() > MOST_MATCHES {
                    self.stop(
                        &pattern,
                        format!("it matches more than {MOST_MATCHES} names"),
                    );
                    next.truncate(MOST_MATCHES);
                    break;
                }
            }
            found = next;
        }
        found
    }

    /// When the last of the files and directories that were read was changed, in milliseconds since 1970.
    pub fn last_change(&self) -> Option<u64> {
        self.last_change
    }

    /// Says that a file cannot be understood or followed any further.
    pub fn fault(&mut self, path: &str, why: impl Into<String>) {
        let fault = (path.to_owned(), why.into());
        if self.faults.len() < MOST_FAULTS && !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// Whether something that should have been read was not.
    pub fn has_faults(&self) -> bool {
        !self.faults.is_empty()
    }

    /// What could not be read, as gaps that blind what `who` asks for.
    pub fn into_gaps(self, who: &str) -> Vec<Gap> {
        let blinds = format!("what {who} asks for, if it is set there");
        self.faults
            .into_iter()
            .map(|(path, why)| Gap::new(path, why, blinds.clone()))
            .collect()
    }

    fn may_go_on(&mut self, path: &str) -> bool {
        if path.len() > LONGEST_PATH {
            self.fault(shown(path), "file name too long");
            return false;
        }
        self.count += 1;
        if self.count > MOST_FILES {
            self.stop(path, format!("{MOST_FILES} files were read before it"));
        } else if self.bytes > MOST_BYTES {
            let mib = MOST_BYTES >> 20;
            self.stop(path, format!("more than {mib} MiB were read before it"));
        }
        !self.stopped
    }

    /// One fault, and nothing more is read.
    fn stop(&mut self, path: &str, why: String) {
        if !std::mem::replace(&mut self.stopped, true) {
            self.fault(path, why);
        }
    }
}

/// The beginning of a path that is longer than any.
fn shown(path: &str) -> &str {
    let mut end = path.len().min(64);
    while !path.is_char_boundary(end) {
        end -= 1;
    }
    &path[..end]
}

/// A path without `.`, doubled slashes and, by its words alone, `..`.
pub fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// `path` as it is meant by a file or a process in `directory`.
pub fn join(directory: &str, path: &str) -> String {
    if path.starts_with('/') {
        normal(path)
    } else {
        normal(&format!("{directory}/{path}"))
    }
}

/// The directory of a file.
pub fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((directory, _)) => directory,
    }
}

/// The last part of a path.
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
