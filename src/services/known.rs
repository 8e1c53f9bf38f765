//! The names by which services are known, of all of them at once: for whoever must tell the name of a
//! product from that of somebody's own program.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Catalogue;
use super::catalogue::{cut, matches_around};

/// Names of services, of their programs and of their units.
#[derive(Debug)]
pub struct KnownNames {
    whole: BTreeSet<String>,
    /// What stands before and behind the part that may be anything.
    patterns: BTreeSet<(String, String)>,
}

impl KnownNames {
    /// Those of a catalogue; each of its files is parsed for it.
    pub fn of(catalogue: &Catalogue) -> Self {
        let mut known = Self {
            whole: catalogue.names().map(str::to_owned).collect(),
            patterns: BTreeSet::new(),
        };
        for service in catalogue.iter() {
            for signs in &service.recognise {
                let texts = [
                    &signs.program,
                    &signs.exe,
                    &signs.comm,
                    &signs.name,
                    &signs.unit,
                ];
                for text in texts.into_iter().flat_map(|texts| &texts.0) {
                    known.add(text);
                }
            }
        }
        known
    }

    fn add(&mut self, text: &str) {
        match text.split_once('*') {
            Some((before, behind)) => {
                self.patterns.insert((before.to_owned(), behind.to_owned()));
            }
            None => {
                self.whole.insert(text.to_owned());
                self.whole.insert(cut(text));
            }
        }
    }

    /// How much of a name is known: the range that a pattern leaves open, empty where the name is known
    /// whole. `None`: no service is known by it.
    pub fn covers(&self, name: &str) -> Option<Range<usize>> {
        if self.whole.contains(name) {
            return Some(0..0);
        }
        let fitting = self
            .patterns
            .iter()
            .filter(|(before, behind)| matches_around(name, before, behind));
        let open = fitting.map(|(before, behind)| before.len()..name.len() - behind.len());
        // The pattern that leaves the least open.
        open.min_by_key(|range| range.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_known_and_what_a_pattern_leaves_open_is_told() {
        let known = KnownNames::of(&Catalogue::builtin());
        for name in ["nginx", "redis-server", "haproxy", "gunicorn", "tcpsvd"] {
            assert_eq!(known.covers(name), Some(0..0), "{name}");
        }
        assert_eq!(known.covers("php-fpm7.4"), Some(7..10));
        assert_eq!(known.covers("acme-billing"), None);
    }
}
