//! Drop-ins for Podman's `.container` files: `Sysctl=` under `[Container]` (podman-systemd.unit(5); the key
//! since Podman 4.6, drop-ins since 5.0). A list of words, so a value with blanks is quoted as a
//! whole.

use std::collections::BTreeMap;

use super::text::{self, Text};
use super::{Fix, Place, docker};
use crate::advise::SysctlStep;
use crate::report::diff;

pub(super) fn write(fix: &Fix<'_>) -> Option<String> {
    let mut files: BTreeMap<String, &Place<'_>> = BTreeMap::new();
    let mut odd = Vec::new();
    for place in &fix.places {
        let name = name(fix, place);
        if text::is_name(&name) {
            files.entry(name).or_insert(place);
        } else {
            odd.push(name);
        }
    }
    let (first, place) = files.iter().next()?;
    let step = place.set.first()?;
    let mut text = Text::head(fix);
    for name in odd {
        text.comment("note", &format!("left out: {name} is no name of a unit"));
    }
    text.comment(
        "apply",
        "pipe this into: patch -p1 -d /etc/containers/systemd, or for a user's own container as that user: patch -p1 -d ~/.config/containers/systemd",
    );
    text.comment(
        "load",
        &format!("systemctl daemon-reload; systemctl restart {first}.service (a user's own: systemctl --user)"),
    );
    text.comment(
        "verify",
        &format!("systemctl show -p ExecStart {first}.service shows --sysctl; podman exec CONTAINER cat {}", text::proc_path(step)),
    );
    text.relisten_anew(fix);
    text.comment(
        "note",
        "Podman 4.6 to 4.9 read no drop-ins: put the lines under [Container] of the .container file itself; with Network=host they must not be there",
    );
    for (name, place) in &files {
        let path = format!("{name}.container.d/50-backlint.conf");
        let new = content(&place.set);
        text.block(&String::from_utf8_lossy(&diff::unified(
            &path,
            None,
            new.as_bytes(),
        )));
    }
    Some(text.finish())
}

fn content(set: &[&SysctlStep]) -> String {
    let mut text = Text::default();
    text.line("[Container]");
    for step in set {
        text.line(&format!("Sysctl={}", text::unit_word(step)));
    }
    text.finish()
}

/// The `.container` file's name without its ending: that of its service.
fn name(fix: &Fix<'_>, place: &Place<'_>) -> String {
    let container = place.netns.containers.first();
    let unit = container.and_then(|container| container.unit.as_deref());
    match unit.and_then(|unit| unit.strip_suffix(".service")) {
        Some(name) => name.to_owned(),
        None => docker::name(fix, place),
    }
}
