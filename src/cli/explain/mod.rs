//! `backlint explain`: the pages of words, or an index of all.

mod queue;

use anyhow::anyhow;

use super::args::{Calculator, Explain, PageFormat, Queue};
use super::config::Config;
use super::{Run, input, output};
use crate::report::Outcome;
use crate::report::explain::index;
use crate::report::explain::library::{Entry, Found, Library};
use crate::report::json::{document, v1};
use crate::rules::load;

pub(super) fn run(arguments: &Explain) -> Run {
    if let Some(Calculator::Queue(arguments)) = &arguments.calculator {
        return queue::run(arguments);
    }
    if let [word] = arguments.words.as_slice()
        && word.eq_ignore_ascii_case("queue")
    {
        return queue::run(&Queue {
            format: Some(arguments.format),
            ..Queue::default()
        });
    }
    let config = Config::read(&arguments.config)?;
    let rules = input::rules(&config.rules(&arguments.rules.rules))?;
    let pages = input::pages(&rules)?;
    let library = Library {
        rules: &rules,
        pages: &pages,
        services: &input::catalogue(&config.services(&arguments.services.services))?,
    };
    if arguments.words.is_empty() {
        return all(&library, arguments.format);
    }
    let mut entries = Vec::new();
    for word in &arguments.words {
        let found = library.find(word).ok_or_else(|| unknown(&library, word))?;
        mention(word, &found);
        entries.extend(found.entries);
    }
    show(&entries, arguments.format)
}

fn show(entries: &[Entry<'_>], format: PageFormat) -> Run {
    output::result(Outcome::Clean, |out| match format {
        PageFormat::Text => entries.iter().enumerate().try_for_each(|(n, entry)| {
            if n > 0 {
                writeln!(out)?;
            }
            entry.write(output::look(), out)
        }),
        PageFormat::Json => {
            let all: Vec<_> = entries.iter().map(v1::Explained::new).collect();
            match all.as_slice() {
                [page] => document(page, out),
                all => document(&all, out),
            }
        }
    })
}

fn all(library: &Library<'_>, format: PageFormat) -> Run {
    match format {
        PageFormat::Text => output::result(Outcome::Clean, |out| {
            index::write(library, output::look(), out)
        }),
        PageFormat::Json => {
            Err(anyhow!("--format json needs a word, such as `backlint explain BL101`").into())
        }
    }
}

/// Other kinds that have the word too are told, on standard error.
fn mention(word: &str, found: &Found<'_>) {
    for other in &found.also {
        let (kind, other) = (found.kind.name(), other.name());
        output::note(&format!(
            "`{word}` is a {other} too: backlint explain {other}:{word}; this is the {kind}"
        ));
    }
}

fn unknown(library: &Library<'_>, word: &str) -> anyhow::Error {
    if let Some((bare, kind)) = library.elsewhere(word) {
        let kind = kind.name();
        return anyhow!("`{bare}` is a {kind}: backlint explain {kind}:{bare}");
    }
    let near = library.suggestions(word);
    let near: Vec<String> = near.iter().map(|near| format!("`{near}`")).collect();
    let meant = match near.as_slice() {
        [] => String::new(),
        [one] => format!("did you mean {one}? "),
        [first @ .., last] => format!("did you mean {} or {last}? ", first.join(", ")),
    };
    let own = match load::is_id(word) && !load::is_reserved(word) {
        true => "a rule of your own takes --rules PATH; ",
        false => "",
    };
    anyhow!(
        "nothing is called `{word}`; {meant}{own}`backlint explain` alone lists all that there is"
    )
}
