//! Which keys a pattern stands for. Follows glob(7) over the paths below /proc/sys as glibc's glob(3)
//! does it, part by part; a pattern takes in only what is there, so its case does not matter here.

use crate::sysctl_conf::key::path;

/// Most patterns that braces make of one.
const MOST: usize = 256;

/// Whether a normalised pattern fits a normalised key. `braces`: whether `{a,b}` is `a` or `b`
/// (GLOB_BRACE).
pub(super) fn fits(pattern: &str, key: &str, braces: bool) -> bool {
    let (pattern, key) = (path(pattern), path(key));
    let patterns = match braces {
        true => alternatives(&pattern),
        false => vec![pattern],
    };
    let fits = |pattern: &String| {
        let parts = |path: &str| path.split('/').map(characters).collect::<Vec<_>>();
        let (patterns, parts) = (parts(pattern), parts(&key));
        patterns.len() == parts.len()
            && patterns
                .iter()
                .zip(&parts)
                .all(|(pattern, part)| part_fits(pattern, part))
    };
    patterns.iter().any(fits)
}

fn characters(part: &str) -> Vec<char> {
    part.chars().collect()
}

/// The patterns that braces stand for; those without a partner are literal.
fn alternatives(pattern: &str) -> Vec<String> {
    let mut waiting = vec![pattern.to_owned()];
    let mut done = Vec::new();
    while let Some(pattern) = waiting.pop() {
        match split_braces(&pattern) {
            Some(further) if waiting.len() + done.len() < MOST => waiting.extend(further),
            _ => done.push(pattern),
        }
    }
    done
}

/// A pattern with its first pair of braces replaced by what is between its commas.
fn split_braces(pattern: &str) -> Option<Vec<String>> {
    let mut escaped = false;
    let mut depth = 0_usize;
    let mut cuts = Vec::new();
    for (at, c) in pattern.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '{' => {
                if depth == 0 {
                    cuts.push(at);
                }
                depth += 1;
            }
            ',' if depth == 1 => cuts.push(at),
            '}' if depth == 1 => {
                cuts.push(at);
                let (front, behind) = (&pattern[..cuts[0]], &pattern[at + 1..]);
                let between = cuts.windows(2).map(|cut| &pattern[cut[0] + 1..cut[1]]);
                return Some(between.map(|it| format!("{front}{it}{behind}")).collect());
            }
            '}' if depth > 1 => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Whether one part of a path fits, as fnmatch(3) says.
fn part_fits(pattern: &[char], part: &[char]) -> bool {
    let Some((first, rest)) = pattern.split_first() else {
        return part.is_empty();
    };
    let next = part.split_first();
    match first {
        '*' => (0..=part.len()).any(|skipped| part_fits(rest, &part[skipped..])),
        '?' => next.is_some_and(|(_, part)| part_fits(rest, part)),
        '[' => match set(rest) {
            Some((set, rest)) => next.is_some_and(|(c, part)| set.has(*c) && part_fits(rest, part)),
            None => next.is_some_and(|(c, part)| *c == '[' && part_fits(rest, part)),
        },
        '\\' => match (rest.split_first(), next) {
            (Some((literal, rest)), Some((c, part))) => literal == c && part_fits(rest, part),
            _ => false,
        },
        literal => next.is_some_and(|(c, part)| literal == c && part_fits(rest, part)),
    }
}

/// What is in brackets.
struct Set {
    negated: bool,
    ranges: Vec<(char, char)>,
}

impl Set {
    fn has(&self, c: char) -> bool {
        self.ranges
            .iter()
            .any(|(low, high)| (*low..=*high).contains(&c))
            != self.negated
    }
}

/// The set that begins behind a bracket, and what is behind it. `None`: nothing closes it.
fn set(pattern: &[char]) -> Option<(Set, &[char])> {
    let mut rest = pattern;
    let negated = matches!(rest.first(), Some('!' | '^'));
    if negated {
        rest = &rest[1..];
    }
    let mut ranges = Vec::new();
    loop {
        let (low, behind) = match rest {
            [']', behind @ ..] if !ranges.is_empty() => {
                return Some((Set { negated, ranges }, behind));
            }
            ['\\', low, behind @ ..] | [low, behind @ ..] => (*low, behind),
            [] => return None,
        };
        match behind {
            ['-', high, behind @ ..] if *high != ']' => {
                ranges.push((low, *high));
                rest = behind;
            }
            _ => {
                ranges.push((low, low));
                rest = behind;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    const KEY: &str = "net.ipv4.conf.lo.rp_filter";

    #[test]
    fn a_pattern_fits_part_by_part() {
        for pattern in [
            "net.ipv4.conf.*.rp_filter",
            "net.ipv4.conf.**.rp_*",
            "net.ipv4.conf.l?.[!a]p_filter",
            "net.ipv4.conf.l[^a].rp_filter",
            "net.ipv4.conf.l[]o].rp_filter",
            "net.ipv4.conf.[k-m]o.rp\\_filter",
            "*.*.*.*.*",
        ] {
            assert!(fits(pattern, KEY, false), "{pattern}");
        }
        for pattern in [
            "net.ipv4.conf.*",
            "net.*.rp_filter",
            "net.ipv4.conf.[l.rp_filter",
            "net.ipv4.conf.l[!o].rp_filter",
            "net.ipv4.conf.{all,lo}.rp_*",
            "net.ipv4.conf.lo.rp_filter?",
        ] {
            assert!(!fits(pattern, KEY, false), "{pattern}");
        }
    }

    #[test]
    fn braces_are_alternatives_to_some() {
        assert!(fits("net.ipv4.conf.{all,lo}.rp_*", KEY, true));
        assert!(fits("net.ipv{4,6}.conf.{all,{x,l}o}.rp_*", KEY, true));
        assert!(!fits("net.ipv4.conf.{all,eth0}.rp_*", KEY, true));
        assert!(!fits("net.ipv4.conf.{lo.rp_*", KEY, true));
    }
}
