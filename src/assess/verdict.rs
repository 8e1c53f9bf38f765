//! The verdict: what holds an accept queue back.
//!
//! The kernel keeps only the clamped backlog, frozen at listen(2), so the verdict compares three
//! numbers: what was asked, what the queue got, and what somaxconn is now.

use std::fmt;

use super::request::Basis;
use crate::kernel::accept_queue;
use crate::kernel::version::Version;
use crate::snapshot::{Requested, Source};

/// What limits an accept queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LimitedBy {
    /// The request was larger than somaxconn and was truncated to it.
    Somaxconn,
    /// somaxconn changed after listen(2): the queue has the size of another time.
    Stale,
    /// The program asked for exactly this; raising somaxconn does nothing.
    Application,
    /// The program asks for as much as there is and got it.
    FollowsSomaxconn,
    /// Nobody knows what was asked.
    Unknown,
}

impl LimitedBy {
    /// The name used in every output and in rules.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Somaxconn => "somaxconn",
            Self::Stale => "stale",
            Self::Application => "application",
            Self::FollowsSomaxconn => "follows-somaxconn",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for LimitedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How sure a verdict or a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// It may be otherwise.
    Possible,
    /// It rests on a known default.
    Likely,
    /// It was seen or is written down.
    Certain,
}

impl Confidence {
    /// All of them, surest first.
    pub const ALL: [Self; 3] = [Self::Certain, Self::Likely, Self::Possible];

    /// The name used in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a namespace and its kernel let a listener have, as far as it is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// `net.core.somaxconn`.
    pub somaxconn: Option<u32>,
    /// The kernel's version. One that is not known is taken for the newest.
    pub kernel: Option<Version>,
    /// Whether queues are worked out from requests and none was seen: such a queue is no evidence of
    /// what is asked.
    pub predicted: bool,
}

impl Limits {
    /// A cap alone, on a current kernel.
    pub fn of(somaxconn: u32) -> Self {
        Self {
            somaxconn: Some(somaxconn),
            ..Self::default()
        }
    }
}

/// Compares request, maximum and cap. `None` when the numbers that decide are unknown.
///
/// A request whose backlog is `None` asks for as much as there is. `held` tells whether a process
/// is known that holds the socket.
pub fn limited_by(
    requested: Option<&Requested>,
    max: Option<u32>,
    limits: Limits,
    held: bool,
) -> Option<LimitedBy> {
    let Limits {
        somaxconn, kernel, ..
    } = limits;
    let max = max?;
    let Some(requested) = requested else {
        // A process's queue that is longer than the cap was made under another cap. One that no
        // process holds may be the kernel's own: `kernel_listen` is not clamped.
        let outgrown = |cap: u32| held && max > cap;
        return somaxconn.map(|cap| {
            if outgrown(cap) {
                LimitedBy::Stale
            } else {
                LimitedBy::Unknown
            }
        });
    };
    let finite = finite(requested);
    let Some(somaxconn) = somaxconn else {
        // Exactly the number that was asked for: not truncated, whatever somaxconn is.
        return (finite == Some(i64::from(max))).then_some(LimitedBy::Application);
    };
    let clamped = accept_queue::clamp(finite.unwrap_or(-1), somaxconn);
    let attainable = accept_queue::stored(clamped, kernel.unwrap_or(Version::NEWEST));
    Some(match finite {
        // Neither limit: 16 bits of the number were kept, and no larger one helps.
        _ if attainable != clamped => LimitedBy::Unknown,
        _ if max > somaxconn || max < attainable => LimitedBy::Stale,
        // Written down since: the queue is that of the number before.
        _ if !requested.applied && max != attainable => LimitedBy::Stale,
        None => LimitedBy::FollowsSomaxconn,
        Some(asked) if max == attainable && asked > i64::from(somaxconn) => LimitedBy::Somaxconn,
        Some(_) if max == attainable => LimitedBy::Application,
        // Longer than what is said to be asked, yet within the cap: the request was another.
        Some(_) => LimitedBy::Unknown,
    })
}

/// The request where it is a number, and not "as much as there is". A default that no somaxconn is
/// meant to reach is that too.
pub(super) fn finite(requested: &Requested) -> Option<i64> {
    let most = match requested.source {
        Source::Default => LARGE_DEFAULT,
        _ => i64::MAX,
    };
    let number = requested.backlog.filter(|backlog| *backlog < most);
    number.filter(|backlog| !accept_queue::asks_for_all(*backlog))
}

/// What programs have as a default that mean "as much as there is": H2O and Pingora this, others
/// more.
const LARGE_DEFAULT: i64 = 65_534;

/// How sure the verdict is: it follows the source of the request, and what that rests on.
pub(super) fn confidence(
    requested: Option<&Requested>,
    limited_by: Option<LimitedBy>,
    basis: Basis,
) -> Confidence {
    let Some(requested) = requested else {
        return Confidence::Possible;
    };
    match (requested.source, limited_by) {
        (_, None | Some(LimitedBy::Unknown)) => Confidence::Possible,
        (Source::Trace | Source::Config, _) if requested.applied && basis != Basis::Loose => {
            Confidence::Certain
        }
        (Source::Default, _) if basis == Basis::Loose => Confidence::Possible,
        _ => Confidence::Likely,
    }
}
