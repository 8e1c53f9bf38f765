//! `docker run` with `--sysctl` flags. A container keeps what it was created with: flags cannot be
//! added later (docker container update has none for sysctls), so it has to be created anew.
//!
//! dockerd has no sysctls for all containers: daemon.json's keys (docker/cli docs/reference/dockerd.md)
//! have `default-ulimits`, and `default-network-opts` for the options of new networks, of which none
//! is a sysctl of a container's namespace. With `--network host` runc refuses ("not allowed in host
//! network namespace", libcontainer/configs/validate).

use std::collections::BTreeSet;

use super::text::{self, Text};
use super::{Fix, Origin, Place, Target};
use crate::advise::Home;
use crate::advise::apply::container_name;

pub(super) fn write(fix: &Fix<'_>) -> Option<String> {
    let mut text = head(fix, "docker")?;
    text.comment(
        "note",
        "dockerd has no setting for the sysctls of all containers: each needs its own flags",
    );
    lines(fix, "docker", &mut text).then(|| text.finish())
}

/// The comments of `docker run` and `podman run`. `None`: nothing to set.
pub(super) fn head(fix: &Fix<'_>, program: &str) -> Option<Text> {
    let (place, step) = first(fix)?;
    let name = name(fix, place);
    let mut text = Text::head(fix);
    text.comment(
        "apply",
        &format!("flags cannot be added to a container that exists: {program} stop and {program} rename it, then run its line here with the other options that it was made with ({program} inspect shows them); as long as the name is taken, the line does nothing"),
    );
    text.command(
        "verify",
        &format!(
            "{program} exec {} cat {}",
            text::shell(&name),
            text::proc_path(step)
        ),
    );
    text.relisten_anew(fix);
    let made = |home: Home| fix.steps().iter().any(|step| step.home == home);
    for (home, target) in [
        (Home::Compose, Target::Compose),
        (Home::Quadlet, Target::Quadlet),
    ] {
        if made(home) && fix.origin == Origin::Fitting {
            text.comment("note", &format!("some of these come from {0}, which makes them anew without these flags: use --for {0} for them", target.name()));
        }
    }
    text.host_network(fix, "a container with --network host{} has the host's values and must not have these flags: it would not start; use --for drop-in",
    );
    Some(text)
}

fn first<'a, 'b>(fix: &'a Fix<'b>) -> Option<(&'a Place<'b>, &'b crate::advise::SysctlStep)> {
    let place = fix.places.first()?;
    Some((place, place.set.first()?))
}

/// One line a container. `false`: none has a name that a line could have.
pub(super) fn lines(fix: &Fix<'_>, program: &str, text: &mut Text) -> bool {
    let mut written = BTreeSet::new();
    for place in &fix.places {
        let name = name(fix, place);
        if !text::is_name(&name) {
            text.comment(
                "note",
                &format!("left out: {name} is no name of a container"),
            );
            continue;
        }
        if !written.insert(name.clone()) {
            continue;
        }
        let mut words = vec![
            program.to_owned(),
            "run".to_owned(),
            "--detach".to_owned(),
            "--name".to_owned(),
            text::shell(&name),
        ];
        for step in &place.set {
            words.push("--sysctl".to_owned());
            words.push(text::shell(&format!("{}={}", step.key, step.value)));
        }
        words.push(image(fix, place, &name));
        text.line(&words.join(" "));
    }
    !written.is_empty()
}

pub(super) fn name(fix: &Fix<'_>, place: &Place<'_>) -> String {
    match fix.origin {
        Origin::Host => fix.service().to_owned(),
        Origin::Fitting | Origin::Others => container_name(place.netns),
    }
}

/// The image as it was asked for; where that is not known, a variable that says so when it is not set.
fn image(fix: &Fix<'_>, place: &Place<'_>, name: &str) -> String {
    let container = place.netns.containers.first();
    let image = container.and_then(|container| container.image.as_deref());
    match image.filter(|image| text::is_image(image)) {
        Some(image) => text::shell(image),
        None if fix.origin == Origin::Host => text::shell(name),
        None => format!("\"${{IMAGE:?the image of {name}}}\""),
    }
}
