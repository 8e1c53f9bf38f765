//! Where reports go: `-f FORMAT` to standard output, `-f FORMAT=FILE` to a file, as many as are given.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{Run, input, output};
use crate::gate::Gate;
use crate::report::github::GitHub;
use crate::report::gitlab::GitLab;
use crate::report::json::Json;
use crate::report::junit::Junit;
use crate::report::location::Base;
use crate::report::markdown::Markdown;
use crate::report::sarif::Sarif;
use crate::report::style::{Look, WIDTH};
use crate::report::table::Table;
use crate::report::tap::Tap;
use crate::report::{Format, Outcome, Report};
use crate::text::nearest::nearest;
use crate::text::positions::Positions;

/// A format of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Table,
    Json,
    Sarif,
    Junit,
    GitHub,
    GitLab,
    Markdown,
    Tap,
}

impl Kind {
    const ALL: [(&'static str, Self); 8] = [
        ("table", Self::Table),
        ("json", Self::Json),
        ("sarif", Self::Sarif),
        ("junit", Self::Junit),
        ("github", Self::GitHub),
        ("gitlab", Self::GitLab),
        ("markdown", Self::Markdown),
        ("tap", Self::Tap),
    ];

    fn name(self) -> &'static str {
        let mut all = Self::ALL.iter();
        all.find(|(_, kind)| *kind == self)
            .map_or("", |(name, _)| name)
    }

    /// Whether it points at lines of files.
    fn points(self) -> bool {
        match self {
            Self::Table | Self::Json | Self::Markdown => false,
            Self::Sarif | Self::Junit | Self::GitHub | Self::GitLab | Self::Tap => true,
        }
    }

    fn of(self, look: Look, gate: Gate) -> Box<dyn Format> {
        // Without a current directory there is nothing that paths could be relative to.
        let base = || Base::new(std::env::current_dir().unwrap_or_default());
        match self {
            Self::Table => Box::new(Table { look }),
            Self::Json => Box::new(Json),
            Self::Sarif => Box::new(Sarif { gate, base: base() }),
            Self::Junit => Box::new(Junit { gate, base: base() }),
            Self::GitHub => Box::new(GitHub { gate, base: base() }),
            Self::GitLab => Box::new(GitLab { gate, base: base() }),
            Self::Markdown => Box::new(Markdown { gate }),
            Self::Tap => Box::new(Tap { gate, base: base() }),
        }
    }
}

/// One `FORMAT[=FILE]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Output {
    kind: Kind,
    /// `None`: standard output.
    file: Option<PathBuf>,
}

impl Output {
    /// The names of all formats.
    pub(super) fn names() -> Vec<&'static str> {
        Kind::ALL.map(|(name, _)| name).into()
    }

    /// Whether it goes to a file.
    pub(super) fn is_file(&self) -> bool {
        self.file.is_some()
    }

    /// The same, with its file where `place` says.
    pub(super) fn beside(self, place: impl FnOnce(PathBuf) -> PathBuf) -> Self {
        Self {
            file: self.file.map(place),
            ..self
        }
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "{}={}", self.kind.name(), file.display()),
            None => f.write_str(self.kind.name()),
        }
    }
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = match text.split_once('=') {
            Some((name, file)) => (name, Some(file)),
            None => (text, None),
        };
        let names = || Kind::ALL.iter().map(|(name, _)| *name);
        let found = Kind::ALL.iter().find(|(known, _)| *known == name);
        let Some((_, kind)) = found else {
            let near = nearest(name, names()).map(|near| format!("; did you mean `{near}`?"));
            let all: Vec<&str> = names().collect();
            let near = near.unwrap_or_default();
            return Err(format!(
                "`{name}` is not a format: {}{near}",
                all.join(", ")
            ));
        };
        if file == Some("") {
            return Err(format!("there is no file behind `{name}=`"));
        }
        Ok(Self {
            kind: *kind,
            file: file.filter(|file| *file != "-").map(PathBuf::from),
        })
    }
}

/// All outputs of a run.
#[derive(Debug)]
pub(super) struct Outputs<'a> {
    /// What goes to standard output.
    stdout: Kind,
    files: Vec<(Kind, &'a Path)>,
}

impl<'a> Outputs<'a> {
    /// Sorts what was asked for; the table goes to standard output where nothing else does.
    pub(super) fn new(asked: &'a [Output]) -> Result<Self, input::Failure> {
        let mut stdout: Option<Kind> = None;
        let mut files: Vec<(Kind, &Path)> = Vec::new();
        for Output { kind, file } in asked {
            let Some(file) = file else {
                if let Some(first) = stdout.replace(*kind) {
                    let (first, second) = (first.name(), kind.name());
                    return Err(anyhow::anyhow!(
                        "{first} and {second} cannot both go to standard output: give one a file, \
                         such as -f {second}=FILE"
                    )
                    .into());
                }
                continue;
            };
            if let Some((other, _)) = files.iter().find(|(_, known)| *known == file.as_path()) {
                let (other, name, file) = (other.name(), kind.name(), file.display());
                return Err(anyhow::anyhow!(
                    "{other} and {name} cannot both go to {file}: give each a file of its own"
                )
                .into());
            }
            files.push((*kind, file));
        }
        Ok(Self {
            stdout: stdout.unwrap_or(Kind::Table),
            files,
        })
    }

    /// Whether what goes to standard output tells of waivers that are over.
    pub(super) fn tells_expired(&self) -> bool {
        self.stdout == Kind::Table
    }

    /// The places of a file's values, where an output points at them.
    pub(super) fn positions(&self, text: &str) -> Option<Positions> {
        let mut kinds = self.files.iter().map(|(kind, _)| *kind);
        let pointed = self.stdout.points() || kinds.any(Kind::points);
        pointed.then(|| Positions::of(text))
    }

    /// Writes all files, whatever the outcome, and then to standard output, which stays empty where
    /// a file cannot be written.
    pub(super) fn write(&self, reports: &[Report<'_>], gate: Gate, outcome: Outcome) -> Run {
        let plain = Look {
            color: false,
            width: WIDTH,
        };
        for (kind, path) in &self.files {
            let mut bytes = Vec::new();
            let written = kind.of(plain, gate).write(reports, &mut bytes);
            written.map_err(anyhow::Error::new)?;
            output::file(path, &bytes)?;
        }
        let format = self.stdout.of(output::look(), gate);
        output::result(outcome, |out| format.write(reports, out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(text: &str) -> Output {
        text.parse().unwrap()
    }

    #[test]
    fn a_format_goes_to_standard_output_or_a_file() {
        assert_eq!(output("sarif").file, None);
        assert_eq!(output("sarif=-").file, None);
        assert_eq!(output("sarif=a=b").file, Some(PathBuf::from("a=b")));
        assert_eq!(
            "junt".parse::<Output>().unwrap_err(),
            "`junt` is not a format: table, json, sarif, junit, github, gitlab, markdown, tap; did you mean `junit`?"
        );
        assert!("json=".parse::<Output>().is_err());
    }

    #[test]
    fn standard_output_takes_one_and_a_file_takes_one() {
        assert!(Outputs::new(&[output("json"), output("table")]).is_err());
        assert!(Outputs::new(&[output("json=a"), output("sarif=a")]).is_err());
        let asked = [output("sarif=a"), output("junit=b")];
        let outputs = Outputs::new(&asked).unwrap();
        assert_eq!(outputs.stdout, Kind::Table);
        assert_eq!(outputs.files.len(), 2);
    }

    #[test]
    fn places_are_looked_for_only_where_an_output_points_at_them() {
        let asked = [output("json"), output("markdown=m")];
        assert!(Outputs::new(&asked).unwrap().positions("a: 1").is_none());
        let asked = [output("json"), output("tap=t")];
        assert!(Outputs::new(&asked).unwrap().positions("a: 1").is_some());
    }
}
