//! Readers of what a service's configuration asks for: command line and files in, settings out.
//!
//! A reader gets a [`Context`]: the command line, and files through [`Files`], which bounds what is
//! read and never leaves the service's own root. It returns every number that the configuration
//! asks listen(2) for, with the address it is for and the line it stands on; a number that stands
//! nowhere but follows from other settings has [`Source::Default`]. No reader fails: what cannot be
//! read or understood becomes a fault in the files, and that is a gap.

mod apache;
mod bind;
mod dovecot;
mod generic;
mod haproxy;
mod lighttpd;
mod lines;
mod listens;
mod mysql;
mod nginx;
mod php_fpm;
mod postfix;
mod postgresql;
mod puma;
mod ruby;
mod squid;
pub(super) mod systemd;
#[cfg(test)]
pub(in crate::services) mod tests;
mod tomcat;
mod unicorn;
mod uwsgi;
mod varnish;
mod xml;

use serde::Deserialize;

use super::endpoint::Endpoint;
use super::host::{Files, Host, join};
use super::service::Configured;
use crate::snapshot::{Requested, Source};
pub use listens::listens;

/// What a reader works on.
pub struct Context<'a> {
    /// Facts of the process that are not in its command line.
    pub host: &'a dyn Host,
    /// The main process of the service.
    pub pid: u32,
    /// Its command line, the program's name first.
    pub arguments: &'a [String],
    /// What stands in the command line's place, where the program overwrote it: `nginx: master
    /// process nginx -c /x`. Then `arguments` are those of the systemd unit, or empty.
    pub title: Option<&'a str>,
    /// The path of its executable, where it is known.
    pub executable: Option<&'a str>,
    /// Its version, where it is known.
    pub version: Option<&'a str>,
    /// Its files.
    pub files: Files<'a>,
    /// Where it is configured to listen, with or without a number, as far as the reader meets that.
    pub listens: Vec<Endpoint>,
    /// Endpoints of settings at which it need not listen: they are there to be matched with what does.
    pub matched: Vec<Endpoint>,
}

/// What a configuration says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// What it asks for, where.
    pub settings: Vec<Setting>,
    /// Whether all that decides was read, so that what is not set has its default. `false`: the
    /// command line was overwritten, a file was not found or not readable.
    pub complete: bool,
}

/// One number of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The listeners that it is for.
    pub on: Endpoint,
    /// What it asks for; `None`: as much as there is.
    pub backlog: Option<i64>,
    /// [`Source::Config`], or [`Source::Default`] for what follows from other settings' defaults.
    pub source: Source,
    /// Where it stands.
    pub place: Place,
}

/// Where a number stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A line of a file, from 1.
    Line(String, usize),
    /// A file as a whole.
    File(String),
    /// Anything else, in words: `command line`.
    Words(String),
}

impl Place {
    /// The command line.
    pub fn command_line() -> Self {
        Self::Words("command line".to_owned())
    }

    /// The file, where it is one.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Line(path, _) | Self::File(path) => Some(path),
            Self::Words(_) => None,
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line(path, line) => write!(f, "{path}:{line}"),
            Self::File(path) => path.fmt(f),
            Self::Words(words) => words.fmt(f),
        }
    }
}

impl Setting {
    /// A number that the configuration itself has.
    pub fn configured(on: Endpoint, backlog: impl Into<Option<i64>>, place: Place) -> Self {
        Self {
            on,
            backlog: backlog.into(),
            source: Source::Config,
            place,
        }
    }

    /// For the record.
    pub fn requested(&self) -> Requested {
        Requested {
            backlog: self.backlog,
            source: self.source,
            place: Some(self.place.to_string()),
            applied: true,
        }
    }
}

/// A reader with code of its own, by the name it has in a service's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reader {
    /// `ListenBackLog` of Apache httpd.
    Apache,
    /// `tcp-listen-queue` of BIND.
    Bind,
    /// process_limit × client_limit of Dovecot.
    Dovecot,
    /// `backlog` and `maxconn` of HAProxy.
    Haproxy,
    /// `server.listen-backlog` of lighttpd.
    Lighttpd,
    /// `back_log` of MySQL and MariaDB.
    Mysql,
    /// `listen` of nginx.
    Nginx,
    /// `listen.backlog` of PHP-FPM pools.
    PhpFpm,
    /// process limits of Postfix.
    Postfix,
    /// `max_connections` of PostgreSQL.
    Postgresql,
    /// `bind` of Puma.
    Puma,
    /// descriptor limits of Squid.
    Squid,
    /// `acceptCount` of Tomcat.
    Tomcat,
    /// `listen` of Unicorn.
    Unicorn,
    /// `listen` of uWSGI.
    Uwsgi,
    /// `listen_depth` of Varnish.
    Varnish,
}

impl Context<'_> {
    /// A path of the command line, as the process means it.
    pub fn path(&self, path: &str) -> String {
        if path.starts_with('/') {
            return join("/", path);
        }
        join(&self.host.directory(self.pid).unwrap_or_default(), path)
    }

    /// Path and text of the main file: the one that this option names, else the first of the usual
    /// ones that exists.
    pub fn main_file(&mut self, option: &str, usual: &[&str]) -> Option<(String, String)> {
        let named = generic::option_value(self.arguments, &[option.to_owned()]);
        let paths = match named {
            Some(path) => vec![self.path(&path)],
            None => usual.iter().map(|path| (*path).to_owned()).collect(),
        };
        self.files.first(&paths)
    }
}

/// What a service's configuration asks for: each way in turn, until one says something.
pub fn configured(ways: &[Configured], context: &mut Context<'_>) -> Reading {
    let mut complete = true;
    for way in ways {
        let reading = match way {
            Configured::Option(names) => generic::option(names, context),
            Configured::Variable { name, option } => generic::variable(name, option, context),
            Configured::File(file) => generic::file(file, context),
            Configured::Reader(reader) => reader.read(context),
        };
        complete &= reading.complete;
        if !reading.settings.is_empty() {
            return Reading {
                complete,
                ..reading
            };
        }
    }
    Reading {
        settings: Vec::new(),
        complete,
    }
}

impl Reader {
    /// Reads what a service's configuration asks for.
    pub fn read(self, context: &mut Context<'_>) -> Reading {
        match self {
            Self::Apache => apache::read(context),
            Self::Bind => bind::read(context),
            Self::Dovecot => dovecot::read(context),
            Self::Haproxy => haproxy::read(context),
            Self::Lighttpd => lighttpd::read(context),
            Self::Mysql => mysql::read(context),
            Self::Nginx => nginx::read(context),
            Self::PhpFpm => php_fpm::read(context),
            Self::Postfix => postfix::read(context),
            Self::Postgresql => postgresql::read(context),
            Self::Puma => puma::read(context),
            Self::Squid => squid::read(context),
            Self::Tomcat => tomcat::read(context),
            Self::Unicorn => unicorn::read(context),
            Self::Uwsgi => uwsgi::read(context),
            Self::Varnish => varnish::read(context),
        }
    }
}
