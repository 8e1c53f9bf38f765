//! Which keys a pattern stands for. Follows glob(7) over the paths below /proc/sys as glibc's glob(3)
//! does it, part by part; a pattern takes in only what is there, so its case does not matter here.

use crate::sysctl_conf::key::path;

/// Most patterns that braces make of one.
const MOST: usize = 64;

/// A pattern over keys, read once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// What braces make of it, each by the parts of its path.
    alternatives: Vec<Vec<Part>>,
}

/// A key by the parts of its path.
pub(super) struct Parts(Vec<Vec<char>>);

impl Parts {
    pub(super) fn of(key: &str) -> Self {
        let parts = path(key);
        Self(
            parts
                .split('/')
                .map(|part| part.chars().collect())
                .collect(),
        )
    }
}

impl Pattern {
    /// Reads a normalised pattern. `braces`: whether `{a,b}` is `a` or `b` (GLOB_BRACE).
    pub(super) fn new(pattern: &str, braces: bool) -> Self {
        let pattern = path(pattern);
        let patterns = match braces {
            true => alternatives(&pattern),
            false => vec![pattern],
        };
        let parts = |pattern: &String| pattern.split('/').map(Part::new).collect();
        Self {
            alternatives: patterns.iter().map(parts).collect(),
        }
    }

    /// How many patterns it is.
    pub(super) fn alternatives(&self) -> usize {
        self.alternatives.len()
    }

    /// Whether the pattern takes in a key.
    pub(super) fn fits(&self, key: &Parts) -> bool {
        self.alternatives.iter().any(|parts| {
            let mut both = parts.iter().zip(&key.0);
            parts.len() == key.0.len() && both.all(|(pattern, part)| pattern.fits(part))
        })
    }
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

/// What one character of a name may be, or how many there may be.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// `*`
    Any,
    /// `?`
    One,
    Literal(char),
    Set(Set),
}

/// One part of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part(Vec<Token>);

impl Part {
    fn new(part: &str) -> Self {
        let characters: Vec<char> = part.chars().collect();
        let mut rest = characters.as_slice();
        let mut tokens = Vec::new();
        while let Some((first, behind)) = rest.split_first() {
            rest = behind;
            tokens.push(match first {
                '*' => Token::Any,
                '?' => Token::One,
                '[' => match set(behind) {
                    Some((set, behind)) => {
                        rest = behind;
                        Token::Set(set)
                    }
                    None => Token::Literal('['),
                },
                '\\' => match behind.split_first() {
                    Some((literal, behind)) => {
                        rest = behind;
                        Token::Literal(*literal)
                    }
                    // It escapes nothing, and no name has such an end.
                    None => Token::Set(Set {
                        negated: false,
                        ranges: Vec::new(),
                    }),
                },
                literal => Token::Literal(*literal),
            });
        }
        Self(tokens)
    }

    /// Whether a name fits, as fnmatch(3) says. Of several stars only the last is tried again: what
    /// the others took in can stay as it is.
    fn fits(&self, name: &[char]) -> bool {
        let (mut token, mut at) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while at < name.len() {
            let fits = match self.0.get(token) {
                Some(Token::Any) => {
                    star = Some((token, at));
                    token += 1;
                    continue;
                }
                Some(Token::One) => true,
                Some(Token::Literal(literal)) => *literal == name[at],
                Some(Token::Set(set)) => set.has(name[at]),
                None => false,
            };
            match (fits, star) {
                (true, _) => (token, at) = (token + 1, at + 1),
                (false, Some((last, from))) => {
                    (token, at) = (last + 1, from + 1);
                    star = Some((last, at));
                }
                (false, None) => return false,
            }
        }
        let rest = self.0.get(token..).unwrap_or_default();
        rest.iter().all(|token| *token == Token::Any)
    }
}

/// What is in brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    use super::{Parts, Pattern};

    fn fits(pattern: &str, key: &str, braces: bool) -> bool {
        Pattern::new(pattern, braces).fits(&Parts::of(key))
    }

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
    fn many_stars_take_no_time() {
        let pattern = format!("net.{}b", "*a".repeat(200));
        assert!(!fits(&pattern, &format!("net.{}", "a".repeat(400)), false));
        assert!(fits(&pattern, &format!("net.{}b", "a".repeat(400)), false));
    }

    #[test]
    fn braces_are_alternatives_to_some() {
        assert!(fits("net.ipv4.conf.{all,lo}.rp_*", KEY, true));
        assert!(fits("net.ipv{4,6}.conf.{all,{x,l}o}.rp_*", KEY, true));
        assert!(!fits("net.ipv4.conf.{all,eth0}.rp_*", KEY, true));
        assert!(!fits("net.ipv4.conf.{lo.rp_*", KEY, true));
    }
}
