//! The configuration of an image: how it is started.
//!
//! Follows the image-spec (config.md) and what Docker has written before it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::image::config::{Config, Exposed};
use crate::snapshot::Protocol;

/// Ports that an image may say it listens on: all there are of both protocols.
const MOST_PORTS: usize = 2 * 65_535;

/// The fields that are read.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Stored {
    os: Option<String>,
    architecture: Option<String>,
    variant: Option<String>,
    config: Option<Process>,
    /// The layer below, of archives before Docker 1.10.
    pub(super) parent: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Process {
    entrypoint: Option<Words>,
    cmd: Option<Words>,
    env: Option<Vec<String>>,
    working_dir: Option<String>,
    user: Option<String>,
    exposed_ports: Option<BTreeMap<String, Box<RawValue>>>,
}

/// A list; the first versions of Docker took a text too.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Words {
    List(Vec<String>),
    One(String),
}

impl From<Stored> for Config {
    fn from(stored: Stored) -> Self {
        let process = stored.config.unwrap_or_default();
        let words = |words: Option<Words>| match words {
            Some(Words::List(words)) => words,
            Some(Words::One(word)) => vec![word],
            None => Vec::new(),
        };
        let full = |text: Option<String>| text.filter(|text| !text.is_empty());
        let architecture = full(stored.architecture);
        let environment = process.env.unwrap_or_default().into_iter();
        let environment = environment.map(|pair| match pair.split_once('=') {
            Some((name, value)) => (name.to_owned(), value.to_owned()),
            None => (pair, String::new()),
        });
        Self {
            os: full(stored.os),
            architecture: match full(stored.variant) {
                Some(variant) => architecture.map(|name| format!("{name}/{variant}")),
                None => architecture,
            },
            entrypoint: words(process.entrypoint),
            command: words(process.cmd),
            environment: environment.collect(),
            directory: process.working_dir.unwrap_or_default(),
            user: process.user.unwrap_or_default(),
            exposed: exposed(process.exposed_ports.unwrap_or_default().keys()),
        }
    }
}

/// Ports from their names, `80`, `80/tcp`, `8000-8010/udp`; those without listeners and what is none are left out.
fn exposed<'a>(names: impl Iterator<Item = &'a String>) -> Vec<Exposed> {
    let mut exposed = Vec::new();
    for name in names {
        let (ports, protocol) = name.split_once('/').unwrap_or((name, "tcp"));
        let protocol = match protocol.to_ascii_lowercase().as_str() {
            "tcp" => Protocol::Tcp,
            "sctp" => Protocol::Sctp,
            _ => continue,
        };
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        let (Ok(first), Ok(last)) = (first.parse::<u16>(), last.parse::<u16>()) else {
            continue;
        };
        let ports = first.max(1)..=last;
        if exposed.len() + ports.len() > 2 * MOST_PORTS {
            break;
        }
        exposed.extend(ports.map(|port| Exposed { protocol, port }));
    }
    exposed.sort_unstable();
    exposed.dedup();
    exposed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        serde_json::from_str::<Stored>(text).unwrap().into()
    }

    #[test]
    fn how_an_image_is_started_is_read() {
        let config = config(
            r#"{"os": "linux", "architecture": "arm", "variant": "v7", "history": [{}], "config": {
                "Entrypoint": ["/e"], "Cmd": "serve", "Env": ["A=b=c", "D"], "WorkingDir": "/w", "User": "1:2",
                "ExposedPorts": {"80": {}, "53/udp": {}, "90-91/TCP": {}, "7/sctp": {}, "x": {}, "99999/tcp": {}}}}"#,
        );
        assert_eq!(config.architecture.as_deref(), Some("arm/v7"));
        assert_eq!(
            (config.entrypoint, config.command),
            (vec!["/e".into()], vec!["serve".into()])
        );
        let pairs = [("A", "b=c"), ("D", "")].map(|(name, value)| (name.into(), value.into()));
        assert_eq!(config.environment, pairs);
        let exposed = config
            .exposed
            .iter()
            .map(|exposed| (exposed.protocol, exposed.port));
        let tcp = [80, 90, 91].map(|port| (Protocol::Tcp, port));
        assert!(exposed.eq(tcp.into_iter().chain([(Protocol::Sctp, 7)])));
    }

    #[test]
    fn nothing_is_nothing() {
        for text in [
            "{}",
            r#"{"config": null}"#,
            r#"{"config": {"Cmd": null, "Env": null}, "os": ""}"#,
        ] {
            assert_eq!(config(text), Config::default());
        }
    }
}
