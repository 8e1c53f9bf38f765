//! `backlint patch`: what stands above the unified diff. patch(1) and `git apply` skip it; people
//! read why each value, how to load it, and who must listen again.

use std::fmt::Write as _;

use crate::advise::Advice;
use crate::text::untrusted::clean;

/// The header, every line a comment. `file` is the path that the change goes to.
pub fn header(advice: &Advice, file: &str) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        // A line that began like a diff would be taken for one: each begins with `#`.
        let _ = writeln!(out, "# {}", clean(&text));
    };
    line(format!(
        "backlint {}: sysctls derived from what the services ask listen() for",
        env!("CARGO_PKG_VERSION")
    ));
    for step in advice.sysctls() {
        let from = step.from.as_deref().unwrap_or("unknown");
        line(format!("{} = {} (now {from})", step.key, step.value));
        for reason in &step.reasons {
            line(format!("    {reason}"));
        }
    }
    line("apply:   backlint patch | sudo patch -p1 -d /".to_owned());
    line(format!("load:    sudo sysctl -p {file}"));
    for (n, step) in advice.relistens().enumerate() {
        let word = if n == 0 { "relisten:" } else { "         " };
        line(format!("{word} {} ({})", step.command, step.why));
        line(format!("          {}", step.addresses.join(", ")));
    }
    line("verify:  sudo backlint".to_owned());
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
