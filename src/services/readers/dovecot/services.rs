//! The services that Dovecot 2.3 has without any configuration, as `doveconf service` prints them
//! (2.3.19.1, with Pigeonhole): limits and the sockets that are not disabled.

/// A service by default. A limit of 0 is the general one.
pub(super) struct Usual {
    pub(super) name: &'static str,
    pub(super) process_limit: i64,
    pub(super) client_limit: i64,
    /// 0: a process serves clients without end.
    pub(super) service_count: i64,
    /// `inet_listener` blocks: name and port.
    pub(super) inet: &'static [(&'static str, u16)],
    /// `unix_listener` blocks, below `base_dir`.
    pub(super) unix: &'static [&'static str],
}

const fn usual(
    name: &'static str,
    [process_limit, client_limit, service_count]: [i64; 3],
    inet: &'static [(&'static str, u16)],
    unix: &'static [&'static str],
) -> Usual {
    Usual {
        name,
        process_limit,
        client_limit,
        service_count,
        inet,
        unix,
    }
}

pub(super) const SERVICES: [Usual; 30] = [
    usual("aggregator", [0, 0, 0], &[], &["replication-notify"]),
    usual("anvil", [1, 0, 0], &[], &["anvil-auth-penalty", "anvil"]),
    usual("auth-worker", [0, 1, 0], &[], &["auth-worker"]),
    usual(
        "auth",
        [1, 0, 0],
        &[],
        &[
            "auth-client",
            "auth-login",
            "auth-master",
            "auth-userdb",
            "login/login",
            "token-login/tokenlogin",
        ],
    ),
    usual("config", [0, 0, 0], &[], &["config"]),
    usual("dict-async", [0, 0, 0], &[], &["dict-async"]),
    usual("dict", [0, 1, 0], &[], &["dict"]),
    usual(
        "director",
        [1, 0, 0],
        &[],
        &["director-admin", "director-userdb"],
    ),
    usual(
        "dns-client",
        [0, 1, 0],
        &[],
        &["dns-client", "login/dns-client"],
    ),
    usual("doveadm", [0, 1, 1], &[], &["doveadm-server"]),
    usual("health-check", [0, 1, 0], &[], &[]),
    usual("imap-hibernate", [0, 0, 0], &[], &["imap-hibernate"]),
    usual(
        "imap-login",
        [0, 0, 1],
        &[("imap", 143), ("imaps", 993)],
        &[],
    ),
    usual("imap-urlauth-login", [0, 0, 1], &[], &["imap-urlauth"]),
    usual(
        "imap-urlauth-worker",
        [1024, 1, 1],
        &[],
        &["imap-urlauth-worker"],
    ),
    usual(
        "imap-urlauth",
        [1024, 1, 1],
        &[],
        &["token-login/imap-urlauth"],
    ),
    usual("imap", [1024, 1, 1], &[], &["imap-master", "login/imap"]),
    usual("indexer-worker", [10, 1, 0], &[], &["indexer-worker"]),
    usual("indexer", [1, 0, 0], &[], &["indexer"]),
    usual("ipc", [1, 0, 0], &[], &["ipc", "login/ipc-proxy"]),
    usual("lmtp", [0, 1, 0], &[], &["lmtp"]),
    usual("log", [1, 0, 0], &[], &["log-errors"]),
    usual("managesieve-login", [0, 0, 1], &[("sieve", 4190)], &[]),
    usual("managesieve", [0, 1, 1], &[], &["login/sieve"]),
    usual("old-stats", [1, 0, 0], &[], &["old-stats"]),
    usual(
        "pop3-login",
        [0, 0, 1],
        &[("pop3", 110), ("pop3s", 995)],
        &[],
    ),
    usual("pop3", [1024, 1, 1], &[], &["login/pop3"]),
    usual("replicator", [1, 0, 0], &[], &["replicator"]),
    usual(
        "stats",
        [1, 0, 0],
        &[],
        &["login/stats-writer", "stats-reader", "stats-writer"],
    ),
    usual("submission-login", [0, 0, 1], &[("submission", 587)], &[]),
];
