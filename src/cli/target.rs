//! The sysctl files that `backlint patch` changes, and what decides who reads them: of this host, of
//! the root directory that was named, or of a record.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, anyhow};

use super::args::Patch;
use super::input::Failure;
use super::output;
use crate::advise::place::{Configured, Places, Wish};
use crate::collect::boot::{self, Depth};
use crate::collect::{files, host};
use crate::kernel::version::Version;
use crate::report::diff;
use crate::snapshot::{Boot, FileText, Os, Snapshot};
use crate::sysctl_conf;
use crate::sysctl_conf::boot::SYSCTL_CONF;
use crate::sysctl_conf::edit::{Change, edit_for};

/// The link that systemd's packages make to /etc/sysctl.conf.
const LINK: &str = "/etc/sysctl.d/99-sysctl.conf";

/// The persistent configuration that is changed.
pub(super) struct Tree<'a> {
    /// The root that the paths are below; `/` for this host.
    pub(super) root: &'a Path,
    texts: Vec<FileText>,
    boot: Option<Boot>,
    os: Option<Os>,
    /// Whether a record stands for the files; otherwise the real ones are read.
    recorded: bool,
}

impl<'a> Tree<'a> {
    /// Looks at the configuration.
    pub(super) fn open(arguments: &'a Patch, snapshot: &Snapshot) -> Result<Self, Failure> {
        let recorded = !arguments.source.snapshot.is_empty();
        let os = snapshot.host.os.clone();
        let Some(root) = arguments.root.as_deref() else {
            if recorded && snapshot.files.is_none() {
                output::note(
                    "the snapshot does not record the host's files: a diff would create them; with --root it is made against real ones",
                );
            }
            let mut texts = snapshot.files.clone().unwrap_or_default();
            if snapshot.boot.is_none() {
                presume_link(&mut texts);
            }
            return Ok(Self {
                root: Path::new("/"),
                texts,
                boot: snapshot.boot.clone(),
                os,
                recorded,
            });
        };
        files::Root::open(root)
            .with_context(|| format!("{} cannot be looked at", root.display()))?;
        let mut gaps = Vec::new();
        let (texts, found) = boot::read(root, Depth::Files, None, &mut gaps);
        for gap in gaps {
            output::note(&format!("gap: {gap}"));
        }
        let own = host::os(root);
        // A folder of files and no system: who reads them is not told there.
        let a_system = own.is_some() || !found.found.is_empty();
        Ok(Self {
            root,
            texts,
            boot: a_system.then_some(found),
            os: own.or(os),
            recorded: false,
        })
    }

    /// What the advice needs to know.
    pub(super) fn configured(&self, kernel: Option<Version>) -> Configured<'_> {
        Configured {
            files: &self.texts,
            boot: self.boot.as_ref(),
            os: self.os.as_ref(),
            kernel,
        }
    }

    /// The file that `--file` names, by the path that the configuration has for it.
    pub(super) fn wish(&self, file: &Path) -> Result<Wish, Failure> {
        let path = Path::new("/").join(file);
        if path.components().any(|part| part == Component::ParentDir) {
            let why = "--file is a path below the root, without `..`";
            return Err(anyhow!("{}: {why}", file.display()).into());
        }
        let (_, real) = self.read(&path)?;
        let known = |path: &Path| self.texts.iter().any(|text| Path::new(&text.path) == path);
        let path = if known(&path) { path } else { real };
        let path = path.into_os_string().into_string();
        let path = path.map_err(|path| anyhow!("{} is not UTF-8", path.display()))?;
        Ok(Wish::File(path))
    }

    /// A file's bytes (`None`: it does not exist), and where it really is.
    fn read(&self, path: &Path) -> Result<(Option<Vec<u8>>, PathBuf), Failure> {
        if self.recorded {
            let name = path.to_string_lossy();
            let mut texts = self.texts.iter();
            // A link's text is recorded under the name of the link.
            let found =
                texts.find(|file| file.path == name || file.link.as_deref() == Some(&*name));
            let bytes = found.map(|file| file.text.clone().into_bytes());
            return Ok((bytes, path.to_owned()));
        }
        let file = files::read(self.root, path).with_context(|| {
            let (path, root) = (path.display(), self.root.display());
            format!("{path} below {root} cannot be changed")
        })?;
        Ok(match file {
            Some(file) => (Some(file.bytes), file.real_path),
            None => (None, path.to_owned()),
        })
    }

    /// The diff of these changes, and the faults of the files that stay as they are.
    pub(super) fn diff(&self, places: &Places) -> Result<(Vec<u8>, Vec<String>), Failure> {
        let mut files: BTreeMap<String, (Option<Vec<u8>>, Vec<Change>)> = BTreeMap::new();
        for change in &places.files {
            let (old, real) = self.read(Path::new(&change.path))?;
            let real = real.into_os_string().into_string();
            let real = real.map_err(|path| anyhow!("{} is not UTF-8", path.display()))?;
            // Two paths may lead to one file, where a directory is a link.
            let (_, known) = files.entry(real).or_insert((old, Vec::new()));
            known.extend(change.changes.iter().cloned());
        }
        let mut out = Vec::new();
        let mut faults = Vec::new();
        for (path, (old, changes)) in files {
            let old = old.as_deref();
            let new = edit_for(places.runs.loader, old, &changes).map_err(anyhow::Error::new)?;
            out.extend(diff::unified(&path, old, &new));
            let found = sysctl_conf::faults(old.unwrap_or_default()).into_iter();
            let told = |fault: sysctl_conf::Fault<'_>| {
                format!("{path}:{}: {}; left as it is", fault.line, fault.kind)
            };
            faults.extend(found.map(told));
        }
        Ok((out, faults))
    }
}

/// A record by hand has no links: a file that is the same under both names is one.
fn presume_link(texts: &mut [FileText]) {
    let conf = texts.iter().find(|file| file.path == SYSCTL_CONF);
    let Some(text) = conf.map(|file| file.text.clone()) else {
        return;
    };
    let linked = |file: &&mut FileText| file.path == LINK && file.text == text;
    if let Some(file) = texts.iter_mut().find(linked) {
        file.link = Some(SYSCTL_CONF.to_owned());
    }
}
