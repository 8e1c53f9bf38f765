//! Which service is behind a listener: signs of its owners, compared to the catalogue.

use super::catalogue::{Catalogue, Sign, cut, matches_around};
use super::host::file_name;
use super::service::{Kind, OneOrMore, Service, Signs, VersionSource};
use crate::snapshot::{Listener, Owner, Source};
use crate::text::name::is_unit;

/// A service and what decides its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identified<'a> {
    /// The name in findings: the service's, or the program's own where only its library is known.
    pub name: &'a str,
    /// The program that serves the socket; `None` where only the supervisor is known.
    pub service: Option<&'a Service>,
    /// What called listen(2): differs under socket activation, where systemd did.
    pub asker: &'a Service,
    /// Whether systemd listened and passed the socket on, or keeps it until somebody connects.
    pub activated: bool,
}

/// What is known of a process when it is compared to signs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Candidate<'a> {
    pub(super) owner: Option<&'a Owner>,
    pub(super) unit: Option<&'a str>,
    /// The command line, where it was read.
    pub(super) arguments: &'a [String],
}

impl Catalogue {
    /// Finds the service behind a listener.
    ///
    /// systemd holds the sockets of its .socket units together with the service it started: the
    /// service is then the other process, and the request was systemd's, unless the service is
    /// known to call listen(2) again.
    pub fn identify<'a>(&'a self, listener: &'a Listener) -> Option<Identified<'a>> {
        let owners = &listener.owners;
        let supervisor = owners.iter().find_map(|owner| self.supervisor(owner));
        // Where the number stands in a .socket unit, nobody listened again since.
        let by_socket = written_in_socket(listener);
        let supervisor = supervisor.or_else(|| self.by_name("systemd").filter(|_| by_socket));
        let recorded = listener.service.as_deref();
        // What is stated is no guess: a name that is not known here is kept, and nothing is known of it.
        let worker = match recorded {
            Some(name) => self.by_name(name).map(|known| (known, speaker(owners))),
            None => self.worker(listener),
        };
        let name = match worker {
            Some((service, owner)) if service.kind == Kind::Library => {
                let program = owner.and_then(|owner| owner.comm.as_deref());
                Some(program.unwrap_or(&service.name))
            }
            Some((service, _)) => Some(service.name.as_str()),
            None => recorded,
        };
        let service = worker.map(|(service, _)| service);
        match (service, supervisor) {
            (None, None) => None,
            (Some(service), Some(supervisor)) if by_socket || !service.relistens => {
                Some(Identified {
                    name: name.unwrap_or(&service.name),
                    service: Some(service),
                    asker: supervisor,
                    activated: true,
                })
            }
            (Some(service), _) => Some(Identified {
                name: name.unwrap_or(&service.name),
                service: Some(service),
                asker: service,
                activated: false,
            }),
            (None, Some(supervisor)) => {
                // The worker is a program that nobody knows: its own name is the best there is.
                let program = speaker(owners)
                    .filter(|owner| !is_supervisor(owner))
                    .and_then(|owner| owner.comm.as_deref());
                Some(Identified {
                    name: name.or(program).unwrap_or(&supervisor.name),
                    service: None,
                    asker: supervisor,
                    activated: true,
                })
            }
        }
    }

    /// The service of the owner that shows the strongest signs.
    fn worker<'a>(&'a self, listener: &'a Listener) -> Option<(&'a Service, Option<&'a Owner>)> {
        let unit = listener.unit.as_deref();
        let mut best: Option<(u32, &Service, &Owner)> = None;
        let mut last: Option<&Owner> = None;
        for owner in &listener.owners {
            // The workers of one server are alike.
            if is_supervisor(owner) || last.is_some_and(|last| alike(last, owner)) {
                continue;
            }
            last = Some(owner);
            let candidate = Candidate {
                owner: Some(owner),
                unit,
                arguments: &[],
            };
            if let Some((score, service)) = self.recognise(candidate)
                && best.is_none_or(|(most, ..)| score > most)
            {
                best = Some((score, service, owner));
            }
        }
        best.map(|(_, service, owner)| (service, Some(owner)))
    }

    /// The service of a process, and how strong its signs are.
    pub(super) fn recognise(&self, candidate: Candidate<'_>) -> Option<(u32, &Service)> {
        let mut best: Option<(u32, &Service)> = None;
        for (sign, text) in leads(candidate).into_iter().flatten() {
            for service in self.candidates(sign, text) {
                if service.kind == Kind::Supervisor {
                    continue;
                }
                let scores = service
                    .recognise
                    .iter()
                    .filter_map(|signs| score(signs, candidate));
                if let Some(score) = scores.max()
                    && best.is_none_or(|(most, known)| (score, &known.name) > (most, &service.name))
                {
                    best = Some((score, service));
                }
            }
        }
        best
    }

    fn supervisor(&self, owner: &Owner) -> Option<&Service> {
        if !is_supervisor(owner) {
            return None;
        }
        self.by_name("systemd")
    }
}

/// The process to name when people speak of a listener: not the supervisor that passed it on.
pub fn speaker(owners: &[Owner]) -> Option<&Owner> {
    owners
        .iter()
        .find(|owner| !is_supervisor(owner))
        .or_else(|| owners.first())
}

/// Whether a process is systemd, of the system or of a user, which listens for others.
pub fn is_supervisor(owner: &Owner) -> bool {
    owner.comm.as_deref() == Some("systemd") || (owner.pid == Some(1) && owner.comm.is_none())
}

/// The .socket unit whose file, or drop-in, a place is in.
pub fn socket_in(place: &str) -> Option<&str> {
    let path = place.rsplit_once(':').map_or(place, |(path, _)| path);
    path.split('/')
        .map(|part| part.strip_suffix(".d").unwrap_or(part))
        .find(|part| is_unit(part, ".socket"))
}

fn written_in_socket(listener: &Listener) -> bool {
    let asked = listener.requested.as_ref();
    let asked = asked.filter(|asked| asked.source == Source::Config);
    let place = asked.and_then(|asked| asked.place.as_deref());
    place.is_some_and(|place| socket_in(place).is_some())
}

fn alike(one: &Owner, other: &Owner) -> bool {
    one.comm == other.comm
        && one.exe == other.exe
        && one.program == other.program
        && one.runtime == other.runtime
}

/// The file name of a process's executable.
pub(super) fn exe_name(owner: &Owner) -> Option<&str> {
    let path = owner.exe.as_deref()?;
    // The kernel marks the file of a running program that was replaced.
    Some(file_name(path.strip_suffix(" (deleted)").unwrap_or(path)))
}

/// What the `*` of a pattern stands for in the name of a process or the path of its executable.
pub(super) fn in_name(pattern: &str, owner: &Owner) -> Option<String> {
    let (before, behind) = pattern.split_once('*')?;
    [owner.exe.as_deref(), exe_name(owner), owner.comm.as_deref()]
        .into_iter()
        .flatten()
        .filter_map(|text| text.strip_prefix(before)?.strip_suffix(behind))
        .find(|version| version.starts_with(|c: char| c.is_ascii_digit()))
        .map(str::to_owned)
}

impl Service {
    /// The version that the process's own name tells.
    pub fn version_in_name(&self, owner: &Owner) -> Option<String> {
        self.version.iter().find_map(|source| match source {
            VersionSource::Name(pattern) => in_name(pattern, owner),
            _ => None,
        })
    }
}

fn leads<'a>(candidate: Candidate<'a>) -> [Option<(Sign, &'a str)>; 5] {
    let owner = candidate.owner;
    let runtime = owner.and_then(|owner| owner.runtime);
    [
        owner
            .and_then(|owner| owner.program.as_deref())
            .map(|text| (Sign::Program, text)),
        owner.and_then(exe_name).map(|text| (Sign::Exe, text)),
        owner
            .and_then(|owner| owner.comm.as_deref())
            .map(|text| (Sign::Comm, text)),
        candidate.unit.and_then(stem).map(|text| (Sign::Unit, text)),
        runtime.map(|runtime| (Sign::Runtime, runtime.name())),
    ]
}

/// A unit's name without its suffix.
fn stem(unit: &str) -> Option<&str> {
    unit.rsplit_once('.').map(|(stem, _)| stem)
}

/// How strong these signs are in a process. `None`: one of them is missing.
fn score(signs: &Signs, candidate: Candidate<'_>) -> Option<u32> {
    let owner = candidate.owner;
    let comm = owner.and_then(|owner| owner.comm.as_deref());
    let exe = owner.and_then(exe_name);
    let program = owner.and_then(|owner| owner.program.as_deref());
    let mut score = 0;
    let mut need = |texts: &OneOrMore, worth: u32, fits: &dyn Fn(&str) -> bool| {
        if texts.0.is_empty() {
            return true;
        }
        score += worth;
        texts.0.iter().any(|text| fits(text))
    };
    let is = |found: Option<&str>, text: &str| found.is_some_and(|found| fits(found, text));
    let all = need(&signs.program, 8, &|text| is(program, text))
        && need(&signs.argument, 8, &|text| {
            candidate
                .arguments
                .iter()
                .any(|argument| fits(argument, text))
        })
        && need(&signs.exe, 4, &|text| is(exe, text))
        && need(&signs.comm, 3, &|text| is(comm, &cut(text)))
        && need(&signs.name, 3, &|text| {
            is(exe, text) || is(comm, &cut(text)) || is(program, text)
        })
        && need(&signs.unit, 2, &|text| {
            is(candidate.unit.and_then(stem), text)
        });
    let runtime = signs
        .runtime
        .is_none_or(|runtime| owner.and_then(|owner| owner.runtime) == Some(runtime));
    // The executable's own name, and a script's, say more than one that the process gave itself.
    let named = |found| signs.name.0.iter().any(|text| is(found, text));
    // Where the record has no script, the name that an interpreter's process took says what it runs.
    let titled = program.is_none() && exe.is_some_and(super::program::is_interpreter);
    let titled = titled && comm.is_some_and(|comm| !super::program::is_interpreter(comm));
    let by_title = titled && signs.name.0.iter().any(|text| is(comm, &cut(text)));
    let exact = u32::from(named(exe)) + 2 * u32::from(named(program) || by_title);
    (all && runtime).then_some(score + exact)
}

/// Whether a text is this sign, in which one `*` stands for anything.
fn fits(found: &str, sign: &str) -> bool {
    match sign.split_once('*') {
        Some((before, behind)) => matches_around(found, before, behind),
        None => found == sign,
    }
}
