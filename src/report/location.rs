//! Where a finding stands in files, for the formats that point at lines.
//!
//! A fixture is a file of the repository, so what was judged in it is pointed at there, and the
//! configuration line that caused it (`/etc/nginx/nginx.conf:12`) comes second: nobody has that file
//! who reads the report. On a live host that line comes first. What was read from standard input has no file.

use std::path::{Component, Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Report;
use crate::gate::Waiver;
use crate::rules::finding::{About, AboutSetting, Finding, Remediation};
use crate::snapshot::Snapshot;
use crate::text::locate::Step;

/// What the kernel's own command line is called among the files that set sysctls.
const CMDLINE: &str = "/proc/cmdline";

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    /// Path: as the user named it, or absolute on the host that was looked at.
    pub(super) file: String,
    /// From 1.
    pub(super) line: usize,
    /// From 1, in characters, where it is known.
    pub(super) column: Option<usize>,
}

/// The places of one finding.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    /// What to show. `None`: there is no file.
    pub(super) first: Option<Spot>,
    /// The configuration line that caused it, where that is not `first`.
    pub(super) cause: Option<Spot>,
    /// The same finding's other subjects.
    pub(super) also: Vec<Spot>,
}

impl Places {
    /// The places of a finding.
    pub(super) fn of(finding: &Finding, report: &Report<'_>) -> Self {
        let cause = cause(&finding.about, report);
        let Some(fixture) = report.fixture() else {
            return match report.source {
                // Nothing was read from standard input but the record.
                Some(_) => Self {
                    cause,
                    ..Self::default()
                },
                None => Self {
                    first: cause,
                    ..Self::default()
                },
            };
        };
        let spot = |about: &About| {
            let place = in_fixture(about, finding, report);
            Spot {
                file: fixture.to_owned(),
                line: place.map_or(1, |(line, _)| line),
                column: place.map(|(_, column)| column),
            }
        };
        Self {
            first: Some(spot(&finding.about)),
            cause,
            also: finding.also.iter().map(spot).collect(),
        }
    }
}

/// The configuration line that a finding comes from: what sets the sysctl, or asks for the backlog.
fn cause(about: &About, report: &Report<'_>) -> Option<Spot> {
    if let Some(AboutSetting { place, .. }) = &about.setting {
        let (file, line) = place.as_ref()?;
        return (file != CMDLINE).then(|| Spot::at(file, *line));
    }
    let requested = about.listener_in(report.facts)?.requested.as_ref()?;
    file_and_line(requested.place.as_deref()?)
}

/// `/etc/nginx/nginx.conf:12`; other places (a command line, whose default it is) are no files.
fn file_and_line(place: &str) -> Option<Spot> {
    let (file, line) = place.rsplit_once(':')?;
    let line = line.parse().ok().filter(|line| *line > 0)?;
    file.starts_with('/').then(|| Spot::at(file, line))
}

/// Line and column of a subject in the fixture.
fn in_fixture(about: &About, finding: &Finding, report: &Report<'_>) -> Option<(usize, usize)> {
    let positions = report.positions.as_ref()?;
    let snapshot = report.facts.snapshot;
    if let Some(setting) = &about.setting {
        if let Some((path, line)) = of_setting(setting, snapshot) {
            return match line {
                Some(line) => positions.line(&path, line),
                None => positions.place(&path),
            };
        }
        let running = ["sysctls".into(), setting.key.as_str().into()];
        return positions.place(&in_netns(about, running));
    }
    if let Some(listener) = &about.listener {
        let steps = ["listeners".into(), listener.index.into()];
        return positions.place(&in_netns(about, steps));
    }
    let path = read(about, finding, snapshot).unwrap_or_else(|| in_netns(about, []));
    positions.place(&path)
}

fn in_netns<const N: usize>(about: &About, steps: [Step; N]) -> Vec<Step> {
    let mut path = vec!["namespaces".into(), about.netns_index.into()];
    path.extend(steps);
    path
}

/// Where the record has the line that sets a sysctl: a text, and the line in it.
fn of_setting(setting: &AboutSetting, snapshot: &Snapshot) -> Option<(Vec<Step>, Option<usize>)> {
    let (file, line) = setting.place.as_ref()?;
    if file == CMDLINE {
        let words = &snapshot.boot.as_ref()?.cmdline;
        let word = words.iter().rposition(|word| {
            let name = word.split('=').next().unwrap_or_default();
            let name = name.strip_prefix("sysctl.").unwrap_or(name);
            name.replace('/', ".") == setting.key
        })?;
        return Some((vec!["boot".into(), "cmdline".into(), word.into()], None));
    }
    let files = snapshot.files.as_ref()?;
    let index = files.iter().position(|known| known.path == *file)?;
    let path = vec!["files".into(), index.into(), "text".into()];
    Some((path, Some(*line)))
}

/// The first value that the finding is about: a sysctl that is to be changed, or else what the rule read.
fn read(about: &About, finding: &Finding, snapshot: &Snapshot) -> Option<Vec<Step>> {
    let netns = snapshot.namespaces.get(about.netns_index)?;
    let changed = finding.remediation.iter().filter_map(|step| match step {
        Remediation::Sysctl { key, .. } => Some(format!("sysctl.{key}")),
        Remediation::Service { .. } | Remediation::Relisten | Remediation::Edit(_) => None,
    });
    let read = finding.evidence.iter().map(|(name, _)| name.to_string());
    let mut names = changed.chain(read);
    names.find_map(|name| {
        let (kind, key) = name.split_once('.')?;
        let known = match kind {
            "sysctl" if netns.sysctls.contains_key(key) => "sysctls",
            "counters" if netns.counters.contains_key(key) => "counters",
            _ => return None,
        };
        Some(in_netns(about, [known.into(), key.into()]))
    })
}

/// The folder that paths are relative to: where backlint was started, which is where a pipeline has
/// its repository.
#[derive(Debug, Clone, Default)]
pub struct Base(PathBuf);

/// What an URI's path may have as it is (RFC 3986, section 3.3).
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

impl Spot {
    /// A line of a file, from 1.
    pub(super) fn at(file: impl Into<String>, line: usize) -> Self {
        Self {
            file: file.into(),
            line,
            column: None,
        }
    }

    /// Where a waiver stands.
    pub(super) fn of_waiver(waiver: &Waiver) -> Self {
        let (file, line) = &waiver.place;
        Self::at(file, *line)
    }
}

impl Base {
    /// An absolute folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// A path from the folder, without `.` and `..`; `None` where the file is outside of it.
    fn below(&self, file: &str) -> Option<String> {
        // Nobody knows the current folder when it was removed.
        if !self.0.is_absolute() {
            return Some(file.to_owned());
        }
        let mut parts: Vec<&std::ffi::OsStr> = Vec::new();
        let whole = self.0.join(file);
        for part in whole.components() {
            match part {
                Component::Normal(name) => parts.push(name),
                Component::ParentDir => {
                    parts.pop();
                }
                Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
            }
        }
        let whole = Path::new("/").join(parts.iter().collect::<PathBuf>());
        let rest = whole.strip_prefix(&self.0).ok()?;
        rest.to_str().map(str::to_owned)
    }

    /// The path that a pipeline knows the file by: from its folder, else as it is.
    pub(super) fn path(&self, file: &str) -> String {
        self.below(file).unwrap_or_else(|| file.to_owned())
    }

    /// The file as an URI reference: relative to the folder (`true`), else absolute.
    pub(super) fn uri(&self, file: &str) -> (String, bool) {
        match self.below(file) {
            Some(path) => (utf8_percent_encode(&path, PATH).to_string(), true),
            None => {
                let whole = self.0.join(file);
                let whole = whole.to_string_lossy();
                let path = utf8_percent_encode(&whole, PATH);
                (format!("file://{path}"), false)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_repository() {
        let base = Base::new("/repo");
        for (given, path) in [
            ("web.yaml", "web.yaml"),
            ("./fixtures//web.yaml", "fixtures/web.yaml"),
            ("/repo/a/../b/web.yaml", "b/web.yaml"),
            ("../repo/web.yaml", "web.yaml"),
            ("/etc/sysctl.conf", "/etc/sysctl.conf"),
        ] {
            assert_eq!(base.path(given), path);
        }
    }

    #[test]
    fn an_uri_has_no_character_that_means_something_else() {
        let base = Base::new("/repo");
        let (uri, relative) = base.uri("a b/50%:é#?.yaml");
        assert_eq!(uri, "a%20b/50%25%3A%C3%A9%23%3F.yaml");
        assert!(relative);
        let (uri, relative) = base.uri("/etc/x y.conf");
        assert_eq!(uri, "file:///etc/x%20y.conf");
        assert!(!relative);
    }

    #[test]
    fn only_a_file_and_a_line_are_a_place_in_a_file() {
        let spot = file_and_line("/etc/nginx/nginx.conf:12").unwrap();
        assert_eq!(
            (spot.file.as_str(), spot.line),
            ("/etc/nginx/nginx.conf", 12)
        );
        assert_eq!(file_and_line("command line"), None);
        assert_eq!(file_and_line("/etc/nginx/nginx.conf:0"), None);
        assert_eq!(file_and_line("nginx.conf:3"), None);
    }
}
