//! The persistent sysctl configuration below a root, and what tells who reads it at boot. Reads and
//! holds no opinion: which loader runs and which line wins is for `sysctl_conf::boot`.
//!
//! Never leaves the root, opens only regular files, and reads no more than 1 MiB of one (`files`).
//! What cannot be read is a gap, and stays in the record by its name: it hides files of that name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::below::Below;
use super::files::{FileError, Root};
use crate::snapshot::{
    Boot, CONTAINER_TRACES, DROP_INS, FileText, Gap, MOST_LINES, TRACES, Writer,
};

/// Files with settings of their own kind: ufw's and TuneD's.
const OTHERS: [&str; 6] = [
    "/etc/ufw/ufw.conf",
    "/etc/default/ufw",
    "/etc/ufw/sysctl.conf",
    "/etc/tuned/active_profile",
    "/etc/tuned/post_loaded_profile",
    "/etc/tuned/tuned-main.conf",
];

/// Where TuneD's profiles are.
const PROFILES: [&str; 4] = [
    "/etc/tuned/profiles",
    "/usr/lib/tuned/profiles",
    "/etc/tuned",
    "/usr/lib/tuned",
];

/// TuneD's profiles that are read, at most.
const MOST_PROFILES: usize = 32;

/// Ends of names that package managers, editors and administrators give to files that they put aside.
const ASIDE: [&str; 15] = [
    "~",
    ".bak",
    ".disabled",
    ".dpkg-dist",
    ".dpkg-new",
    ".dpkg-old",
    ".off",
    ".old",
    ".orig",
    ".rpmnew",
    ".rpmorig",
    ".rpmsave",
    ".sample",
    ".save",
    ".swp",
];

/// Packages whose version decides what they read.
const PACKAGES: [&str; 3] = ["procps", "procps-ng", "systemd"];

/// Where udev rules, units and scripts are that may set sysctls, with the ends of their names.
const WRITERS: [(&str, &[&str]); 9] = [
    ("/etc/udev/rules.d", &[".rules"]),
    ("/run/udev/rules.d", &[".rules"]),
    ("/usr/lib/udev/rules.d", &[".rules"]),
    ("/etc/systemd/system", &[".service"]),
    ("/usr/local/lib/systemd/system", &[".service"]),
    ("/usr/lib/systemd/system", &[".service"]),
    ("/etc/init.d", &[""]),
    ("/etc/network/if-up.d", &[""]),
    ("/etc/local.d", &[".start"]),
];

/// Single files of that kind.
const WRITING_FILES: [&str; 4] = [
    "/etc/rc.local",
    "/etc/rc.d/rc.local",
    "/etc/default/grub",
    "/etc/kernel/cmdline",
];

/// Lines of writers that are kept, at most, and characters of one.
const MOST_WRITERS: usize = 256;
const LONGEST_LINE: usize = 400;

/// How much is read of what tells how a machine boots.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Depth {
    /// Nothing.
    #[default]
    Nothing,
    /// The files of the loaders, of ufw and of TuneD, and who runs.
    Files,
    /// The versions of packages too, and whatever else sets sysctls: some hundred small files.
    Everything,
}

/// The link of a process in the first PID namespace (`PROC_PID_INIT_INO`, include/linux/proc_ns.h).
const FIRST_PIDS: &str = "pid:[4026531836]";

/// What is configured below `root` for the next boot. `proc` is procfs, where the root is that of the
/// running system.
pub fn read(
    root: &Path,
    depth: Depth,
    proc: Option<&Path>,
    gaps: &mut Vec<Gap>,
) -> (Vec<FileText>, Boot) {
    let root = match Root::open(root) {
        Ok(root) => root,
        Err(error) => {
            gaps.push(Gap::new(
                root.to_string_lossy(),
                error.to_string(),
                "what the next boot sets",
            ));
            return (Vec::new(), Boot::default());
        }
    };
    let (files, mut boot) = read_below(&root, depth, gaps);
    boot.cmdline = proc.map(words).unwrap_or_default();
    // A machine may have been made from a container's image, with its traces.
    let pids = proc.and_then(|proc| std::fs::read_link(proc.join("self/ns/pid")).ok());
    if pids.as_deref() == Some(Path::new(FIRST_PIDS)) {
        boot.found
            .retain(|path, _| !CONTAINER_TRACES.contains(&path.as_str()));
    }
    (files, boot)
}

/// What is configured in a tree of files for the next boot.
pub fn read_below(root: &dyn Below, depth: Depth, gaps: &mut Vec<Gap>) -> (Vec<FileText>, Boot) {
    let mut reader = Reader {
        root,
        files: Vec::new(),
        lines: 0,
        gaps,
    };
    reader.sysctl_files();
    for path in OTHERS {
        reader.keep(Path::new(path));
    }
    reader.profiles();
    let mut boot = Boot {
        found: TRACES
            .iter()
            .filter_map(|path| Some(((*path).to_owned(), reader.trace(Path::new(path))?)))
            .collect(),
        ..Boot::default()
    };
    // A package's database is long, and the version decides only where procps itself runs at boot: what
    // stands here on Debian is there beside systemd too.
    let has = |path: &str| boot.found.contains_key(path);
    let systemd = has("/usr/lib/systemd/systemd-sysctl") || has("/lib/systemd/systemd-sysctl");
    let decides = has("/etc/init.d/procps") && !systemd;
    if depth == Depth::Everything || decides {
        let version = |name: &&str| reader.root.package(name);
        boot.packages = PACKAGES
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), version(name)?)))
            .collect();
    }
    if depth == Depth::Everything {
        boot.writers = writers_below(reader.root);
    }
    (reader.files, boot)
}

/// Lines outside of the files of the loaders that set sysctls below `root`: some hundred small files are
/// read for them.
pub fn writers(root: &Path) -> Vec<Writer> {
    let root = Root::open(root);
    root.map_or_else(|_| Vec::new(), |root| writers_below(&root))
}

/// The words of the kernel's command line that set sysctls.
fn words(proc: &Path) -> Vec<String> {
    let text = std::fs::read(proc.join("cmdline")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let words = text.split_whitespace();
    words
        .filter(|word| word.starts_with("sysctl.") || word.starts_with("sysctl/"))
        .map(str::to_owned)
        .collect()
}

struct Reader<'a> {
    root: &'a dyn Below,
    files: Vec<FileText>,
    /// Lines of these.
    lines: usize,
    gaps: &'a mut Vec<Gap>,
}

impl Reader<'_> {
    /// /etc/sysctl.conf, and every file of the directories of sysctl.d(5), by directory and name.
    /// Files that no loader would take by their name are kept too, but for documentation and what was
    /// put aside.
    fn sysctl_files(&mut self) {
        self.keep(Path::new("/etc/sysctl.conf"));
        for directory in DROP_INS {
            let directory = Path::new(directory);
            if directory == Path::new("/lib/sysctl.d") && self.lib_is_usr_lib() {
                continue;
            }
            match self.root.entries(directory) {
                Ok(names) => {
                    for name in names.unwrap_or_default() {
                        if is_meant(&name.to_string_lossy()) {
                            self.keep(&directory.join(name));
                        }
                    }
                }
                Err(error) => self.gaps.push(gap(directory, &error)),
            }
        }
    }

    fn lib_is_usr_lib(&self) -> bool {
        let [one, other] = ["/lib/sysctl.d", "/usr/lib/sysctl.d"].map(Path::new);
        self.root.same_directory(one, other)
    }

    /// The profiles that TuneD's active profile may be made of: those that a text read so far names.
    fn profiles(&mut self) {
        let named = [
            "/etc/tuned/active_profile",
            "/etc/tuned/post_loaded_profile",
        ];
        let naming = self.files.iter();
        let naming = naming.filter(|file| named.contains(&file.path.as_str()));
        let mut wanted: Vec<String> = naming.flat_map(|file| names(&file.text)).collect();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        while let Some(name) = wanted.pop() {
            if seen.len() >= MOST_PROFILES || !seen.insert(name.clone()) {
                continue;
            }
            for folder in PROFILES {
                let path = Path::new(folder).join(&name).join("tuned.conf");
                if let Some(text) = self.keep(&path) {
                    let included = text.lines().filter_map(|line| {
                        line.trim()
                            .strip_prefix("include")?
                            .trim()
                            .strip_prefix('=')
                    });
                    wanted.extend(included.flat_map(names));
                }
            }
        }
    }

    /// Keeps a file's text, and gives it back where it was read.
    fn keep(&mut self, path: &Path) -> Option<String> {
        let shown = path.to_string_lossy().into_owned();
        let target = self.root.link(path);
        // As good as an empty file, though /dev may be missing in an image.
        if target.as_deref() == Some(Path::new("/dev/null")) {
            self.files.push(FileText {
                link: Some("/dev/null".to_owned()),
                ..FileText::new(shown, "")
            });
            return None;
        }
        let leads = target.and_then(|_| self.root.leads(path));
        let link = leads.map(|path| path.to_string_lossy().into_owned());
        let read = self.root.bytes(path).and_then(|bytes| {
            let text = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            let file = text.map(|text| FileText {
                link: link.clone(),
                ..FileText::new(shown.clone(), text)
            });
            let lines = self.lines + file.as_ref().map_or(0, FileText::lines);
            if lines > MOST_LINES {
                return Err(FileError::TooManyLines);
            }
            self.lines = lines;
            Ok(file)
        });
        match read {
            Ok(Some(file)) => {
                let text = file.text.clone();
                self.files.push(file);
                Some(text)
            }
            Ok(None) => None,
            Err(error) => {
                self.gaps.push(gap(path, &error));
                self.files.push(FileText {
                    link,
                    unread: Some(error.to_string()),
                    irregular: matches!(error, FileError::NotRegular | FileError::Dangling),
                    ..FileText::new(shown, "")
                });
                None
            }
        }
    }

    /// Whether a path exists (outer), and where it leads, if it is a symbolic link (inner). A dangling
    /// link exists: an init that is missing in an image still says which it was.
    fn trace(&self, path: &Path) -> Option<Option<String>> {
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        match self.root.link(path) {
            Some(target) => {
                let end = self.root.leads(path).unwrap_or(target);
                Some(Some(text(end)))
            }
            None => self.root.leads(path).map(|_| None),
        }
    }
}

/// Lines of other files that set sysctls.
fn writers_below(root: &dyn Below) -> Vec<Writer> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for (directory, ends) in WRITERS {
        let names = root.entries(Path::new(directory)).ok().flatten();
        let names = names.unwrap_or_default().into_iter();
        let fits = |name: &PathBuf| {
            let name = name.to_string_lossy();
            ends.iter().any(|end| name.ends_with(end))
        };
        paths.extend(
            names
                .filter(fits)
                .map(|name| Path::new(directory).join(name)),
        );
    }
    paths.extend(WRITING_FILES.iter().map(PathBuf::from));
    let mut writers = Vec::new();
    for path in paths {
        // Most are no regular files in some way, which says nothing here.
        let Ok(Some(bytes)) = root.bytes(&path) else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes);
        for (n, line) in text.lines().enumerate() {
            if writes(line) && writers.len() < MOST_WRITERS {
                writers.push(Writer {
                    path: path.to_string_lossy().into_owned(),
                    line: n + 1,
                    text: line.trim().chars().take(LONGEST_LINE).collect(),
                });
            }
        }
    }
    writers
}

/// Whether a line sets sysctls, or calls something that does.
fn writes(line: &str) -> bool {
    let line = line.trim();
    let comment = line.starts_with(['#', ';']);
    let mentions = line.contains("sysctl") || line.contains("/proc/sys/");
    let condition = [
        "Condition",
        "Documentation",
        "Description",
        "After=",
        "Before=",
        "ReadWritePaths",
    ];
    mentions && !comment && !condition.iter().any(|start| line.starts_with(start))
}

/// Whether somebody may have meant a file of this name to be read.
fn is_meant(name: &str) -> bool {
    name.ends_with(".conf")
        || !ASIDE.iter().any(|end| name.ends_with(end)) && !name.starts_with("README")
}

/// Names of TuneD's profiles in a list. Anything that is no plain name is none.
fn names(list: &str) -> Vec<String> {
    let words = list.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';'));
    let words = words.map(|word| word.trim_start_matches('-'));
    let plain = |word: &&str| !word.is_empty() && !word.starts_with('.') && !word.contains('/');
    words.filter(plain).map(str::to_owned).collect()
}

fn gap(path: &Path, error: &FileError) -> Gap {
    Gap::new(
        path.to_string_lossy(),
        error.to_string(),
        "what the next boot sets from it",
    )
}

#[cfg(test)]
mod tests;
