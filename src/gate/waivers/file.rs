//! The waivers file: YAML or JSON, each entry with rule, subject and reason. All faults of all entries
//! are found; with any fault no waiver is in force.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::Waiver;
use crate::gate::pattern::Pattern;
use crate::gate::selector::Selector;
use crate::gate::subject::Field;
use crate::rules::RuleSet;
use crate::snapshot::Protocol;
use crate::text::diagnostic::Diagnostic;
use crate::text::document::Document;
use crate::text::locate::Step;
use crate::text::nearest::nearest;
use crate::text::positions::Positions;

/// How an entry looks, for whoever wrote something else.
const EXAMPLE: &str = "an entry is `{rule: BL101, subject: {netns: host, address: \"0.0.0.0:80\"}, reason: why it is \
                       accepted}`; `backlint audit --print-waivers` writes them";

/// Findings that somebody accepted.
#[derive(Deserialize, JsonSchema)]
#[schemars(title = "Waivers of backlint")]
#[serde(deny_unknown_fields, expecting = "a mapping with the list `waivers`")]
struct File {
    /// The entries. Of several that fit a finding the first that holds is told.
    waivers: Vec<Entry>,
}

/// One accepted finding.
#[derive(Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an entry with rule, subject and reason"
)]
struct Entry {
    /// Id (BL101), name (backlog-truncated) or family (BL1, BL1xx, ACME) of the rules, in any case.
    #[schemars(length(min = 1))]
    rule: String,
    /// What the finding is about.
    subject: Fields,
    /// Why it is accepted.
    #[schemars(length(min = 1))]
    reason: String,
    /// Who answers for it.
    #[schemars(length(min = 1))]
    owner: Option<String>,
    /// The last day on which it holds, in UTC. After that the finding is in force again, and the run fails.
    #[schemars(extend("format" = "date", "type" = "string"), transform = without_default)]
    #[serde(default, deserialize_with = "a_day")]
    expires: Option<String>,
}

fn without_default(schema: &mut schemars::Schema) {
    schema.remove("default");
}

/// A day that is named has to be one: without it the waiver would hold for ever.
fn a_day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

/// What a finding is about. Each field is a pattern: `*` is any text, `?` one character, `\` takes the next
/// one for itself. All that are given have to fit.
#[derive(Deserialize, JsonSchema)]
#[schemars(extend("minProperties" = 1))]
#[serde(
    deny_unknown_fields,
    expecting = "fields such as `{netns: host, protocol: tcp, address: \"0.0.0.0:80\"}`"
)]
struct Fields {
    /// Name of the host, for a file that serves several; without it any host.
    host: Option<String>,
    /// Network namespace, by its workload or its name; `host` for the host's own and for the whole host.
    netns: Option<String>,
    /// Protocol of the listener: tcp, mptcp, unix and others.
    protocol: Option<String>,
    /// Address of the listener, such as 0.0.0.0:80 or /run/php.sock.
    address: Option<String>,
    /// Service that listens, such as nginx. A listener whose service is not known does not fit.
    service: Option<String>,
    /// Sysctl that the finding is about, such as net.core.somaxconn.
    sysctl: Option<String>,
}

impl Fields {
    fn given(&self) -> impl Iterator<Item = (Field, &str)> {
        let value = |field| match field {
            Field::Host => &self.host,
            Field::Netns => &self.netns,
            Field::Protocol => &self.protocol,
            Field::Address => &self.address,
            Field::Service => &self.service,
            Field::Sysctl => &self.sysctl,
        };
        let all = Field::ALL.into_iter();
        all.filter_map(move |field| Some((field, value(field).as_deref()?)))
    }
}

/// The JSON Schema of a waivers file.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(File)
}

/// Faults that are told; whoever mends these meets the next ones.
const TOLD: usize = 20;

/// Reads files, given as name and text.
pub(super) fn load(
    files: &[(String, String)],
    rules: &RuleSet,
) -> Result<Vec<Waiver>, Vec<Diagnostic>> {
    let mut waivers = Vec::new();
    let mut faults = Vec::new();
    let mut seen = BTreeMap::new();
    for (name, text) in files {
        let document = Document::new(name, text);
        let file: File = match document.read() {
            Ok(file) => file,
            Err(fault) => {
                faults.push(with_remedy(fault));
                continue;
            }
        };
        let positions = &Positions::of(text);
        for (n, entry) in file.waivers.into_iter().enumerate() {
            if faults.len() >= TOLD {
                break;
            }
            let place = positions.place(&["waivers".into(), n.into()]);
            let line = place.map_or(1, |(line, _)| line);
            let reader = Reader {
                document,
                positions,
                n,
                rules,
            };
            match reader.waiver(entry, (name.clone(), line)) {
                Err(fault) => faults.push(fault),
                Ok(waiver) => {
                    let ids: Vec<String> = waiver.rules.ids().map(str::to_owned).collect();
                    let key = (ids, waiver.subject.clone());
                    if let Some((file, line)) = seen.insert(key, waiver.place.clone()) {
                        let message = "a second waiver is about the same";
                        let help = format!("the first is {file}:{line}: keep one of them");
                        faults.push(reader.at(&[], message).with_help(help));
                    }
                    waivers.push(waiver);
                }
            }
        }
    }
    if faults.is_empty() {
        Ok(waivers)
    } else {
        Err(faults)
    }
}

/// Adds what the parser does not know: what belongs there.
fn with_remedy(fault: Diagnostic) -> Diagnostic {
    let help = match &fault.help {
        Some(_) => return fault,
        None if fault.message.contains("missing field `reason`") => REASON,
        None if fault.message.contains("missing field `subject`") => SUBJECT,
        None => EXAMPLE,
    };
    fault.with_help(help)
}

const REASON: &str = "say why the finding is accepted, for whoever meets it later";
const SUBJECT: &str = "name what it is about, such as `{netns: host, address: \"0.0.0.0:80\"}`; `{netns: \"*\"}` is everything";
const EXPIRES: &str = "write the last day on which it holds like 2027-01-31";

/// One entry and its place.
struct Reader<'a> {
    document: Document<'a>,
    /// Of the whole file, which is long when it has many faults.
    positions: &'a Positions,
    n: usize,
    rules: &'a RuleSet,
}

impl Reader<'_> {
    fn at(&self, path: &[Step], message: impl Into<String>) -> Diagnostic {
        let mut whole: Vec<Step> = vec!["waivers".into(), self.n.into()];
        whole.extend_from_slice(path);
        self.document
            .at_place(self.positions.place(&whole), message)
    }

    fn waiver(&self, entry: Entry, place: (String, usize)) -> Result<Waiver, Diagnostic> {
        let rules = Selector::parse(&entry.rule, self.rules).map_err(|fault| {
            let help = format!("{}; rules of your own need --rules here too", fault.help());
            let help = if fault.near.is_some() {
                fault.help()
            } else {
                help
            };
            self.at(&["rule".into()], fault.to_string()).with_help(help)
        })?;
        let patterns = self.patterns(&entry.subject, &rules)?;
        if entry.reason.trim().is_empty() {
            return Err(self
                .at(&["reason".into()], "`reason` is empty")
                .with_help(REASON));
        }
        if entry
            .owner
            .as_ref()
            .is_some_and(|owner| owner.trim().is_empty())
        {
            let help = "name a person or a team, or leave the line out";
            return Err(self
                .at(&["owner".into()], "`owner` is empty")
                .with_help(help));
        }
        let last_day = match &entry.expires {
            None => None,
            Some(text) => Some(day(text).ok_or_else(|| {
                let message = format!("`{text}` is not a day of the calendar");
                self.at(&["expires".into()], message).with_help(EXPIRES)
            })?),
        };
        let subject: Vec<&str> = patterns.iter().map(|(_, it)| it.as_str()).collect();
        Ok(Waiver {
            rule: entry.rule,
            subject: subject.join(" "),
            reason: entry.reason,
            owner: entry.owner,
            expires: entry.expires,
            place,
            rules,
            patterns,
            last_day,
        })
    }

    fn patterns(
        &self,
        subject: &Fields,
        rules: &Selector,
    ) -> Result<Vec<(Field, Pattern)>, Diagnostic> {
        let path = |field: Field| ["subject".into(), field.name().into()];
        let mut patterns: Vec<(Field, Pattern)> = Vec::new();
        for (field, text) in subject.given() {
            if text.trim().is_empty() {
                let message = format!("`{}` is empty, which fits nothing", field.name());
                let help = "leave it out, or write `\"*\"` for any";
                return Err(self.at(&path(field), message).with_help(help));
            }
            let pattern = Pattern::new(text);
            let mut protocols = Protocol::ALL.iter().map(|protocol| protocol.name());
            if field == Field::Protocol && !protocols.any(|name| pattern.fits(name)) {
                return Err(self.no_protocol(&path(field), text));
            }
            let of_rules = self.rules.iter().filter(|rule| rules.has(&rule.id));
            let before = || patterns.iter().map(|(field, _)| *field).chain([field]);
            let has_all = |scope| before().all(|field| field.is_of(scope));
            if !of_rules.into_iter().any(|rule| has_all(rule.scope)) {
                let message = format!("no finding of this rule has `{}`", field.name());
                let help =
                    "`backlint audit --print-waivers` writes entries with what findings have";
                return Err(self.at(&path(field), message).with_help(help));
            }
            patterns.push((field, pattern));
        }
        if patterns.is_empty() {
            return Err(self
                .at(&["subject".into()], "`subject` says nothing")
                .with_help(SUBJECT));
        }
        Ok(patterns)
    }

    fn no_protocol(&self, path: &[Step], text: &str) -> Diagnostic {
        let names = Protocol::ALL.map(|protocol| protocol.name());
        let help = match nearest(text, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known: {}", names.join(", ")),
        };
        self.at(path, format!("`{text}` fits no protocol"))
            .with_help(help)
    }
}

/// A day that exists, in the one notation that sorts.
fn day(text: &str) -> Option<Date> {
    let day: Date = text.parse().ok()?;
    (day.to_string() == text).then_some(day)
}
