//! The page of each kind of thing: a rule, a family of rules, a topic, a counter, a sysctl.

use super::page::{Page, Section, sections};
use crate::kernel::counters::Counter;
use crate::kernel::sysctls::{self, Sysctl};
use crate::rules::pages::{self, Topic};
use crate::rules::{Rule, Scope};

/// Where what comes from the rule itself stands on its page: behind this heading.
const WHAT: &str = "What it is";
/// And before this one.
const VERSIONS: &str = "By kernel version";

/// A rule, with the page that somebody wrote for it.
pub fn rule(rule: &Rule, text: Option<&str>) -> Page {
    let mut written = sections(text.unwrap_or_default());
    let behind = |heading: &str, all: &[Section]| all.iter().position(|one| one.heading == heading);
    let why = behind(WHAT, &written).map_or(0, |at| at + 1);
    written.insert(why, Section::new("Why it matters", rule.why.clone()));
    if text.is_none() {
        written.extend(as_written(rule));
    }
    if let Some(section) = Section::list("What does not help", &rule.does_not_help) {
        let at = behind(VERSIONS, &written).unwrap_or(written.len());
        written.insert(at, section);
    }
    let sources: Vec<String> = rule
        .references
        .iter()
        .map(|source| reference(source))
        .collect();
    written.extend(Section::list("Sources", &sources));
    Page {
        kind: "rule",
        name: format!("{} {}", rule.id, rule.name),
        title: rule.title.clone(),
        facts: vec![
            ("severity", rule.severity.name().to_owned()),
            ("judges", judged(rule.scope).to_owned()),
            ("kernels", kernels(rule)),
        ],
        sections: written,
    }
}

/// What a rule without a page is made of: its condition, its message and its steps.
fn as_written(rule: &Rule) -> Vec<Section> {
    let code = |text: &str| format!("```\n{}\n```", text.trim().replace("```", "` ` `"));
    let mut all = vec![
        Section::new("Condition", code(&rule.written.when)),
        Section::new("Message", code(&rule.written.message)),
    ];
    if !rule.written.steps.is_empty() {
        all.push(Section::new(
            "What to do",
            code(&rule.written.steps.join("\n")),
        ));
    }
    all
}

/// A source as Markdown: an address is a link, anything else is code.
fn reference(source: &str) -> String {
    match source.starts_with("https://") {
        true => format!("<{source}>"),
        false => format!("`{source}`"),
    }
}

/// What a rule is evaluated for, in words.
pub fn judged(scope: Scope) -> &'static str {
    match scope {
        Scope::Host => "the host, once",
        Scope::Netns => "each network namespace",
        Scope::Setting => "each sysctl that a file of the machine sets, or that was recorded",
        Scope::Listener => "each listener",
    }
}

/// Which kernels a rule is about.
pub fn kernels(rule: &Rule) -> String {
    match &rule.kernel {
        None => "all".to_owned(),
        Some(requirement) => format!("Linux {}", requirement.words()),
    }
}

/// Rules whose ids begin alike.
pub fn family(beginning: &str, rules: &[&Rule]) -> Page {
    let line = |rule: &&Rule| {
        format!(
            "`{}` {} ({}): {}",
            rule.id, rule.name, rule.severity, rule.title
        )
    };
    let lines: Vec<String> = rules.iter().map(line).collect();
    Page {
        kind: "family",
        name: beginning.to_owned(),
        title: title_of_family(beginning).to_owned(),
        facts: Vec::new(),
        sections: Section::list("", &lines).into_iter().collect(),
    }
}

/// What the built-in families are about.
pub fn title_of_family(beginning: &str) -> &'static str {
    match beginning.get(..3).unwrap_or(beginning) {
        "BL1" => "the accept queue",
        "BL2" => "the SYN queue",
        "BL3" => "counters and overflow",
        "BL4" => "namespaces and containers",
        "BL5" => "persistent configuration",
        "BL6" => "services",
        _ => "rules whose ids begin so",
    }
}

/// A topic.
pub fn topic(topic: &Topic) -> Page {
    Page {
        kind: "topic",
        name: topic.name.to_owned(),
        title: topic.title.to_owned(),
        facts: Vec::new(),
        sections: sections(topic.text),
    }
}

/// A counter.
pub fn counter(counter: &Counter) -> Page {
    let short = counter.name.trim_start_matches("TcpExt.");
    let text = pages::named(&pages::counters(), short).map(|topic| topic.text);
    Page {
        kind: "counter",
        name: counter.name.to_owned(),
        title: counter.meaning.to_owned(),
        facts: vec![
            (
                "read",
                format!(
                    "nstat -az TcpExt{short}, or TcpExt in /proc/net/netstat, per network namespace"
                ),
            ),
            ("source", "net/ipv4/proc.c, snmp4_net_list".to_owned()),
        ],
        sections: sections(text.unwrap_or_default()),
    }
}

/// A sysctl.
pub fn sysctl(sysctl: &Sysctl) -> Page {
    let text = pages::named(&pages::sysctls(), sysctl.key).map(|topic| topic.text);
    let mut written = sections(text.unwrap_or_default());
    if written.is_empty() {
        let key = sysctl.key;
        let words = match key.contains('*') {
            true => "`sysctl -a` lists those of this machine; `*` is a part such as a device."
                .to_owned(),
            false => format!("```sh\nsysctl {key}\nbacklint why {key}\n```"),
        };
        written.push(Section::new("See it by hand", words));
    }
    Page {
        kind: "sysctl",
        name: sysctl.key.to_owned(),
        title: sysctl.meaning.to_owned(),
        facts: sysctls::facts(sysctl),
        sections: written,
    }
}
