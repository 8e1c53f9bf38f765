//! Which rules a word stands for: a rule's id, its name, or a family of rules. The one notation for
//! options, configuration, waivers and `explain`.

use std::collections::BTreeSet;

use crate::rules::{Rule, RuleSet};
use crate::text::nearest::nearest;

/// Rules that one word stands for, in whatever case it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    ids: BTreeSet<String>,
}

/// Why a word stands for no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no rule has the id, the name or the family `{word}`")]
pub struct UnknownRule {
    word: String,
    /// What was probably meant.
    pub near: Option<String>,
}

impl UnknownRule {
    /// How to put it right.
    pub fn help(&self) -> String {
        match &self.near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "an id such as BL101, a name such as backlog-truncated, or a family such as BL1 or BL1xx"
                .to_owned(),
        }
    }
}

impl Selector {
    /// The rules of a set that `word` stands for. An id or a name stands for its rule alone, even if it
    /// begins other ids; else `BL1`, `BL1xx` and `BL` are families: the letters are those of the id, the
    /// digits its first ones.
    ///
    /// # Errors
    /// No rule of the set is meant, with the word that is most like it.
    pub fn parse(word: &str, rules: &RuleSet) -> Result<Self, UnknownRule> {
        let word = word.trim();
        let own = |rule: &&_| is_of(word, rule);
        let mut ids: BTreeSet<String> = rules
            .iter()
            .map(AsRef::as_ref)
            .filter(own)
            .map(id)
            .collect();
        if let (true, Some((_, family))) = (ids.is_empty(), Self::family(word, rules)) {
            ids = family.ids;
        }
        if ids.is_empty() {
            return Err(UnknownRule {
                word: word.to_owned(),
                near: near(word, rules),
            });
        }
        Ok(Self { ids })
    }

    /// The rules of a family, `BL`, `BL1` or `BL1xx`, and what their ids begin with. `None`: the word is no family
    /// of a rule of the set.
    pub fn family(word: &str, rules: &RuleSet) -> Option<(String, Self)> {
        let family = Family::parse(word.trim())?;
        let fits = |rule: &&Rule| family.has(&rule.id);
        let all = rules.iter().map(AsRef::as_ref);
        let ids: BTreeSet<String> = all.filter(fits).map(id).collect();
        let beginning = format!("{}{}", family.letters, family.digits);
        (!ids.is_empty()).then_some((beginning, Self { ids }))
    }

    /// Whether the rule of this id is one of them.
    pub fn has(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// The ids, sorted.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().map(String::as_str)
    }
}

fn id(rule: &Rule) -> String {
    rule.id.clone()
}

fn is_of(word: &str, rule: &Rule) -> bool {
    rule.id.eq_ignore_ascii_case(word) || rule.name.eq_ignore_ascii_case(word)
}

/// The known word that is most like one: an id by its capitals, a name by its small letters.
fn near(word: &str, rules: &RuleSet) -> Option<String> {
    let (capitals, small) = (word.to_ascii_uppercase(), word.to_ascii_lowercase());
    let ids = rules.iter().map(|rule| rule.id.as_str());
    let names = rules.iter().map(|rule| rule.name.as_str());
    let near = nearest(&small, names).or_else(|| nearest(&capitals, ids));
    near.map(str::to_owned)
}

/// The beginning of ids: `BL1xx` is letters `BL`, digits `1`, three digits in all.
struct Family {
    letters: String,
    digits: String,
    length: Option<usize>,
}

impl Family {
    fn parse(word: &str) -> Option<Self> {
        let word = word.to_ascii_uppercase();
        let known = match word.find(|c: char| c.is_ascii_digit()) {
            // Only behind a digit an X stands for one: before it, it is a letter of the family.
            Some(first) if word[first..].contains('X') => word.trim_end_matches('X'),
            _ => &word,
        };
        let letters = known.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = &known[letters.len()..];
        let letters = letters.trim_end_matches(['-', '_']);
        let fits = |c: char| c.is_ascii_uppercase() || "-_".contains(c);
        let whole = !letters.is_empty() && letters.chars().all(fits);
        whole.then(|| Self {
            letters: letters.to_owned(),
            digits: digits.to_owned(),
            length: (known.len() < word.len()).then(|| digits.len() + word.len() - known.len()),
        })
    }

    fn has(&self, id: &str) -> bool {
        let letters = id.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = &id[letters.len()..];
        letters.trim_end_matches(['-', '_']) == self.letters
            && digits.starts_with(&self.digits)
            && self.length.is_none_or(|length| length == digits.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::load;

    const MORE: &str = "name: NAME\ntitle: t\nseverity: low\nscope: host\nwhen: sysctl[\"vm.swappiness\"] > 1\nmessage: m\nwhy: w\n";

    fn rules() -> RuleSet {
        let rule = |id: &str, name: &str| {
            let text = format!("id: {id}\n{}", MORE.replace("NAME", name));
            (format!("{name}.yaml"), text)
        };
        let more = [
            rule("ACME1", "one"),
            rule("ACME10", "ten"),
            rule("MY-2", "mine"),
            rule("TAX3", "tax"),
        ];
        load::load(&more).unwrap()
    }

    fn ids(word: &str) -> Vec<String> {
        let selector = Selector::parse(word, &rules());
        selector.map_or(Vec::new(), |it| it.ids().map(str::to_owned).collect())
    }

    #[test]
    fn ids_and_names_stand_for_one_rule_in_any_case() {
        for word in ["BL101", "bl101", " Backlog-Truncated ", "backlog-truncated"] {
            assert_eq!(ids(word), ["BL101"], "{word}");
        }
        assert_eq!(ids("ACME1"), ["ACME1"], "an id begins another one");
    }

    #[test]
    fn families_are_letters_and_the_first_digits() {
        assert_eq!(ids("acme"), ["ACME1", "ACME10"]);
        assert_eq!(ids("ACME1x"), ["ACME10"]);
        assert_eq!(ids("my"), ["MY-2"]);
        assert_eq!(ids("MY-2"), ["MY-2"]);
        assert_eq!(ids("tax"), ["TAX3"], "an X may be a letter");
        assert_eq!(ids("BL1"), ids("bl1XX"));
        assert!(ids("BL1").iter().all(|id| id.starts_with("BL1")));
        assert_eq!(ids("BL").len(), rules().len() - 4);
        for word in ["", "B", "A", "1", "xx", "BL9", "BL1x", "*", "BL1*", "ß"] {
            assert_eq!(ids(word), [""; 0], "{word}");
        }
    }

    #[test]
    fn slips_find_what_was_meant() {
        let near = |word| Selector::parse(word, &rules()).unwrap_err().near;
        assert_eq!(
            near("backlog-trunkated").as_deref(),
            Some("backlog-truncated")
        );
        assert_eq!(near("bk101").as_deref(), Some("BL101"));
        assert_eq!(near("zzz"), None);
    }
}
