//! The lines below the heading: one for each network namespace, the host first. Namespaces that are
//! alike are one line, and those without a listener are counted.

use std::io;

use super::Page;
use crate::assess::NetnsFacts;
use crate::report::place;
use crate::report::style::count;

/// Namespaces that have a line of their own; the rest is counted.
const SHOWN: usize = 24;

impl Page<'_> {
    pub(super) fn namespaces(&mut self) -> io::Result<()> {
        let facts = self.report.facts;
        let mut lines: Vec<(String, Vec<&NetnsFacts<'_>>)> = Vec::new();
        let mut silent = 0;
        for (n, netns) in facts.namespaces.iter().enumerate() {
            if n > 0 && netns.listeners.is_empty() {
                silent += 1;
                continue;
            }
            // Of one workload, and with the same limits: the same but for the name.
            let line = place::with_listeners(facts, netns);
            let words = line.strip_prefix(&netns.namespace.name).unwrap_or(&line);
            let alike = format!("{}{words}", netns.namespace.stable_name());
            match lines.iter_mut().find(|(known, _)| *known == alike) {
                Some((_, all)) => all.push(netns),
                None => lines.push((alike, vec![netns])),
            }
        }
        for (line, all) in lines.iter().take(SHOWN) {
            let line = match all.as_slice() {
                [one] => place::with_listeners(facts, one),
                many => format!("{} times {line} each", many.len()),
            };
            writeln!(self.out, "{}", self.look.faint(&line))?;
        }
        let mut rest: Vec<String> = Vec::new();
        let more: usize = lines.iter().skip(SHOWN).map(|(_, all)| all.len()).sum();
        if more > 0 {
            let noun = if more == 1 { "namespace" } else { "namespaces" };
            rest.push(format!("{more} more {noun}, which `backlint list` shows"));
        }
        if silent > 0 {
            rest.push(format!("{} without a listener", count(silent, "namespace")));
        }
        if !rest.is_empty() {
            writeln!(self.out, "{}", self.look.faint(&rest.join("; ")))?;
        }
        Ok(())
    }
}
