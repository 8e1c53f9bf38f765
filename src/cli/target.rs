//! The file that `backlint patch` changes, and the other files that may set the same keys.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, anyhow};

use super::args::Patch;
use super::input::Failure;
use super::output;
use crate::collect::boot::{self, Depth};
use crate::collect::files;
use crate::snapshot::{FileText, Gap, Snapshot};
use crate::sysctl_conf;
use crate::sysctl_conf::edit::Change;

/// The file to change.
pub(super) struct Target<'a> {
    /// The root that the path is below; `/` for this host.
    pub(super) root: &'a Path,
    /// Absolute path inside the root, after symlinks.
    pub(super) path: PathBuf,
    /// Its bytes; `None`: it does not exist.
    pub(super) old: Option<Vec<u8>>,
    /// The snapshot that stands for the host's files; `None`: the real ones are looked at.
    recorded: Option<&'a Snapshot>,
}

impl<'a> Target<'a> {
    /// Finds and reads the file.
    pub(super) fn find(
        arguments: &'a Patch,
        file: &Path,
        snapshot: &'a Snapshot,
    ) -> Result<Self, Failure> {
        let root = arguments.root.as_deref().unwrap_or(Path::new("/"));
        let path = Path::new("/").join(file);
        if path.components().any(|part| part == Component::ParentDir) {
            let why = "--file is a path below the root, without `..`";
            return Err(anyhow!("{}: {why}", file.display()).into());
        }
        let recorded =
            (!arguments.source.snapshot.is_empty() && arguments.root.is_none()).then_some(snapshot);
        if let Some(snapshot) = recorded {
            let name = path.to_string_lossy();
            let files = snapshot.files.as_deref().unwrap_or_else(|| {
                let word = "the snapshot does not record the host's files: a diff would create";
                output::note(&format!(
                    "{word} {name}; with --root it is made against a real one"
                ));
                &[]
            });
            let text = files
                .iter()
                .find(|file| file.path == name)
                .map(|file| &file.text);
            let old = text.map(|text| text.clone().into_bytes());
            return Ok(Self {
                root,
                path,
                old,
                recorded,
            });
        }
        let file = files::read(root, &path).with_context(|| {
            format!(
                "{} below {} cannot be changed",
                path.display(),
                root.display()
            )
        })?;
        let (old, path) = match file {
            Some(file) => (Some(file.bytes), file.real_path),
            None => (None, path),
        };
        Ok(Self {
            root,
            path,
            old,
            recorded,
        })
    }

    /// Says what may keep the change from having effect at the next boot.
    pub(super) fn warn(&self, changes: &[Change]) {
        let path = self.path.display();
        for fault in sysctl_conf::faults(self.old.as_deref().unwrap_or_default()) {
            output::note(&format!(
                "{path}:{}: {}; left as it is",
                fault.line, fault.kind
            ));
        }
        let (files, gaps) = self.all_files();
        for gap in gaps {
            output::note(&format!("gap: {gap}"));
        }
        let (same, others): (Vec<&FileText>, Vec<&FileText>) =
            files.iter().partition(|file| self.is_this(file));
        for other in others {
            self.warn_of(other, changes);
        }
        let in_a_folder = |path: &Path| path.to_string_lossy().contains("/sysctl.d/");
        let read_at_boot =
            same.iter().any(|file| in_a_folder(Path::new(&file.path))) || in_a_folder(&self.path);
        if !read_at_boot && self.has_systemd() {
            output::note(&format!(
                "no file of a sysctl.d folder is {path}, and systemd-sysctl reads only those at boot: use --file /etc/sysctl.d/99-backlint.conf"
            ));
        }
    }

    /// The persistent configuration, and what of it could not be read.
    fn all_files(&self) -> (Vec<FileText>, Vec<Gap>) {
        let mut gaps = Vec::new();
        let files = match self.recorded {
            Some(snapshot) => snapshot.files.clone().unwrap_or_default(),
            None => boot::read(self.root, Depth::Files, None, &mut gaps).0,
        };
        (files, gaps)
    }

    /// Whether a file is the one that changes, perhaps by another name: on Debian 12
    /// /etc/sysctl.d/99-sysctl.conf is a link to it. A snapshot does not record links, only texts.
    fn is_this(&self, other: &FileText) -> bool {
        let path = Path::new(&other.path);
        if self.recorded.is_some() {
            return path == self.path || self.old.as_deref() == Some(other.text.as_bytes());
        }
        let found = files::read(self.root, path).ok().flatten();
        path == self.path || found.is_some_and(|file| file.real_path == self.path)
    }

    /// Says when another file sets a key of the change to another value: which of them wins is
    /// decided by what loads them at boot.
    fn warn_of(&self, other: &FileText, changes: &[Change]) {
        let path = self.path.display();
        let assignments = sysctl_conf::assignments(other.text.as_bytes());
        for change in changes {
            let differs = |setting: &[u8]| setting != change.value.as_bytes();
            for found in assignments
                .iter()
                .filter(|found| found.key == change.key && differs(found.setting))
            {
                output::note(&format!(
                    "{}:{} sets {} too, and may win over {path} at the next boot; --file {0} changes it there",
                    other.path, found.line, change.key
                ));
            }
        }
    }

    /// Whether systemd-sysctl is installed below the root that is looked at. The program is longer
    /// than what is read, which says that it exists.
    fn has_systemd(&self) -> bool {
        let exists = |path: &&str| !matches!(files::read(self.root, Path::new(path)), Ok(None));
        let programs = [
            "usr/lib/systemd/systemd-sysctl",
            "lib/systemd/systemd-sysctl",
        ];
        self.recorded.is_none() && programs.iter().any(exists)
    }
}
