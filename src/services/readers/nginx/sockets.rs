//! Which sockets nginx opens for its `listen` directives: a server without one is at port 80 of all of
//! IPv4, and an address that a wildcard of the same port covers has no socket of its own unless a parameter
//! asks for one (`ngx_http_init_listening` and `ngx_http_block` in src/http/ngx_http.c).

use std::collections::BTreeSet;

use super::words::{Directive, End};
use crate::services::endpoint::Endpoint;

/// Parameters that give an address a socket of its own.
const OWN: [&str; 12] = [
    "bind",
    "backlog=",
    "rcvbuf=",
    "sndbuf=",
    "accept_filter=",
    "deferred",
    "ipv6only=",
    "so_keepalive=",
    "reuseport",
    "fastopen=",
    "setfib=",
    "multipath",
];

/// The sockets of a configuration, while it is read.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    /// Where it listens, and whether that is a socket in any case.
    on: Vec<(Endpoint, bool)>,
    /// The open blocks: of a server, whether it has a `listen`.
    blocks: Vec<Option<bool>>,
}

impl Sockets {
    pub(super) fn len(&self) -> usize {
        self.on.len()
    }

    /// Takes the begin or the end of a block.
    pub(super) fn block(&mut self, directive: &Directive) {
        match directive.end {
            End::Begin => {
                let server = directive.words.first().is_some_and(|word| word == "server");
                self.blocks.push(server.then_some(false));
            }
            End::Close => {
                if self.blocks.pop() == Some(Some(false)) {
                    self.on.push((Endpoint::port_v4(80), false));
                }
            }
            End::Simple => {}
        }
    }

    /// Takes a `listen` of the innermost server.
    pub(super) fn listen(&mut self, on: impl Iterator<Item = Endpoint>, parameters: &[String]) {
        let server = self.blocks.iter_mut().rev().find(|block| block.is_some());
        if let Some(server) = server {
            *server = Some(true);
        }
        let asks = |word: &String| OWN.iter().any(|name| word.starts_with(name));
        let own = parameters.iter().any(asks);
        self.on.extend(on.map(|on| (on, own)));
    }

    /// Where it listens.
    pub(super) fn finish(self) -> Vec<Endpoint> {
        let wildcards: BTreeSet<(bool, u16)> = self
            .on
            .iter()
            .filter_map(|(on, _)| match on {
                Endpoint::Port(Some(ip), port) if ip.is_unspecified() => {
                    Some((ip.is_ipv4(), *port))
                }
                _ => None,
            })
            .collect();
        let is_covered = |on: &Endpoint| match on {
            Endpoint::Port(Some(ip), port) => {
                !ip.is_unspecified() && wildcards.contains(&(ip.is_ipv4(), *port))
            }
            Endpoint::Loopback(port) => wildcards.contains(&(true, *port)),
            _ => false,
        };
        let kept = self.on.into_iter();
        let kept = kept.filter(|(on, own)| *own || !is_covered(on));
        kept.map(|(on, _)| on).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use super::super::words::directives;
    use super::*;

    fn on(text: &str) -> Vec<Endpoint> {
        let mut sockets = Sockets::default();
        for directive in directives(text) {
            sockets.block(&directive);
            if let [first, address, parameters @ ..] = directive.words.as_slice()
                && first == "listen"
            {
                let on = Endpoint::parse(address, Some(80)).map(|on| match on {
                    Endpoint::Port(None, port) => Endpoint::port_v4(port),
                    on => on,
                });
                sockets.listen(on.into_iter(), parameters);
            }
        }
        sockets.finish()
    }

    fn port(ip: impl Into<IpAddr>, port: u16) -> Endpoint {
        Endpoint::Port(Some(ip.into()), port)
    }

    #[test]
    fn a_server_without_listen_is_at_port_80() {
        let text = "http { upstream u { server a; } server { location / { x y; } } server { listen 81; } }";
        assert_eq!(on(text), [Endpoint::port_v4(80), Endpoint::port_v4(81)]);
    }

    #[test]
    fn an_address_that_a_wildcard_covers_is_no_socket_unless_it_asks_for_one() {
        let local = Ipv4Addr::LOCALHOST;
        let all = Endpoint::port_v4(80);
        let text = "server { listen 80; listen 127.0.0.1:80; listen localhost:80; }";
        assert_eq!(on(text), [Endpoint::port_v4(80)]);
        let text = "server { listen 80; listen 127.0.0.1:80 backlog=9; }";
        assert_eq!(on(text), [all.clone(), port(local, 80)]);
        // Neither of another family nor of another port.
        let text = "server { listen 80; listen [::1]:80; listen 127.0.0.1:81; }";
        let expected = [all, port(Ipv6Addr::LOCALHOST, 80), port(local, 81)];
        assert_eq!(on(text), expected);
    }
}
