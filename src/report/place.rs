//! The line that stands for a network namespace: its name, its limits, and how they differ from the
//! host's.

use super::style::count;
use crate::assess::{Facts, NetnsFacts};
use crate::snapshot::{Container, Namespace};

/// Sysctls that are always told.
const ALWAYS: [(&str, &str); 2] = [
    ("net.core.somaxconn", "somaxconn"),
    ("net.ipv4.tcp_syncookies", "tcp_syncookies"),
];
/// Sysctls that are told where they are not the host's.
const WHERE_OTHER: [(&str, &str); 1] =
    [("net.ipv4.tcp_abort_on_overflow", "tcp_abort_on_overflow")];
/// Read only while SYN cookies are off, so told only then.
const WITHOUT_COOKIES: (&str, &str) = ("net.ipv4.tcp_max_syn_backlog", "tcp_max_syn_backlog");

/// The sysctls that the line needs.
pub fn sysctls() -> impl Iterator<Item = &'static str> {
    let all = ALWAYS.iter().chain(&WHERE_OTHER);
    let all = all.chain(std::iter::once(&WITHOUT_COOKIES));
    all.map(|(key, _)| *key)
}

/// The line of a namespace, without the number of its listeners.
pub fn line(facts: &Facts<'_>, netns: &NetnsFacts<'_>) -> String {
    let this = netns.namespace;
    let host = facts
        .namespaces
        .iter()
        .map(|netns| netns.namespace)
        .find(|netns| netns.is_host())
        .filter(|host| host.name != this.name);
    let seen = facts.assumed.map(|assumed| &assumed.seen.namespaces);
    let seen = seen.and_then(|all| all.iter().find(|netns| netns.name == this.name));
    let beside = Beside { host, seen };
    let mut parts: Vec<String> = ALWAYS
        .iter()
        .filter_map(|(key, word)| limit(this, beside, key, word, true))
        .collect();
    let cookies_off = this.sysctl_int("net.ipv4.tcp_syncookies") == Some(0);
    let others = WHERE_OTHER.iter();
    let others = others.chain(std::iter::once(&WITHOUT_COOKIES).filter(|_| cookies_off));
    parts.extend(others.filter_map(|(key, word)| limit(this, beside, key, word, false)));
    format!("{}{}: {}", this.name, made_of(this), parts.join(", "))
}

/// The line of a namespace with the number of its listeners.
pub fn with_listeners(facts: &Facts<'_>, netns: &NetnsFacts<'_>) -> String {
    let listeners = count(netns.listeners.len(), "listener");
    format!("{}, {listeners}", line(facts, netns))
}

/// What a namespace's values are compared with.
#[derive(Clone, Copy)]
struct Beside<'a> {
    /// The host's own namespace, where this is another.
    host: Option<&'a Namespace>,
    /// The namespace as it was seen, where this is assumed.
    seen: Option<&'a Namespace>,
}

/// `somaxconn 128 (host 65535)`. A value that nobody read is told only where it always is.
fn limit(
    this: &Namespace,
    beside: Beside<'_>,
    key: &str,
    word: &str,
    always: bool,
) -> Option<String> {
    let value = this.sysctls.get(key);
    let compared = [("now", beside.seen), ("host", beside.host)];
    let differs = compared.iter().filter_map(|(whose, netns)| {
        let other = (*netns)?.sysctls.get(key)?;
        (other != value?).then(|| format!("{whose} {other}"))
    });
    let differs: Vec<String> = differs.collect();
    match value {
        Some(value) if !differs.is_empty() => {
            Some(format!("{word} {value} ({})", differs.join(", ")))
        }
        Some(value) if always => Some(format!("{word} {value}")),
        None if always => Some(format!("{word} unknown")),
        _ => None,
    }
}

/// What runs in it, where the name does not tell: its containers' images, or that it is rootless.
fn made_of(netns: &Namespace) -> String {
    let mut parts: Vec<String> = Vec::new();
    if !netns.is_host() {
        for image in netns.containers.iter().filter_map(image) {
            if parts.len() < 3 && !parts.contains(&image) {
                parts.push(image);
            }
        }
        match netns.containers.as_slice() {
            [] => parts.extend(netns.named.iter().map(|_| "ip netns".to_owned())),
            [_] => {}
            several => parts.push(count(several.len(), "container")),
        }
        if netns.rootless == Some(true) {
            parts.push("user namespace of its own".to_owned());
        }
    }
    if parts.is_empty() {
        return String::new();
    }
    format!(" ({})", parts.join(", "))
}

/// An image's name without registry and digest, which make it long.
fn image(container: &Container) -> Option<String> {
    let image = container.image.as_deref()?;
    let image = image.split_once('@').map_or(image, |(name, _)| name);
    Some(image.rsplit('/').next().unwrap_or(image).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::Catalogue;
    use crate::snapshot::{Engine, Snapshot, SysctlValue};

    fn netns(name: &str, somaxconn: i64, syncookies: i64) -> Namespace {
        let values = [
            ("net.core.somaxconn", somaxconn),
            ("net.ipv4.tcp_syncookies", syncookies),
            ("net.ipv4.tcp_max_syn_backlog", somaxconn * 2),
        ];
        let values = values.map(|(key, value)| (key.to_owned(), SysctlValue::Int(value)));
        Namespace {
            sysctls: values.into(),
            ..Namespace::new(name)
        }
    }

    fn lines(namespaces: Vec<Namespace>) -> Vec<String> {
        let snapshot = Snapshot {
            namespaces,
            ..Snapshot::default()
        };
        let catalogue = Catalogue::builtin();
        let facts = Facts::new(&snapshot, &catalogue);
        let all = facts.namespaces.iter();
        all.map(|netns| with_listeners(&facts, netns)).collect()
    }

    #[test]
    fn a_namespace_is_compared_with_the_host() {
        let container = Container {
            image: Some("registry.local:5000/shop/web:1.2@sha256:00".to_owned()),
            ..Container::new("docker/web", Engine::Docker)
        };
        let web = Namespace {
            containers: vec![container],
            rootless: Some(true),
            ..netns("docker/web", 128, 0)
        };
        let same = netns("blue", 65535, 1);
        assert_eq!(
            lines(vec![netns("host", 65535, 1), web, same]),
            [
                "host: somaxconn 65535, tcp_syncookies 1, 0 listeners",
                "docker/web (web:1.2, user namespace of its own): somaxconn 128 (host 65535), tcp_syncookies 0 (host 1), tcp_max_syn_backlog 256 (host 131070), 0 listeners",
                "blue: somaxconn 65535, tcp_syncookies 1, 0 listeners",
            ]
        );
    }

    #[test]
    fn without_the_host_nothing_is_compared() {
        assert_eq!(
            lines(vec![Namespace::new("self")]),
            ["self: somaxconn unknown, tcp_syncookies unknown, 0 listeners"]
        );
    }
}
