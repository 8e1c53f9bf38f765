//! What each `bind` listens with, out of all numbers that are set.

use super::Parser;
use super::section::{Kind, Number};
use crate::services::readers::{Context, Place, Reading, Setting};
use crate::snapshot::Source;

/// `maxconn` of the command line interfaces and of `log-forward`, where it is not set.
const FEW: i64 = 10;
/// The most descriptors that it computes with by default since 2.6 (`DEFAULT_MAXFD`).
const MOST_DESCRIPTORS: u64 = 1_048_576;
/// Descriptors that are not for connections: those of threads, listeners and checks, or so.
const RESERVE: u64 = 100;

impl Parser<'_, '_> {
    /// What every bind asks for; `everywhere`: where neither it nor its proxy says.
    pub(super) fn reading(self, everywhere: &Number) -> Reading {
        let mut complete = self.complete;
        let mut settings = Vec::new();
        let about = computed(self.context);
        let few = |of: &str| Number::Derived(FEW, format!("default maxconn of {of}"));
        for section in self.sections {
            let last = match section.kind {
                Kind::Global => self.stats_maxconn.or(&few("the statistics socket")),
                Kind::Master => few("the master's command line"),
                Kind::LogForward => few("a section log-forward"),
                Kind::Peers => Number::Derived(
                    section.peers.saturating_mul(3),
                    format!("three connections for each peer of {}", section.name),
                ),
                _ => everywhere.clone(),
            };
            for (on, limits) in section.binds {
                let backlog = limits.backlog.or(&section.limits.backlog);
                let maxconn = limits.maxconn.or(&section.limits.maxconn);
                let set = backlog.or(&maxconn).or(&last);
                complete &= !matches!(set, Number::Unset | Number::Unknown);
                let (number, source, place) = match set.or(&about) {
                    Number::Set(number, place) => (number, Source::Config, place),
                    Number::Derived(number, why) => (number, Source::Default, Place::Words(why)),
                    Number::Unset | Number::Unknown => continue,
                };
                settings.extend(on.into_iter().map(|on| Setting {
                    on,
                    backlog: Some(number),
                    source,
                    place: place.clone(),
                }));
            }
        }
        Reading { settings, complete }
    }
}

/// About the number that it computes where none is set: two descriptors for each connection.
fn computed(context: &Context<'_>) -> Number {
    let Some((soft, hard)) = context.host.descriptor_limit(context.pid) else {
        return Number::Unset;
    };
    let limit = soft.max(hard).min(MOST_DESCRIPTORS);
    let number = i64::try_from(limit.saturating_sub(RESERVE) / 2).unwrap_or(i64::MAX);
    let why = format!("about; maxconn is computed from the limit of {limit} descriptors");
    Number::Derived(number, why)
}
