//! MySQL and MariaDB: `back_log`, or what follows from `max_connections` where it is not set.
//!
//! The last value of an option counts, and the command line comes last. MariaDB (sql/mysqld.cc) and
//! MySQL up to 5.7 ask for 50 + `max_connections` / 5, at most 900; MySQL 8.0 for `max_connections`
//! (WL#9704). The X plugin on 33060 and Galera's ports have numbers of their own and are left out.

mod options;
#[cfg(test)]
mod tests;

use super::{Context, Place, Reading, Setting};
use crate::services::endpoint::Endpoint;
use crate::services::host::{file_name, join};
use crate::services::versions;
use crate::snapshot::Source;
use options::{Options, number};

/// `max_connections` where it is not set.
const CONNECTIONS: i64 = 151;
/// The most that `back_log` may be.
const MOST: i64 = 65535;
/// Descriptors that MySQL keeps for other things before it lowers `max_connections`.
const KEPT: i64 = 810;
/// Option files that only packages of MariaDB have.
const FILES_OF_MARIADB: [&str; 2] = ["/etc/mysql/mariadb.cnf", "/etc/my.cnf.d/mariadb-server.cnf"];
/// Where the socket is if nothing says it, by who built the server.
const SOCKETS: [&str; 3] = [
    "/run/mysqld/mysqld.sock",
    "/var/lib/mysql/mysql.sock",
    "/tmp/mysql.sock",
];

pub(super) fn read(context: &mut Context<'_>) -> Reading {
    if context.arguments.is_empty() {
        return Reading::default();
    }
    let product = Product::of(context);
    let options = Options::read(context, product.as_ref());
    persisted(context, &options, product.as_ref());
    let asked = backlog(context, &options, product.as_ref());
    let complete = asked.is_some() && !context.files.has_faults();
    let settings = asked.map_or_else(Vec::new, |(backlog, source, place)| {
        let setting = |on| Setting {
            on,
            backlog: Some(backlog),
            source,
            place: place.clone(),
        };
        endpoints(&options).into_iter().map(setting).collect()
    });
    Reading { settings, complete }
}

/// Which server it is, and its version where that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Product {
    is_mariadb: bool,
    version: Option<String>,
}

impl Product {
    fn of(context: &mut Context<'_>) -> Option<Self> {
        let variable = |name: &str| context.host.variable(context.pid, name);
        let maria = variable("MARIADB_VERSION");
        let version = context
            .version
            .map(str::to_owned)
            .or_else(|| maria.clone())
            .or_else(|| variable("MYSQL_VERSION"));
        let named = context.arguments.first().map(|path| file_name(path));
        let by_name = maria.is_some() || named == Some("mariadbd");
        // MySQL never had a version 10, and before that nobody asks.
        let by_number = |version: &String| versions::fits(version, ">=10");
        let is_mariadb = match version.as_ref().and_then(by_number) {
            _ if by_name => true,
            Some(is_mariadb) => is_mariadb,
            None if FILES_OF_MARIADB
                .iter()
                .any(|path| context.files.read(path).is_some()) =>
            {
                true
            }
            None => return None,
        };
        Some(Self {
            is_mariadb,
            version,
        })
    }

    /// What it asks for by itself.
    fn automatic(&self, connections: i64) -> Option<i64> {
        let fifth = (50 + connections / 5).min(900);
        let older = |than: &str| {
            let version = self.version.as_deref()?;
            versions::fits(version, than)
        };
        if self.is_mariadb {
            return (older("<10.1.7") != Some(true)).then_some(fifth);
        }
        match (older("<8"), older("<5.6")) {
            (_, Some(true)) | (None, _) => None,
            (Some(true), _) => Some(fifth),
            (Some(false), _) => Some(connections.min(MOST)),
        }
    }
}

/// MySQL 8.0 keeps what SET PERSIST wrote in its data directory; it is noticed, not followed.
fn persisted(context: &mut Context<'_>, options: &Options, product: Option<&Product>) {
    if product.is_some_and(|product| product.is_mariadb) {
        return;
    }
    let directory = options
        .last("datadir")
        .map_or("/var/lib/mysql", |found| &found.value);
    let path = join(directory, "mysqld-auto.cnf");
    let text = context.files.read(&path).unwrap_or_default();
    if ["\"back_log\"", "\"max_connections\""]
        .iter()
        .any(|name| text.contains(name))
    {
        context.files.fault(
            &path,
            "SET PERSIST changed what decides, which is not followed",
        );
    }
}

/// What it asks for, how that is known, and where it stands.
fn backlog(
    context: &Context<'_>,
    options: &Options,
    product: Option<&Product>,
) -> Option<(i64, Source, Place)> {
    if let Some(found) = options.last("back_log") {
        let asked = number(&found.value)?;
        // 0 and less mean: as if it were not set.
        if asked > 0 {
            return Some((asked.min(MOST), Source::Config, found.place.clone()));
        }
    }
    let product = product?;
    let Some(found) = options.last("max_connections") else {
        let rule = match product.automatic(CONNECTIONS)? {
            CONNECTIONS => "max_connections",
            _ => "50 + max_connections / 5",
        };
        let words = format!("{rule}, and max_connections is {CONNECTIONS} by default");
        let asked = product.automatic(CONNECTIONS)?;
        return Some((asked, Source::Default, Place::Words(words)));
    };
    let connections = number(&found.value)?.clamp(if product.is_mariadb { 10 } else { 1 }, 100_000);
    let limit = context
        .host
        .descriptor_limit(context.pid)
        .map(|(soft, _)| soft);
    let room = limit.and_then(|limit| i64::try_from(limit).ok());
    if !product.is_mariadb && room.is_some_and(|room| connections > room - KEPT) {
        return None;
    }
    let asked = product.automatic(connections)?;
    Some((asked, Source::Config, found.place.clone()))
}

/// The sockets that `back_log` is for.
fn endpoints(options: &Options) -> Vec<Endpoint> {
    let port = |name: &str| {
        let port = options.last(name)?.value.parse::<u16>().ok()?;
        (port > 0).then_some(port)
    };
    let mut found = vec![Endpoint::Port(None, port("port").unwrap_or(3306))];
    found.extend(port("extra_port").map(|port| Endpoint::Port(None, port)));
    if options.last("admin_address").is_some() {
        let port = port("admin_port").unwrap_or(33062);
        found.push(Endpoint::Port(None, port));
    }
    match options.last("socket") {
        Some(socket) => {
            let directory = options
                .last("datadir")
                .map_or("/var/lib/mysql", |found| &found.value);
            found.push(Endpoint::Path(join(directory, &socket.value)));
        }
        None => found.extend(SOCKETS.map(|path| Endpoint::Path(path.to_owned()))),
    }
    found
}
