//! A Compose file that is merged with the project's own: `services.*.sysctls` (compose-spec, 05-services.md),
//! as a mapping. `docker compose up` recreates a service whose settings changed.

use std::collections::{BTreeMap, BTreeSet};

use super::text::{self, Text};
use super::{Fix, Place, docker};
use crate::advise::SysctlStep;

/// Settings of services by project and service.
type Services<'a> = BTreeMap<(Option<String>, String), Vec<&'a SysctlStep>>;

pub(super) fn write(fix: &Fix<'_>) -> Option<String> {
    let mut services: Services<'_> = BTreeMap::new();
    let mut odd = Vec::new();
    for place in &fix.places {
        let (project, service) = service(fix, place);
        if text::is_name(&service) {
            services
                .entry((project, service))
                .or_insert_with(|| place.set.clone());
        } else {
            odd.push(service);
        }
    }
    let ((_, name), set) = services.iter().next()?;
    let step = set.first()?;
    let mut text = Text::head(fix);
    for name in odd {
        text.comment("note", &format!("left out: {name} is no name of a service"));
    }
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
    let projects_of: BTreeSet<&Option<String>> =
        services.keys().map(|(project, _)| project).collect();
    if projects_of.len() > 1 {
        text.comment(
            "note",
            "each document here is of another project: save it beside that project's own file",
        );
    }
    projects(&services, &mut text);
    Some(text.finish())
}

/// One document a project: each belongs to a folder of its own.
fn projects(services: &Services<'_>, text: &mut Text) {
    let mut last: Option<&Option<String>> = None;
    for ((project, service), set) in services {
        if last != Some(project) {
            if last.is_some() {
                text.line("---");
            }
            if let Some(project) = project {
                text.comment("project", project);
            }
            text.line("services:");
            last = Some(project);
        }
        text.line(&format!("  {}:", text::quoted(service)));
        text.line("    sysctls:");
        for step in set {
            let (key, value) = (text::quoted(&step.key), text::quoted(&step.value));
            text.line(&format!("      {key}: {value}"));
        }
    }
}

fn service(fix: &Fix<'_>, place: &Place<'_>) -> (Option<String>, String) {
    let container = place.netns.containers.first();
    match container.and_then(|container| container.compose.as_ref()) {
        Some(compose) => (Some(compose.project.clone()), compose.service.clone()),
        None => (None, docker::name(fix, place)),
    }
}
