//! `backlint patch`: what stands above the unified diff. patch(1) and `git apply` skip it; people
//! read why each value, how to load it, and who must listen again.

use std::fmt::Write as _;

use crate::advise::{Advice, SysctlStep};
use crate::text::untrusted::clean;

/// Where the change goes.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// Root directory; `/` for this host.
    pub root: &'a str,
    /// Absolute path inside the root.
    pub file: &'a str,
}

/// The header, every line a comment.
pub fn header(advice: &Advice, sysctls: &[&SysctlStep], target: Target<'_>) -> String {
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
    let Target { root, file } = target;
    line("apply", &format!("pipe this into: patch -p1 -d {root}"));
    if root == "/" {
        line("load", &format!("sysctl -p {file}"));
    } else {
        line("load", &format!("when the system below {root} starts"));
    }
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
    line("verify", "backlint");
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
