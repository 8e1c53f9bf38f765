//! Where a service listens, as its own file says how to find it: options, a variable, keys of a file. What
//! a reader with code of its own found comes first, and is not asked again here.
//!
//! Several values of one option, lists with commas and unix sockets follow what Gunicorn, memcached and
//! Redis do.

use super::{Context, generic};
use crate::services::endpoint::Endpoint;
use crate::services::host::{DEEPEST, join, parent};
use crate::services::service::{KeyFile, Listens};

/// Addresses of one command line, at most.
const MOST: usize = 256;

/// Where a service is configured to listen; `usual` is its port if nothing says otherwise. Empty:
/// nothing says anything.
pub fn listens(way: &Listens, usual: Option<u16>, context: &mut Context<'_>) -> Vec<Endpoint> {
    let unix = unix(way, context);
    let told = internet(way, usual, context);
    let mut on = Vec::new();
    if unix.is_none() || !way.unix_alone {
        // A path beside the usual port does not replace it.
        let beside = usual.filter(|_| unix.is_some() && told.is_empty());
        on.extend(beside.map(|port| Endpoint::Port(None, port)));
        on.extend(told);
    }
    // Port 0 is how to ask for none.
    on.retain(|on| {
        !matches!(
            on,
            Endpoint::Port(_, 0) | Endpoint::Loopback(0) | Endpoint::Named(0)
        )
    });
    on.extend(unix.map(Endpoint::Path));
    on.truncate(MOST);
    on
}

/// Addresses and ports.
fn internet(way: &Listens, usual: Option<u16>, context: &mut Context<'_>) -> Vec<Endpoint> {
    let mut values = generic::option_values(context.arguments, &way.option.0);
    if !way.several {
        values.drain(..values.len().saturating_sub(1));
    }
    if values.is_empty() {
        let variable = way.variable.as_deref();
        values.extend(variable.and_then(|name| context.host.variable(context.pid, name)));
    }
    let parts = values.iter().flat_map(|value| value.split(','));
    let on: Vec<Endpoint> = parts.filter_map(|text| endpoint(text, usual)).collect();
    let port = on.iter().find_map(|on| match on {
        Endpoint::Port(None, port) => Some(*port),
        _ => None,
    });
    let addresses = generic::option_values(context.arguments, &way.address.0);
    let parts = addresses.iter().flat_map(|value| value.split(','));
    let listed: Vec<Endpoint> = parts
        .filter_map(|text| endpoint(text, port.or(usual)))
        .collect();
    if !listed.is_empty() {
        return listed;
    }
    if !on.is_empty() {
        return on;
    }
    let mut of_file = || {
        let reading = generic::file(way.file.as_ref()?, context);
        let port = u16::try_from(reading.settings.first()?.backlog?).ok()?;
        Some(Endpoint::Port(None, port))
    };
    of_file().into_iter().collect()
}

/// One address, which may be a URL of one.
fn endpoint(text: &str, usual: Option<u16>) -> Option<Endpoint> {
    let text = text.trim();
    if text.starts_with("fd:") {
        return None;
    }
    let path = text.starts_with("unix:") || text.starts_with(['/', '@']);
    let text = match text.rsplit_once('/') {
        Some((_, last)) if !path => last,
        _ => text,
    };
    Endpoint::parse(text, usual)
}

/// The path of a unix socket, by an option or a key of the file.
fn unix(way: &Listens, context: &mut Context<'_>) -> Option<String> {
    let option = generic::option_values(context.arguments, &way.unix.0).pop();
    let told = option.or_else(|| {
        let (file, key) = (way.file.as_ref()?, way.unix_key.as_deref()?);
        let path = generic::named_file(file, context)?;
        let path = context.path(&path);
        let mut found = None;
        key_of_file(file, key, &path, 0, context, &mut found);
        found
    });
    let path = told.filter(|path| !path.is_empty())?;
    Some(context.path(&path))
}

/// The last value of a key that is a text, in a file of words and those that it includes.
fn key_of_file(
    file: &KeyFile,
    key: &str,
    path: &str,
    depth: usize,
    context: &mut Context<'_>,
    found: &mut Option<String>,
) {
    if depth >= DEEPEST {
        return;
    }
    let text = context.files.read(path).unwrap_or_default();
    for line in text.lines() {
        let Some((word, value)) = line.trim().split_once([' ', '\t']) else {
            continue;
        };
        let value = value.trim().trim_matches(['"', '\'']);
        if word.eq_ignore_ascii_case(key) {
            *found = Some(value.to_owned());
        } else if file.include.as_deref() == Some(word) {
            let pattern = join(parent(path), value);
            for included in context.files.glob(&pattern) {
                key_of_file(file, key, &included, depth + 1, context, found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::catalogue::Catalogue;
    use crate::services::host::Files;
    use crate::services::readers::tests::Fake;

    /// Where a service of the catalogue listens with this command line.
    fn on(name: &str, fake: &Fake, line: &[&str]) -> Vec<Endpoint> {
        let arguments: Vec<String> = line.iter().map(|word| (*word).to_owned()).collect();
        let mut context = Context {
            host: fake,
            pid: 1,
            arguments: &arguments,
            title: None,
            executable: None,
            version: None,
            files: Files::new(fake, 1),
            listens: Vec::new(),
            matched: Vec::new(),
        };
        let catalogue = Catalogue::builtin();
        let service = catalogue.by_name(name).unwrap();
        let way = service.listens.as_ref().unwrap();
        listens(way, service.usual_port(), &mut context)
    }

    fn parsed(texts: &[&str]) -> Vec<Endpoint> {
        let parsed = texts
            .iter()
            .map(|text| Endpoint::parse(text, None).unwrap());
        parsed.collect()
    }

    #[test]
    fn gunicorn_binds_every_address_and_unix_sockets() {
        let line = [
            "gunicorn",
            "-b",
            "0.0.0.0:80",
            "--bind=unix:/tmp/g.sock",
            "a:app",
        ];
        let found = on("gunicorn", &Fake::default(), &line);
        assert_eq!(found, parsed(&["0.0.0.0:80", "/tmp/g.sock"]));
    }

    #[test]
    fn redis_with_port_0_has_its_unix_socket_alone() {
        let fake = Fake::new(&[
            ("/r.conf", "port 6380\ninclude /more.conf\n"),
            ("/more.conf", "unixsocket /tmp/r.sock\n"),
        ]);
        let line = ["redis-server", "--port", "0", "--unixsocket", "/tmp/u.sock"];
        assert_eq!(on("redis", &fake, &line), parsed(&["/tmp/u.sock"]));
        let line = ["redis-server", "--unixsocket", "/tmp/u.sock"];
        assert_eq!(on("redis", &fake, &line), parsed(&["6379", "/tmp/u.sock"]));
        let found = on("redis", &fake, &["redis-server", "/r.conf"]);
        assert_eq!(found, parsed(&["6380", "/tmp/r.sock"]));
        let line = ["redis-server", "/r.conf", "--port 7001"];
        assert_eq!(on("redis", &fake, &line), parsed(&["7001", "/tmp/r.sock"]));
    }

    #[test]
    fn memcached_with_a_path_has_no_tcp_and_takes_a_list_of_addresses() {
        let fake = Fake::default();
        let line = ["memcached", "-s", "/tmp/m.sock", "-b2000"];
        assert_eq!(on("memcached", &fake, &line), parsed(&["/tmp/m.sock"]));
        let line = ["memcached", "-p11212", "-l", "127.0.0.1,127.0.0.2:11300"];
        let expected = parsed(&["127.0.0.1:11212", "127.0.0.2:11300"]);
        assert_eq!(on("memcached", &fake, &line), expected);
        assert_eq!(on("memcached", &fake, &["memcached"]), []);
    }

    #[test]
    fn busybox_httpd_listens_on_the_port_that_it_is_told() {
        let line = ["httpd", "-f", "-p", "8080"];
        assert_eq!(
            on("busybox-httpd", &Fake::default(), &line),
            parsed(&["8080"])
        );
    }
}
