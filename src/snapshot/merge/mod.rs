//! Merges what a trace saw into a record that exists: the requests. What the record had stays as it was,
//! and all that differs is told, because a record is what was true at its own time.
//!
//! A listener of the record is one of the trace if namespace (its workload, which stays when it is made
//! again), protocol and address are the same, and nothing says that it is another program's.

mod record;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use record::Record;

use super::{Gap, Listener, Namespace, Requested, Snapshot, Source};

/// Something about one listener that is worth telling.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Where: `0.0.0.0:80`, or `0.0.0.0:80 in docker/web`.
    pub place: String,
    /// What.
    pub what: What,
}

/// What became of a listener that was seen.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// The record has the request now.
    Learnt(i64),
    /// The record had another number, with how it was known.
    Changed(Option<i64>, Source, i64),
    /// The queue's maximum in the record, and the one that was seen.
    OtherMaximum(u32, u32),
    /// It belongs to the first in the record and to the second in the trace.
    OtherProgram(String, String),
    /// The record did not have it.
    Added,
    /// It was seen, and is neither in the record nor there any more.
    Gone,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        match &self.what {
            What::Learnt(asked) => write!(f, "asked for {asked}"),
            What::Changed(was, source, asked) => {
                let was = was.map_or("somaxconn".to_owned(), |was| was.to_string());
                let source = source.name();
                write!(f, "asked for {asked}; the file had {was} ({source})")
            }
            What::OtherMaximum(was, max) => write!(
                f,
                "its queue's maximum is {max} now and {was} in the file, which stays"
            ),
            What::OtherProgram(was, is) => write!(
                f,
                "of {was} in the file and of {is} now: the file keeps what it has"
            ),
            What::Added => f.write_str("it was not in the file, and is added"),
            What::Gone => f.write_str("it was not in the file, and listens no more: left out"),
        }
    }
}

/// Puts the requests of `seen`, a record of a trace, into `record`; what is to be told, in the order of
/// `seen`. `gone` are listeners of its namespaces that are in no record, by the namespace's place in it.
/// `alone`: the only namespace of each is the same one, whatever it is called.
pub fn merge(
    record: &mut Snapshot,
    seen: &Snapshot,
    gone: &[(usize, Listener)],
    alone: bool,
) -> Vec<Told> {
    let alone = alone && record.namespaces.len() == 1 && seen.namespaces.len() == 1;
    let mut lost: BTreeMap<usize, Vec<&Listener>> = BTreeMap::new();
    for (of, listener) in gone {
        lost.entry(*of).or_default().push(listener);
    }
    let mut tellings = Tellings::default();
    let mut open = Record::new(record);
    for (n, namespace) in seen.namespaces.iter().enumerate() {
        let there = namespace.listeners.iter().filter(|it| asked(it).is_some());
        let gone = lost.remove(&n).unwrap_or_default().into_iter();
        let all = there.map(|it| (it, true));
        for one in all.chain(gone.map(|it| (it, false))) {
            learn(&mut open, namespace, one, alone, &mut tellings);
        }
    }
    drop(open);
    let traced = |gap: &&Gap| gap.what == "trace" && !record.gaps.contains(gap);
    let gaps: Vec<Gap> = seen.gaps.iter().filter(traced).cloned().collect();
    record.gaps.extend(gaps);
    tellings.all
}

/// What is to be told, once: sockets of one SO_REUSEPORT group are one for people.
#[derive(Default)]
struct Tellings {
    all: Vec<Told>,
    known: BTreeSet<String>,
}

impl Tellings {
    fn add(&mut self, place: &str, what: What) {
        let new = Told {
            place: place.to_owned(),
            what,
        };
        if self.known.insert(new.to_string()) {
            self.all.push(new);
        }
    }
}

/// What a listener was seen to ask for.
fn asked(listener: &Listener) -> Option<i64> {
    let requested = listener.requested.as_ref();
    let traced = requested.filter(|requested| requested.source == Source::Trace);
    traced?.backlog
}

fn learn(
    record: &mut Record<'_>,
    namespace: &Namespace,
    (listener, lives): (&Listener, bool),
    alone: bool,
    tellings: &mut Tellings,
) {
    let Some(backlog) = asked(listener) else {
        return;
    };
    let place = match namespace.is_host() {
        true => listener.address.clone(),
        false => format!("{} in {}", listener.address, namespace.name),
    };
    let mut tell = |what| tellings.add(&place, what);
    let fitting = match alone {
        true => vec![0],
        false => record.like(namespace),
    };
    let mut found = false;
    for at in fitting {
        found |= record.each(at, listener, |it| put(it, listener, backlog, &mut tell));
    }
    match (found, lives) {
        (true, _) => {}
        (false, false) => tell(What::Gone),
        (false, true) => {
            tell(What::Added);
            record.add(namespace, listener, alone);
        }
    }
}

/// Puts a request into a listener of the record, unless that is another program's.
fn put(it: &mut Listener, seen: &Listener, backlog: i64, tell: &mut impl FnMut(What)) {
    if let Some((was, is)) = others(it, seen) {
        return tell(What::OtherProgram(was, is));
    }
    let was = it.requested.as_ref();
    let was = was.filter(|was| was.backlog == Some(backlog) && was.applied);
    let new = Requested {
        backlog: Some(backlog),
        source: Source::Trace,
        // Where the same number is written is still true.
        place: was.and_then(|was| was.place.clone()),
        applied: true,
    };
    match &it.requested {
        Some(was) if was.backlog != Some(backlog) => {
            tell(What::Changed(was.backlog, was.source, backlog));
        }
        Some(_) => {}
        None => tell(What::Learnt(backlog)),
    }
    it.requested = Some(new);
    if let (Some(was), Some(max)) = (it.accept_queue.max, seen.accept_queue.max)
        && was != max
    {
        tell(What::OtherMaximum(was, max));
    }
}

/// The names of two programs, where they are known to be two.
fn others(a: &Listener, b: &Listener) -> Option<(String, String)> {
    let differ = |a: Option<&str>, b: Option<&str>| {
        let both = a.zip(b).filter(|(a, b)| a != b);
        both.map(|(a, b)| (a.to_owned(), b.to_owned()))
    };
    if a.service.is_some() && b.service.is_some() {
        return differ(a.service.as_deref(), b.service.as_deref());
    }
    let comms = |it: &Listener| -> Vec<String> {
        let comms = it.owners.iter().filter_map(|owner| owner.comm.clone());
        comms.collect()
    };
    let (ours, theirs) = (comms(a), comms(b));
    // A manager that handed the socket over holds it too, and one of several may be gone.
    let shared = ours.iter().any(|comm| theirs.contains(comm));
    match shared {
        true => None,
        false => differ(
            ours.first().map(String::as_str),
            theirs.first().map(String::as_str),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{Owner, Protocol};

    fn listener(address: &str, comm: &str, max: u32) -> Listener {
        let mut it = Listener::new(Protocol::Tcp, address);
        it.accept_queue.max = Some(max);
        it.owners = vec![Owner {
            comm: Some(comm.to_owned()),
            ..Owner::default()
        }];
        it
    }

    fn traced(address: &str, comm: &str, max: u32, backlog: i64) -> Listener {
        let mut it = listener(address, comm, max);
        it.requested = Some(Requested {
            backlog: Some(backlog),
            source: Source::Trace,
            place: None,
            applied: true,
        });
        it
    }

    fn record(namespaces: &[(&str, Vec<Listener>)]) -> Snapshot {
        let namespaces = namespaces.iter().map(|(name, listeners)| Namespace {
            listeners: listeners.clone(),
            ..Namespace::new(*name)
        });
        Snapshot {
            namespaces: namespaces.collect(),
            ..Snapshot::default()
        }
    }

    fn words(told: &[Told]) -> Vec<String> {
        told.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn requests_are_learnt_and_everything_else_stays() {
        let (web, ssh) = ("0.0.0.0:80", "0.0.0.0:22");
        let mut file = record(&[(
            "host",
            vec![listener(ssh, "sshd", 128), listener(web, "nginx", 128)],
        )]);
        let seen = record(&[(
            "host",
            vec![listener(ssh, "sshd", 128), traced(web, "nginx", 4096, 511)],
        )]);
        let told = merge(&mut file, &seen, &[], false);
        let expected = [
            "0.0.0.0:80: asked for 511",
            "0.0.0.0:80: its queue's maximum is 4096 now and 128 in the file, which stays",
        ];
        assert_eq!(words(&told), expected);
        let stays = traced(web, "nginx", 128, 511);
        assert_eq!(
            file.namespaces[0].listeners,
            [listener(ssh, "sshd", 128), stays]
        );
    }

    #[test]
    fn a_number_that_was_known_otherwise_gives_way_and_is_told() {
        let mut old = listener("0.0.0.0:80", "nginx", 128);
        old.requested = Some(Requested {
            source: Source::Default,
            ..traced("", "", 0, 100).requested.unwrap()
        });
        let mut file = record(&[("host", vec![old])]);
        let seen = record(&[("host", vec![traced("0.0.0.0:80", "nginx", 128, 511)])]);
        let told = merge(&mut file, &seen, &[], false);
        assert_eq!(
            words(&told),
            ["0.0.0.0:80: asked for 511; the file had 100 (default)"]
        );
        assert_eq!(file, seen);
        assert_eq!(merge(&mut file, &seen, &[], false), []);
    }

    #[test]
    fn another_programs_listener_is_left_alone() {
        let mut file = record(&[("host", vec![listener("0.0.0.0:80", "apache2", 128)])]);
        let before = file.clone();
        let seen = record(&[("host", vec![traced("0.0.0.0:80", "nginx", 128, 511)])]);
        let told = merge(&mut file, &seen, &[], false);
        let expected =
            "0.0.0.0:80: of apache2 in the file and of nginx now: the file keeps what it has";
        assert_eq!(words(&told), [expected]);
        assert_eq!(file, before);
    }

    #[test]
    fn what_is_new_is_added_in_its_place_and_what_is_gone_only_told() {
        let mut file = record(&[("host", vec![listener("0.0.0.0:90", "old", 5)])]);
        let seen = record(&[
            ("host", vec![traced("0.0.0.0:80", "nginx", 128, 511)]),
            (
                "docker/web",
                vec![
                    listener("0.0.0.0:1", "x", 1),
                    traced("0.0.0.0:2", "y", 2, 2),
                ],
            ),
        ]);
        let gone = [
            (0, traced("0.0.0.0:90", "old", 5, 50)),
            (0, traced("0.0.0.0:91", "z", 5, 6)),
        ];
        let told = merge(&mut file, &seen, &gone, false);
        let expected = [
            "0.0.0.0:80: it was not in the file, and is added",
            "0.0.0.0:90: asked for 50",
            "0.0.0.0:91: it was not in the file, and listens no more: left out",
            "0.0.0.0:2 in docker/web: it was not in the file, and is added",
        ];
        assert_eq!(words(&told), expected);
        let names: Vec<&str> = file
            .namespaces
            .iter()
            .flat_map(|it| &it.listeners)
            .map(|it| it.address.as_str())
            .collect();
        assert_eq!(names, ["0.0.0.0:80", "0.0.0.0:90", "0.0.0.0:2"]);
    }

    #[test]
    fn what_is_added_comes_in_front_of_the_first_that_comes_after_it() {
        let at = |port: u32| format!("0.0.0.0:{port}");
        let mut file = record(&[(
            "host",
            [50, 20, 70].map(|port| listener(&at(port), "a", 5)).into(),
        )]);
        let new = [90, 10, 60, 30].map(|port| traced(&at(port), "b", 5, 5));
        merge(&mut file, &record(&[("host", new.into())]), &[], false);
        let ports = file.namespaces[0].listeners.iter();
        let ports: Vec<&str> = ports.map(|it| &it.address[8..]).collect();
        assert_eq!(ports, ["10", "30", "50", "20", "60", "70", "90"]);
    }

    #[test]
    fn as_many_as_a_trace_remembers_are_merged_soon() {
        let address = |n: u32| format!("127.{}.{}.{}:80", n >> 16, n >> 8 & 255, n & 255);
        let all = |from, to| (from..to).map(|n| traced(&address(n), "nginx", 5, 5));
        let mut file = record(&[("host", all(0, 50_000).collect())]);
        let seen = record(&[("host", all(25_000, 75_000).collect())]);
        let gone: Vec<(usize, Listener)> = all(75_000, 100_000).map(|it| (0, it)).collect();
        let start = std::time::Instant::now();
        let told = merge(&mut file, &seen, &gone, false);
        assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
        assert_eq!(file.namespaces[0].listeners.len(), 75_000);
        assert_eq!(told.len(), 50_000);
    }

    #[test]
    fn every_instance_of_a_workload_learns_what_one_asked_for() {
        let mut file = record(&[
            ("pod/web-a", vec![listener("0.0.0.0:80", "nginx", 128)]),
            ("pod/web-b", vec![listener("0.0.0.0:80", "nginx", 128)]),
        ]);
        let mut seen = record(&[("pod/web-c", vec![traced("0.0.0.0:80", "nginx", 128, 511)])]);
        for netns in file.namespaces.iter_mut().chain(&mut seen.namespaces) {
            netns.workload = Some("pod/web".to_owned());
        }
        merge(&mut file, &seen, &[], false);
        let learnt = |n: usize| asked(&file.namespaces[n].listeners[0]);
        assert_eq!(
            (learnt(0), learnt(1), file.namespaces.len()),
            (Some(511), Some(511), 2)
        );
    }

    #[test]
    fn a_commands_namespace_is_the_only_one_of_the_file_whatever_its_name() {
        let mut file = record(&[("docker/web", vec![listener("0.0.0.0:80", "nginx", 128)])]);
        let seen = record(&[(
            "self",
            vec![
                traced("0.0.0.0:80", "nginx", 128, 511),
                traced("0.0.0.0:81", "nginx", 128, 5),
            ],
        )]);
        merge(&mut file, &seen, &[], true);
        assert_eq!(file.namespaces.len(), 1);
        assert_eq!(file.namespaces[0].listeners, seen.namespaces[0].listeners);
    }
}
