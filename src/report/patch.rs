//! `backlint patch`: what stands above the unified diff. patch(1) and `git apply` skip it; people
//! read why each value, how to load it, and who must listen again.

use std::fmt::Write as _;

use crate::advise::{Advice, SysctlStep};
use crate::text::untrusted::clean;

/// The header, every line a comment. `file` is the path that the change goes to.
pub fn header(advice: &Advice, sysctls: &[&SysctlStep], file: &str) -> String {
    let mut out = String::new();
    // A line that began like a diff would be taken for one: each begins with `#`.
    let mut line = |label: &str, text: &str| {
        let _ = writeln!(out, "# {label:<9}{}", clean(text));
    };
    let version = env!("CARGO_PKG_VERSION");
    line(
        "backlint",
        &format!("{version}: sysctls derived from what the services ask listen() for"),
    );
    for step in sysctls {
        let from = step.from.as_deref().unwrap_or("unknown");
        line(
            "set",
            &format!("{} = {} (now {from})", step.key, step.value),
        );
        step.reasons.iter().for_each(|reason| line("", reason));
    }
    line("apply", "backlint patch | sudo patch -p1 -d /");
    line("load", &format!("sudo sysctl -p {file}"));
    for step in advice.relistens() {
        line(
            "relisten",
            &format!(
                "{} ({}): {}",
                step.command,
                step.addresses.join(", "),
                step.why
            ),
        );
    }
    line("verify", "sudo backlint");
    out
}

/// What is left to do where no sysctl has to change, for standard error.
pub fn nothing_to_change(advice: &Advice) -> String {
    let steps: Vec<&str> = advice
        .relistens()
        .map(|step| step.command.as_str())
        .collect();
    if steps.is_empty() {
        return "no sysctl has to change".to_owned();
    }
    format!(
        "no sysctl has to change; listen again: {}",
        clean(&steps.join("; "))
    )
}
