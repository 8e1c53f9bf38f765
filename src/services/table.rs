//! The built-in table: one entry a program, each number with its source.

use super::{Ask, Service};

/// A service and the names it goes by: `comm`, or the last part of the executable's path.
pub(super) struct Entry {
    pub(super) names: &'static [&'static str],
    /// Whether all names are one product, known by the first.
    aliases: bool,
    pub(super) service: Service,
}

impl Entry {
    /// The name for people: one a product, so that `redis-check-rdb` (the file that Debian's
    /// redis-server is a link to) is redis.
    pub(super) fn display_name(&self, matched: &str) -> &'static str {
        let product = |name: &&&'static str| self.aliases || **name == matched;
        self.names
            .iter()
            .find(product)
            .copied()
            .unwrap_or(self.names[0])
    }
}

const fn entry(
    names: &'static [&'static str],
    ask: Ask,
    setting: &'static str,
    applies: &'static str,
) -> Entry {
    Entry {
        names,
        aliases: true,
        service: service(ask, setting, applies),
    }
}

const fn service(ask: Ask, setting: &'static str, applies: &'static str) -> Service {
    Service {
        ask,
        other_builds: &[],
        zero_is_deliberate: false,
        setting,
        applies,
    }
}

const RESTART: &str = "a restart";

/// systemd listens on behalf of its .socket units: INT_MAX (`SOMAXCONN_DELUXE`,
/// src/basic/socket-util.h); older releases passed SOMAXCONN, 128 or 4096 by the C library.
pub(super) static SYSTEMD: Service = Service {
    other_builds: &[128, 4096],
    ..service(
        Ask::All,
        "`Backlog={}` under [Socket] in the .socket unit",
        "a restart of the .socket unit; restarting the service alone keeps the socket",
    )
};

/// Any program of Go's net package: it reads somaxconn once per process and asks for exactly that
/// (src/net/sock_linux.go `maxListenerBacklog`).
pub(super) static GO: Service = service(Ask::All, GO_SETTING, GO_APPLIES);

const GO_SETTING: &str = "none: Go's net package always asks for somaxconn";
const GO_APPLIES: &str = "a restart; the value is read once per process";

pub(super) static SERVICES: [Entry; 10] = [
    // src/os/unix/ngx_linux_config.h NGX_LISTEN_BACKLOG; re-listen in src/core/ngx_connection.c.
    entry(
        &["nginx"],
        Ask::Number(511),
        "`listen ADDRESS backlog={};` in nginx.conf",
        "a restart; `nginx -s reload` listens again only if the number in `backlog=` changed",
    ),
    // src/config.c "tcp-backlog"; immutable at run time.
    entry(
        &["redis", "redis-server", "redis-sentinel", "redis-check-rdb"],
        Ask::Number(511),
        "`tcp-backlog {}` in redis.conf",
        "a restart; `CONFIG SET tcp-backlog` is refused",
    ),
    // src/config.c "tcp-backlog".
    entry(
        &["valkey", "valkey-server", "valkey-sentinel"],
        Ask::Number(511),
        "`tcp-backlog {}` in valkey.conf",
        RESTART,
    ),
    // memcached.c settings.backlog; at the connection limit it calls listen(fd, 0) for a while.
    Entry {
        names: &["memcached"],
        aliases: true,
        service: Service {
            zero_is_deliberate: true,
            ..service(Ask::Number(1024), "`-b {}` on its command line", RESTART)
        },
    },
    // ssh.h SSH_LISTEN_BACKLOG, compiled in.
    entry(
        &["sshd"],
        Ask::Number(128),
        "none: compiled in; under ssh.socket it is the unit's `Backlog={}`",
        RESTART,
    ),
    // include/mpm_common.h DEFAULT_LISTENBACKLOG.
    entry(
        &["apache2", "httpd"],
        Ask::Number(511),
        "`ListenBackLog {}` in the server configuration",
        "a stop and a start; graceful and `-k restart` keep the old socket",
    ),
    // lib/net.js setupListenHandle.
    entry(
        &["node", "nodejs"],
        Ask::Number(511),
        "`server.listen({ port, backlog: {} })` in the program",
        RESTART,
    ),
    // src/listener.c: bind backlog, frontend backlog, maxconn, in this order.
    entry(
        &["haproxy"],
        Ask::Unknown,
        "`backlog {}` in the frontend or defaults section",
        "a restart; a reload passes the old socket on and does not listen again",
    ),
    // Go programs that people know by name; any other is found by its build information.
    Entry {
        names: &[
            "caddy",
            "consul",
            "containerd",
            "coredns",
            "etcd",
            "grafana",
            "kube-apiserver",
            "kube-controller",
            "kube-proxy",
            "kube-scheduler",
            "kubelet",
            "minio",
            "nats-server",
            "node_exporter",
            "nomad",
            "prometheus",
            "prometheus-node",
            "traefik",
            "vault",
        ],
        aliases: false,
        service: service(Ask::All, GO_SETTING, GO_APPLIES),
    },
    // What these ask for depends on their version and settings
    // (daemon/libnetwork/portallocator/osallocator_linux.go).
    entry(
        &["dockerd", "docker-proxy"],
        Ask::Unknown,
        GO_SETTING,
        RESTART,
    ),
];

const PHP_SETTING: &str = "`listen.backlog = {}` in the pool's configuration";
const PHP_APPLIES: &str = "a stop and a start; a reload hands the old socket over";

static PHP_FPM_NEW: Service = service(Ask::All, PHP_SETTING, PHP_APPLIES);
static PHP_FPM_OLD: Service = service(Ask::Number(511), PHP_SETTING, PHP_APPLIES);
static PHP_FPM_UNKNOWN: Service = service(Ask::Unknown, PHP_SETTING, PHP_APPLIES);

/// PHP-FPM under the names that distributions give it: -1 on Linux since 8.2, 511 from 5.6 to 8.1
/// (sapi/fpm/fpm/fpm_sockets.h). Debian puts the version into the name.
pub(super) fn php_fpm(name: &str) -> Option<&'static Service> {
    let version = name.strip_prefix("php-fpm")?;
    let Some((major, minor)) = version.split_once('.') else {
        return (version.is_empty() || version.starts_with(':')).then_some(&PHP_FPM_UNKNOWN);
    };
    Some(match (major.parse::<u32>(), minor.parse::<u32>()) {
        (Ok(major), Ok(minor)) if (major, minor) >= (8, 2) => &PHP_FPM_NEW,
        (Ok(major), Ok(minor)) if (major, minor) >= (5, 6) => &PHP_FPM_OLD,
        _ => &PHP_FPM_UNKNOWN,
    })
}
