//! The pages that explain: every rule, counter and recorded sysctl has one, and what they tell people to
//! type is right.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use backlint::kernel::counters::COUNTERS;
use backlint::kernel::sysctls;
use backlint::report::explain::library::Library;
use backlint::report::explain::page::{Section, sections};
use backlint::rules::pages::RULE_HEADINGS;
use backlint::rules::{RuleSet, load};
use backlint::services::Catalogue;

/// Columns of a line, and of a diagram's.
const COLUMNS: usize = 110;
const DIAGRAM: usize = 72;

const COUNTER_HEADINGS: [&str; 4] = [
    "What it counts",
    "See it by hand",
    "What to do",
    "By kernel version",
];
const SYSCTL_HEADINGS: [&str; 4] = [
    "What it does",
    "See it by hand",
    "Set it",
    "By kernel version",
];

fn rules() -> RuleSet {
    load::load(&[]).unwrap_or_else(|faults| panic!("{}", faults[0]))
}

/// The Markdown files of a folder below rules/, by name without the suffix: as they are on disk, for
/// those in the binary may be older. Pages in capitals are about the folder.
fn pages(folder: &str) -> BTreeMap<String, String> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("rules")
        .join(folder);
    let entries = std::fs::read_dir(folder).unwrap();
    let pages = entries.filter_map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name()?.to_str()?.strip_suffix(".md")?.to_owned();
        let own = name.chars().any(char::is_lowercase);
        own.then(|| (name, std::fs::read_to_string(&path).unwrap()))
    });
    pages.collect()
}

fn all_pages() -> Vec<(String, String)> {
    ["", "topics", "topics/counters", "topics/sysctls"]
        .into_iter()
        .flat_map(|folder| {
            let named = pages(folder).into_iter();
            named.map(move |(name, text)| (format!("rules/{folder}/{name}.md"), text))
        })
        .collect()
}

fn assert_headings(name: &str, sections: &[Section], wanted: &[&str]) {
    let headings: Vec<&str> = sections.iter().map(|one| one.heading.as_str()).collect();
    assert_eq!(headings, wanted, "{name}");
    for section in sections {
        assert!(
            !section.text.is_empty(),
            "{name}: {} is empty",
            section.heading
        );
    }
}

/// The fenced blocks of a page: language and text.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, block))) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block does not end");
    blocks
}

/// The lines of all blocks of commands, continued ones joined.
fn commands() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (name, text) in all_pages() {
        for (_, block) in blocks(&text)
            .into_iter()
            .filter(|(language, _)| language == "sh")
        {
            let joined = block.replace("\\\n", " ");
            found.extend(joined.lines().map(|line| (name.clone(), line.to_owned())));
        }
    }
    found
}

#[test]
fn every_rule_has_a_page_with_just_its_headings_and_every_page_a_rule() {
    let (rules, pages) = (rules(), pages(""));
    let names: BTreeSet<&String> = rules.iter().map(|rule| &rule.name).collect();
    let written: BTreeSet<&String> = pages.keys().collect();
    assert_eq!(names, written, "rules, and pages rules/NAME.md");
    for (name, text) in &pages {
        assert_headings(name, &sections(text), &RULE_HEADINGS);
    }
}

#[test]
fn every_counter_and_every_recorded_sysctl_has_a_page() {
    let counters = pages("topics/counters");
    let names = COUNTERS.iter();
    let names: Vec<&str> = names
        .map(|counter| counter.name.trim_start_matches("TcpExt."))
        .collect();
    assert_eq!(counters.keys().collect::<Vec<_>>(), names);
    let keys = pages("topics/sysctls");
    for recorded in sysctls::recorded() {
        assert!(keys.contains_key(recorded.key), "{}", recorded.key);
    }
    for (pages, wanted) in [(counters, COUNTER_HEADINGS), (keys, SYSCTL_HEADINGS)] {
        for (name, text) in pages {
            let (title, text) = text.split_once("\n\n").unwrap();
            assert!(!title.contains('\n') && !title.starts_with('#'), "{name}");
            assert_headings(&name, &sections(text), &wanted);
        }
    }
}

#[test]
fn every_page_of_a_sysctl_is_of_one_that_the_catalogue_has() {
    for key in pages("topics/sysctls").keys() {
        assert!(sysctls::find(key).is_some(), "{key}");
    }
}

#[test]
fn every_topic_has_a_title_and_headings() {
    for (name, text) in pages("topics") {
        let (title, text) = text.split_once("\n\n").unwrap();
        assert!(!title.contains('\n') && title.len() < 80, "{name}");
        let sections = sections(text);
        assert!(sections.len() >= 3, "{name}");
        let last = sections.last().map(|section| section.heading.as_str());
        assert_eq!(last, Some("Sources"), "{name}");
        for section in &sections {
            assert!(
                !section.heading.is_empty() && !section.text.is_empty(),
                "{name}"
            );
        }
    }
}

#[test]
fn lines_fit_and_diagrams_fit_a_terminal() {
    for (name, text) in all_pages() {
        for (n, line) in text.lines().enumerate() {
            let columns = line.chars().count();
            assert!(columns <= COLUMNS, "{name}:{} has {columns} columns", n + 1);
            assert!(!line.starts_with("# "), "{name}:{}: a title", n + 1);
            assert_eq!(line.trim_end(), line, "{name}:{}", n + 1);
        }
        for (language, block) in blocks(&text) {
            assert!(matches!(language.as_str(), "" | "sh"), "{name}: {language}");
            let widest = block.lines().map(|line| line.chars().count()).max();
            let most = if language.is_empty() {
                DIAGRAM
            } else {
                COLUMNS
            };
            assert!(widest.unwrap_or(0) <= most, "{name}: {widest:?}\n{block}");
        }
    }
}

#[test]
fn every_block_of_commands_is_a_shells() {
    for (name, text) in all_pages() {
        for (_, block) in blocks(&text)
            .iter()
            .filter(|(language, _)| language == "sh")
        {
            let mut shell = Command::new("sh")
                .arg("-n")
                .stdin(Stdio::piped())
                .spawn()
                .unwrap();
            let mut input = shell.stdin.take().unwrap();
            input.write_all(block.as_bytes()).unwrap();
            drop(input);
            assert!(shell.wait().unwrap().success(), "{name}:\n{block}");
            let placeholder = block.contains(['<', '…']) && block.contains('>');
            let redirected = block.contains("3<>") || block.contains("> ") || block.contains("2>");
            assert!(!placeholder || redirected, "{name}: a placeholder\n{block}");
        }
    }
}

/// The counters of this kernel, as nstat calls them.
fn kernel_counters() -> Vec<String> {
    let mut names = Vec::new();
    for file in ["/proc/net/netstat", "/proc/net/snmp"] {
        let text = std::fs::read_to_string(file).unwrap();
        // A line of names, then one of numbers.
        for line in text.lines().step_by(2) {
            let (group, counters) = line.split_once(": ").unwrap();
            names.extend(counters.split(' ').map(|name| format!("{group}{name}")));
        }
    }
    names
}

#[test]
fn counters_and_sysctls_in_commands_exist() {
    let known: BTreeSet<String> = COUNTERS
        .iter()
        .map(|counter| counter.name.replace('.', ""))
        .chain(kernel_counters())
        // Gone with tcp_tw_recycle, in 4.12.
        .chain(["TcpExtPAWSPassive".to_owned()])
        .collect();
    for (name, line) in commands() {
        let words: Vec<&str> = line
            .split(|c: char| c.is_whitespace() || "'\"|;&()$".contains(c))
            .collect();
        if words.contains(&"nstat") {
            for word in words.iter().filter(|word| word.starts_with("Tcp")) {
                // nstat takes patterns.
                let exists = match word.strip_suffix('*') {
                    Some(beginning) => known.iter().any(|known| known.starts_with(beginning)),
                    None => known.contains(*word),
                };
                assert!(exists, "{name}: {word}");
            }
        }
        for word in words {
            let key = word.split('=').next().unwrap_or(word);
            let key_like = ["net.core.", "net.ipv4.", "net.unix.", "vm."]
                .iter()
                .any(|beginning| key.starts_with(beginning));
            if key_like {
                assert!(sysctls::find(key).is_some(), "{name}: {key}");
            }
        }
    }
}

#[test]
fn every_page_that_a_page_names_exists() {
    let (rules, services, own) = (rules(), Catalogue::builtin(), BTreeMap::new());
    let library = Library {
        rules: &rules,
        pages: &own,
        services: &services,
    };
    let mut named = 0;
    for (name, text) in all_pages() {
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for rest in flat.split("backlint explain ").skip(1) {
            let word = rest.split([' ', '`', '\n', ')']).next().unwrap_or_default();
            // Words in capitals stand for any.
            if word == "queue" || word.chars().all(char::is_uppercase) {
                continue;
            }
            named += 1;
            assert!(library.find(word).is_some(), "{name}: {word}");
        }
    }
    assert!(named > 10, "{named}");
}

#[test]
fn every_word_in_the_library_leads_to_a_page_that_has_text() {
    let (rules, services, own) = (rules(), Catalogue::builtin(), BTreeMap::new());
    let library = Library {
        rules: &rules,
        pages: &own,
        services: &services,
    };
    for word in library.words().iter().filter(|word| *word != "queue") {
        let found = library.find(word);
        assert!(
            found.is_some_and(|found| !found.entries.is_empty()),
            "{word}"
        );
        assert!(library.find(&word.to_uppercase()).is_some(), "{word}");
    }
}
