//! Which file gets a sysctl, for small trees by hand. Generated ones are in `tests/it/patch_places`.

use super::super::persistent::tests::step;
use super::*;
use crate::snapshot::Loader;

const SYSTEMD: &str = "/usr/lib/systemd/systemd-sysctl";
const DOCKER: &str = "/.dockerenv";
const TUNED: &str = "/etc/systemd/system/multi-user.target.wants/tuned.service";

fn tree(files: &[(&str, &str)]) -> Vec<FileText> {
    let file = |(path, text): &(&str, &str)| match text.strip_prefix("-> ") {
        Some(target) => {
            let real = files.iter().find(|(path, _)| *path == target);
            FileText {
                link: Some(target.to_owned()),
                ..FileText::new(*path, real.map_or("", |(_, text)| text))
            }
        }
        None => FileText::new(*path, *text),
    };
    files.iter().map(file).collect()
}

fn places(loader: Loader, files: &[(&str, &str)], wish: &Wish) -> Places {
    let boot = Boot {
        loader: Some(loader),
        ..Boot::default()
    };
    places_at(&boot, files, wish)
}

fn places_at(boot: &Boot, files: &[(&str, &str)], wish: &Wish) -> Places {
    let files = tree(files);
    let configured = Configured {
        files: &files,
        boot: Some(boot),
        os: None,
        kernel: None,
    };
    place(&[&step(Some("128"), "511")], wish, configured).unwrap()
}

fn found(paths: &[&str]) -> Boot {
    Boot {
        found: paths
            .iter()
            .map(|path| ((*path).to_owned(), None))
            .collect(),
        ..Boot::default()
    }
}

/// The files that change.
fn chosen(loader: Loader, files: &[(&str, &str)]) -> Vec<String> {
    let places = places(loader, files, &Wish::Any);
    assert_eq!(places.notes, [""; 0]);
    paths(&places)
}

fn paths(places: &Places) -> Vec<String> {
    places.files.iter().map(|file| file.path.clone()).collect()
}

const SMALL: &str = "net.core.somaxconn = 128\n";
const CONF: &str = "/etc/sysctl.conf";
const LINK: (&str, &str) = ("/etc/sysctl.d/99-sysctl.conf", "-> /etc/sysctl.conf");
use Loader::{Busybox, Procps, SystemdSysctl};

#[test]
fn the_line_that_decides_is_edited_where_it_stands() {
    let both = [(CONF, SMALL), ("/etc/sysctl.d/60-web.conf", SMALL)];
    assert_eq!(
        chosen(SystemdSysctl, &both),
        ["/etc/sysctl.d/60-web.conf"],
        "sysctl.conf is not read"
    );
    assert_eq!(chosen(Procps, &both), [CONF]);
    assert_eq!(chosen(Busybox, &both), [CONF]);
    let linked = [both[0], both[1], LINK];
    assert_eq!(chosen(SystemdSysctl, &linked), [CONF]);
    let behind = [both[0], LINK, ("/etc/sysctl.d/zz.conf", SMALL)];
    assert_eq!(chosen(SystemdSysctl, &behind), ["/etc/sysctl.d/zz.conf"]);
    let slashes = [("/etc/sysctl.d/a.conf", "net/core/somaxconn=1\n")];
    assert_eq!(chosen(SystemdSysctl, &slashes), ["/etc/sysctl.d/a.conf"]);
}

#[test]
fn the_header_says_what_sysctl_system_makes_of_it() {
    let both = [(CONF, SMALL), LINK, ("/etc/sysctl.d/zz.conf", SMALL)];
    let places = places(SystemdSysctl, &both, &Wish::Any);
    assert_eq!(paths(&places), ["/etc/sysctl.d/zz.conf"]);
    let why = "sysctl --system sets net.core.somaxconn to 128 all the same: procps applies /etc/sysctl.conf:1 last";
    assert_eq!(places.asides, [why]);
}

#[test]
fn what_is_below_run_is_no_reason_to_leave_a_sysctl_out() {
    let large = [("/run/sysctl.d/x.conf", "net.core.somaxconn = 65535\n")];
    let places = places(SystemdSysctl, &large, &Wish::Any);
    assert!(places.already.is_empty(), "{places:?}");
    assert_eq!(paths(&places), ["/etc/sysctl.d/99-backlint.conf"]);
}

#[test]
fn where_nothing_decides_sysctl_conf_is_taken_if_it_is_read() {
    assert_eq!(chosen(Procps, &[]), [CONF]);
    assert_eq!(chosen(Busybox, &[]), [CONF]);
    assert_eq!(chosen(SystemdSysctl, &[]), [DROP_IN]);
    assert_eq!(chosen(SystemdSysctl, &[(CONF, "# empty\n")]), [DROP_IN]);
    let linked = [(CONF, "# empty\n"), LINK];
    assert_eq!(chosen(SystemdSysctl, &linked), [CONF]);
}

#[test]
fn files_of_packages_and_below_run_are_left_alone() {
    for path in ["/usr/lib/sysctl.d/50-v.conf", "/run/sysctl.d/50-v.conf"] {
        assert_eq!(chosen(SystemdSysctl, &[(path, SMALL)]), [DROP_IN]);
        assert_eq!(chosen(Procps, &[(path, SMALL)]), [CONF]);
    }
    let linked = [
        ("/etc/sysctl.d/50-v.conf", "-> /usr/share/v.conf"),
        ("/usr/share/v.conf", SMALL),
    ];
    assert_eq!(chosen(SystemdSysctl, &linked), [DROP_IN]);
}

#[test]
fn a_drop_in_comes_behind_all_files_that_set_the_key_and_hides_none() {
    let last = |name: &str| {
        let path = format!("/usr/lib/sysctl.d/{name}");
        let chosen = chosen(SystemdSysctl, &[(&path, SMALL)]);
        assert_eq!(chosen.len(), 1);
        chosen[0].strip_prefix("/etc/sysctl.d/").unwrap().to_owned()
    };
    for (name, own) in [
        ("99-a.conf", "99-backlint.conf"),
        ("99-backlint.conf", "99-zz-backlint.conf"),
        ("99-sysctl.conf", "99-zz-backlint.conf"),
        // The dot comes behind the dash.
        ("99.conf", "zz-backlint.conf"),
        ("sysctl.conf", "zz-backlint.conf"),
        ("zz-vendor.conf", "zzz-backlint.conf"),
        ("zzzz.conf", "zzzz_backlint.conf"),
        ("~.conf", "~_backlint.conf"),
    ] {
        assert_eq!(last(name), own, "{name}");
    }
    let own = ("/etc/sysctl.d/zz-backlint.conf", SMALL);
    assert_eq!(chosen(SystemdSysctl, &[own]), [own.0]);
}

#[test]
fn a_pattern_keeps_its_value() {
    let glob = [("/etc/sysctl.d/zz.conf", "net.core.somax* = 128\n")];
    assert_eq!(chosen(SystemdSysctl, &glob), [DROP_IN]);
    assert_eq!(chosen(Procps, &glob), [CONF]);
}

#[test]
fn an_exclusion_that_takes_the_key_back_is_answered_behind_it() {
    let files = [
        ("/etc/sysctl.d/50-a.conf", SMALL),
        ("/etc/sysctl.d/60-b.conf", "-net.core.somaxconn\n# end\n"),
    ];
    assert_eq!(chosen(SystemdSysctl, &files), ["/etc/sysctl.d/60-b.conf"]);
    assert_eq!(chosen(Procps, &files), ["/etc/sysctl.d/50-a.conf"]);
}

#[test]
fn what_suffices_after_boot_is_left_alone_wherever_it_is() {
    for text in ["net.core.somaxconn = 8192\n", "net.core.* = 511\n"] {
        let files = [("/usr/lib/sysctl.d/50-v.conf", text)];
        let places = places(SystemdSysctl, &files, &Wish::File(CONF.to_owned()));
        assert!(places.files.is_empty(), "{places:?}");
        assert_eq!(places.already[0].file, files[0].0);
    }
}

#[test]
fn below_run_overrides_are_told() {
    let files = [("/run/sysctl.d/a.conf", SMALL)];
    let places = places(Busybox, &files, &Wish::Any);
    assert_eq!(paths(&places), [CONF]);
    assert!(
        places.notes[0].contains("/run/sysctl.d/a.conf:1"),
        "{places:?}"
    );
    let again = [files[0], (CONF, "net.core.somaxconn = 511\n")];
    let places = super::tests::places(Busybox, &again, &Wish::Any);
    assert_eq!(paths(&places), [""; 0]);
    assert_eq!(places.already.len(), 1);
}

#[test]
fn the_file_that_was_asked_for_is_taken_even_if_it_loses() {
    let files = [("/etc/sysctl.d/60-web.conf", SMALL)];
    let early = Wish::File("/etc/sysctl.d/10-x.conf".to_owned());
    let places = places(SystemdSysctl, &files, &early);
    assert_eq!(paths(&places), ["/etc/sysctl.d/10-x.conf"]);
    assert_eq!(
        places.notes,
        [
            "net.core.somaxconn = 511 in /etc/sysctl.d/10-x.conf loses at boot: /etc/sysctl.d/60-web.conf:1 sets it after that"
        ]
    );
    let unread = super::tests::places(SystemdSysctl, &files, &Wish::File(CONF.to_owned()));
    assert_eq!(paths(&unread), [CONF]);
    assert!(unread.notes[0].contains("systemd-sysctl does not read it"));
    let linked = [(CONF, "#\n"), LINK];
    let by_link = Wish::File(LINK.0.to_owned());
    let by_link = super::tests::places(SystemdSysctl, &linked, &by_link);
    assert_eq!(
        (paths(&by_link), by_link.notes),
        (vec![CONF.to_owned()], vec![])
    );
}

#[test]
fn a_drop_in_takes_what_would_override_it_along() {
    let files = [(CONF, SMALL)];
    let places = places(Procps, &files, &Wish::DropIn);
    assert_eq!(paths(&places), [CONF, DROP_IN]);
    assert_eq!(places.load, [DROP_IN, CONF]);
    let linked = [(CONF, SMALL), LINK];
    let behind = super::tests::places(SystemdSysctl, &linked, &Wish::DropIn);
    assert_eq!(paths(&behind), ["/etc/sysctl.d/99-zz-backlint.conf"]);
}

#[test]
fn where_nothing_loads_files_there_is_no_diff() {
    let boot = found(&[SYSTEMD, DOCKER]);
    for wish in [Wish::Any, Wish::DropIn] {
        let places = places_at(&boot, &[(CONF, SMALL), LINK], &wish);
        assert_eq!(paths(&places), [""; 0]);
        assert!(places.notes[0].contains("--for docker"), "{places:?}");
    }
    let places = places_at(&boot, &[], &Wish::File(CONF.to_owned()));
    assert_eq!(paths(&places), [CONF]);
    assert!(places.notes[0].contains("container"), "{places:?}");
}

#[test]
fn a_profile_of_tuned_is_answered_where_files_are_applied_after_it() {
    let profile = [
        ("/etc/tuned/active_profile", "web\n"),
        (
            "/etc/tuned/web/tuned.conf",
            "[sysctl]\nnet.core.somaxconn=256\n",
        ),
        ("/etc/tuned/tuned-main.conf", "reapply_sysctl = 0\n"),
    ];
    let boot = found(&[SYSTEMD, TUNED]);
    let places = places_at(&boot, &profile[..2], &Wish::Any);
    assert_eq!(paths(&places), [DROP_IN]);
    let places = places_at(&boot, &profile, &Wish::Any);
    assert_eq!(paths(&places), [""; 0]);
    assert!(places.notes[0].contains("/etc/tuned/web/tuned.conf:2"));
    assert!(places.notes[0].contains("reapply_sysctl"));
}

#[test]
fn ufws_own_file_is_edited() {
    let files = [
        ("/etc/ufw/ufw.conf", "ENABLED=yes\n"),
        ("/etc/ufw/sysctl.conf", "net/core/somaxconn=128\n"),
    ];
    assert_eq!(chosen(SystemdSysctl, &files), ["/etc/ufw/sysctl.conf"]);
}

#[test]
fn the_command_line_loses_to_any_file() {
    let mut boot = found(&[SYSTEMD]);
    boot.cmdline = vec!["sysctl.net.core.somaxconn=128".to_owned()];
    assert_eq!(paths(&places_at(&boot, &[], &Wish::Any)), [DROP_IN]);
}

#[test]
fn each_key_has_its_own_file_and_they_are_loaded_in_the_order_of_a_boot() {
    let files = [
        (CONF, "net.core.somaxconn = 1\n"),
        (
            "/etc/sysctl.d/60-a.conf",
            "vm.swappiness = 60\nnet.core.somaxconn = 1\n",
        ),
        LINK,
    ];
    let files = tree(&files);
    let boot = found(&[SYSTEMD]);
    let configured = Configured {
        files: &files,
        boot: Some(&boot),
        os: None,
        kernel: None,
    };
    let swappiness = SysctlStep {
        key: "vm/swappiness".to_owned(),
        ..step(Some("60"), "10")
    };
    let new = SysctlStep {
        key: "net.ipv4.tcp_syncookies".to_owned(),
        ..step(Some("0"), "1")
    };
    let steps = [&step(Some("1"), "511"), &swappiness, &new];
    let places = place(&steps, &Wish::Any, configured).unwrap();
    assert_eq!(paths(&places), [CONF, "/etc/sysctl.d/60-a.conf"]);
    assert_eq!(places.files[0].changes.len(), 2);
    assert_eq!(places.load, ["/etc/sysctl.d/60-a.conf", CONF]);
}

#[test]
fn a_line_that_nothing_reads_is_told() {
    let files = [(CONF, SMALL)];
    let places = places(SystemdSysctl, &files, &Wish::Any);
    assert_eq!(paths(&places), [DROP_IN]);
    assert!(places.asides[0].starts_with("/etc/sysctl.conf:1 has 128"));
}
