//! Databases, caches, and the pools before them.

use crate::matrix::entry::Sure::Likely;
use crate::matrix::entry::{Asks, Entry, on};

pub(super) fn all() -> Vec<Entry> {
    [mariadb(), postgresql(), pgbouncer(), redis(), memcached()].concat()
}

/// MariaDB does not ask the environment for the place of its temporary files.
fn mariadb() -> Vec<Entry> {
    let text = "[mariadbd]\nuser = root\ndatadir = @/data\nsocket = @/mysqld.sock\n\
                pid-file = @/pid\nport = 3306\nbind-address = 127.0.0.1\n\
                innodb_buffer_pool_size = 8M\ntmpdir = /run/tmp\n";
    let entry = |configuration, set: &str, asks, place: Option<&'static str>| {
        let entry = Entry::new(
            "mariadb",
            "mariadb-server",
            configuration,
            "mariadbd --defaults-file=@/my.cnf",
        )
        .file("my.cnf", &format!("{text}{set}\n"))
        .after(
            "mariadb-install-db --no-defaults --user=root --datadir=@/data --skip-test-db \
             --tmpdir=/run/tmp --auth-root-authentication-method=normal",
        );
        ["127.0.0.1:3306", "/run/matrix/mysqld.sock"]
            .into_iter()
            .fold(entry, |entry, address| {
                let listener = on(address, Asks::For(asks));
                entry.listens(match place {
                    Some(text) => listener.at("my.cnf", text),
                    None => listener.by_default(Likely),
                })
            })
    };
    vec![
        entry("default", "", 80, None),
        entry("back_log", "back_log = 1000", 1000, Some("back_log")),
        {
            let mut entry = entry("--back-log=1000", "", 0, None).with("--back-log=1000");
            entry.expected.clear();
            entry.listens(on("127.0.0.1:3306", Asks::For(1000)).on_command_line())
        },
        entry(
            "max_connections = 1000",
            "max_connections = 1000",
            250,
            Some("max_connections"),
        ),
    ]
}

/// Started as Debian does: the data in one place, the configuration in another.
fn postgresql() -> Vec<Entry> {
    let text = "data_directory = '@/data'\nhba_file = '@/data/pg_hba.conf'\n\
                ident_file = '@/data/pg_ident.conf'\nlisten_addresses = '127.0.0.1'\n\
                unix_socket_directories = '@'\nfsync = off\n";
    let entry = |configuration, set: &str, asks, place: Option<&'static str>| {
        let entry = Entry::new(
            "postgresql",
            "postgresql",
            configuration,
            "setpriv --reuid=postgres --regid=postgres --init-groups \
             /usr/lib/postgresql/15/bin/postgres -D @/data -c config_file=@/postgresql.conf",
        )
        .file("postgresql.conf", &format!("{text}{set}\n"))
        .after("chown postgres @")
        .after(
            "setpriv --reuid=postgres --regid=postgres --init-groups \
             /usr/lib/postgresql/15/bin/initdb -D @/data --no-sync -A trust",
        );
        ["127.0.0.1:5432", "/run/matrix/.s.PGSQL.5432"]
            .into_iter()
            .fold(entry, |entry, address| {
                let listener = on(address, Asks::For(asks));
                entry.listens(match place {
                    Some(text) => listener.at("postgresql.conf", text),
                    None => listener.by_default(Likely),
                })
            })
    };
    let set = "max_connections = 500";
    let path = "127.0.0.1:5432";
    let bare = |configuration, arguments: &str| {
        let mut entry = entry(configuration, "include_dir = '@/conf.d'", 0, None).with(arguments);
        entry.expected.clear();
        entry.file("conf.d/more.conf", "# nothing\n")
    };
    vec![
        bare("-c max_connections=500", "-c max_connections=500")
            .listens(on(path, Asks::For(1044)).on_command_line()),
        bare("-N 500", "-N 500").listens(on(path, Asks::For(1044)).on_command_line()),
        bare("in an included file", "-c work_mem=8MB")
            .file(
                "conf.d/more.conf",
                "max_connections = 500\nmax_worker_processes = 20\n",
            )
            .listens(on(path, Asks::For(1068)).at("conf.d/more.conf", "max_connections")),
        entry("default", "", 244, None),
        entry(set, set, 1044, Some(set)),
        entry(
            "max_connections = 30",
            "max_connections = 30",
            104,
            Some("max_connections"),
        ),
    ]
}

fn pgbouncer() -> Vec<Entry> {
    let text = "[databases]\nx = host=127.0.0.1\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
                listen_port = 6432\nauth_type = any\nunix_socket_dir = @\n";
    let entry = |configuration, set: &str, asks, place: Option<&'static str>| {
        let entry = Entry::new(
            "pgbouncer",
            "pgbouncer",
            configuration,
            "setpriv --reuid=postgres --regid=postgres --init-groups pgbouncer @/pgbouncer.ini",
        )
        .file("pgbouncer.ini", &format!("{text}{set}\n"))
        .after("chown postgres @");
        ["127.0.0.1:6432", "/run/matrix/.s.PGSQL.6432"]
            .into_iter()
            .fold(entry, |entry, address| {
                let listener = on(address, Asks::For(asks));
                entry.listens(match place {
                    Some(text) => listener.at("pgbouncer.ini", text),
                    None => listener.by_default(Likely),
                })
            })
    };
    vec![
        entry("default", "", 128, None),
        entry(
            "listen_backlog = 1000",
            "listen_backlog = 1000",
            1000,
            Some("listen_backlog"),
        ),
        entry(
            "listen_backlog = 100",
            "listen_backlog = 100",
            100,
            Some("listen_backlog"),
        ),
    ]
}

/// Redis writes a title over its command line, unless it is told not to.
fn redis() -> Vec<Entry> {
    let text = "port 6379\nbind 127.0.0.1\nunixsocket @/redis.sock\ndir @\nsave \"\"\n";
    let (port, path) = ("127.0.0.1:6379", "/run/matrix/redis.sock");
    let entry = |configuration, set: &str| {
        Entry::new(
            "redis",
            "redis-server",
            configuration,
            "redis-server @/redis.conf",
        )
        .file("redis.conf", &format!("{text}{set}\n"))
    };
    let plain = "set-proc-title no\ntcp-backlog 1000";
    vec![
        entry("default", "")
            .listens(on(port, Asks::For(511)))
            .listens(on(path, Asks::For(511))),
        entry("tcp-backlog 1000", "tcp-backlog 1000")
            .listens(on(port, Asks::For(1000)))
            .listens(on(path, Asks::For(1000))),
        entry("tcp-backlog 100", "tcp-backlog 100")
            .listens(on(port, Asks::For(100)))
            .listens(on(path, Asks::For(100))),
        entry(
            "in an included file, set-proc-title no",
            "set-proc-title no\ninclude @/more.conf",
        )
        .file("more.conf", "tcp-backlog 1000\n")
        .listens(on(port, Asks::For(1000)).at("more.conf", "tcp-backlog")),
        entry("--tcp-backlog 1000", "")
            .with("--tcp-backlog 1000")
            .listens(on(port, Asks::For(1000))),
        entry("tcp-backlog 1000, set-proc-title no", plain)
            .listens(on(port, Asks::For(1000)).at("redis.conf", "tcp-backlog"))
            .listens(on(path, Asks::For(1000)).at("redis.conf", "tcp-backlog")),
    ]
}

fn memcached() -> Vec<Entry> {
    let entry = |configuration, arguments: &str| {
        Entry::new(
            "memcached",
            "memcached",
            configuration,
            "memcached -u root -U 0",
        )
        .with(arguments)
    };
    let port = "127.0.0.1:11211";
    vec![
        entry("default", "-l 127.0.0.1").listens(on(port, Asks::For(1024)).by_default(Likely)),
        entry("-b 1000", "-l 127.0.0.1 -b 1000")
            .listens(on(port, Asks::For(1000)).on_command_line()),
        entry("-b1000", "-l 127.0.0.1 -b1000").listens(on(port, Asks::For(1000)).on_command_line()),
        Entry::new("memcached", "memcached", "two of them", "sh -c")
            .with(
                "'memcached -u root -U 0 -l 127.0.0.1 -p 11212 -b 100 & \
                   exec memcached -u root -U 0 -l 127.0.0.1 -b 1000'",
            )
            .listens(on(port, Asks::For(1000)).on_command_line())
            .listens(on("127.0.0.1:11212", Asks::For(100)).on_command_line()),
        entry("-vb 1000", "-l 127.0.0.1 -vb 1000").listens(on(port, Asks::For(1000))),
        entry("-b 100", "-l 127.0.0.1 -b 100").listens(on(port, Asks::For(100)).on_command_line()),
        entry(
            "--listen-backlog=1000, unix",
            "--listen-backlog=1000 -s @/memcached.sock",
        )
        .listens(on("/run/matrix/memcached.sock", Asks::For(1000)).on_command_line()),
    ]
}
