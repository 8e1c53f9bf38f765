//! A step of the advice in words, as a finding's own remedy.

use super::Report;
use crate::advise::{Step, SysctlStep, apply};

/// A step in words; one that the plan has for several namespaces, as the plan has it.
pub(super) fn words(step: &Step, report: &Report<'_>) -> String {
    match step {
        Step::Edit(step) => step.words.clone(),
        Step::Sysctl(step) if step.reached && step.keeps() => {
            format!(
                "write {} = {} to a file, as it is now",
                step.key, step.value
            )
        }
        Step::Sysctl(step) if step.reached => format!("set {} = {}", step.key, step.value),
        Step::Sysctl(step) => {
            let same = |planned: &&SysctlStep| {
                planned.key == step.key && step.at.iter().all(|at| planned.at.contains(at))
            };
            let planned = report.advice.sysctls().find(same);
            apply::words(planned.unwrap_or(step), report.facts)
        }
        Step::Service(step) => format!("{}: {}; {}", step.who, step.change(), step.why),
        Step::Relisten(step) => step.words.clone(),
    }
}
