//! Configuration files that are Python: assignments of a literal at the top level.
//!
//! Follows Python's lexical structure: comments, strings of one and three quotes, brackets, lines
//! that go on. Nothing is evaluated; an assignment that is indented or computed is a fault.

use super::Search;

impl Search<'_, '_> {
    /// Looks for assignments to the key.
    pub(super) fn python(&mut self, path: &str, text: &str) {
        for Statement { code, line } in statements(text) {
            let indented = code.starts_with([' ', '\t']);
            let code = code.trim();
            if code.starts_with("from ") && code.ends_with('*') || code.starts_with("exec(") {
                self.doubt(path, line, "runs code that is not read");
            }
            for key in &self.wanted.key.0 {
                match assigned(code, key) {
                    None => {}
                    Some(_) if indented => self.doubt(path, line, "sets it under a condition"),
                    Some(value) => self.value(path, line, value),
                }
            }
        }
    }
}

/// A statement without its comments.
struct Statement {
    code: String,
    line: usize,
}

/// The statements of a text. Strings of three quotes become empty.
fn statements(text: &str) -> Statements<'_> {
    Statements {
        rest: text,
        line: 1,
    }
}

struct Statements<'a> {
    rest: &'a str,
    line: usize,
}

impl Iterator for Statements<'_> {
    type Item = Statement;

    fn next(&mut self) -> Option<Statement> {
        let mut code = String::new();
        let mut begin = self.line;
        let mut depth = 0_usize;
        while let Some(c) = self.rest.chars().next() {
            let mut width = c.len_utf8();
            let mut ends = false;
            match c {
                '\'' | '"' => {
                    let (inside, length) = string(self.rest, c);
                    code.push(c);
                    code.push_str(inside);
                    code.push(c);
                    width = length;
                }
                '#' => width = self.rest.find('\n').unwrap_or(self.rest.len()),
                '\\' if self.rest.starts_with("\\\n") => width = 2,
                '\n' | ';' if depth == 0 => ends = true,
                c => {
                    match c {
                        '(' | '[' | '{' => depth += 1,
                        ')' | ']' | '}' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    code.push(c);
                }
            }
            let (taken, behind) = self.rest.split_at_checked(width)?;
            self.line += taken.matches('\n').count();
            self.rest = behind;
            if !ends {
                continue;
            }
            if !code.trim().is_empty() {
                return Some(Statement { code, line: begin });
            }
            code.clear();
            begin = self.line;
        }
        let last = !code.trim().is_empty();
        last.then_some(Statement { code, line: begin })
    }
}

/// What is in a string and how long it is, with its quotes. One of three quotes has nothing in it.
fn string(text: &str, quote: char) -> (&str, usize) {
    let three = [quote; 3].iter().collect::<String>();
    let end = if text.starts_with(&three) {
        &*three
    } else {
        &three[..1]
    };
    let inside = text.get(end.len()..).unwrap_or("");
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if inside[at..].starts_with(end) {
            let found = if end.len() == 1 { &inside[..at] } else { "" };
            return (found, at + 2 * end.len());
        } else if c == '\n' && end.len() == 1 {
            return ("", at + end.len());
        }
    }
    ("", text.len())
}

/// What a statement assigns to a name: `Some(None)` for what is computed.
fn assigned(code: &str, name: &str) -> Option<Option<i64>> {
    let parts = targets(code);
    let (value, targets) = parts.split_last()?;
    let mut found = false;
    for target in targets {
        // `backlog: int = 5`
        let plain = target.split(':').next().unwrap_or(target).trim();
        found |= plain == name;
        // `a, backlog = 1, 2`, `if x: backlog = 5`, `backlog += 5`.
        let mut words = target.split(|c: char| !c.is_alphanumeric() && !"_.".contains(c));
        if plain != name && words.any(|word| word == name) {
            return Some(None);
        }
    }
    found.then(|| literal(value))
}

/// The pieces between the signs of assignment, which stand in no brackets and no strings.
fn targets(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut begin = 0;
    let mut depth = 0_usize;
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in code.char_indices() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, '=') if depth == 0 && !"=!<>".contains(before) && !is_doubled(code, at) => {
                found.extend(code.get(begin..at).map(str::trim));
                begin = at + 1;
            }
            _ => {}
        }
        before = c;
    }
    found.extend(code.get(begin..).map(str::trim));
    found
}

fn is_doubled(code: &str, at: usize) -> bool {
    code.get(at + 1..).is_some_and(|rest| rest.starts_with('='))
}

/// An integer, in quotes or not, as Gunicorn takes it.
fn literal(text: &str) -> Option<i64> {
    let text = text.trim();
    let text = ['"', '\'']
        .iter()
        .find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(text);
    let digits = text.replace('_', "");
    let radix = |prefix: &str, radix| {
        let digits = digits.strip_prefix(prefix)?;
        i64::from_str_radix(digits, radix).ok()
    };
    radix("0x", 16)
        .or_else(|| radix("0o", 8))
        .or_else(|| radix("0b", 2))
        .or_else(|| digits.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_where_it_is_assigned() {
        let value = |code| assigned(code, "backlog");
        assert_eq!(value("backlog = 4_096"), Some(Some(4096)));
        assert_eq!(value("backlog=0x10"), Some(Some(16)));
        assert_eq!(value("backlog = '17'"), Some(Some(17)));
        assert_eq!(value("backlog: int = 20"), Some(Some(20)));
        assert_eq!(value("a = backlog = 19"), Some(Some(19)));
        for code in [
            "backlog = N",
            "backlog += 1",
            "a, backlog = 1, 2",
            "if x: backlog = 5",
            "backlog = 2 ** 10",
        ] {
            assert_eq!(value(code), Some(None), "{code}");
        }
    }

    #[test]
    fn a_name_that_is_used_is_not_assigned() {
        for code in [
            "a = backlog",
            "f(backlog)",
            "f(backlog=5)",
            "backlogs = 5",
            "x.backlog = 5",
            "backlog == 5",
            "x = 'backlog = 5'",
            "BACKLOG = 5",
            "if x == backlog: y = 5",
            "",
        ] {
            let expected = code.starts_with("if").then_some(None);
            assert_eq!(assigned(code, "backlog"), expected, "{code}");
        }
    }

    #[test]
    fn statements_end_where_python_ends_them() {
        let text = "'''\nbacklog = 1\n'''\na = [\n  1, # ]\n]; b = \"#;\"\nc = \\\n 2";
        let found: Vec<(String, usize)> = statements(text)
            .map(|statement| (statement.code.trim().to_owned(), statement.line))
            .collect();
        let lines: Vec<usize> = found.iter().map(|(_, line)| *line).collect();
        assert_eq!(lines, [1, 4, 6, 7], "{found:?}");
        assert_eq!(found[2].0, "b = \"#;\"");
        assert_eq!(found[3].0, "c =  2");
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in [
            "",
            "'",
            "'''",
            "\"\\",
            "\\",
            "(",
            ")",
            ";",
            "=",
            "==",
            "é'é",
            "backlog",
            "backlog =",
            "'''\\",
            "#",
        ] {
            for statement in statements(text) {
                assigned(&statement.code, "backlog");
            }
        }
    }
}
