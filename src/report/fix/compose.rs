//! A Compose file that is merged with the project's own: `services.*.sysctls` (compose-spec, 05-services.md),
//! as a mapping. `docker compose up` recreates a service whose settings changed.

use std::collections::{BTreeMap, BTreeSet};

use super::gather::{Gathered, user};
use super::text::{self, Text};
use super::{Fix, Place, docker};
use crate::advise::maker;

/// A service: whose it is, where not root's, its project and its name.
type Service = (Option<u32>, Option<String>, String);

pub(super) fn write(fix: &Fix<'_>) -> Option<String> {
    let services = Gathered::of(fix, |place| {
        let (project, service) = service(place).unwrap_or_else(|| (None, docker::name(fix, place)));
        if docker::is_pod(fix, place) {
            return Err((service, docker::PODMANS.to_owned()));
        }
        match text::is_name(&service) {
            true => Ok((user(fix, place), project, service)),
            false => Err((service, "no name of a service".to_owned())),
        }
    });
    let mut text = services.head(fix)?;
    let Some(((_, _, name), _, step)) = services.first() else {
        return Some(text.finish());
    };
    text.comment(
        "apply",
        "save this as compose.backlint.yaml beside the project's compose.yaml; this creates the containers anew:",
    );
    text.command(
        "",
        "docker compose -f compose.yaml -f compose.backlint.yaml up -d",
    );
    text.command(
        "verify",
        &format!("docker compose exec {name} cat {}", text::proc_path(step)),
    );
    text.relisten_anew(fix);
    text.host_network(fix, "a service with network_mode: host{} has the host's values and must not have sysctls: it would not start; use --for drop-in",
    );
    let owners = services.by_key.keys();
    let documents: BTreeSet<_> = owners.map(|(user, project, _)| (user, project)).collect();
    if documents.len() > 1 {
        text.comment(
            "note",
            "each document here is of another project: save it beside that project's own file",
        );
    }
    projects(&services.by_key, &mut text);
    Some(text.finish())
}

/// One document a project: each belongs to a folder of its own.
fn projects(services: &BTreeMap<Service, Place<'_>>, text: &mut Text) {
    let mut last = None;
    for ((user, project, service), place) in services {
        if last != Some((user, project)) {
            if last.is_some() {
                text.line("---");
            }
            if let Some(project) = project {
                text.comment("project", project);
            }
            if let Some(user) = user {
                text.comment(
                    "user",
                    &format!("it is user {user}'s, who runs these commands; as root: DOCKER_HOST=unix:///run/user/{user}/docker.sock before docker"),
                );
            }
            text.line("services:");
            last = Some((user, project));
        }
        text.line(&format!("  {}:", text::quoted(service)));
        text.line("    sysctls:");
        for step in &place.set {
            let (key, value) = (text::quoted(&step.key), text::quoted(&step.value));
            text.line(&format!("      {key}: {value}"));
        }
    }
}

/// The project and service that a place is an instance of.
fn service(place: &Place<'_>) -> Option<(Option<String>, String)> {
    let compose = maker::first(place.netns)?.compose.as_ref()?;
    Some((Some(compose.project.clone()), compose.service.clone()))
}
