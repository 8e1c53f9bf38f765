//! Patterns over one text: `*` is any number of characters, `?` is one, `\` takes the next one for
//! itself. Brackets mean nothing, for addresses have them.

/// A pattern over one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    written: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Any,
    One,
    Itself(char),
}

impl Pattern {
    /// Reads a pattern; every text is one. A `\` at the end stands for itself.
    pub fn new(written: &str) -> Self {
        let mut chars = written.chars();
        let mut parts = Vec::new();
        while let Some(c) = chars.next() {
            parts.push(match c {
                '*' => Part::Any,
                '?' => Part::One,
                '\\' => Part::Itself(chars.next().unwrap_or(c)),
                c => Part::Itself(c),
            });
        }
        // Of stars in a row one is enough.
        parts.dedup_by(|a, b| (*a, *b) == (Part::Any, Part::Any));
        Self {
            written: written.to_owned(),
            parts,
        }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The pattern that fits one text alone, as it is written.
    pub fn only(text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            if matches!(c, '*' | '?' | '\\') {
                out.push('\\');
            }
            out.push(c);
        }
        out
    }

    /// Whether it fits the whole text. Takes at most the product of both lengths: where it does not go on,
    /// only the last star takes one character more.
    pub fn fits(&self, text: &str) -> bool {
        let (mut at, mut part) = (0, 0);
        let mut star = None;
        let character = |at: usize| text[at..].chars().next();
        while let Some(c) = character(at) {
            match self.parts.get(part) {
                Some(Part::Any) => {
                    star = Some((part, at));
                    part += 1;
                }
                Some(Part::One) => (at, part) = (at + c.len_utf8(), part + 1),
                Some(Part::Itself(own)) if *own == c => {
                    (at, part) = (at + c.len_utf8(), part + 1);
                }
                _ => match star {
                    Some((of, taken)) => {
                        at = taken + character(taken).map_or(1, char::len_utf8);
                        star = Some((of, at));
                        part = of + 1;
                    }
                    None => return false,
                },
            }
        }
        self.parts[part..].iter().all(|part| *part == Part::Any)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fits(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).fits(text)
    }

    #[test]
    fn stars_and_question_marks_stand_for_characters() {
        for (pattern, text) in [
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("*", ""),
            ("**", "x"),
            ("*:80", "[::]:80"),
            ("[::]:*", "[::]:443"),
            ("10.?.0.1:*", "10.7.0.1:22"),
            ("/run/*.sock", "/run/php/ü x.sock"),
            ("a*b*c", "a-b-b-c"),
            ("?", "é"),
            ("\\*", "*"),
            ("a\\", "a\\"),
        ] {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "x"),
            ("0.0.0.0:8", "0.0.0.0:80"),
            ("0.0.0.0:80", "10.0.0.0:80"),
            ("?", ""),
            ("[ab]", "a"),
            ("\\*", "x"),
            ("*:80", "0.0.0.0:8080"),
        ] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_hostile_pattern_ends_soon() {
        let pattern = "*a".repeat(1_000) + "b";
        assert!(!fits(&pattern, &"a".repeat(10_000)));
    }

    proptest! {
        #[test]
        fn the_pattern_of_one_text_fits_that_alone(text in "[ab*?\\\\:é]{0,8}", other in "[ab*?\\\\:é]{0,8}") {
            let only = Pattern::only(&text);
            prop_assert!(fits(&only, &text));
            prop_assert_eq!(fits(&only, &other), text == other);
        }

        #[test]
        fn fits_as_the_definition_says(pattern in "[ab*?]{0,7}", text in "[ab]{0,7}") {
            fn slow(pattern: &[u8], text: &[u8]) -> bool {
                match (pattern.split_first(), text.split_first()) {
                    (None, rest) => rest.is_none(),
                    (Some((b'*', more)), rest) => {
                        slow(more, text) || rest.is_some_and(|(_, rest)| slow(pattern, rest))
                    }
                    (Some((c, more)), Some((first, rest))) => {
                        (*c == b'?' || c == first) && slow(more, rest)
                    }
                    (Some(_), None) => false,
                }
            }
            prop_assert_eq!(fits(&pattern, &text), slow(pattern.as_bytes(), text.as_bytes()));
        }
    }
}
