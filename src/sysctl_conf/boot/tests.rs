//! What the next boot sets, for small trees by hand. The loaders themselves are asked about generated
//! ones in `tests/it/boot`.

mod later;

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
    Loader::ALL.map(|loader| persistent.history_with(loader, key, &Takes).value)
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

#[test]
fn a_refused_value_ends_the_file_for_busybox_alone() {
    let files = tree(&[
        (
            "/etc/sysctl.d/a.conf",
            "vm.swappiness = -1\nnet.core.somaxconn = 3\n",
        ),
        ("/etc/sysctl.conf", "kernel.panic = 10\n"),
    ]);
    assert_eq!(after(&files, KEY), values(["3", "3", "-"]));
    // Each file is loaded by a process of its own.
    assert_eq!(after(&files, "kernel.panic"), values(["-", "10", "10"]));
}

#[test]
fn an_empty_value_sets_nothing_for_busybox() {
    let files = tree(&[(
        "/etc/sysctl.d/a.conf",
        "net.core.somaxconn = \nnet.core.somaxconn =#5\nvm.swappiness = 5\n",
    )]);
    assert_eq!(after(&files, KEY), values(["#5", "#5", "-"]));
    assert_eq!(after(&files, "vm.swappiness"), values(["5", "5", "5"]));
}

#[test]
fn the_loaders_find_a_key_by_different_spellings() {
    for (key, expected) in [
        ("net/core.somaxconn", ["-", "-", "1"]),
        ("net.core/somaxconn", ["-", "-", "-"]),
        ("/net/core/somaxconn", ["1", "1", "-"]),
        ("/proc/sys/net/core/somaxconn", ["-", "-", "1"]),
        ("net.core.somaxconn.", ["1", "-", "-"]),
        ("net..core.somaxconn", ["1", "1", "1"]),
        ("net/core/../core/somaxconn", ["-", "1", "1"]),
        ("--net.core.somaxconn", ["-", "1", "-"]),
        ("---net.core.somaxconn", ["-", "-", "-"]),
        ("- net.core.somaxconn", ["1", "-", "-"]),
    ] {
        let files = tree(&[("/etc/sysctl.d/a.conf", &format!("{key} = 1\n"))]);
        assert_eq!(after(&files, KEY), values(expected), "{key}");
    }
    let dotted = "net.ipv4.conf.eth0/7.rp_filter";
    for key in [dotted, "net/ipv4/conf/eth0.7/rp_filter"] {
        let files = tree(&[("/etc/sysctl.d/a.conf", &format!("{key} = 1\n"))]);
        assert_eq!(after(&files, dotted), values(["1", "1", "1"]), "{key}");
    }
    let files = tree(&[(
        "/etc/sysctl.d/a.conf",
        "net.ipv4.conf.eth0.7.rp_filter = 1\n",
    )]);
    assert_eq!(after(&files, dotted), values(["-", "-", "1"]));
}

#[test]
fn a_key_in_an_odd_spelling_is_not_kept_out_of_patterns_by_procps() {
    let files = tree(&[(
        "/etc/sysctl.d/a.conf",
        "net..core.somaxconn = 1\nnet.core.somaxcon? = 2\n",
    )]);
    assert_eq!(after(&files, KEY), values(["1", "2", "1"]));
}

#[test]
fn a_pattern_that_is_kept_out_sets_nothing() {
    let files = tree(&[(
        "/etc/sysctl.d/a.conf",
        "net.core.somaxc* = 1\n-net.core.somaxcon?\n",
    )]);
    assert_eq!(after(&files, KEY), values(["1", "1", "-"]));
}

#[test]
fn braces_are_alternatives_for_systemd_where_there_is_a_pattern() {
    let files = tree(&[(
        "/etc/sysctl.d/a.conf",
        "net.core.{somaxc*,optmem_max} = 1\nvm.{swappiness,x} = 1\n",
    )]);
    assert_eq!(after(&files, KEY), values(["1", "-", "-"]));
    assert_eq!(after(&files, "vm.swappiness"), values(["-", "-", "-"]));
}

#[test]
fn openrc_loads_each_file_with_the_sysctl_that_it_finds() {
    let files = tree(&[
        ("/usr/lib/sysctl.d/z.conf", "net.core.somaxconn = 1\n"),
        ("/etc/sysctl.d/a.conf", "net.core.s* = 2\n"),
        ("/etc/sysctl.d/b.conf", "-net.core.somaxconn\n"),
    ]);
    let alpine = Os {
        id: "alpine".to_owned(),
        version: None,
    };
    let value = |sysctl: Option<&str>| {
        let mut boot = boot(&["/sbin/openrc", "/etc/runlevels/boot/sysctl"]);
        let sysctl = sysctl.map(str::to_owned);
        boot.found.insert("/sbin/sysctl".to_owned(), sysctl);
        let persistent = Persistent::new(&files, Some(&boot), Some(&alpine));
        persistent.history(KEY, &Takes).value
    };
    assert_eq!(value(Some("/bin/busybox")).as_deref(), Some("1"));
    assert_eq!(value(None).as_deref(), Some("2"));
}

#[test]
fn a_file_that_may_not_be_read_hides_for_openrc_and_a_directory_does_not() {
    for (why, irregular, expected) in [
        ("Permission denied (os error 13)", false, ["-", "-", "-"]),
        ("it is not a regular file", true, ["-", "-", "3"]),
    ] {
        let mut files = tree(&[
            ("/etc/sysctl.d/a.conf", ""),
            ("/usr/lib/sysctl.d/a.conf", "net.core.somaxconn = 3\n"),
        ]);
        files[0].unread = Some(why.to_owned());
        files[0].irregular = irregular;
        assert_eq!(after(&files, KEY), values(expected), "{why}");
    }
}

#[test]
fn a_line_that_is_read_twice_has_the_value_of_the_reading_that_counts() {
    let mut files = tree(&[
        ("/etc/sysctl.conf", "net.core.somaxconn = 1\\"),
        ("/usr/local/lib/sysctl.d/a.conf", "net.core.somaxconn = 1\\"),
    ]);
    files[1].link = Some("/etc/sysctl.conf".to_owned());
    let persistent = Persistent::new(&files, None, None);
    let history = persistent.history_with(Loader::Busybox, KEY, &Takes);
    assert_eq!(history.assignments.len(), 1, "{history:?}");
    assert_eq!(history.winner().unwrap().value.as_deref(), Some("1"));
}
