//! Layers on each other.

use super::*;

#[test]
fn an_upper_layer_replaces_and_removes() {
    let lower = Tar::default()
        .directory("etc/")
        .file("etc/a", "1")
        .file("etc/b", "1")
        .file("etc/c", "1")
        .file("var/x", "1");
    let upper = Tar::default()
        .file("./etc/b", "2")
        .file("etc/.wh.c", "")
        .file("/etc/d", "2")
        .file(".wh.var", "");
    let mut image = image(&[lower.end(), upper.end()]);
    assert_eq!(list(&mut image, "/etc"), ["a", "b", "d"]);
    assert_eq!(read(&mut image, "/etc/b").unwrap(), "2");
    assert_eq!(read(&mut image, "/etc/c"), None);
    assert_eq!(read(&mut image, "/var/x"), None);
    assert_eq!(list(&mut image, "/"), ["etc"]);
    assert_eq!(image.gaps(), []);
}

#[test]
fn a_whiteout_is_about_lower_layers_wherever_it_stands() {
    let lower = Tar::default()
        .file("d/a", "1")
        .file("f", "1")
        .file("o/a", "1");
    let whiteout_last = Tar::default()
        .file("d/new", "2")
        .file("f", "2")
        .file("o/new", "2")
        .file(".wh.d", "")
        .file(".wh.f", "")
        .file("o/.wh..wh..opq", "");
    let whiteout_first = Tar::default()
        .file(".wh.d", "")
        .file(".wh.f", "")
        .file("o/.wh..wh..opq", "")
        .file("d/new", "2")
        .file("f", "2")
        .file("o/new", "2");
    for upper in [whiteout_last, whiteout_first] {
        let mut image = image(&[lower_copy(&lower), upper.end()]);
        assert_eq!(list(&mut image, "/d"), ["new"]);
        assert_eq!(list(&mut image, "/o"), ["new"]);
        assert_eq!(read(&mut image, "/f").unwrap(), "2");
    }
}

fn lower_copy(tar: &Tar) -> Vec<u8> {
    Tar(tar.0.clone()).end()
}

#[test]
fn a_file_takes_the_place_of_a_directory_and_the_reverse() {
    let lower = Tar::default()
        .file("d/a", "1")
        .file("f", "1")
        .file("e/a", "1");
    let middle = Tar::default()
        .file("d", "2")
        .file("f/a", "2")
        .file("e", "2");
    let upper = Tar::default().directory("e").file("e/b", "3");
    let mut image = image(&[lower.end(), middle.end(), upper.end()]);
    assert_eq!(read(&mut image, "/d").unwrap(), "2");
    assert_eq!(read(&mut image, "/d/a"), None);
    assert_eq!(list(&mut image, "/f"), ["a"]);
    assert_eq!(
        list(&mut image, "/e"),
        ["b"],
        "what was below a file stays gone"
    );
}

#[test]
fn of_duplicates_the_last_counts() {
    let layer = Tar::default()
        .file("a", "1")
        .file("a", "2")
        .file("d/x", "1")
        .file("d", "file")
        .directory("d")
        .file("d/y", "2")
        .file("a", "3");
    let mut image = image(&[layer.end()]);
    assert_eq!(read(&mut image, "/a").unwrap(), "3");
    assert_eq!(list(&mut image, "/d"), ["y"]);
}

#[test]
fn names_that_lead_out_are_left_out_and_told() {
    let layer = Tar::default()
        .file("../etc/passwd", "out")
        .file("a/../../x", "out")
        .file("a/../etc/ok", "in")
        .hard_link("h", "../../etc/passwd")
        .file(".wh..", "");
    let mut image = image(&[layer.end()]);
    assert_eq!(list(&mut image, "/"), ["etc"]);
    assert_eq!(read(&mut image, "/etc/ok").unwrap(), "in");
    let gaps: Vec<String> = image.gaps().iter().map(ToString::to_string).collect();
    assert_eq!(gaps.len(), 2, "{gaps:?}");
    assert!(gaps[0].contains("../etc/passwd and 2 other entries of the image: its name leads out"));
    assert!(gaps[1].contains(".wh.. in the image: it removes a file without a name"));
}

#[test]
fn names_that_are_no_utf8_are_kept_apart_and_not_listed() {
    let layer = Tar::default()
        .add(b"d/\xff", EntryType::Regular, b"", 0o644, b"1")
        .add(b"d/\xfe", EntryType::Regular, b"", 0o644, b"2")
        .file("d/a", "3");
    let upper = Tar::default().add(b"d/.wh.\xff", EntryType::Regular, b"", 0o644, b"");
    let mut image = image(&[layer.end(), upper.end()]);
    assert_eq!(list(&mut image, "/d"), ["a"]);
}

#[test]
fn hard_links_have_the_content_that_their_target_had_then() {
    let lower = Tar::default().file("etc/a", "1");
    let upper = Tar::default()
        .hard_link("etc/b", "etc/a")
        .file("etc/c", "2")
        .hard_link("etc/d", "./etc/c")
        .file("etc/c", "3")
        .hard_link("etc/early", "etc/late")
        .file("etc/late", "4")
        .hard_link("etc/none", "etc/nothing");
    let mut image = image(&[lower.end(), upper.end()]);
    for (path, text) in [("b", "1"), ("c", "3"), ("d", "2"), ("early", "4")] {
        assert_eq!(
            read(&mut image, &format!("/etc/{path}")).unwrap(),
            text,
            "{path}"
        );
    }
    assert_eq!(read(&mut image, "/etc/none"), None);
    let gaps: Vec<String> = image.gaps().iter().map(ToString::to_string).collect();
    assert!(
        gaps[0].starts_with("etc/none in the image: it is a hard link to a file"),
        "{gaps:?}"
    );
}

#[test]
fn links_are_followed_as_with_this_root() {
    let layer = Tar::default()
        .file("usr/bin/app", "x")
        .symlink("bin", "usr/bin")
        .symlink("climb", "../../../../usr/bin/app")
        .symlink("usr/abs", "/climb")
        .symlink("loop", "loop2")
        .symlink("loop2", "/loop")
        .symlink("nowhere", "/etc/none")
        .symlink("through", "usr/bin/app/x");
    let mut image = image(&[layer.end()]);
    for path in [
        "/bin/app",
        "/climb",
        "/usr/abs",
        "/bin/../bin/./app",
        "bin/app",
        "/../../bin/app",
    ] {
        assert_eq!(
            real(&mut image, path).as_deref(),
            Some("/usr/bin/app"),
            "{path}"
        );
    }
    for path in [
        "/loop",
        "/nowhere",
        "/through",
        "/usr/bin/app/",
        "/usr/bin/app/..",
        "/bin/none",
    ] {
        assert_eq!(real(&mut image, path), None, "{path}");
    }
    assert_eq!(real(&mut image, "/").as_deref(), Some("/"));
    let Unread::Because(why) = unread(&mut image, "/nowhere") else {
        panic!("it is fetched");
    };
    assert!(why.contains("leads nowhere"));
    assert!(matches!(unread(&mut image, "/usr"), Unread::Because(_)));
    let listed = image.ask(|tree| tree.list("/climb")).unwrap();
    assert!(matches!(listed, Err(Unread::Because(_))));
}

#[test]
fn forty_links_are_followed_and_no_more() {
    let chain = |count: usize| {
        let tar = Tar::default().file("0", "end");
        let tar = (1..=count).fold(tar, |tar, n| {
            tar.symlink(&n.to_string(), &(n - 1).to_string())
        });
        let mut image = image(&[tar.end()]);
        real(&mut image, &format!("/{count}"))
    };
    assert_eq!(chain(40).as_deref(), Some("/0"));
    assert_eq!(chain(41), None);
}

#[test]
fn a_link_of_a_lower_layer_is_replaced_and_one_of_the_same_followed() {
    let lower = Tar::default()
        .file("usr/bin/a", "1")
        .symlink("bin", "usr/bin");
    let upper = Tar::default().file("bin/b", "2");
    let mut two = image(&[lower_copy(&lower), upper.end()]);
    assert_eq!(
        list(&mut two, "/bin"),
        ["b"],
        "overlayfs merges no directory with a link"
    );
    let mut one = image(&[lower.file("bin/b", "2").end()]);
    assert_eq!(list(&mut one, "/usr/bin"), ["a", "b"]);
    assert_eq!(real(&mut one, "/bin/b").as_deref(), Some("/usr/bin/b"));
    let circle = Tar::default()
        .symlink("a", "b")
        .symlink("b", "a")
        .file("a/x", "1");
    assert_eq!(list(&mut image(&[circle.end()]), "/a"), ["x"]);
}

#[test]
fn files_of_aufs_itself_are_none_of_the_image() {
    let layer = Tar::default()
        .file(".wh..wh.aufs", "")
        .file(".wh..wh.plnk/12.3", "")
        .file("a", "1");
    assert_eq!(list(&mut image(&[layer.end()]), "/"), ["a"]);
}

#[test]
fn long_names_are_read_in_every_way_of_writing_them() {
    let part = "x".repeat(120);
    let gnu = Tar::default()
        .file(&format!("{part}/a"), "1")
        .symlink("link", &format!("{part}/a"));
    let record = |key: &str, value: &str| {
        let rest = format!(" {key}={value}\n");
        let length = (0..)
            .find(|n: &usize| n.to_string().len() + rest.len() == *n)
            .unwrap();
        format!("{length}{rest}")
    };
    let records = record("path", &format!("{part}/b")) + &record("SCHILY.xattr.x", "a\nb=\n");
    let pax = Tar::default()
        .add(b"pax", EntryType::XHeader, b"", 0o644, records.as_bytes())
        .file("short", "2");
    let mut image = image(&[gnu.end(), pax.end()]);
    assert_eq!(list(&mut image, &format!("/{part}")), ["a", "b"]);
    assert_eq!(read(&mut image, "/link").unwrap(), "1");
}
