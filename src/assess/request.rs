//! What a program is known to ask for where nobody wrote it down: the catalogue's default, unless
//! the queue itself contradicts it.

use super::Limits;
use crate::services::service::{Kind, Verified};
use crate::services::{self, Ask, Identified, Service};
use crate::snapshot::{Configuration, Libc, Listener, Requested, Source};

/// What a request rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Basis {
    /// The record has it: somebody saw it or read it in the configuration.
    Written,
    /// A default that nothing can change, or that the configuration was seen to leave alone.
    Firm,
    /// A default, and nobody looked at the configuration.
    Usual,
    /// A default that may well be otherwise.
    Loose,
}

impl Basis {
    /// What a request rests on that the record has: not all where a part of the configuration was
    /// not read, which may say otherwise.
    pub(super) fn of_record(requested: &Requested, configuration: Option<Configuration>) -> Self {
        match (configuration, requested.source) {
            (Some(Configuration::Hidden), Source::Config | Source::Default) => Self::Loose,
            _ => Self::Written,
        }
    }
}

/// Caps of older kernels and of the systems tuned by them, and SOMAXCONN of older C libraries: the
/// usual sizes of a stale queue.
pub(super) const FOSSILS: [u32; 2] = [128, 4096];

/// SOMAXCONN of glibc since 2.31.
const SOMAXCONN: u32 = 4096;
/// SOMAXCONN of older glibc, and of musl.
const SMALL_SOMAXCONN: u32 = 128;

/// A request of 0 on purpose.
pub(super) fn pause(why: &str) -> Option<Requested> {
    default(Some(0), why.to_owned())
}

/// What the program that called listen(2) asks for by default.
pub(super) fn by_default(
    listener: &Listener,
    service: Option<Identified<'_>>,
    limits: Limits,
) -> (Option<Requested>, Basis) {
    let somaxconn = limits.somaxconn;
    let none = (None, Basis::Loose);
    let Some(found) = service else { return none };
    let asker = found.asker;
    let named = || {
        let speaker = services::speaker(&listener.owners).filter(|_| !found.activated);
        speaker.and_then(|owner| asker.version_in_name(owner))
    };
    let version = listener.version.clone().or_else(named);
    let version = version.as_deref();
    let Some(known) = asker.default_of(listener.protocol.is_unix(), version) else {
        return none;
    };
    // A queue that was worked out from this very request confirms nothing.
    let max = listener.accept_queue.max.filter(|_| !limits.predicted);
    let (number, sure) = match known.ask() {
        Ask::Unknown => return none,
        Ask::All => (None, true),
        Ask::Number(number) => (Some(number), true),
        Ask::Constant => constant(listener, max, somaxconn),
    };
    let basis = match basis(asker, listener.configuration, known.verified) {
        _ if !sure => Basis::Loose,
        // Its user may pass another number, where there is a way to, and there is no queue that would tell.
        _ if limits.predicted && asker.kind == Kind::Library && asker.setting.example.is_some() => {
            Basis::Loose
        }
        // Older systemd asked for its C library's SOMAXCONN.
        _ if found.activated && max < somaxconn && is_fossil(max) => Basis::Loose,
        basis => basis,
    };
    let attainable = number
        .unwrap_or(u32::MAX)
        .min(somaxconn.unwrap_or(u32::MAX));
    let basis = match (max, number) {
        // A queue longer than the default was configured: the default says nothing here.
        (Some(max), Some(number)) if max > number && somaxconn.is_none_or(|cap| max <= cap) => {
            return none;
        }
        // A library's user passes what it likes.
        (Some(max), _) if asker.kind == Kind::Library && basis != Basis::Firm => {
            let own = max == attainable && Some(max) != somaxconn;
            if own && !is_fossil(Some(max)) {
                Basis::Firm
            } else if own {
                Basis::Loose
            } else if Some(max) == number {
                // Exactly the cap and exactly the default: a larger number would look the same.
                return none;
            } else if (Some(max) == somaxconn || is_fossil(Some(max)))
                && !asker.is_only_a_language()
            {
                Basis::Loose
            } else {
                return none;
            }
        }
        _ => basis,
    };
    (
        default(
            number.map(i64::from),
            place(found, listener, version, number),
        ),
        basis,
    )
}

fn basis(asker: &Service, configuration: Option<Configuration>, verified: Verified) -> Basis {
    match configuration {
        _ if verified == Verified::No => Basis::Loose,
        _ if asker.setting.example.is_none() => Basis::Firm,
        Some(Configuration::Read) => Basis::Firm,
        Some(Configuration::Hidden) => Basis::Loose,
        None => Basis::Usual,
    }
}

/// SOMAXCONN of the C library that the program was compiled with, and whether that is sure.
fn constant(listener: &Listener, max: Option<u32>, somaxconn: Option<u32>) -> (Option<u32>, bool) {
    let musl = listener
        .owners
        .iter()
        .any(|owner| owner.libc == Some(Libc::Musl));
    let small = max == Some(SMALL_SOMAXCONN);
    match (musl, small) {
        (true, _) => (Some(SMALL_SOMAXCONN), true),
        (false, true) if somaxconn != Some(SMALL_SOMAXCONN) => (Some(SMALL_SOMAXCONN), false),
        (false, small) => (Some(SOMAXCONN), !small),
    }
}

fn is_fossil(max: Option<u32>) -> bool {
    max.is_some_and(|max| FOSSILS.contains(&max))
}

/// Whose default it is, in words.
fn place(
    found: Identified<'_>,
    listener: &Listener,
    version: Option<&str>,
    number: Option<u32>,
) -> String {
    let asker = match (found.asker.kind, found.activated) {
        (Kind::Library, false) => &found.asker.title,
        (_, true) => &found.asker.name,
        (_, false) => found.name,
    };
    let version = version
        .map(|version| format!(" {version}"))
        .unwrap_or_default();
    let words = match number {
        Some(_) => format!("default of {asker}{version}"),
        None => format!("{asker}{version} asks for as much as there is"),
    };
    match listener.configuration {
        Some(Configuration::Read) => format!("{words}; its configuration sets nothing else"),
        _ => words,
    }
}

fn default(backlog: Option<i64>, place: String) -> Option<Requested> {
    Some(Requested {
        backlog,
        source: Source::Default,
        place: Some(place),
        applied: true,
    })
}
