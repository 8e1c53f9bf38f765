//! Options and other words of a command line, where the program's other options are not known.

use super::number;

/// The value of an option: `--name N`, `--name=N`, `-n N`, `-nN`. The last one wins.
pub(in crate::services::readers) fn option_value(
    arguments: &[String],
    names: &[String],
) -> Option<String> {
    option_values(arguments, names).pop()
}

/// Every value of an option, in order.
pub(in crate::services::readers) fn option_values(
    arguments: &[String],
    names: &[String],
) -> Vec<String> {
    let values = values(arguments, names).into_iter();
    values.map(|found| found.value).collect()
}

/// What an option says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) number: Option<i64>,
    /// It is there, and its value is no number.
    pub(super) unclear: bool,
}

/// The number that an option has.
pub(super) fn option_number(arguments: &[String], names: &[String]) -> Found {
    let mut values = values(arguments, names);
    // `-background` is no `-b`.
    values.retain(|found| !found.attached || number(&found.value).is_some());
    let clustered = clustered(arguments, names);
    let last = values.into_iter().chain(clustered);
    let last = last.max_by_key(|found| found.at);
    let last = last.map(|found| number(&found.value));
    Found {
        number: last.flatten(),
        unclear: last == Some(None),
    }
}

/// The number behind a word of several short options of which this one is the last: `-vb 1000`.
fn clustered(arguments: &[String], names: &[String]) -> Option<Value> {
    let is_cluster = |word: &str| {
        let letters = word.strip_prefix('-').unwrap_or("");
        // Longer ones are rather the single option of a program that takes no clusters.
        let few = (2..=4).contains(&letters.len());
        few && letters.chars().all(|c| c.is_ascii_alphabetic())
            && names.iter().any(|name| {
                name.len() == 2
                    && name.starts_with('-')
                    && letters.ends_with(name.trim_start_matches('-'))
            })
    };
    let ends = arguments.iter().position(|word| word == "--");
    let arguments = arguments.get(..ends.unwrap_or(arguments.len()))?;
    let mut pairs = arguments.windows(2).enumerate().skip(1).rev();
    pairs.find_map(|(at, pair)| match pair {
        [word, value] if is_cluster(word) && number(value).is_some() => Some(Value {
            at,
            value: value.clone(),
            attached: false,
        }),
        _ => None,
    })
}

/// A value of an option.
struct Value {
    /// Which word has the option.
    at: usize,
    value: String,
    /// Whether it stands in the word of a short one.
    attached: bool,
}

/// All values of an option.
fn values(arguments: &[String], names: &[String]) -> Vec<Value> {
    let mut found = Vec::new();
    let mut words = arguments.iter().enumerate().skip(1).peekable();
    while let Some((at, word)) = words.next() {
        if word == "--" {
            break;
        }
        for name in names {
            let Some(rest) = word.strip_prefix(name.as_str()) else {
                continue;
            };
            let long = name.starts_with("--");
            // Redis takes `--port 7001` in one word.
            let joined = rest.strip_prefix('=');
            let joined = joined.or_else(|| rest.strip_prefix(' ').filter(|_| long));
            let (value, attached) = if rest.is_empty() {
                (words.peek().map(|(_, next)| (*next).clone()), false)
            } else if let Some(value) = joined {
                (Some(value.trim().to_owned()), false)
            } else {
                let short = name.len() == 2 && name.starts_with('-') && !long;
                (short.then(|| rest.to_owned()), true)
            };
            found.extend(value.map(|value| Value {
                at,
                value,
                attached,
            }));
        }
    }
    found
}

/// The argument of this number, from 1, of those that are no options. A word behind an option may be
/// its value: behind a long one it counts only if there are not enough others, and behind any only if
/// it looks like a path.
pub(super) fn positional(arguments: &[String], number: usize) -> Option<String> {
    let at = number.checked_sub(1)?;
    let is_option = |word: &str| word.starts_with('-') && word.len() > 1;
    let is_path = |word: &str| word.contains(['/', '.']);
    let mut sure = Vec::new();
    let mut all = Vec::new();
    let mut before = "";
    for word in arguments.iter().skip(1).map(String::as_str) {
        if !is_option(word) && (!is_option(before) || is_path(word)) {
            all.push(word);
            if !before.starts_with("--") {
                sure.push(word);
            }
        }
        // One with its value in it takes no further one.
        before = if word.contains('=') { "" } else { word };
    }
    let found = sure.get(at).or_else(|| all.get(at))?;
    Some((*found).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn an_option_is_read_in_every_spelling_and_the_last_wins() {
        let value = |line: &str| option_value(&texts(line), &texts("--backlog -b"));
        assert_eq!(value("x --backlog 7").as_deref(), Some("7"));
        assert_eq!(value("x --backlog=7 -b9").as_deref(), Some("9"));
        assert_eq!(value("x -b 3 --backlog").as_deref(), Some("3"));
        assert_eq!(value("x --backlogs 3"), None);
        assert_eq!(value("x -- --backlog 3"), None);
        assert_eq!(value("--backlog 3"), None);
    }

    #[test]
    fn a_value_that_is_no_number_is_unclear_and_another_option_is_none() {
        let found = |line: &str| option_number(&texts(line), &texts("--backlog -b"));
        let sure = |number| Found {
            number,
            unclear: false,
        };
        assert_eq!(found("x -b 3 -background"), sure(Some(3)));
        assert_eq!(found("x -background"), sure(None));
        assert_eq!(found("x --backlog -1"), sure(Some(-1)));
        assert_eq!(found("x -vb 1000"), sure(Some(1000)));
        assert_eq!(found("x -vb x"), sure(None));
        // The last one wins, however it is written.
        assert_eq!(found("x --backlog=5 -vb 7"), sure(Some(7)));
        assert_eq!(found("x -vb 7 -b 5"), sure(Some(5)));
        assert_eq!(
            found("x --backlog many"),
            Found {
                number: None,
                unclear: true
            }
        );
        assert_eq!(
            found("x -b 3 --backlog=many"),
            Found {
                number: None,
                unclear: true
            }
        );
    }

    #[test]
    fn an_argument_is_not_the_value_of_a_long_option() {
        let word = |line: &str, number| positional(&texts(line), number);
        assert_eq!(
            word("redis-server /etc/r.conf --port 0", 1).as_deref(),
            Some("/etc/r.conf")
        );
        assert_eq!(word("redis-server --port 6380", 1), None);
        assert_eq!(word("x --port 1 x.ini", 1).as_deref(), Some("x.ini"));
        assert_eq!(word("pgbouncer -d p.ini", 1).as_deref(), Some("p.ini"));
        assert_eq!(
            word("pgbouncer --daemon p.ini", 1).as_deref(),
            Some("p.ini")
        );
        assert_eq!(
            word("java -Da=b --add-opens a=b -cp a.jar Main zoo.cfg", 3).as_deref(),
            Some("zoo.cfg")
        );
        assert_eq!(
            word("pgbouncer -u nobody p.ini", 1).as_deref(),
            Some("p.ini")
        );
        assert_eq!(word("x --a=b y", 1).as_deref(), Some("y"));
        assert_eq!(word("redis-server -", 1).as_deref(), Some("-"));
        assert_eq!(word("x", 1), None);
        assert_eq!(word("x y", 0), None);
    }
}
