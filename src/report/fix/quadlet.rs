//! Drop-ins for Podman's `.container` files: `Sysctl=` under `[Container]` (podman-systemd.unit(5); the key
//! since Podman 4.6, drop-ins since 5.0). A list of words, so a value with blanks is quoted as a
//! whole.
//!
//! A drop-in counts in each folder where Quadlet looks for files, so those of a user's containers go
//! to that user's folder below /etc. A `.pod` file has no `Sysctl=`; its `PodmanArgs=` end up in `podman
//! pod create`.

use super::gather::{Gathered, user};
use super::text::{self, Text};
use super::{Fix, Place, docker};
use crate::advise::{SysctlStep, maker};
use crate::report::diff;

/// A file of Quadlet's: whose it is, where not root's, its name without its ending, and whether it is
/// a pod's.
type File = (Option<u32>, String, bool);

pub(super) fn write(fix: &Fix<'_>) -> Option<String> {
    let files = Gathered::of(fix, |place| {
        let pod = docker::is_pod(fix, place);
        let Some(name) = name(fix, place, pod) else {
            let infra = docker::name(fix, place);
            return Err((
                infra,
                "the pod that it is of is not known by name".to_owned(),
            ));
        };
        match text::is_name(&name) {
            true => Ok((user(fix, place), name, pod)),
            false => Err((name, "no name of a unit".to_owned())),
        }
    });
    let mut text = files.head(fix)?;
    let Some((first, _, step)) = files.first() else {
        return Some(text.finish());
    };
    text.comment(
        "apply",
        "pipe this into: patch -p1 -d /etc/containers/systemd",
    );
    for file in files.by_key.keys() {
        let service = service(file);
        let systemctl = match file.0 {
            Some(user) => format!("{} systemctl --user", maker::sudo(user)),
            None => "systemctl".to_owned(),
        };
        let label = if file == first { "load" } else { "" };
        text.command(
            label,
            &format!("{systemctl} daemon-reload; {systemctl} restart {service}"),
        );
    }
    text.comment(
        "verify",
        &format!("systemctl show -p ExecStart {} shows --sysctl (a user's: systemctl --user); podman exec CONTAINER cat {}", service(first), text::proc_path(step)),
    );
    text.relisten_anew(fix);
    text.comment(
        "note",
        "Podman 4.6 to 4.9 read no drop-ins: put the lines under [Container] of the .container file itself; with Network=host they must not be there",
    );
    for ((user, name, pod), place) in &files.by_key {
        let folder = user.map_or_else(String::new, |user| format!("users/{user}/"));
        let kind = if *pod { "pod" } else { "container" };
        let path = format!("{folder}{name}.{kind}.d/50-backlint.conf");
        let new = content(&place.set, *pod);
        text.block(&String::from_utf8_lossy(&diff::unified(
            &path,
            None,
            new.as_bytes(),
        )));
    }
    Some(text.finish())
}

/// The service that Quadlet makes of a file.
fn service((_, name, pod): &File) -> String {
    match pod {
        true => format!("{name}-pod.service"),
        false => format!("{name}.service"),
    }
}

fn content(set: &[&SysctlStep], pod: bool) -> String {
    let mut text = Text::default();
    text.line(if pod { "[Pod]" } else { "[Container]" });
    for step in set {
        let word = text::unit_word(step);
        text.line(&match pod {
            true => format!("PodmanArgs=--sysctl {word}"),
            false => format!("Sysctl={word}"),
        });
    }
    text.finish()
}

/// The name of the file that a place is made of, without its ending. `None`: a pod, by whatever name.
fn name(fix: &Fix<'_>, place: &Place<'_>, pod: bool) -> Option<String> {
    let unit = maker::first(place.netns).and_then(|first| first.unit.as_deref());
    let ending = if pod { "-pod.service" } else { ".service" };
    match unit.and_then(|unit| unit.strip_suffix(ending)) {
        Some(name) => Some(name.to_owned()),
        None => (!pod).then(|| docker::name(fix, place)),
    }
}
