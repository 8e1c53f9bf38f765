//! Settings of one configuration, found by listener: a server may have hundreds of both.

use std::collections::{BTreeMap, BTreeSet};

use super::endpoint::{Endpoint, canonical};
use super::readers::Setting;
use crate::snapshot::{Listener, address};

/// The settings of one configuration.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    settings: Vec<Setting>,
    by_port: BTreeMap<u16, Vec<usize>>,
    by_path: BTreeMap<String, Vec<usize>>,
    anywhere: Vec<usize>,
    /// Ports of settings whose address is a name.
    named: BTreeSet<u16>,
}

impl Lookup {
    pub(super) fn new(settings: Vec<Setting>) -> Self {
        let mut lookup = Self::default();
        for (n, setting) in settings.iter().enumerate() {
            match &setting.on {
                Endpoint::Any => lookup.anywhere.push(n),
                Endpoint::Port(_, port) | Endpoint::Loopback(port) => {
                    lookup.by_port.entry(*port).or_default().push(n)
                }
                Endpoint::Named(port) => {
                    lookup.named.insert(*port);
                }
                Endpoint::Path(path) => {
                    lookup.by_path.entry(canonical(path)).or_default().push(n);
                }
            }
        }
        Self { settings, ..lookup }
    }

    /// Whether a setting for a name may be this listener's.
    pub(super) fn is_named(&self, listener: &Listener) -> bool {
        let port = address::port(listener.protocol, &listener.address);
        port.is_some_and(|port| self.named.contains(&port))
    }

    /// The setting that fits a listener best; of equals the first.
    pub(super) fn best(&self, listener: &Listener) -> Option<&Setting> {
        let near = if listener.protocol.is_unix() {
            self.by_path.get(&canonical(&listener.address))
        } else {
            address::port(listener.protocol, &listener.address)
                .and_then(|port| self.by_port.get(&port))
        };
        let mut best: Option<(u8, &Setting)> = None;
        for n in near.into_iter().chain([&self.anywhere]).flatten() {
            if let Some(setting) = self.settings.get(*n)
                && let Some(rank) = setting.on.fits(listener)
                && best.is_none_or(|(most, _)| rank > most)
            {
                best = Some((rank, setting));
            }
        }
        best.map(|(_, setting)| setting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::readers::Place;
    use crate::snapshot::Protocol;

    #[test]
    fn the_nearest_setting_is_found_and_of_equals_the_first() {
        let setting = |text: &str, number: i64| {
            let on = Endpoint::parse(text, None).unwrap();
            Setting::configured(on, number, Place::command_line())
        };
        let any = Setting::configured(Endpoint::Any, 1, Place::command_line());
        let lookup = Lookup::new(vec![
            any,
            setting("80", 2),
            setting("127.0.0.1:80", 3),
            setting("127.0.0.1:80", 4),
            setting("/var/run/x", 5),
        ]);
        let found = |protocol, address: &str| {
            lookup
                .best(&Listener::new(protocol, address))
                .unwrap()
                .backlog
        };
        assert_eq!(found(Protocol::Tcp, "127.0.0.1:80"), Some(3));
        assert_eq!(found(Protocol::Tcp, "0.0.0.0:80"), Some(2));
        assert_eq!(found(Protocol::Tcp, "0.0.0.0:81"), Some(1));
        assert_eq!(found(Protocol::Unix, "/run/x"), Some(5));
        assert_eq!(found(Protocol::Unix, "/run/y"), Some(1));
    }
}
