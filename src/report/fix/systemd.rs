//! Drop-ins for systemd units, as a diff that creates them.
//!
//! For a socket that a `.socket` unit made: `Backlog=` (systemd.socket(5)). For a service with a network
//! namespace of its own: `ExecStartPre=+…`. A command with `+` is free of the unit's sandbox, but
//! joins its network namespace all the same: exec_child() calls setup_netns() whatever
//! `needs_sandboxing` says, and only what follows depends on it (systemd: src/core/execute.c, since
//! v254 src/core/exec-invoke.c). It writes /proc/sys/net of that namespace as root.

use std::collections::BTreeMap;

use super::gather::Gathered;
use super::text::{self, Text};
use super::{Fix, Origin, Place};
use crate::advise::socket::socket_unit;
use crate::advise::{RelistenStep, Step, apply, proposal};
use crate::report::diff;
use crate::text::name::is_unit;

/// A `.socket` unit and what to set in it.
struct Socket {
    backlog: i64,
    /// The unit that it starts, where that is known.
    service: Option<String>,
    /// What it listens for, for people.
    label: String,
    /// Whether the unit's name was read, or follows from that of its service.
    guessed: bool,
}

pub(super) fn write(fix: &Fix<'_>) -> Option<String> {
    let sockets = sockets(fix);
    let services = services(fix, &sockets);
    let mut text = match services.head(fix) {
        Some(text) => text,
        None if sockets.is_empty() => return None,
        None => Text::head(fix),
    };
    let services = services.by_key;
    if sockets.is_empty() && services.is_empty() {
        return Some(text.finish());
    }
    for (unit, socket) in &sockets {
        let guess = if socket.guessed {
            "; the unit's name follows from its service's"
        } else {
            ""
        };
        text.comment(
            "set",
            &format!(
                "Backlog={} in {unit}, for {}{guess}",
                socket.backlog, socket.label
            ),
        );
    }
    notes(fix, &sockets, &services, &mut text);
    text.comment("apply", "pipe this into: patch -p1 -d /");
    text.comment("load", "systemctl daemon-reload");
    relisten(fix, &sockets, &services, &mut text);
    text.comment("verify", "backlint");
    for (unit, socket) in &sockets {
        let content = format!("[Socket]\nBacklog={}\n", socket.backlog);
        drop_in(unit, &content, &mut text);
    }
    for (unit, place) in &services {
        let mut content = "[Service]\n".to_owned();
        for step in &place.set {
            let word = text::unit_word(step);
            content.push_str(&format!("ExecStartPre=+/sbin/sysctl -w {word}\n"));
        }
        drop_in(unit, &content, &mut text);
    }
    Some(text.finish())
}

fn notes(
    fix: &Fix<'_>,
    sockets: &BTreeMap<String, Socket>,
    services: &BTreeMap<String, Place<'_>>,
    text: &mut Text,
) {
    let host = fix
        .advice
        .host_sysctls()
        .any(|step| step.key == "net.core.somaxconn");
    if host && !sockets.is_empty() {
        text.comment("note", "a Backlog= counts only as far as net.core.somaxconn lets it: set that first, with --for drop-in");
    }
    if fix.origin == Origin::Host && !services.is_empty() {
        text.comment("note", "these services are in the host's network namespace: their drop-ins set the host's value each time they start; --for drop-in sets it once, for all");
    }
}

fn relisten(
    fix: &Fix<'_>,
    sockets: &BTreeMap<String, Socket>,
    services: &BTreeMap<String, Place<'_>>,
    text: &mut Text,
) {
    for (unit, socket) in sockets {
        // A socket does not close while its service runs.
        let stop = socket
            .service
            .as_ref()
            .map(|service| format!("systemctl stop {service}; "));
        let stop = stop.unwrap_or_default();
        text.comment(
            "relisten",
            &format!("{stop}systemctl restart {unit}; the socket listens again then"),
        );
    }
    for unit in services.keys() {
        text.comment(
            "relisten",
            &format!("systemctl restart {unit}; the value is set before it listens again"),
        );
    }
    let others = |step: &&RelistenStep| {
        !sockets.values().any(|socket| socket.label == label(step))
            && !services.keys().any(|unit| step.unit.as_ref() == Some(unit))
    };
    for step in fix.relistens().into_iter().filter(others).take(4) {
        text.comment("", &format!("{}; {}", step.words, step.why));
    }
}

fn drop_in(unit: &str, content: &str, text: &mut Text) {
    let path = format!("etc/systemd/system/{unit}.d/50-backlint.conf");
    let change = diff::unified(&path, None, content.as_bytes());
    text.block(&String::from_utf8_lossy(&change));
}

/// The services that need a command before they start, with what to set.
fn services<'a>(fix: &Fix<'a>, sockets: &BTreeMap<String, Socket>) -> Gathered<'a, String> {
    let mut services = Gathered::new();
    for place in &fix.places {
        if fix.origin == Origin::Fitting {
            let unit = apply::unit(place.netns);
            if is_unit(&unit, ".service") {
                services.add(unit, place);
            } else {
                services.leave_out((unit, "no plain name of a service".to_owned()));
            }
            continue;
        }
        // What is a service of the system was decided where the command was made.
        let restarted =
            |step: &&RelistenStep| step.command.is_some() && step.netns == place.netns.name;
        let units = fix
            .advice
            .relistens()
            .filter(restarted)
            .filter_map(|step| step.unit.clone());
        for unit in units.filter(|unit| is_unit(unit, ".service")) {
            let socket = sockets
                .values()
                .any(|socket| socket.service.as_ref() == Some(&unit));
            if !socket {
                services.add(unit, place);
            }
        }
    }
    services
}

/// The .socket units behind the listeners of the plan.
fn sockets(fix: &Fix<'_>) -> BTreeMap<String, Socket> {
    let mut sockets: BTreeMap<String, Socket> = BTreeMap::new();
    for step in &fix.advice.plan {
        let (netns, addresses, changes, label) = match step {
            Step::Edit(_) | Step::Sysctl(_) => continue,
            Step::Service(step) => (
                &step.netns,
                &step.addresses,
                true,
                format!("{} ({})", step.who, step.addresses.join(", ")),
            ),
            Step::Relisten(step) => (&step.netns, &step.addresses, false, label(step)),
        };
        let here = fix
            .facts
            .namespaces
            .iter()
            .filter(|at| at.namespace.name == *netns);
        for (at, listener) in
            here.flat_map(|at| at.listeners.iter().map(move |listener| (at, listener)))
        {
            let meant = addresses.contains(&listener.listener.address);
            if !meant || !listener.service.is_some_and(|found| found.activated) {
                continue;
            }
            let somaxconn = at.namespace.sysctl_int("net.core.somaxconn");
            let backlog = if changes {
                proposal(listener, somaxconn)
            } else {
                listener.finite_request()
            };
            let (Some((unit, guessed)), Some(backlog)) = (socket_unit(listener), backlog) else {
                continue;
            };
            let service = listener
                .listener
                .unit
                .clone()
                .filter(|unit| is_unit(unit, ".service"));
            let label = label.clone();
            let new = Socket {
                backlog,
                service,
                label,
                guessed,
            };
            let known = sockets.entry(unit).or_insert(new);
            known.backlog = known.backlog.max(backlog);
        }
    }
    sockets
}

fn label(step: &RelistenStep) -> String {
    format!("{} ({})", step.who, step.addresses.join(", "))
}
