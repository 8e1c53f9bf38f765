//! The end of the page: all steps once, in the order that takes effect, as commands where there are.

use std::collections::BTreeSet;
use std::io;

use super::Page;
use crate::advise::{RelistenStep, ServiceStep, Step, SysctlStep, apply};
use crate::report::fix::Target;
use crate::snapshot::HOST_NETNS;
use crate::text::name;
use crate::text::shell;

/// Steps that are told; the rest is counted.
const STEPS: usize = 40;
/// Addresses that a step names; the rest is counted.
const ADDRESSES: usize = 3;

impl Page<'_> {
    pub(super) fn plan(&mut self) -> io::Result<()> {
        let advice = &self.report.advice;
        if !advice.plan.is_empty() {
            writeln!(
                self.out,
                "\n{}",
                self.look.strong("What to do, in this order")
            )?;
            let steps = self.steps();
            let (last, before) = match steps.split_last() {
                Some((last, before)) => (Some(last), before),
                None => (None, steps.as_slice()),
            };
            for (n, words) in before.iter().take(STEPS).enumerate() {
                self.numbered(n + 1, words)?;
            }
            let more = before.len().saturating_sub(STEPS);
            if more > 0 {
                self.item(&format!("and {more} more steps: --format json has all"))?;
            }
            if let Some(words) = last {
                self.numbered(steps.len(), words)?;
            }
        }
        for note in &advice.notes {
            self.item(note)?;
        }
        Ok(())
    }

    fn steps(&self) -> Vec<String> {
        let mut steps = Vec::new();
        // One change of the machine's files has them all, at the place of the first.
        let mut own: Vec<&SysctlStep> = self.report.advice.host_sysctls().collect();
        let mut told = BTreeSet::new();
        for step in &self.report.advice.plan {
            match step {
                Step::Edit(step) => steps.push(step.sentence()),
                Step::Sysctl(step) if step.reached => {
                    self.own_sysctls(&std::mem::take(&mut own), &mut steps);
                }
                Step::Sysctl(step) => steps.push(self.elsewhere(step, &mut told)),
                Step::Service(step) => steps.push(service(step)),
                Step::Relisten(step) => steps.push(self.relisten(step)),
            }
        }
        steps.push(match self.report.source {
            _ if self.report.facts.snapshot.image.is_some() => self.shown_again(),
            Some(_) => "backlint on that host shows whether it worked".to_owned(),
            None => format!("backlint{} shows whether it worked", self.report.verified()),
        });
        steps
    }

    /// What shows whether the plan for an image is enough, before anything runs: a value that its
    /// containers are to get is assumed, all else is in the image once it was built again.
    fn shown_again(&self) -> String {
        let sysctls = self.report.advice.sysctls();
        let options = sysctls.map(|step| {
            let word = format!("{}={}", step.key, step.value);
            format!(" --assume {}", shell::word(&word))
        });
        let options: String = options.collect();
        let again = &self.report.again;
        format!("backlint{again}{options} shows whether it is enough")
    }

    /// A sysctl of another namespace: what to do there, and once for each target what writes it.
    fn elsewhere(&self, step: &SysctlStep, told: &mut BTreeSet<&'static str>) -> String {
        let words = apply::words(step, self.report.facts);
        let target = Target::of(step).filter(|target| !target.changes_sysctl_files());
        match target.map(Target::name) {
            Some(name) if told.insert(name) => {
                let again = self.report.same();
                format!("{words}; backlint patch --for {name}{again} writes it")
            }
            _ => words,
        }
    }

    fn relisten(&self, step: &RelistenStep) -> String {
        let RelistenStep {
            netns,
            words,
            why,
            addresses,
            verify,
            ..
        } = step;
        let several = self.report.facts.namespaces.len() > 1 && netns != HOST_NETNS;
        let place = match several {
            true => format!(" in {netns}"),
            false => String::new(),
        };
        let addresses = some(addresses);
        format!("{words} ({addresses}{place}); {why}; verify: {verify}")
    }

    /// The sysctls of the namespace that was looked at first, as its machine would take them.
    fn own_sysctls(&self, own: &[&SysctlStep], steps: &mut Vec<String>) {
        if own.is_empty() {
            return;
        }
        let again = self.report.same();
        let values: Vec<String> = own
            .iter()
            .map(|step| format!("{} = {}", step.key, step.value))
            .collect();
        let values = values.join(", ");
        let host = own.first().is_some_and(|step| step.netns == HOST_NETNS);
        match self.report.source {
            Some(_) if host => {
                steps.push(format!(
                    "backlint patch{again} prints the change for that host: {values}"
                ));
                steps.push(
                    "on that host, apply it, and load it with the command in its header".to_owned(),
                );
            }
            None if host => {
                steps.push(format!(
                    "backlint patch{again} | sudo patch -p1 -d / writes {values}"
                ));
                steps.push("load it with the command in its header".to_owned());
            }
            _ => {
                let words = own.iter().map(|step| apply::words(step, self.report.facts));
                steps.extend(words);
            }
        }
    }
}

fn service(step: &ServiceStep) -> String {
    let ServiceStep {
        who,
        why,
        addresses,
        ..
    } = step;
    format!("{who} ({}): {}; {why}", some(addresses), step.change())
}

/// A few addresses, and how many more there are.
pub(in crate::report) fn some(addresses: &[impl AsRef<str>]) -> String {
    name::some(addresses, ADDRESSES)
}
