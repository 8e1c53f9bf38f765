//! What the next boot sets, for small trees by hand. The loaders themselves are asked about generated
//! ones in `tests/it/boot`.

use super::*;

/// A kernel that takes every value but a negative one.
struct Takes;

impl Kernel for Takes {
    fn refusal(&self, _: &str, value: &str) -> Option<String> {
        value.starts_with('-').then(|| "it is negative".to_owned())
    }

    fn default(&self, _: &str) -> Option<String> {
        None
    }
}

const KEY: &str = "net.core.somaxconn";

fn tree(files: &[(&str, &str)]) -> Vec<FileText> {
    let file = |(path, text): &(&str, &str)| match text.strip_prefix("-> ") {
        Some(target) => FileText {
            link: Some(target.to_owned()),
            ..FileText::new(*path, "")
        },
        None => FileText::new(*path, *text),
    };
    files.iter().map(file).collect()
}

fn boot(found: &[&str]) -> Boot {
    Boot {
        found: found
            .iter()
            .map(|path| ((*path).to_owned(), None))
            .collect(),
        ..Boot::default()
    }
}

fn after(files: &[FileText], key: &str) -> [Option<String>; 3] {
    let boot = boot(&["/usr/lib/systemd/systemd-sysctl"]);
    let persistent = Persistent::new(files, Some(&boot), None);
    let after = persistent.after_boot(key, &Takes);
    Loader::ALL.map(|loader| after[&loader].clone())
}

fn values<const N: usize>(values: [&str; N]) -> [Option<String>; N] {
    values.map(|value| (value != "-").then(|| value.to_owned()))
}

#[test]
fn the_last_name_wins_and_the_loaders_disagree_about_sysctl_conf() {
    let files = tree(&[
        ("/etc/sysctl.conf", "net.core.somaxconn = 1\n"),
        ("/etc/sysctl.d/50-a.conf", "net.core.somaxconn = 2\n"),
        ("/usr/lib/sysctl.d/99-z.conf", "net/core/somaxconn = 3\n"),
    ]);
    assert_eq!(after(&files, KEY), values(["3", "1", "1"]));
}

#[test]
fn a_file_hides_those_of_its_name_whatever_it_is() {
    let files = tree(&[
        ("/etc/sysctl.d/a.conf", "-> /dev/null"),
        ("/usr/lib/sysctl.d/a.conf", "net.core.somaxconn = 3\n"),
    ]);
    assert_eq!(after(&files, KEY), values(["-", "-", "3"]));
}

#[test]
fn an_exclusion_undoes_only_for_systemd() {
    let files = tree(&[(
        "/etc/sysctl.d/a.conf",
        "net.core.somaxconn = 3\n-net.core.somaxconn\n",
    )]);
    assert_eq!(after(&files, KEY), values(["-", "3", "3"]));
}

#[test]
fn a_key_by_name_counts_more_than_a_pattern() {
    let files = tree(&[
        ("/etc/sysctl.d/a.conf", "net.ipv4.conf.lo.rp_filter = 1\n"),
        ("/etc/sysctl.d/b.conf", "net.ipv4.conf.*.rp_filter = 2\n"),
    ]);
    assert_eq!(
        after(&files, "net.ipv4.conf.lo.rp_filter"),
        values(["1", "1", "1"])
    );
    assert_eq!(
        after(&files, "net.ipv4.conf.all.rp_filter"),
        values(["2", "2", "-"])
    );
}

#[test]
fn a_value_that_the_kernel_refuses_leaves_the_one_before_it_unless_only_one_is_kept() {
    let files = tree(&[(
        "/etc/sysctl.d/a.conf",
        "net.core.somaxconn=7\nnet.core.somaxconn=-5\n",
    )]);
    assert_eq!(after(&files, KEY), values(["-", "7", "7"]));
}

#[test]
fn a_history_has_every_line_with_its_reason() {
    let files = tree(&[
        ("/etc/sysctl.conf", "net.core.somaxconn = 1\n"),
        ("/etc/sysctl.d/50-a.conf", "#\nnet.core.somaxconn = 2\n"),
        ("/etc/sysctl.d/60", "net.core.somaxconn = 9\n"),
        ("/usr/lib/sysctl.d/50-a.conf", "net.core.somaxconn = 4\n"),
        ("/usr/lib/sysctl.d/99-z.conf", "net/core/somaxconn = 3\n"),
    ]);
    let traces = boot(&["/usr/lib/systemd/systemd-sysctl"]);
    let persistent = Persistent::new(&files, Some(&traces), None);
    let history = persistent.history("net/core/somaxconn", &Takes);
    let lines: Vec<_> = history
        .assignments
        .iter()
        .map(|it| (it.place(), it.status.name(), it.reason.as_str()))
        .collect();
    let expected = [
        (
            "/etc/sysctl.d/50-a.conf:2",
            "overridden",
            "/usr/lib/sysctl.d/99-z.conf:1 sets it after that",
        ),
        (
            "/usr/lib/sysctl.d/99-z.conf:1",
            "wins",
            "systemd-sysctl applies it last",
        ),
        (
            "/etc/sysctl.conf:1",
            "dead",
            "systemd-sysctl does not read it, and no link in a sysctl.d directory leads to it",
        ),
        (
            "/etc/sysctl.d/60:1",
            "dead",
            "its name does not end in .conf, so no loader reads it",
        ),
        (
            "/usr/lib/sysctl.d/50-a.conf:1",
            "masked",
            "/etc/sysctl.d/50-a.conf has the same name and comes first",
        ),
    ];
    assert_eq!(
        lines,
        expected.map(|(place, status, why)| (place.to_owned(), status, why))
    );
    assert_eq!(history.value.as_deref(), Some("3"));
}

#[test]
fn a_linked_sysctl_conf_is_told_by_its_own_name() {
    let mut files = tree(&[
        ("/etc/sysctl.conf", "net.core.somaxconn = 1\n"),
        ("/etc/sysctl.d/99-sysctl.conf", "net.core.somaxconn = 1\n"),
    ]);
    files[1].link = Some("/etc/sysctl.conf".to_owned());
    let traces = boot(&["/usr/lib/systemd/systemd-sysctl"]);
    let persistent = Persistent::new(&files, Some(&traces), None);
    let history = persistent.history(KEY, &Takes);
    assert_eq!(history.assignments.len(), 1, "{history:?}");
    assert_eq!(history.winner().unwrap().place(), "/etc/sysctl.conf:1");
}

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
fn the_loader_is_told_by_its_traces() {
    let os = |id: &str| Os {
        id: id.to_owned(),
        version: None,
    };
    let of = |found: &[&str], id: &str| Runs::of(Some(&boot(found)), Some(&os(id))).loader;
    assert_eq!(
        of(&["/usr/lib/systemd/systemd-sysctl"], "debian"),
        Some(Loader::SystemdSysctl)
    );
    assert_eq!(of(&["/etc/init.d/procps"], "devuan"), Some(Loader::Procps));
    assert_eq!(
        of(&["/sbin/openrc", "/etc/runlevels/boot/sysctl"], "alpine"),
        Some(Loader::Busybox)
    );
    assert_eq!(
        of(&["/sbin/openrc", "/etc/runlevels/boot/sysctl"], "gentoo"),
        Some(Loader::Procps)
    );
    assert_eq!(of(&["/sbin/openrc"], "alpine"), None);
    assert_eq!(
        of(
            &["/.dockerenv", "/usr/lib/systemd/systemd-sysctl"],
            "debian"
        ),
        None
    );
    assert_eq!(of(&[], "debian"), None);
    let bare = Runs::of(Some(&boot(&[])), None);
    assert_eq!(bare.loader, Some(Loader::SystemdSysctl));
}
