//! What to do, in version 1: the remediation of a finding, and the steps of the plan.

use serde::Serialize;

use crate::advise::{EditStep, RelistenStep, ServiceStep, Step, SysctlStep, apply};
use crate::assess::Facts;
use crate::report::fix::Target;

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Remediation<'a> {
    Edit {
        step: &'a str,
    },
    Sysctl {
        netns: &'a str,
        key: &'a str,
        value: &'a str,
    },
    Service {
        setting: &'a str,
        why: &'a str,
    },
    Relisten {
        command: Option<&'a str>,
        step: &'a str,
        why: &'a str,
    },
}

impl<'a> Remediation<'a> {
    pub(super) fn new(step: &'a Step) -> Self {
        match step {
            Step::Edit(EditStep { words, .. }) => Self::Edit { step: words },
            Step::Sysctl(SysctlStep {
                netns, key, value, ..
            }) => Self::Sysctl { netns, key, value },
            Step::Service(ServiceStep { setting, why, .. }) => Self::Service { setting, why },
            Step::Relisten(RelistenStep {
                command,
                words,
                why,
                ..
            }) => Self::Relisten {
                command: command.as_deref(),
                step: words,
                why,
            },
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum PlanStep<'a> {
    Edit {
        step: String,
        reasons: &'a [String],
    },
    Sysctl {
        netns: &'a str,
        key: &'a str,
        from: Option<&'a str>,
        value: &'a str,
        reasons: &'a [String],
        verify: String,
        /// Names of all namespaces that need it.
        namespaces: Vec<&'a str>,
        /// What `backlint patch --for` calls the place.
        #[serde(rename = "for")]
        target: Option<&'static str>,
        /// What to do, a line for each that makes some of them.
        apply: Vec<String>,
    },
    Service {
        netns: &'a str,
        service: &'a str,
        setting: &'a str,
        addresses: &'a [String],
        why: &'a str,
        verify: &'a str,
    },
    Relisten {
        netns: &'a str,
        service: &'a str,
        unit: Option<&'a str>,
        command: Option<&'a str>,
        step: &'a str,
        addresses: &'a [String],
        why: &'a str,
        verify: &'a str,
    },
}

impl<'a> PlanStep<'a> {
    pub(super) fn new(step: &'a Step, facts: &'a Facts<'a>) -> Self {
        match step {
            Step::Edit(step) => Self::Edit {
                step: step.sentence(),
                reasons: &step.reasons,
            },
            Step::Sysctl(step) => Self::Sysctl {
                namespaces: apply::namespaces(step, facts)
                    .map(|netns| netns.name.as_str())
                    .collect(),
                target: Target::of(step).map(Target::name),
                apply: apply::all(step, facts),
                netns: &step.netns,
                key: &step.key,
                from: step.from.as_deref(),
                value: &step.value,
                reasons: &step.reasons,
                verify: step.verify(),
            },
            Step::Service(step) => Self::Service {
                netns: &step.netns,
                service: &step.who,
                setting: &step.setting,
                addresses: &step.addresses,
                why: &step.why,
                verify: &step.verify,
            },
            Step::Relisten(step) => Self::Relisten {
                netns: &step.netns,
                service: &step.who,
                unit: step.unit.as_deref(),
                command: step.command.as_deref(),
                step: &step.words,
                addresses: &step.addresses,
                why: &step.why,
                verify: &step.verify,
            },
        }
    }
}
