//! The stages after the loader: ufw, TuneD, and what TuneD applies again.

use super::super::{Persistent, tuned};
use super::{KEY, Takes, boot, tree};

#[test]
fn later_stages_write_over_the_loader() {
    let files = tree(&[
        (
            "/usr/lib/sysctl.d/a.conf",
            "net.core.somaxconn = 1\nvm.swappiness = 5\nnet.ipv4.ip_forward = 0\n",
        ),
        ("/etc/sysctl.d/b.conf", "vm.swappiness = 6\n"),
        ("/etc/ufw/ufw.conf", "ENABLED=yes\n"),
        ("/etc/ufw/sysctl.conf", "net/ipv4/ip_forward=1\n"),
        ("/etc/tuned/active_profile", "web\n"),
        (
            "/etc/tuned/web/tuned.conf",
            "[main]\ninclude=base\n[sysctl]\nnet.core.somaxconn=>2048\n",
        ),
        (
            "/usr/lib/tuned/base/tuned.conf",
            "[sysctl]\nvm.swappiness=10 # less\nnet.core.somaxconn=64\n",
        ),
    ]);
    let mut traces = boot(&["/usr/lib/systemd/systemd-sysctl", tuned::ENABLED]);
    traces.cmdline = vec!["sysctl.net/core/somaxconn=99".to_owned()];
    let persistent = Persistent::new(&files, Some(&traces), None);
    let value = |key: &str| persistent.history(key, &Takes).value;
    assert_eq!(value(KEY).as_deref(), Some("2048"));
    assert_eq!(value("net.ipv4.ip_forward").as_deref(), Some("1"));
    // TuneD applies /etc again, and that comes last.
    assert_eq!(value("vm.swappiness").as_deref(), Some("6"));
}

#[test]
fn profiles_of_tuned_are_merged_section_by_section() {
    let value = |own: &str, after: &str, key: &str| {
        let files = tree(&[
            ("/etc/sysctl.d/a.conf", "kernel.panic = 1\n"),
            ("/usr/lib/sysctl.d/b.conf", "net.core.somaxconn = 1\n"),
            ("/etc/tuned/active_profile", "own\n"),
            ("/etc/tuned/post_loaded_profile", "after\n"),
            ("/etc/tuned/own/tuned.conf", own),
            ("/etc/tuned/after/tuned.conf", after),
            (
                "/usr/lib/tuned/base/tuned.conf",
                "[sysctl]\nnet.core.somaxconn=64\nkernel.panic=64\n[x]\ntype=sysctl\nvm.swappiness=64\n",
            ),
        ]);
        let traces = boot(&["/usr/lib/systemd/systemd-sysctl", tuned::ENABLED]);
        let persistent = Persistent::new(&files, Some(&traces), None);
        persistent.history(key, &Takes).value
    };
    let base = "[main]\ninclude=base\n";
    let of = |section: &str, key: &str| value(&format!("{base}{section}"), "", key);
    assert_eq!(of("", KEY).as_deref(), Some("64"));
    assert_eq!(
        of("[sysctl]\ndrop=net.core.somaxconn\n", KEY).as_deref(),
        Some("1")
    );
    assert_eq!(of("[sysctl]\nreplace=1\n", KEY).as_deref(), Some("1"));
    assert_eq!(
        of("[sysctl]\nreplace=1\n", "vm.swappiness").as_deref(),
        Some("64")
    );
    assert_eq!(of("[sysctl]\nenabled=0\n", KEY).as_deref(), Some("1"));
    let last = "[sysctl]\nnet.core.somaxconn=65\n";
    assert_eq!(value(base, last, KEY).as_deref(), Some("65"));
    // The loader's own value and what TuneD applies again are the same here.
    assert_eq!(of("", "kernel.panic").as_deref(), Some("1"));
}
