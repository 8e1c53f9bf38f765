//! What is fetched when it is asked for, and what executables show.

use super::*;
use crate::collect::exe::detect;
use crate::snapshot::Runtime;

/// An executable of 1 MB as Rust's compiler makes them: its name stands in a section in the middle.
fn program() -> Vec<u8> {
    const NAMES: &[u8] = b"\0.shstrtab\0.comment\0";
    const COMMENT: &[u8] = b"rustc version 1.88.0\0";
    const PLACES: [u64; 3] = [300_000, 700_000, 1_000_000];
    let [comment, names, sections] = PLACES;
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(16, 0);
    bytes.extend([2, 0, 62, 0, 1, 0, 0, 0]);
    bytes.extend([0; 16]);
    bytes.extend(sections.to_le_bytes());
    bytes.extend([0, 0, 0, 0, 64, 0, 56, 0, 0, 0, 64, 0, 3, 0, 1, 0]);
    bytes.resize(sections as usize + 64, 0x90);
    bytes[comment as usize..][..COMMENT.len()].copy_from_slice(COMMENT);
    bytes[names as usize..][..NAMES.len()].copy_from_slice(NAMES);
    bytes[sections as usize..].fill(0);
    for (name, kind, at, size) in [
        (1u32, 3u32, names, NAMES.len()),
        (11, 1, comment, COMMENT.len()),
    ] {
        bytes.extend(name.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        for word in [0u64, 0, at, size as u64, 0, 0, 0] {
            bytes.extend(word.to_le_bytes());
        }
    }
    bytes
}

/// An image with this program under two names, of which one is that which the image starts.
fn with_program(pack: fn(&[u8]) -> Vec<u8>) -> (Image, Vec<u8>) {
    let program = program();
    let filler = "x".repeat(100_000);
    let layer = Tar::default()
        .program("usr/bin/app1.2", &program)
        .program("usr/bin/other", &program)
        .symlink("bin", "usr/bin")
        .file("srv/large.txt", &filler);
    (image(&[pack(&layer.end())]), program)
}

#[test]
fn executables_show_how_they_were_made_without_being_read_whole() {
    for pack in [gzip, zstd, <[u8]>::to_vec] {
        let (mut image, program) = with_program(pack);
        let expected = detect(program.as_slice());
        assert_eq!(expected.runtime, Some(Runtime::Rust));
        for path in ["/bin/app1.2", "/usr/bin/other"] {
            let mut times = 0;
            let shown = image.ask(|tree| {
                times += 1;
                tree.shown(path)
            });
            assert_eq!(shown.unwrap().unwrap(), Some(expected), "{path}");
            assert!(times <= 5, "{path} was asked for {times} times");
        }
        assert_eq!(image.ask(|tree| tree.shown("/bin/none")).unwrap(), Ok(None));
        let text = image
            .ask(|tree| tree.shown("/srv/large.txt"))
            .unwrap()
            .unwrap();
        assert_eq!(text, Some(crate::collect::exe::Shown::default()));
        assert!(image.ask(|tree| tree.is_program("/bin/other")).unwrap());
        assert!(!image.ask(|tree| tree.is_program("/srv/large.txt")).unwrap());
        assert!(!image.ask(|tree| tree.is_program("/bin")).unwrap());
    }
}

#[test]
fn what_was_not_kept_is_fetched_and_then_held() {
    let (mut image, _) = with_program(gzip);
    for most in [2, 1] {
        let mut times = 0;
        let text = image.ask(|tree| {
            times += 1;
            tree.read("/srv/large.txt")
        });
        assert_eq!(text.unwrap().unwrap().unwrap().len(), 100_000);
        assert_eq!(times, most);
    }
    let layer = Tar::default().program("app", &vec![1; (1 << 20) + 1]);
    let mut image = super::image(&[layer.end()]);
    let Unread::Because(why) = unread(&mut image, "/app") else {
        panic!("it is fetched");
    };
    assert!(why.contains("longer than 1048576 bytes"), "{why}");
}

#[test]
fn a_question_without_end_is_answered_in_the_end() {
    let tar = (0..100).fold(Tar::default(), |tar, n| tar.file(&format!("f{n}"), "x"));
    let mut image = image(&[tar.end()]);
    let mut next = 0;
    let last = image.ask(|tree| {
        next += 1;
        tree.read(&format!("/f{next}"))
    });
    let Err(Unread::Because(why)) = last.unwrap() else {
        panic!("it was answered");
    };
    assert!(why.contains("more was asked of the image"), "{why}");
    assert!(next < 30);
}

#[test]
fn a_database_of_packages_is_read_without_being_kept_whole() {
    let package = |n: usize| {
        let words = "words of a description\n ".repeat(40);
        format!(
            "Package: p{n}\nStatus: install ok installed\nVersion: 1.{n}\nDescription: {words}x\n\n"
        )
    };
    let database: String = (0..3000).map(package).collect();
    let layer = Tar::default().file("var/lib/dpkg/status", &database);
    let mut image = image(&[gzip(&layer.end())]);
    let path = "/var/lib/dpkg/status";
    let text = read(&mut image, path).unwrap();
    assert!(database.len() > 2 << 20 && text.len() < 100_000);
    let found = crate::collect::packages::in_database(path, text.as_bytes(), "p2999");
    assert_eq!(found.as_deref(), Some("1.2999"));
}
