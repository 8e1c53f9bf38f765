//! `docker run` with `--sysctl` flags. A container keeps what it was created with: flags cannot be
//! added later (docker container update has none for sysctls), so it has to be created anew.
//!
//! dockerd has no sysctls for all containers: daemon.json's keys (docker/cli docs/reference/dockerd.md)
//! have `default-ulimits`, and `default-network-opts` for the options of new networks, of which none
//! is a sysctl of a container's namespace. With `--network host` runc refuses ("not allowed in host
//! network namespace", libcontainer/configs/validate).

use super::gather::{Gathered, user};
use super::text::{self, Text};
use super::{Fix, Origin, Place, Target};
use crate::advise::{Home, maker};

/// A container: whose it is, where not root's, and its name.
type Container = (Option<u32>, String);

/// Why the container that keeps a pod of Podman's is left out.
pub(super) const PODMANS: &str = "it keeps a pod of Podman's, which only Podman makes";

pub(super) fn write(fix: &Fix<'_>) -> Option<String> {
    commands(
        fix,
        "docker",
        "dockerd has no setting for the sysctls of all containers: each needs its own flags",
    )
}

/// A command for each container, by `docker` or `podman`. `None`: nothing to set.
pub(super) fn commands(fix: &Fix<'_>, program: &str, note: &str) -> Option<String> {
    let containers = Gathered::of(fix, |place| {
        let name = name(fix, place);
        if !text::is_name(&name) {
            return Err((name, "no name of a container".to_owned()));
        }
        if is_pod(fix, place) && program != "podman" {
            return Err((name, PODMANS.to_owned()));
        }
        Ok((user(fix, place), name))
    });
    let mut text = containers.head(fix)?;
    if let Some((first, place, step)) = containers.first() {
        head(
            fix,
            program,
            (first, place),
            &text::proc_path(step),
            &mut text,
        );
        text.comment("note", note);
    }
    let mut said = None;
    for (container, place) in &containers.by_key {
        if let (Some(user), _) = container
            && said.replace(user) != Some(user)
        {
            text.comment(
                "user",
                &format!("user {user} runs {program} without root's rights: these lines are for root; that user leaves out what stands before {program} in them"),
            );
        }
        lines(fix, program, container, place, &mut text);
    }
    Some(text.finish())
}

/// The comments above the commands.
fn head(
    fix: &Fix<'_>,
    program: &str,
    ((user, name), place): (&Container, &Place<'_>),
    path: &str,
    text: &mut Text,
) {
    text.comment(
        "apply",
        &format!("flags cannot be added to a container that exists: {program} stop and {program} rename it, then run its line here with the other options and the command that it was made with ({program} inspect shows them); as long as the name is taken, the line does nothing"),
    );
    let program = for_root(program, *user);
    // What keeps a pod's namespaces has no cat.
    let verify = match is_pod(fix, place) {
        true => maker::sharers_names(place.netns).into_iter().next(),
        false => Some(name.as_str()),
    };
    let verify = verify.map_or_else(|| "CONTAINER".to_owned(), text::shell);
    text.command("verify", &format!("{program} exec {verify} cat {path}"));
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
}

/// The program as root calls it for a user's containers.
fn for_root(program: &str, user: Option<u32>) -> String {
    match user {
        Some(user) if program == "docker" => format!(
            "{} DOCKER_HOST=unix:///run/user/{user}/docker.sock {program}",
            maker::sudo(user)
        ),
        Some(user) => format!("{} {program}", maker::sudo(user)),
        None => program.to_owned(),
    }
}

/// Whether it is a pod of Podman's, which has the network of its containers.
pub(super) fn is_pod(fix: &Fix<'_>, place: &Place<'_>) -> bool {
    fix.origin != Origin::Host && maker::is_podman_pod(place.netns)
}

/// The command of a container; for one that a unit makes, where its flags go.
fn lines(
    fix: &Fix<'_>,
    program: &str,
    (user, name): &Container,
    place: &Place<'_>,
    text: &mut Text,
) {
    let pod = is_pod(fix, place);
    let flags: Vec<String> = place
        .set
        .iter()
        .map(|step| {
            format!(
                "--sysctl {}",
                text::shell(&format!("{}={}", step.key, step.value))
            )
        })
        .collect();
    let flags = flags.join(" ");
    let unit = maker::first(place.netns).and_then(maker::run_by);
    if let Some(unit) = unit.filter(|_| fix.origin == Origin::Fitting) {
        let verb = if pod { "pod create" } else { "run" };
        text.comment(
            "unit",
            &format!("{unit} makes {name}, and undoes what is recreated by hand: into its `{program} {verb}` line:"),
        );
        text.command("", &flags);
        return;
    }
    let program = for_root(program, *user);
    let name = text::shell(name);
    text.line(&match pod {
        true => format!("{program} pod create {flags} --name \"${{POD:?the pod of {name}}}\""),
        false => format!(
            "{program} run --detach --name {name} {flags} {}",
            image(fix, place, &name)
        ),
    });
}

pub(super) fn name(fix: &Fix<'_>, place: &Place<'_>) -> String {
    match fix.origin {
        Origin::Host => fix.service().to_owned(),
        Origin::Fitting | Origin::Others => maker::container_name(place.netns).to_owned(),
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
