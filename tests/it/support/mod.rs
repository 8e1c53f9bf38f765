//! What the tests against a running kernel share: namespaces, sockets, packets, servers, and the
//! program under test.

pub(crate) mod helper;
pub(crate) mod netns;
pub(crate) mod packets;
pub(crate) mod peak;
pub(crate) mod podman;
pub(crate) mod processes;
pub(crate) mod program;
pub(crate) mod sandbox;
pub(crate) mod servers;
pub(crate) mod sockets;
pub(crate) mod ss;
pub(crate) mod terminal;
pub(crate) mod wait;
