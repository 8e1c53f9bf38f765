//! Addresses of listeners: those that tell where a machine is become addresses for documentation, ports
//! and what they are bound to stay.

use std::net::IpAddr;

use super::Redactor;
use super::names::Kind;
use super::public;
use crate::snapshot::Protocol;

impl Redactor<'_> {
    pub(super) fn address(&mut self, protocol: Protocol, address: &str) -> String {
        if protocol.is_unix() {
            return match address.strip_prefix('@') {
                Some(name) => format!("@{}", self.unix(name)),
                None => self.unix(address),
            };
        }
        if protocol == Protocol::Vsock {
            return self.text(Kind::Name, address);
        }
        // SCTP may have several addresses.
        match address.rsplit_once(':') {
            Some((hosts, port)) => {
                let hosts = hosts.split(',').map(|host| self.internet(host));
                let hosts = hosts.collect::<Vec<_>>().join(",");
                format!("{hosts}:{}", self.text(Kind::Name, port))
            }
            None => self.text(Kind::Name, address),
        }
    }

    fn unix(&mut self, name: &str) -> String {
        match name.contains('/') {
            true => self.path(Kind::Socket, name),
            false => self.text(Kind::Socket, name),
        }
    }

    /// `10.0.0.1`, `[fe80::1%eth0]`.
    fn internet(&mut self, host: &str) -> String {
        let inside = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        let (ip, device) = match inside.unwrap_or(host).split_once('%') {
            Some((ip, device)) => (ip, format!("%{}", self.interface(device))),
            None => (inside.unwrap_or(host), String::new()),
        };
        let shown = match ip.parse::<IpAddr>() {
            Ok(ip) => self.names.address(ip).to_string(),
            Err(_) => self.text(Kind::Host, ip),
        };
        match inside {
            Some(_) => format!("[{shown}{device}]"),
            None => format!("{shown}{device}"),
        }
    }

    /// The name of a network interface: those that the kernel, udev and runtimes give stay.
    pub(super) fn interface(&mut self, device: &str) -> String {
        match public::is_interface(device) {
            true => device.to_owned(),
            false => self.names.of(Kind::Interface, device),
        }
    }
}
