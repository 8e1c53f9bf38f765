//! An entry of the catalogue in words, for people: what a kernel starts with, what it takes, whose the
//! value is, and since when.

use super::entry::{Owner, Start, Sysctl, Takes};
use crate::kernel::version::Version;

/// Facts of a sysctl as label and text. A fact that the catalogue does not have is left out.
pub fn facts(sysctl: &Sysctl) -> Vec<(&'static str, String)> {
    let all = [
        ("default", start(sysctl)),
        ("takes", takes(sysctl.takes)),
        ("whose", sysctl.owner.map(owner)),
        ("since", sysctl.since.map(|since| format!("Linux {since}"))),
        ("until", until(sysctl)),
        ("source", Some(sysctl.source.to_owned())),
    ];
    let known = all.into_iter();
    known
        .filter_map(|(label, text)| Some((label, text?)))
        .collect()
}

fn start(sysctl: &Sysctl) -> Option<String> {
    match sysctl.default {
        Start::Depends => None,
        Start::Always(value) => Some(shown(value)),
        Start::By(values) => {
            let one = |(from, value): &(Version, Option<&str>)| {
                let value = value.map_or_else(|| "depends on the machine".to_owned(), shown);
                (*from, value)
            };
            Some(eras(&values.iter().map(one).collect::<Vec<_>>()))
        }
    }
}

fn shown(value: &str) -> String {
    match value.is_empty() {
        true => "empty".to_owned(),
        false => value.to_owned(),
    }
}

fn takes(takes: &[(Version, Takes)]) -> Option<String> {
    let one = |(from, takes): &(Version, Takes)| (*from, taken(*takes));
    let all: Vec<(Version, String)> = takes.iter().map(one).collect();
    (!all.is_empty()).then(|| eras(&all))
}

fn taken(takes: Takes) -> String {
    match takes {
        Takes::Number(least, most) => format!("{least} to {most}"),
        Takes::Seconds => "seconds".to_owned(),
        Takes::Milliseconds => "milliseconds".to_owned(),
        Takes::Numbers(count, least, most) => format!("{count} numbers of {least} to {most}"),
        Takes::PortRange => "the lowest port and the highest".to_owned(),
        Takes::Ports => "ports and ranges of ports, with commas between".to_owned(),
        Takes::Word => "a word".to_owned(),
        Takes::Nothing => "nothing: it is read-only".to_owned(),
    }
}

/// `128, 4096 since Linux 5.4`. What holds since the catalogue's beginning, or alone, has no version.
fn eras(values: &[(Version, String)]) -> String {
    let one = |(n, (from, value)): (usize, &(Version, String))| match n == 0
        && (values.len() > 1 || *from <= super::entry::V3_10)
    {
        true => value.clone(),
        false => format!("{value} since Linux {from}"),
    };
    let words: Vec<String> = values.iter().enumerate().map(one).collect();
    words.join(", ")
}

fn owner(owner: Owner) -> String {
    match owner {
        Owner::Each(since) if since <= super::entry::V3_10 => {
            "each namespace has its own".to_owned()
        }
        Owner::Each(since) => {
            format!("each namespace has its own since Linux {since}; the machine had one before")
        }
        Owner::Machine(None) => "the machine has one; no other namespace has the file".to_owned(),
        Owner::Machine(Some(since)) if since <= super::entry::V3_10 => {
            "the machine has one, which every namespace shows".to_owned()
        }
        Owner::Machine(Some(since)) => {
            format!("the machine has one, which other namespaces show since Linux {since}")
        }
    }
}

fn until(sysctl: &Sysctl) -> Option<String> {
    let gone = sysctl.gone?;
    Some(match gone.instead {
        None => format!("Linux {} removed it", gone.in_),
        Some(key) => format!("Linux {} removed it, and {key} does the same", gone.in_),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{all, find};
    use super::facts;

    fn fact(key: &str, label: &str) -> Option<String> {
        let found = facts(find(key)?).into_iter();
        found
            .filter(|(name, _)| *name == label)
            .map(|(_, text)| text)
            .next()
    }

    #[test]
    fn what_changed_by_version_is_told_with_the_version() {
        let key = "net.core.somaxconn";
        assert_eq!(fact(key, "default").unwrap(), "128, 4096 since Linux 5.4");
        assert_eq!(
            fact(key, "takes").unwrap(),
            "0 to 65535, 0 to 2147483647 since Linux 4.1"
        );
        let key = "net.ipv4.tcp_syncookies";
        assert!(fact(key, "whose").unwrap().contains("since Linux 4.6"));
        assert_eq!(fact("net.ipv4.tcp_max_syn_backlog", "default"), None);
        let gone = fact("net.ipv4.tcp_tw_recycle", "until").unwrap();
        assert_eq!(gone, "Linux 4.12 removed it");
    }

    #[test]
    fn every_entry_has_facts() {
        for sysctl in all() {
            assert!(!facts(sysctl).is_empty(), "{}", sysctl.key);
        }
    }
}
