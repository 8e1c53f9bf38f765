//! Mail, remote access, and the transfer of files.

use crate::matrix::entry::Sure::{Certain, Likely};
use crate::matrix::entry::{Asks, Entry, on};

pub(super) fn all() -> Vec<Entry> {
    [postfix(), dovecot(), sshd(), vsftpd(), rsync()].concat()
}

fn postfix() -> Vec<Entry> {
    let main = "compatibility_level = 3.6\nqueue_directory = @/spool\ndata_directory = @/data\n\
                command_directory = /usr/sbin\ndaemon_directory = /usr/lib/postfix/sbin\n\
                mail_owner = postfix\nsetgid_group = postdrop\ninet_interfaces = loopback-only\n\
                inet_protocols = ipv4\nmaillog_file = @/maillog\nmaillog_file_prefixes = @\n\
                myhostname = localhost.example\nalias_maps =\nalias_database =\n";
    let master = "postlog unix-dgram n - n - 1 postlogd\n\
                  127.0.0.1:2525 inet n - n - - smtpd\n\
                  127.0.0.1:2526 inet n - n - 300 smtpd\n\
                  127.0.0.1:2527 inet n - n - 20 smtpd\n\
                  pickup unix n - n 60 1 pickup\ncleanup unix n - n - 0 cleanup\n\
                  qmgr unix n - n 300 1 qmgr\nrewrite unix - - n - - trivial-rewrite\n\
                  bounce unix - - n - 0 bounce\nanvil unix - - n - 1 anvil\n";
    let entry = |configuration, set: &str| {
        Entry::new(
            "postfix",
            "postfix",
            configuration,
            "postfix -c @/etc start-fg",
        )
        .file("etc/main.cf", &format!("{main}{set}\n"))
        .file("etc/master.cf", master)
        .after("mkdir @/spool @/data")
        .after("chown postfix @/data")
    };
    let (plain, more, fewer) = ("127.0.0.1:2525", "127.0.0.1:2526", "127.0.0.1:2527");
    let file = "etc/master.cf";
    let set = "default_process_limit = 1000";
    vec![
        entry("default", "")
            .listens(on(plain, Asks::For(100)).by_default(Likely))
            .listens(on(more, Asks::For(300)).at(file, more))
            .listens(on(fewer, Asks::For(100)).by_default(Likely)),
        entry(set, set)
            .listens(on(plain, Asks::For(1000)).at("etc/main.cf", set))
            .listens(on(more, Asks::For(1000)).at("etc/main.cf", set))
            .listens(on(fewer, Asks::For(1000)).at("etc/main.cf", set)),
        entry(
            "default_process_limit = $most",
            "most = 1000\ndefault_process_limit =\n  $most",
        )
        .listens(on(plain, Asks::For(1000)).at("etc/main.cf", "default_process_limit")),
        entry("default_process_limit = 50", "default_process_limit = 50")
            .listens(on(plain, Asks::For(50)).at("etc/main.cf", "default_process_limit"))
            .listens(on(more, Asks::For(300)).at(file, more))
            .listens(on(fewer, Asks::For(50)).at("etc/main.cf", "default_process_limit")),
    ]
}

/// process_limit × client_limit of each service.
fn dovecot() -> Vec<Entry> {
    let entry = |configuration, set: &str| {
        let text = format!(
            "base_dir = @/base\nstate_dir = @/state\nlog_path = @/dovecot.log\nprotocols = imap\n\
             ssl = no\nlisten = 127.0.0.1\npassdb {{\n  driver = static\n}}\n\
             service imap-login {{\n  inet_listener imap {{\n    port = 1143\n  }}\n  \
             inet_listener imaps {{\n    port = 0\n  }}\n{set}}}\n"
        );
        Entry::new(
            "dovecot",
            "dovecot-imapd",
            configuration,
            "dovecot -F -c @/dovecot.conf",
        )
        .file("dovecot.conf", &text)
    };
    let (port, master) = ("127.0.0.1:1143", "/run/matrix/base/master");
    vec![
        entry("default", "")
            .listens(on(port, Asks::For(100)).by_default(Likely))
            .listens(on(master, Asks::For(16))),
        // A login process serves one client and ends, whatever the limit of clients is.
        entry(
            "process_limit = 200, client_limit = 10",
            "  process_limit = 200\n  client_limit = 10\n",
        )
        .listens(on(port, Asks::For(200)).at("dovecot.conf", "process_limit"))
        .listens(on(master, Asks::For(16))),
        entry(
            "process_limit = 200, client_limit = 10, service_count = 0",
            "  process_limit = 200\n  client_limit = 10\n  service_count = 0\n",
        )
        .listens(on(port, Asks::For(2000)).by_default(Certain))
        .listens(on(master, Asks::For(16))),
        entry(
            "default_process_limit = 200",
            "}\ndefault_process_limit = 200\nservice auth {\n",
        )
        .listens(on(port, Asks::For(200)).at("dovecot.conf", "default_process_limit")),
        entry("process_limit = 50", "  process_limit = 50\n")
            .listens(on(port, Asks::For(50)).at("dovecot.conf", "process_limit"))
            .listens(on(master, Asks::For(16))),
    ]
}

fn sshd() -> Vec<Entry> {
    let text = "Port 2222\nListenAddress 127.0.0.1\nHostKey @/key\nPidFile none\n";
    vec![
        Entry::new(
            "sshd",
            "openssh-server",
            "fixed",
            "/usr/sbin/sshd -D -e -f @/sshd_config",
        )
        .file("sshd_config", text)
        .after("mkdir /run/sshd")
        .after("ssh-keygen -q -t ed25519 -N '' -f @/key")
        .listens(on("127.0.0.1:2222", Asks::For(128)).by_default(Likely)),
    ]
}

fn vsftpd() -> Vec<Entry> {
    let text = "listen=YES\nlisten_port=2121\nlisten_address=127.0.0.1\nbackground=NO\n\
                secure_chroot_dir=@\n";
    vec![
        Entry::new("vsftpd", "vsftpd", "fixed", "vsftpd @/vsftpd.conf")
            .file("vsftpd.conf", text)
            .listens(on("127.0.0.1:2121", Asks::For(32)).by_default(Likely)),
    ]
}

fn rsync() -> Vec<Entry> {
    let entry = |configuration, set: &str| {
        let start = "rsync --daemon --no-detach --config=@/rsyncd.conf";
        Entry::new("rsync", "rsync", configuration, start).file(
            "rsyncd.conf",
            &format!("port = 8873\naddress = 127.0.0.1\n{set}\n"),
        )
    };
    let port = "127.0.0.1:8873";
    vec![
        entry("default", "").listens(on(port, Asks::For(5)).by_default(Likely)),
        entry("listen backlog = 1000", "listen backlog = 1000")
            .listens(on(port, Asks::For(1000)).at("rsyncd.conf", "listen backlog")),
        entry("--dparam", "")
            .with("'--dparam=listen backlog=1000'")
            .listens(on(port, Asks::For(1000))),
        entry("listen backlog = 100", "listen backlog = 100")
            .listens(on(port, Asks::For(100)).at("rsyncd.conf", "listen backlog")),
    ]
}
