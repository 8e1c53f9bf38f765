//! Bottlerocket's settings: `settings.kernel.sysctl` for the node itself, and
//! `settings.kubernetes.allowed-unsafe-sysctls` for what its pods may set (Bottlerocket's settings
//! reference; bottlerocket-os/bottlerocket issue 1499). Values are strings in both.

use std::collections::BTreeSet;

use super::text::{self, Text};
use super::{Fix, kubernetes};
use crate::advise::{Home, SysctlStep};

pub(super) fn write(fix: &Fix<'_>) -> Option<String> {
    let steps = fix.steps();
    let pods: Vec<&SysctlStep> = fix
        .advice
        .sysctls()
        .filter(|step| step.home == Home::Kubernetes && text::is_plain(step))
        .collect();
    let allowed = kubernetes::unsafe_keys(&pods);
    if steps.is_empty() && allowed.is_empty() {
        return None;
    }
    let mut text = Text::head(fix);
    allow(&pods, &allowed, &mut text);
    text.comment("apply", "on a running node, in the admin or control container: apiclient apply < backlint.toml; for new nodes add it to their user data");
    if let Some(step) = steps.first() {
        text.command(
            "verify",
            &format!(
                "apiclient get settings.kernel.sysctl; sheltie sysctl {}",
                step.key
            ),
        );
    }
    if !allowed.is_empty() {
        text.command(
            "verify",
            "apiclient get settings.kubernetes.allowed-unsafe-sysctls",
        );
    }
    text.relisten_by_step(fix);
    if !steps.is_empty() {
        text.line("[settings.kernel.sysctl]");
        for step in &steps {
            text.line(&format!(
                "{} = {}",
                text::quoted(&step.key),
                text::quoted(&step.value)
            ));
        }
    }
    if !allowed.is_empty() {
        text.comment("note", "the pods' own values come from --for kubernetes; a kubelet lets a pod set these only when they are allowed. apiclient replaces the list: add what is allowed already");
        text.line("[settings.kubernetes]");
        let keys: Vec<String> = allowed.iter().map(|key| text::quoted(key)).collect();
        text.line(&format!("allowed-unsafe-sysctls = [{}]", keys.join(", ")));
    }
    Some(text.finish())
}

/// Which pods want what is allowed, and why.
fn allow(pods: &[&SysctlStep], allowed: &BTreeSet<&str>, text: &mut Text) {
    for step in pods
        .iter()
        .filter(|step| allowed.contains(step.key.as_str()))
    {
        let more = match step.at.len().saturating_sub(1) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        text.comment(
            "allow",
            &format!("{} = {}, in {}{more}", step.key, step.value, step.netns),
        );
        step.reasons
            .iter()
            .for_each(|reason| text.comment("", reason));
    }
}
