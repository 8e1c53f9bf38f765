//! The persistent sysctls of a machine: which line of which file sets a key at the next boot, what
//! it beats, and what is never read. For each loader by itself, because they disagree: about the
//! order of files, about /etc/sysctl.conf, about globs and exclusions.
//!
//! A boot has stages, each of which writes over the one before: the kernel's command line, the
//! loader with its files, ufw's own file, TuneD. `loader` says which files a loader reads and in
//! which order, `resolve` which of its lines counts; this module puts the stages together.

mod lines;
mod loader;
mod notes;
mod pattern;
mod resolve;
mod stages;
#[cfg(test)]
mod tests;
mod tuned;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::key::{climbs, is_glob, normalise_key};
use crate::snapshot::{Boot, FileText, Loader, Os, Snapshot};
use loader::Fate;
pub use loader::{ETC_DROP_INS, Runs, SYSCTL_CONF, is_drop_in};
use stages::Stage;

/// How an assignment fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It decides the value.
    Wins,
    /// It is applied, and something later sets another value.
    Overridden,
    /// It is read, and the kernel does not take it.
    Refused,
    /// Its file is hidden by one of the same name in a directory that comes first.
    Masked,
    /// Nothing reads it, or what reads it cannot use it.
    Dead,
}

impl Status {
    /// The name in outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wins => "wins",
            Self::Overridden => "overridden",
            Self::Refused => "refused",
            Self::Masked => "masked",
            Self::Dead => "dead",
        }
    }
}

/// A line that sets a key, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// Absolute path inside the root.
    pub file: String,
    /// Line number, from 1.
    pub line: usize,
    /// The key as the line has it, normalised: a glob may stand for several.
    pub key: String,
    /// The value as it stands there; untrusted. `None`: the line keeps the key out of globs.
    pub value: Option<String>,
    /// How it fares.
    pub status: Status,
    /// Why, in words.
    pub reason: String,
}

/// How the reason of a line ends that its loader reads and can make nothing of.
const CANNOT_USE: &str = "cannot use this line";

impl Assigned {
    /// Whether its file is read, and its loader can make nothing of the line itself.
    pub fn is_unusable(&self) -> bool {
        self.status == Status::Dead && self.reason.contains(CANNOT_USE)
    }

    /// File and line, for people.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

/// What the kernel does with values. The stage that knows both implements it.
pub trait Kernel {
    /// Why the kernel does not take a value. `None`: it does, as far as is known, or it has no such
    /// key.
    fn refusal(&self, key: &str, value: &str) -> Option<String>;
    /// Why there is no such sysctl. `None`: there is, as far as is known.
    fn lacks(&self, _key: &str) -> Option<String> {
        None
    }
    /// Whether the key is there for certain, and the value is refused. The answer is the same whichever
    /// key is asked about.
    fn ends(&self, key: &str, value: &str) -> bool {
        self.refusal(key, value).is_some()
    }
    /// The value that the kernel itself starts with. `None`: it is not known.
    fn default(&self, key: &str) -> Option<String>;
}

/// What sets one key at boot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// Every line that sets the key, first those that are applied, in that order.
    pub assignments: Vec<Assigned>,
    /// The value after boot. `None`: nothing sets it.
    pub value: Option<String>,
}

impl History {
    /// The line that decides.
    pub fn winner(&self) -> Option<&Assigned> {
        self.assignments
            .iter()
            .find(|assigned| assigned.status == Status::Wins)
    }
}

/// The persistent configuration of a machine.
#[derive(Debug)]
pub struct Persistent<'a> {
    files: &'a [FileText],
    boot: Option<&'a Boot>,
    runs: Runs,
    /// The stages with the machine's own loader.
    own: Vec<Stage>,
    /// The stages with each loader, once somebody asks for them.
    with: OnceLock<BTreeMap<Loader, Vec<Stage>>>,
}

impl<'a> Persistent<'a> {
    /// What a record tells. `None`: nobody looked at the files.
    pub fn of(snapshot: &'a Snapshot) -> Option<Self> {
        let files = snapshot.files.as_deref()?;
        let (boot, os) = (snapshot.boot.as_ref(), snapshot.host.os.as_ref());
        let runs = match &snapshot.image {
            Some(image) => Runs::in_image(image, boot, os),
            None => Runs::of(boot, os),
        };
        Some(Self::with_runs(files, boot, runs))
    }

    /// What these files tell; `boot` says which of them are read (`None`: nobody looked).
    pub fn new(files: &'a [FileText], boot: Option<&'a Boot>, os: Option<&Os>) -> Self {
        Self::with_runs(files, boot, Runs::of(boot, os))
    }

    fn with_runs(files: &'a [FileText], boot: Option<&'a Boot>, runs: Runs) -> Self {
        Self {
            files,
            boot,
            own: stages::all(runs.loader, files, boot, &runs),
            with: OnceLock::new(),
            runs,
        }
    }

    fn with(&self, loader: Loader) -> &[Stage] {
        let all = |loader| stages::all(Some(loader), self.files, self.boot, &self.runs);
        let each = || Loader::ALL.map(|loader| (loader, all(loader))).into();
        let with = self.with.get_or_init(each);
        with.get(&loader).map_or(&[], Vec::as_slice)
    }

    /// What loads the files on this machine, and how that is known.
    pub fn runs(&self) -> &Runs {
        &self.runs
    }

    /// The files that were looked at.
    pub fn files(&self) -> &'a [FileText] {
        self.files
    }

    /// The files that the machine's loader takes and that could not be read.
    pub fn unread(&self) -> impl Iterator<Item = &'a FileText> + use<'_, 'a> {
        let (_, fates) = loader::order(self.runs.loader, self.files, &self.runs);
        let all = self.files.iter().zip(fates);
        let unread = all.filter(|(file, fate)| file.unread.is_some() && *fate == Fate::Read);
        unread.map(|(file, _)| file)
    }

    /// Whether the machine's loader applies a line of this file.
    pub fn loads(&self, file: &str) -> bool {
        let loader = self.runs.loader.map(Loader::name);
        // OpenRC's service has a stage for each file.
        let mut stages = self.own.iter().filter(|stage| Some(&*stage.who) == loader);
        stages.any(|stage| stage.lines.all.iter().any(|line| line.file == file))
    }

    /// When a file is applied last on this machine: larger is later. `None`: it never is.
    pub fn position(&self, file: &str) -> Option<usize> {
        let lines = self.own.iter().flat_map(|stage| &stage.lines.all);
        let here = lines.enumerate().filter(|(_, line)| line.file == file);
        here.last().map(|(n, _)| n)
    }

    /// Every key that a line of any file sets, or would if something read it, by name; no globs.
    pub fn keys(&self) -> BTreeSet<String> {
        let lines = self
            .own
            .iter()
            .flat_map(|stage| stage.lines.all.iter().chain(&stage.passed.all));
        lines
            .filter(|line| line.value.is_some() && !is_glob(&line.key) && !climbs(&line.key))
            .map(|line| line.key.clone())
            .filter(|key| !key.is_empty())
            .collect()
    }

    /// What sets a key on this machine.
    pub fn history(&self, key: &str, kernel: &dyn Kernel) -> History {
        stages::history(&self.own, &normalise_key(key), kernel)
    }

    /// What would set a key if this loader ran.
    pub fn history_with(&self, loader: Loader, key: &str, kernel: &dyn Kernel) -> History {
        stages::history(self.with(loader), &normalise_key(key), kernel)
    }
}
