//! What a word means: rules, families, topics, counters, sysctls and services, looked up in this order.
//! The first kind that has the word counts; `KIND:WORD` asks one kind alone.

use std::collections::BTreeMap;
use std::io;

use super::kinds;
use super::page::Page;
use crate::gate::selector::Selector;
use crate::kernel::counters::COUNTERS;
use crate::kernel::sysctls::{self, Sysctl};
use crate::report::service::page as service_page;
use crate::report::style::Look;
use crate::rules::{Rule, RuleSet, pages};
use crate::services::{Catalogue, Service};
use crate::sysctl_conf::normalise_key;
use crate::text::nearest::several;

/// Suggestions for a word that nothing is called.
const SUGGESTED: usize = 3;

/// Everything that can be explained.
#[derive(Debug, Clone, Copy)]
pub struct Library<'a> {
    /// The rules in force.
    pub rules: &'a RuleSet,
    /// Pages of the user's rules, by id.
    pub pages: &'a BTreeMap<String, String>,
    /// The services that are known.
    pub services: &'a Catalogue,
}

/// A kind of thing, in the order in which words are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A rule by id or name.
    Rule,
    /// Rules whose ids begin so.
    Family,
    /// A topic.
    Topic,
    /// A counter.
    Counter,
    /// A sysctl.
    Sysctl,
    /// A service.
    Service,
}

impl Kind {
    /// All of them, in the order in which words are looked up.
    pub const ALL: [Self; 6] = [
        Self::Rule,
        Self::Family,
        Self::Topic,
        Self::Counter,
        Self::Sysctl,
        Self::Service,
    ];

    /// The name that stands before a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Family => "family",
            Self::Topic => "topic",
            Self::Counter => "counter",
            Self::Sysctl => "sysctl",
            Self::Service => "service",
        }
    }
}

/// What can be shown.
#[derive(Debug)]
pub enum Entry<'a> {
    /// A page.
    Page(Page),
    /// A service, whose page is a table of its own.
    Service(&'a Service),
}

impl Entry<'_> {
    /// Writes it for people.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, look: Look, out: &mut dyn io::Write) -> io::Result<()> {
        match self {
            Self::Page(page) => page.write(look, out),
            Self::Service(service) => service_page::write(service, look, out),
        }
    }
}

/// What a word led to.
#[derive(Debug)]
pub struct Found<'a> {
    /// The kind that counts.
    pub kind: Kind,
    /// What it has: more than one where several sysctls or services have the word.
    pub entries: Vec<Entry<'a>>,
    /// Other kinds that have the word too.
    pub also: Vec<Kind>,
}

impl<'a> Library<'a> {
    /// What a word means. `None`: nothing.
    pub fn find(&self, word: &str) -> Option<Found<'a>> {
        let asked = word.split_once(':').and_then(|(kind, rest)| {
            let mut kinds = Kind::ALL.into_iter();
            Some((kinds.find(|known| known.name() == kind)?, rest))
        });
        if let Some((kind, rest)) = asked {
            let (entries, also) = (self.of_kind(kind, rest), Vec::new());
            let found = Found {
                kind,
                entries,
                also,
            };
            return (!found.entries.is_empty()).then_some(found);
        }
        let mut all = Kind::ALL
            .into_iter()
            .map(|kind| (kind, self.of_kind(kind, word)))
            .filter(|(_, entries)| !entries.is_empty());
        let (kind, entries) = all.next()?;
        Some(Found {
            kind,
            entries,
            also: all.map(|(kind, _)| kind).collect(),
        })
    }

    /// Where a word was asked for as one kind and is another: the word, and what it is.
    pub fn elsewhere<'w>(&self, word: &'w str) -> Option<(&'w str, Kind)> {
        let (kind, rest) = word.split_once(':')?;
        let known = Kind::ALL.into_iter().any(|known| known.name() == kind);
        let found = self.find(rest).filter(|_| known)?;
        Some((rest, found.kind))
    }

    /// Words that are like this one, the most alike first.
    pub fn suggestions(&self, word: &str) -> Vec<String> {
        let word = word.rsplit_once(':').map_or(word, |(_, word)| word);
        let small = word.to_lowercase();
        let words = self.words();
        let lower: BTreeMap<String, &str> = words
            .iter()
            .map(|word| (word.to_lowercase(), word.as_str()))
            .collect();
        several(&small, lower.keys().map(String::as_str), SUGGESTED)
            .into_iter()
            .filter_map(|near| lower.get(near).map(|word| (*word).to_owned()))
            .collect()
    }

    /// Every word that means something.
    pub fn words(&self) -> Vec<String> {
        let rules = self.rules.iter();
        let rules = rules.flat_map(|rule| [rule.id.clone(), rule.name.clone()]);
        let topics = pages::topics()
            .into_iter()
            .map(|topic| topic.name.to_owned());
        let counters = COUNTERS
            .iter()
            .map(|counter| short(counter.name).to_owned());
        let keys = sysctls::all().filter(|sysctl| !sysctl.key.contains('*'));
        let keys = keys.flat_map(|sysctl| [sysctl.key.to_owned(), last(sysctl.key).to_owned()]);
        let services = self.services.names().map(str::to_owned);
        let queue = std::iter::once("queue".to_owned());
        rules
            .chain(topics)
            .chain(counters)
            .chain(keys)
            .chain(services)
            .chain(queue)
            .collect()
    }

    fn of_kind(&self, kind: Kind, word: &str) -> Vec<Entry<'a>> {
        let small = word.to_lowercase();
        let pages: Vec<Page> = match kind {
            Kind::Rule => self.rule(&small).into_iter().collect(),
            Kind::Family => self.family(&small).into_iter().collect(),
            Kind::Topic => pages::named(&pages::topics(), everyday(&small))
                .iter()
                .map(kinds::topic)
                .collect(),
            Kind::Counter => {
                let same = |name: &str| {
                    let name = name.to_lowercase();
                    small == name || small == short(&name) || small == name.replace('.', "")
                };
                let found = COUNTERS.iter().filter(|counter| same(counter.name));
                found.map(kinds::counter).collect()
            }
            Kind::Sysctl => found_sysctls(word).into_iter().map(kinds::sysctl).collect(),
            Kind::Service => {
                let found = self.service(word, &small).into_iter();
                return found.map(Entry::Service).collect();
            }
        };
        pages.into_iter().map(Entry::Page).collect()
    }

    fn rule(&self, small: &str) -> Option<Page> {
        let mut rules = self.rules.iter();
        let rule = rules.find(|rule| rule.id.to_lowercase() == small || rule.name == small)?;
        Some(kinds::rule(rule, self.page(rule)))
    }

    /// The page that was written for a rule: the user's own, or the one that the binary carries.
    pub fn page(&self, rule: &Rule) -> Option<&'a str> {
        let own = self.pages.get(&rule.id).map(String::as_str);
        own.or_else(|| pages::rule(&rule.name))
    }

    /// A family in the notation of `--only`: `BL`, `BL2`, `BL2xx`.
    fn family(&self, word: &str) -> Option<Page> {
        let (beginning, selector) = Selector::family(word, self.rules)?;
        let rules = self.rules.iter().map(|rule| &**rule);
        let rules: Vec<&Rule> = rules.filter(|rule| selector.has(&rule.id)).collect();
        Some(kinds::family(&beginning, &rules))
    }

    fn service(&self, word: &str, small: &str) -> Vec<&'a Service> {
        match self.services.by_name(small) {
            Some(service) => vec![service],
            None => self.services.known_as(word),
        }
    }
}

/// Words that people say, with the topic that answers them.
const EVERYDAY: [(&str, &str); 15] = [
    ("backlog", "accept-queue"),
    ("backlogs", "accept-queue"),
    ("listen", "accept-queue"),
    ("listen()", "accept-queue"),
    ("listener", "accept-queue"),
    ("queues", "accept-queue"),
    ("overflow", "drops"),
    ("overflows", "drops"),
    ("drop", "drops"),
    ("recv-q", "by-hand"),
    ("send-q", "by-hand"),
    ("restart", "relisten"),
    ("reload", "relisten"),
    ("syn", "syn-queue"),
    ("timeout", "client-symptoms"),
];

/// The topic that an everyday word is about, or the word itself.
fn everyday(small: &str) -> &str {
    let found = EVERYDAY.iter().find(|(word, _)| *word == small);
    found.map_or(small, |(_, topic)| topic)
}

/// `ListenDrops` of `TcpExt.ListenDrops`, in any case.
fn short(name: &str) -> &str {
    name.split_once('.').map_or(name, |(_, short)| short)
}

/// The last component of a key.
fn last(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// The sysctl of a key in any spelling; else those whose last component the word is.
fn found_sysctls(word: &str) -> Vec<&'static Sysctl> {
    let word = word.strip_prefix("/proc/sys/").unwrap_or(word);
    let key = normalise_key(word);
    if let Some(sysctl) = sysctls::find(&key).or_else(|| sysctls::find(&key.to_lowercase())) {
        return vec![sysctl];
    }
    let small = word.to_lowercase();
    sysctls::all()
        .filter(|sysctl| last(sysctl.key) == small)
        .collect()
}
