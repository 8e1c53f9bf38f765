//! What is known of one service: the typed form of a file below `rules/services/`.

use std::fmt;

use serde::Deserialize;

use crate::snapshot::Runtime;

/// What a program asks for when nothing is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// This number.
    Number(u32),
    /// The C library's SOMAXCONN when it was compiled: 4096 since glibc 2.31, 128 before and in musl.
    Constant,
    /// As much as the kernel gives: -1, INT_MAX, or the value of somaxconn read at start.
    All,
    /// It depends on settings that are not known here.
    Unknown,
}

/// A program, a library or a supervisor that calls listen(2).
#[derive(Debug, PartialEq, Eq)]
pub struct Service {
    /// The name in findings.
    pub name: String,
    /// The name for people.
    pub title: String,
    /// The heading that it stands under in the reference.
    pub family: String,
    /// What it is.
    pub kind: Kind,
    /// How it is recognised: any of these.
    pub recognise: Vec<Signs>,
    /// What it asks for, by version; the first whose versions fit.
    pub defaults: Vec<Default>,
    /// Where its version is to be found, where the default depends on it.
    pub version: Vec<VersionSource>,
    /// How its configured value is read; the first that says something.
    pub configured: Vec<Configured>,
    /// Whether it may also be configured where nobody can look, so that what was not found is not
    /// known to have its default.
    pub elsewhere: bool,
    /// The setting that decides its backlog.
    pub setting: Setting,
    /// What makes a change take effect.
    pub applies: Applies,
    /// Whether it calls listen(2) again on a socket that systemd passed to it.
    pub relistens: bool,
    /// Why it calls `listen(fd, 0)` on purpose at times, where it does.
    pub zero: Option<String>,
    /// Whether that is how the socket is meant to be, and not for a while.
    pub zero_lasts: bool,
    /// What surprises.
    pub quirks: Vec<String>,
    /// Ports and paths that it usually listens on, in words.
    pub ports: Option<String>,
    /// How its port is configured, where its reader does not tell.
    pub listens: Option<Listens>,
    /// Where the other facts come from.
    pub sources: Vec<String>,
}

/// What calls listen(2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A product: its configuration decides.
    #[default]
    Program,
    /// A language's library: the program that uses it may pass another number.
    Library,
    /// It listens for others and passes the socket on, as systemd does.
    Supervisor,
}

/// Signs of a service: all that are given must be there.
#[derive(Debug, Clone, std::default::Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Signs {
    /// The first 15 bytes of it are `comm`, or it is the file name of the executable. One `*` may
    /// stand for anything.
    pub name: OneOrMore,
    /// `comm` alone.
    pub comm: OneOrMore,
    /// The file name of the executable alone.
    pub exe: OneOrMore,
    /// What an interpreter runs: a script's file name, a Python module, a Java main class or jar.
    pub program: OneOrMore,
    /// An argument of the command line.
    pub argument: OneOrMore,
    /// The systemd unit without its suffix.
    pub unit: OneOrMore,
    /// What the executable itself shows.
    pub runtime: Option<Runtime>,
}

/// One text or a list of them.
#[derive(Debug, Clone, std::default::Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Texts")]
pub struct OneOrMore(pub Vec<String>);

#[derive(Deserialize)]
#[serde(untagged, expecting = "a text or a list of texts")]
enum Texts {
    One(String),
    More(Vec<String>),
}

impl From<Texts> for OneOrMore {
    fn from(texts: Texts) -> Self {
        match texts {
            Texts::One(text) => Self(vec![text]),
            Texts::More(texts) => Self(texts),
        }
    }
}

/// What a service asks for when nothing is configured.
#[derive(Debug, PartialEq, Eq)]
pub struct Default {
    /// How the number comes about.
    pub class: Class,
    /// The number, for the classes that have one.
    pub backlog: Option<u32>,
    /// The versions that it is true for, such as `>=8.2`; all without it.
    pub versions: Option<String>,
    /// The sockets that it is true for; all without it.
    pub sockets: Option<Sockets>,
    /// What else to know about it.
    pub note: Option<String>,
    /// How it is known.
    pub verified: Verified,
    /// Where it is written.
    pub source: String,
}

impl Default {
    /// What a program of these versions asks for.
    pub fn ask(&self) -> Ask {
        match (self.class, self.backlog) {
            (Class::Fixed | Class::Configurable, Some(number)) => Ask::Number(number),
            (Class::Constant, _) => Ask::Constant,
            (Class::ReadsSomaxconn | Class::Maximum, _) => Ask::All,
            (Class::Derived | Class::Fixed | Class::Configurable, _) => Ask::Unknown,
        }
    }
}

/// Kinds of sockets that a program has different defaults for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sockets {
    /// TCP and MPTCP.
    Tcp,
    /// Unix sockets.
    Unix,
}

/// How a default comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Compiled in.
    Fixed,
    /// Compiled in, and a setting changes it.
    Configurable,
    /// Computed from another setting.
    Derived,
    /// The program reads net.core.somaxconn and asks for that.
    ReadsSomaxconn,
    /// As much as there is: -1 or INT_MAX.
    Maximum,
    /// The C library's SOMAXCONN: 4096 since glibc 2.31, 128 before and in musl.
    Constant,
}

impl Class {
    /// What it means, for the reference.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Configurable => "configurable",
            Self::Derived => "derived from another setting",
            Self::ReadsSomaxconn => "reads somaxconn at start",
            Self::Maximum => "as much as there is",
            Self::Constant => "SOMAXCONN of the C library",
        }
    }
}

/// How a fact is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verified {
    /// Measured on the running program.
    Measured,
    /// Read in the project's source.
    Source,
    /// The vendor's documentation says so.
    Documentation,
    /// Read in public copies of the project's file.
    Copies,
    /// Derived or from general knowledge: no finding may rest on it with more than `possible`.
    No,
}

impl Verified {
    /// What it means, for the reference.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Source => "read in its source",
            Self::Documentation => "documented by its makers",
            Self::Copies => "read in copies of its source",
            Self::No => "not verified",
        }
    }
}

/// Where a program's version is to be found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VersionSource {
    /// What `*` stands for in the name of the process or the path of its executable.
    Name(String),
    /// An environment variable.
    Variable(String),
    /// What the last `*` stands for in the path of a file that is there.
    Path(String),
    /// The version of this Debian or Alpine package.
    Package(String),
}

/// One way to learn the configured value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Configured {
    /// An option of the command line, under any of these names.
    Option(Vec<String>),
    /// An environment variable that holds the number, or options.
    Variable {
        /// Its name.
        name: String,
        /// Names of the option in it; empty: it holds the number itself.
        option: Vec<String>,
    },
    /// A key of a file.
    File(KeyFile),
    /// A reader for a format or a derivation of its own.
    Reader(super::readers::Reader),
}

/// Where the port or the address of a service is configured.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listens {
    /// Options of the command line.
    #[serde(default)]
    pub option: OneOrMore,
    /// An environment variable.
    pub variable: Option<String>,
    /// A key of a file with the port alone.
    pub file: Option<KeyFile>,
    /// Whether every value of the options counts and not the last alone.
    #[serde(default)]
    pub several: bool,
    /// Options that list addresses; the port of one without is that of `option`.
    #[serde(default)]
    pub address: OneOrMore,
    /// Options that name a unix socket.
    #[serde(default)]
    pub unix: OneOrMore,
    /// The key of the same file that names a unix socket.
    pub unix_key: Option<String>,
    /// Whether it listens on nothing else then.
    #[serde(default)]
    pub unix_alone: bool,
}

impl Service {
    /// The port that it listens on if nothing else is configured: the first of those in words.
    pub fn usual_port(&self) -> Option<u16> {
        let words = self.ports.as_deref()?;
        let end = words
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(words.len());
        words[..end].parse().ok().filter(|port| *port > 0)
    }
}

/// A key of a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    /// Options of the command line that name the file.
    #[serde(default)]
    pub option: OneOrMore,
    /// Which argument of the command line that is no option names the file, from 1.
    pub argument: Option<usize>,
    /// Where it is otherwise: the first of these that exists.
    #[serde(default)]
    pub at: OneOrMore,
    /// Whether the program starts as well when none of these exists.
    #[serde(default)]
    pub optional: bool,
    /// How it is written.
    pub format: Format,
    /// The key; `section.key` where the format has sections.
    pub key: OneOrMore,
    /// The directive that includes other files.
    pub include: Option<String>,
}

/// How a configuration file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `key value`, one a line.
    Words,
    /// `key = value`, one a line, `[section]` where there are any; also Python's assignments.
    Assignments,
    /// YAML or JSON.
    Yaml,
    /// TOML.
    Toml,
    /// XML: the text of an element, `outer.inner`.
    Xml,
}

/// The setting that decides a service's backlog.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Filled-in line, with `{}` for the number. None: there is no setting.
    pub example: Option<String>,
    /// Where that line belongs, or what decides where there is no setting.
    pub place: String,
}

/// What makes a change take effect.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applies {
    /// After the setting was changed. None: there is no setting.
    pub setting: Option<Step>,
    /// After net.core.somaxconn alone was raised.
    pub sysctl: Step,
    /// What to know about it.
    pub note: Option<String>,
}

/// What makes a program call listen(2) again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// A reload does.
    Reload,
    /// Stop it and start it; a reload keeps the old socket.
    Restart,
    /// The .socket unit must be restarted, with the service stopped.
    Socket,
}

impl Step {
    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Reload => "a reload",
            Self::Restart => "a restart",
            Self::Socket => "a restart of the .socket unit, with the service stopped",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}
