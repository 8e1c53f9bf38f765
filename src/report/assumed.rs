//! The words of a report that is not about what was seen, but about what would be: at the top of it,
//! and in the commands of its plan.

use crate::assess::{Assumption, Assumptions, Facts};
use crate::snapshot::Image;
use crate::text::shell;

/// The line at the top. `None`: the report is about what was seen.
pub fn line(facts: &Facts<'_>) -> Option<String> {
    let image = facts
        .snapshot
        .image
        .as_ref()
        .map(|image| of_image(image, facts));
    match (image, taken_for_granted(facts)) {
        (Some(image), Some(assumed)) => Some(format!("{image}. {assumed}")),
        (image, assumed) => image.or(assumed),
    }
}

/// What an image is, and what is said of it.
fn of_image(image: &Image, facts: &Facts<'_>) -> String {
    let name = image
        .name
        .as_deref()
        .map_or_else(String::new, |name| format!(" {name}"));
    let platform = image.platform.as_deref();
    let platform = platform.map_or_else(String::new, |it| format!(" for {it}"));
    let words = image.entrypoint.iter().chain(&image.command);
    let words: Vec<_> = words.map(|word| shell::word(word)).collect();
    let starts = match words.as_slice() {
        [] => String::new(),
        words => format!(", which starts `{}`", words.join(" ")),
    };
    let kernel = facts
        .kernel
        .map_or("the kernel".to_owned(), |kernel| format!("Linux {kernel}"));
    format!(
        "Image{name}{platform}{starts}. Nothing of it runs: a queue is what {kernel} would give"
    )
}

fn taken_for_granted(facts: &Facts<'_>) -> Option<String> {
    let what = facts.assumed?.what;
    let values: Vec<String> = what.sysctls.iter().map(|it| value(it, facts)).collect();
    let values = values.join(", ");
    Some(match (what.after_reboot, values.is_empty()) {
        (true, true) => {
            "After the next boot, if nothing else changes; all services listen again".to_owned()
        }
        (true, false) => format!(
            "After the next boot, if nothing else changes, and assuming {values}; all services listen again"
        ),
        (false, _) if what.listen_again() => {
            format!("Assuming {values}, and that all listeners there listen again")
        }
        (false, _) => format!("Assuming {values}"),
    })
}

/// `net.core.somaxconn = 4096 in host`.
fn value(it: &Assumption, facts: &Facts<'_>) -> String {
    let Assumption { netns, key, value } = it;
    let place = match (netns, facts.namespaces.as_slice()) {
        (Some(name), _) => name.clone(),
        (None, [one]) => one.namespace.name.clone(),
        (None, all) => format!("all {} namespaces", all.len()),
    };
    format!("{key} = {value} in {place}")
}

/// The options that assume the same again, each with a blank in front.
pub fn options(what: &Assumptions) -> String {
    let values = what.sysctls.iter().map(|it| {
        let netns = it.netns.iter().map(|name| format!("{name}:"));
        let netns: String = netns.collect();
        let word = format!("{netns}{}={}", it.key, it.value);
        format!(" --assume {}", shell::word(&word))
    });
    let values: String = values.collect();
    after_reboot(what).to_owned() + &values
}

/// The option that stays when a plan was carried out: an assumed value would hide what it did.
pub fn after_reboot(what: &Assumptions) -> &'static str {
    if what.after_reboot {
        " --after-reboot"
    } else {
        ""
    }
}
