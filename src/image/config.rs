//! What an image says of how it is started: the `config` object of the OCI image configuration.

use crate::snapshot::Protocol;

/// How an image is started, and for which machine it was made. All of it is untrusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// `os`, such as `linux`.
    pub os: Option<String>,
    /// `architecture` and `variant` as Go spells them: `amd64`, `arm64`, `arm/v7`.
    pub architecture: Option<String>,
    /// `Entrypoint`: the words in front of [`Self::command`].
    pub entrypoint: Vec<String>,
    /// `Cmd`.
    pub command: Vec<String>,
    /// `Env` as pairs, in its order.
    pub environment: Vec<(String, String)>,
    /// `WorkingDir`; empty: `/`.
    pub directory: String,
    /// `User`; empty: root.
    pub user: String,
    /// `ExposedPorts`, sorted; only those of protocols that have listeners.
    pub exposed: Vec<Exposed>,
}

/// A port that an image says it listens on: `80/tcp`. `8000-8010/tcp` is eleven of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exposed {
    /// [`Protocol::Tcp`] or [`Protocol::Sctp`].
    pub protocol: Protocol,
    /// The port, from 1.
    pub port: u16,
}
