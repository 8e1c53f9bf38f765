//! What the values of names can be: the texts that a name of few values has, so that a comparison that
//! can never be true is a fault when a rule is loaded, and the units of numbers. A name that is not here
//! may have any value.

use crate::assess::{Confidence, LimitedBy};
use crate::snapshot::{Engine, Loader, Protocol, Source};

/// The texts that a name has; `None` where it may be any.
pub fn of(path: &str) -> Option<&'static [&'static str]> {
    CLOSED
        .iter()
        .find_map(|(name, values)| (*name == path).then_some(*values))
}

/// The unit of a name's number, and of one that is read by key; `None` where it has none.
pub fn unit(path: &str) -> Option<&'static str> {
    let (_, last) = path.rsplit_once('.')?;
    Some(match last {
        "len" | "max" | "capacity" | "backlog" | "somaxconn_default" | "host_somaxconn" => {
            "connections"
        }
        "listener_count" | "at_somaxconn" | "taking_all" => "listeners",
        "drops" => "packets",
        "syn_queue_admits" => "request sockets",
        "owner_count" => "processes",
        "dead_files" => "files",
        "lines" | "unusable_lines" | "overridden" | "conflicts" | "dead" | "masked" => "lines",
        _ => return None,
    })
}

/// Every name of few values.
pub(super) static CLOSED: [(&str, &[&str]); 8] = [
    ("host.boot.loader", &LOADERS),
    ("listener.confidence", &CONFIDENCES),
    ("listener.limited_by", &LIMITS),
    ("listener.protocol", &PROTOCOLS),
    ("listener.requested.source", &SOURCES),
    ("netns.runtime", &RUNTIMES),
    (
        "setting.existence",
        &[
            "exists", "removed", "not-yet", "misspelt", "absent", "unknown",
        ],
    ),
    ("setting.scope", &["namespace", "machine"]),
];

static PROTOCOLS: [&str; Protocol::ALL.len()] = {
    let mut names = [""; Protocol::ALL.len()];
    let mut n = 0;
    while n < names.len() {
        names[n] = Protocol::ALL[n].name();
        n += 1;
    }
    names
};

static LOADERS: [&str; 3] = [
    Loader::SystemdSysctl.name(),
    Loader::Procps.name(),
    Loader::Busybox.name(),
];

static CONFIDENCES: [&str; 3] = [
    Confidence::Certain.name(),
    Confidence::Likely.name(),
    Confidence::Possible.name(),
];

static LIMITS: [&str; 5] = [
    LimitedBy::Somaxconn.name(),
    LimitedBy::Stale.name(),
    LimitedBy::Application.name(),
    LimitedBy::FollowsSomaxconn.name(),
    LimitedBy::Unknown.name(),
];

static SOURCES: [&str; 3] = [
    Source::Trace.name(),
    Source::Config.name(),
    Source::Default.name(),
];

static RUNTIMES: [&str; 8] = [
    Engine::Docker.name(),
    Engine::Containerd.name(),
    Engine::CriO.name(),
    Engine::Podman.name(),
    Engine::Lxc.name(),
    Engine::Incus.name(),
    Engine::SystemdNspawn.name(),
    Engine::Unknown.name(),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::vocabulary::{Type, find};

    #[test]
    fn names_of_few_values_are_texts_of_the_vocabulary() {
        for (path, values) in CLOSED {
            assert_eq!(
                find(path).map(|entry| entry.kind),
                Some(Type::Text),
                "{path}"
            );
            // Each is in the words of its meaning, so that the reference says the same.
            let meaning = find(path).unwrap().meaning;
            for value in values {
                let said = meaning.contains(value) || *value == "unknown";
                assert!(said, "{path}: {value} is not in `{meaning}`");
            }
        }
    }
}
