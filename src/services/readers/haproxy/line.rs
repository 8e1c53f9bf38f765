//! Lines of HAProxy's configuration: words with quotes and variables, and conditions. Follows
//! `parse_line` in src/tools.c and src/cfgcond.c.

/// Bytes of a line with its variables; HAProxy's own limit is 2048.
const LONGEST: usize = 1 << 14;

/// The words of a line. Variables stand in double quotes only, and `value` is asked for them by name
/// and default. `None`: longer than any that HAProxy reads.
pub(super) fn words(
    line: &str,
    value: impl Fn(&str, Option<&str>) -> String,
) -> Option<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut rest = line;
    let mut length = 0;
    while let Some(c) = rest.chars().next() {
        let behind = &rest[c.len_utf8()..];
        let mut next = behind;
        match (c, quote) {
            ('#', None) => break,
            (' ' | '\t' | '\r', None) => {
                found.extend(word.take());
                rest = next;
                continue;
            }
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('$', Some('"')) => {
                let (text, end) = expand(behind, &value);
                length += text.len();
                word.get_or_insert_default().push_str(&text);
                next = end;
            }
            ('\\', None | Some('"')) => {
                let escaped = behind.chars().next();
                let plain = escaped.filter(|c| " #\\\"'$".contains(*c));
                word.get_or_insert_default().push(plain.unwrap_or('\\'));
                next = plain.map_or(behind, |c| &behind[c.len_utf8()..]);
            }
            (c, _) => word.get_or_insert_default().push(c),
        }
        // An empty pair of quotes is a word too.
        word.get_or_insert_default();
        length += 1;
        if length > LONGEST {
            return None;
        }
        rest = next;
    }
    found.extend(word);
    Some(found)
}

/// A text outside of quotes in which `${NAME}` is replaced, as addresses do it themselves.
pub(super) fn expanded(text: &str, value: impl Fn(&str, Option<&str>) -> String) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('$') {
        out.push_str(before);
        let (text, end) = expand(behind, &value);
        out.push_str(&text);
        rest = end;
    }
    out + rest
}

/// The value of the variable that a text behind `$` begins with, and what follows it.
fn expand<'a>(text: &'a str, value: &impl Fn(&str, Option<&str>) -> String) -> (String, &'a str) {
    let name_end = |text: &str| {
        text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(text.len())
    };
    match text.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        Some((inner, end)) => {
            let (name, rest) = inner.split_at(name_end(inner));
            (value(name, rest.strip_prefix('-')), end)
        }
        None => {
            let (name, end) = text.split_at(name_end(text));
            (value(name, None), end)
        }
    }
}

/// What a condition is. `None`: that cannot be told here.
pub(super) fn condition(text: &str, value: impl Fn(&str) -> Option<String>) -> Option<bool> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix('!') {
        return condition_term(rest.trim(), value).map(|is| !is);
    }
    condition_term(text, value)
}

fn condition_term(text: &str, value: impl Fn(&str) -> Option<String>) -> Option<bool> {
    if text.is_empty() {
        return Some(false);
    }
    if let Ok(number) = text.parse::<i64>() {
        return Some(number != 0);
    }
    let (name, arguments) = text.strip_suffix(')')?.split_once('(')?;
    if arguments.contains(['(', ')', '&', '|', '"', '\'', '\\']) {
        return None;
    }
    match name {
        "defined" => Some(value(arguments.trim()).is_some()),
        "streq" => arguments.split_once(',').map(|(a, b)| a == b),
        "strneq" => arguments.split_once(',').map(|(a, b)| a != b),
        _ => None,
    }
}

/// The blocks of conditions that are open.
#[derive(Debug, Default)]
pub(super) struct Conditions(Vec<Branch>);

#[derive(Debug)]
struct Branch {
    /// Whether its lines count; `None`: that cannot be told.
    now: Option<bool>,
    /// Whether one of its earlier branches counted.
    before: Option<bool>,
}

impl Conditions {
    /// Whether lines count here; `None`: that cannot be told.
    pub(super) fn now(&self) -> Option<bool> {
        if self.0.iter().any(|branch| branch.now == Some(false)) {
            return Some(false);
        }
        let told = self.0.iter().all(|branch| branch.now.is_some());
        told.then_some(true)
    }

    /// How many are open.
    pub(super) fn depth(&self) -> usize {
        self.0.len()
    }

    /// Takes a directive: `.if`, `.elif`, `.else` or `.endif` with what its condition is.
    pub(super) fn take(&mut self, directive: &str, is: Option<bool>) {
        match directive {
            ".if" => self.0.push(Branch {
                now: is,
                before: Some(false),
            }),
            ".elif" | ".else" => {
                let is = if directive == ".else" { Some(true) } else { is };
                if let Some(branch) = self.0.last_mut() {
                    branch.before = either(branch.before, branch.now);
                    branch.now = match (branch.before, is) {
                        (Some(true), _) | (_, Some(false)) => Some(false),
                        (Some(false), is) => is,
                        (None, _) => None,
                    };
                }
            }
            ".endif" => _ = self.0.pop(),
            _ => {}
        }
    }
}

fn either(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    match (one, other) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str, default: Option<&str>) -> String {
        if name == "X" {
            "x y"
        } else {
            default.unwrap_or_default()
        }
        .to_owned()
    }

    #[test]
    fn words_have_quotes_escapes_and_variables() {
        let all = |line| words(line, value).unwrap();
        assert_eq!(all("a  'b c'\td # e"), ["a", "b c", "d"]);
        assert_eq!(all(r#"a\ b "c\"d" \# x\n"#), ["a b", "c\"d", "#", "x\\n"]);
        assert_eq!(
            all(r#""$X" "${X}z" "${Y-5}" '$X' $X """#),
            ["x y", "x yz", "5", "$X", "$X", ""]
        );
        assert_eq!(words("\"$X\"", |_, _| "x".repeat(LONGEST)), None);
        assert_eq!(expanded("${X}:1", value), "x y:1");
    }

    #[test]
    fn a_condition_is_decided_only_where_it_is_certain() {
        let is = |text| condition(text, |name| (name == "X").then(String::new));
        assert_eq!(
            ["", "0", "1"].map(is),
            [Some(false), Some(false), Some(true)]
        );
        assert_eq!(is("defined(X)"), Some(true));
        assert_eq!(is("!defined(Y)"), Some(true));
        assert_eq!(is("streq(a,b)"), Some(false));
        assert_eq!(
            ["feature(QUIC)", "1 && 0", "awk(x)", "("].map(is),
            [None; 4]
        );
    }

    #[test]
    fn one_branch_counts_or_none_is_known_to() {
        let mut open = Conditions::default();
        let mut now = |directive: &str, is| {
            open.take(directive, is);
            open.now()
        };
        assert_eq!(now(".if", Some(true)), Some(true));
        assert_eq!(now(".elif", Some(true)), Some(false));
        assert_eq!(now(".endif", None), Some(true));
        assert_eq!(now(".if", None), None);
        assert_eq!(now(".if", Some(false)), Some(false));
        assert_eq!(now(".else", None), None);
        assert_eq!(now(".endif", None), None);
        assert_eq!(now(".else", None), None);
        assert_eq!(now(".endif", None), Some(true));
        assert_eq!(now(".endif", None), Some(true));
    }
}
