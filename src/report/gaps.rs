//! What could not be read, for people: a gap that many namespaces have is one line.

use super::table::some;
use crate::snapshot::Gap;

/// Gaps as text: those that are the same but for the namespace are one.
pub fn together(gaps: &[Gap]) -> Vec<String> {
    let mut found: Vec<(Gap, Vec<String>)> = Vec::new();
    for gap in gaps {
        let same = Gap {
            netns: None,
            ..gap.clone()
        };
        match found.iter_mut().find(|(known, _)| *known == same) {
            Some((_, names)) => names.extend(gap.netns.clone()),
            None => found.push((same, gap.netns.iter().cloned().collect())),
        }
    }
    let words = found.into_iter().map(|(gap, names)| Gap {
        netns: (!names.is_empty()).then(|| some(&names)),
        ..gap
    });
    words.map(|gap| gap.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_that_differ_by_namespace_alone_are_one_line() {
        let gap = |netns: Option<&str>, why: &str| Gap {
            netns: netns.map(str::to_owned),
            ..Gap::new("sock_diag", why, "queues")
        };
        let gaps = [
            gap(Some("red"), "refused"),
            gap(None, "other"),
            gap(Some("blue"), "refused"),
        ];
        assert_eq!(
            together(&gaps),
            [
                "sock_diag in red, blue: refused; unknown: queues",
                "sock_diag: other; unknown: queues",
            ]
        );
    }
}
