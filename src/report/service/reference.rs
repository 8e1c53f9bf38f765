//! All services as Markdown: `rules/services/README.md`, generated and compared in a test.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{asks, example, step};
use crate::services::Service;
use crate::services::service::Verified;

/// The table of all services, by family.
pub fn markdown(all: &[Service]) -> String {
    let mut families: BTreeMap<&str, Vec<&Service>> = BTreeMap::new();
    for service in all {
        families.entry(&service.family).or_default().push(service);
    }
    let count = all.len();
    let mut out = format!(
        "<!-- Generated from the files beside it: UPDATE_GENERATED=1 cargo test --test it generated -->\n\
         # Services\n\n\
         What {count} programs and libraries pass to listen(2), how that is changed, and what makes a \
         change take effect. One YAML file each; `backlint explain NAME` prints it with its sources, \
         and `--services PATH` adds files of your own. *Not verified* means that findings which rest \
         on it are never more than *possible*.\n"
    );
    for (family, services) in families {
        let mut heading = family.to_owned();
        if let Some(first) = heading.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let _ = writeln!(
            out,
            "\n## {heading}\n\n| service | asks for | set by | applies after the setting | after \
             somaxconn alone |\n| --- | --- | --- | --- | --- |"
        );
        for service in services {
            row(service, &mut out);
        }
    }
    out
}

fn row(service: &Service, out: &mut String) {
    let asked: Vec<String> = service
        .defaults
        .iter()
        .map(|default| match default.verified {
            Verified::No => format!("{} *(not verified)*", asks(default)),
            _ => asks(default),
        })
        .collect();
    let set = match example(service) {
        Some(example) => format!("`{example}`"),
        None => service.setting.place.clone(),
    };
    let title = if service.title == service.name {
        service.name.clone()
    } else {
        format!("{} ({})", service.name, service.title)
    };
    let cells = [
        format!("[{title}]({}.yaml)", service.name),
        asked.join("; "),
        set,
        step(service.applies.setting).to_owned(),
        step(Some(service.applies.sysctl)).to_owned(),
    ];
    // A bar would end the cell.
    let cells = cells.map(|cell| cell.replace('|', "\\|").replace('<', "&lt;"));
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}
