//! The lines of a stage, found by the keys that they are about. A file may have many thousands, and
//! each key of a machine is asked for.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::Kernel;
use super::pattern::{Parts, Pattern};
use super::resolve::{Line, Rules};
use crate::sysctl_conf::key::is_glob;

/// Patterns of one stage that are followed, what braces make of one counted; no machine has as many.
const MOST_PATTERNS: usize = 1000;
/// Bytes of a pattern that is followed: more than any path below /proc/sys has.
const LONGEST_PATTERN: usize = 256;

/// Lines in the order of application, with the rules by which they are applied.
#[derive(Debug)]
pub(super) struct Lines {
    pub(super) rules: Rules,
    pub(super) all: Vec<Line>,
    /// The lines that name a key, by index.
    by_key: BTreeMap<String, Vec<usize>>,
    patterns: Vec<(usize, Pattern)>,
    /// The first line whose value the kernel refuses, once somebody asked.
    end: OnceLock<Option<usize>>,
}

impl Lines {
    pub(super) fn new(rules: Rules, all: Vec<Line>) -> Self {
        let mut by_key: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut patterns: Vec<(usize, Pattern)> = Vec::new();
        let mut followed = 0;
        for (n, line) in all.iter().enumerate() {
            let short = line.key.len() <= LONGEST_PATTERN;
            if is_glob(&line.key) && short && followed < MOST_PATTERNS {
                let pattern = Pattern::new(&line.key, rules == Rules::Map);
                followed += pattern.alternatives();
                patterns.push((n, pattern));
            }
            by_key.entry(line.key.clone()).or_default().push(n);
        }
        Self {
            rules,
            all,
            by_key,
            patterns,
            end: OnceLock::new(),
        }
    }

    /// The lines that name a key, and those whose pattern takes it in, by index.
    pub(super) fn about(&self, key: &str) -> (Vec<usize>, Vec<usize>) {
        let explicit = self.by_key.get(key).cloned().unwrap_or_default();
        if self.patterns.is_empty() {
            return (explicit, Vec::new());
        }
        let parts = Parts::of(key);
        let fitting = self.patterns.iter();
        let fitting = fitting.filter(|(_, pattern)| pattern.fits(&parts));
        (explicit, fitting.map(|(n, _)| *n).collect())
    }

    /// The first line whose value the kernel refuses for certain.
    pub(super) fn end(&self, kernel: &dyn Kernel) -> Option<usize> {
        let refused = |line: &Line| {
            let value = line.value.as_deref().filter(|_| !is_glob(&line.key));
            value.is_some_and(|value| kernel.ends(&line.key, value))
        };
        *self.end.get_or_init(|| self.all.iter().position(refused))
    }
}
