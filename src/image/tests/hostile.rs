//! Images made to exhaust who reads them.

use std::io::Read as _;
use std::time::{Duration, Instant};

use super::super::held::Held;
use super::super::layer::keep::Keep;
use super::super::layer::scan::scan;
use super::super::layer::stream::Allowance;
use super::super::layer::zstd::Frames;
use super::*;

/// A GNU sparse file: places of content, and how long it is with its holes.
fn gnu_sparse(tar: Tar, name: &str, places: &[(u64, &[u8])], size: u64) -> Tar {
    let mut header = Header::new_gnu();
    let stored: usize = places.iter().map(|(_, bytes)| bytes.len()).sum();
    let fields = header.as_gnu_mut().unwrap();
    fields.name[..name.len()].copy_from_slice(name.as_bytes());
    fields.set_real_size(size);
    for (field, (at, bytes)) in fields.sparse.iter_mut().zip(places) {
        field.set_offset(*at);
        field.set_length(bytes.len() as u64);
    }
    header.set_entry_type(EntryType::GNUSparse);
    header.set_mode(0o755);
    header.set_size(stored as u64);
    header.set_cksum();
    let mut bytes = tar.0;
    bytes.extend_from_slice(header.as_bytes());
    for (_, content) in places {
        bytes.extend_from_slice(content);
    }
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    Tar(bytes)
}

fn record(key: &str, value: &str) -> String {
    let rest = format!(" {key}={value}\n");
    let length = (0..)
        .find(|n: &usize| n.to_string().len() + rest.len() == *n)
        .unwrap();
    format!("{length}{rest}")
}

#[test]
fn sparse_files_are_read_with_their_holes() {
    let ten = 10 << 30;
    let layer = gnu_sparse(Tar::default(), "etc/gnu.conf", &[(2, b"ab"), (6, b"c")], 8);
    let layer = gnu_sparse(layer, "large", &[(0, b"x"), (ten - 1, b"y")], ten);
    let old = record("GNU.sparse.name", "etc/pax0.conf")
        + &record("GNU.sparse.size", "8")
        + &record("GNU.sparse.map", "2,2,6,1");
    let layer = layer
        .add(b"x", EntryType::XHeader, b"", 0o644, old.as_bytes())
        .file("GNUSparseFile.1/x", "abc");
    let new = record("GNU.sparse.major", "1")
        + &record("GNU.sparse.minor", "0")
        + &record("GNU.sparse.name", "etc/pax1.conf")
        + &record("GNU.sparse.realsize", "8");
    let mut content = b"2\n2\n2\n6\n1\n".to_vec();
    content.resize(512, 0);
    content.extend(b"abc");
    let layer = layer
        .add(b"x", EntryType::XHeader, b"", 0o644, new.as_bytes())
        .program("GNUSparseFile.2/x", &content)
        .file("etc/after", "1");
    let mut image = image(&[gzip(&layer.end())]);
    assert_eq!(
        list(&mut image, "/etc"),
        ["after", "gnu.conf", "pax0.conf", "pax1.conf"]
    );
    for name in ["gnu", "pax0", "pax1"] {
        let text = read(&mut image, &format!("/etc/{name}.conf")).unwrap();
        assert_eq!(text, "\0\0ab\0\0c\0", "{name}");
    }
    let Unread::Because(why) = unread(&mut image, "/large") else {
        panic!("it is fetched");
    };
    assert!(why.contains("longer than"));
    assert!(
        image
            .ask(|tree| tree.shown("/large"))
            .unwrap()
            .unwrap()
            .is_some()
    );
}

#[test]
fn a_size_is_believed_only_as_far_as_bytes_follow() {
    let mut header = Header::new_gnu();
    header.as_gnu_mut().unwrap().name[..5].copy_from_slice(b"etc/a");
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o644);
    for size in [1 << 40, u64::MAX / 2, u64::MAX, 3000] {
        header.set_size(size);
        header.set_cksum();
        let layer = [header.as_bytes().as_slice(), b"short"].concat();
        for layer in [layer.clone(), gzip(&layer), zstd(&layer)] {
            let error = refused(&docker(&[layer], &config(&[])));
            assert!(
                matches!(error, ImageError::Damaged { .. }),
                "{size}: {error}"
            );
        }
    }
}

#[test]
fn a_header_of_its_own_may_not_be_longer_than_any_is() {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::XHeader);
    header.set_size(10 << 30);
    header.set_cksum();
    let error = refused(&docker(&[header.as_bytes().to_vec()], &config(&[]))).to_string();
    assert!(error.contains("longer than 1 MiB"), "{error}");
}

/// Zeros in a thousandth of their size: as much of them is read as is allowed.
#[test]
fn a_layer_that_grows_beyond_all_measure_ends_with_one_error() {
    let mut header = Header::new_gnu();
    header.as_gnu_mut().unwrap().name[..4].copy_from_slice(b"zero");
    header.set_entry_type(EntryType::Regular);
    header.set_size(1 << 40);
    header.set_cksum();
    // One frame of zstd repeated: its blocks are of one byte each, repeated 128 KiB times.
    let zeros = zstd_zeros(64 << 20);
    let mut layer = zstd(header.as_bytes());
    for _ in 0..4 {
        layer.extend_from_slice(&zeros);
    }
    let start = Instant::now();
    let error = refused_within(&docker(&[layer], &config(&[])), 1 << 27);
    assert!(matches!(error, ImageError::TooLarge { .. }), "{error}");
    assert!(
        error.to_string().contains("made to exhaust who reads it"),
        "{error}"
    );
    assert!(start.elapsed() < Duration::from_secs(300));
}

/// Each question reads the layer again, of which two megabytes come each time.
#[test]
fn readings_of_an_image_have_one_allowance_together() {
    let zeros = "0".repeat(100_000);
    let layer = (0..20).fold(Tar::default(), |tar, n| {
        tar.file(&format!("srv/{n}"), &zeros)
    });
    for pack in [gzip, zstd] {
        let archive = docker(&[pack(&layer_end(&layer))], &config(&[]));
        for archive in [archive.clone(), gzip(&archive)] {
            let (_folder, path) = file(&archive);
            let mut image = open_within(&path, None, 20 << 20).unwrap();
            let answers: Vec<bool> = (0..20)
                .map(|n| {
                    image
                        .ask(|tree| tree.read(&format!("/srv/{n}")))
                        .unwrap()
                        .is_ok()
                })
                .collect();
            assert!(answers[0] && !answers[19], "{answers:?}");
            let Unread::Because(why) = unread(&mut image, "/srv/19") else {
                panic!("it is fetched");
            };
            assert!(why.contains("more was asked of the image than is read of one"));
        }
    }
}

fn layer_end(tar: &Tar) -> Vec<u8> {
    Tar(tar.0.clone()).end()
}

/// A frame of zeros whose every block is one byte and how often it comes.
fn zstd_zeros(count: u32) -> Vec<u8> {
    // No single segment, no checksum; a window of 128 KiB.
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 7 << 3];
    let blocks = count / (128 << 10);
    for block in 0..blocks {
        let last = u32::from(block + 1 == blocks);
        let header = last | 1 << 1 | (128 << 10) << 3;
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(0);
    }
    frame
}

#[test]
fn the_frame_of_zeros_is_one() {
    assert_eq!(unpacked(&zstd_zeros(1 << 20)).unwrap(), vec![0; 1 << 20]);
}

fn unpacked(frames: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut all = Vec::new();
    Frames::new(frames, &Allowance::new(0, 1 << 30)).read_to_end(&mut all)?;
    Ok(all)
}

/// A frame of these bytes, not packed, with a window of 1 KiB times a power of two.
fn zstd_window(bytes: &[u8], power: u8) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, power << 3];
    let mut blocks = bytes.chunks(1 << 17).peekable();
    while let Some(block) = blocks.next() {
        let header = u32::from(blocks.peek().is_none()) | (block.len() as u32) << 3;
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.extend_from_slice(block);
    }
    frame
}

#[test]
fn windows_of_128_mib_are_read_and_larger_ones_are_not() {
    let frame = |power| zstd_window(b"abc", power);
    let frames = [frame(17), frame(0), frame(14), frame(13), frame(17)].concat();
    assert_eq!(unpacked(&frames).unwrap(), b"abcabcabcabcabc");
    let error = unpacked(&frame(18)).unwrap_err().to_string();
    assert!(error.contains("window"), "{error}");
    assert_eq!(
        unpacked(&frame(17)[..6]).unwrap_err().kind(),
        std::io::ErrorKind::UnexpectedEof
    );
}

/// Each waits for the others, but never for the archive that it is in itself.
#[test]
fn layers_with_large_windows_are_read_one_after_the_other() {
    let layers: Vec<Vec<u8>> = (0..8)
        .map(|n| {
            Tar::default()
                .file(&format!("srv/{n}"), &"x".repeat(300_000))
                .end()
        })
        .map(|layer| {
            [
                zstd_window(&layer[..1024], 17),
                zstd_window(&layer[1024..], 15),
            ]
            .concat()
        })
        .collect();
    let archive = docker(&layers, &config(&[]));
    for archive in [archive.clone(), zstd_window(&archive, 16)] {
        let (_folder, path) = file(&archive);
        let mut image = open(&path, None).unwrap();
        assert_eq!(list(&mut image, "/srv").len(), 8);
        assert_eq!(read(&mut image, "/srv/7").unwrap().len(), 300_000);
    }
}

#[test]
fn many_paths_in_one_directory_and_many_whiteouts_of_it_take_no_time() {
    let mut lower = Tar::default();
    for n in 0..20_000 {
        lower = lower.file(&format!("d/{n}"), "");
    }
    let mut upper = Tar::default();
    for _ in 0..20_000 {
        upper = upper.file("d/.wh..wh..opq", "").file(".wh.d", "");
    }
    let start = Instant::now();
    let mut image = image(&[lower.end(), upper.file("d/x", "").end()]);
    assert_eq!(list(&mut image, "/d"), ["x"]);
    assert!(start.elapsed() < Duration::from_secs(60));
}

/// Deep links through each other: the kernel would take 76,000 steps for each of these hard links.
#[test]
fn hard_links_through_long_chains_of_links_take_no_time() {
    let deep = "a/".repeat(2000);
    let chain = (0..38).fold(Tar::default().directory(&deep), |tar, n| {
        tar.symlink(&format!("{deep}z{n}"), &format!("/{deep}z{}", n + 1))
    });
    let chain = chain
        .directory(&format!("{deep}z38"))
        .symlink("s", &format!("/{deep}z0"));
    let start = Instant::now();
    let many = (0..200).fold(chain, |tar, n| tar.hard_link(&format!("h{n}"), "s/nothing"));
    let mut image = image(&[many.end()]);
    assert_eq!(real(&mut image, "/s/nothing"), None);
    assert_eq!(list(&mut image, "/").len(), 2);
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn directories_that_links_put_ever_deeper_end_with_one_error() {
    let deep = "a/".repeat(1900);
    let layer = (0..4).fold(Tar::default().directory(&deep), |tar, n| {
        let from = if n == 0 {
            deep.clone()
        } else {
            format!("s{}/{deep}", n - 1)
        };
        tar.symlink(&format!("s{n}"), &from)
            .directory(&format!("s{n}/{deep}"))
    });
    let error = refused(&docker(&[layer.end()], &config(&[]))).to_string();
    assert!(error.contains("longer paths than images have"), "{error}");
}

/// Each takes its megabyte in the archive; none may take one of memory.
#[test]
fn links_to_longer_paths_than_linux_has_are_left_out_while_they_are_read() {
    let long = "x".repeat(1 << 20);
    let layer = Tar::default()
        .symlink("a", &long)
        .symlink("b", &"x/".repeat(2047))
        .file("c", "1")
        .end();
    let keep = Keep::new(None);
    let scanned = scan(&mut layer.as_slice(), &keep, false).unwrap();
    assert_eq!(scanned.journal.count, 2);
    let mut image = image(&[layer]);
    assert_eq!(list(&mut image, "/"), ["b", "c"]);
    let gaps: Vec<String> = image.gaps().iter().map(ToString::to_string).collect();
    assert!(
        gaps[0].starts_with("a in the image: it has a name that no file"),
        "{gaps:?}"
    );
}

#[test]
fn of_a_database_of_packages_one_is_held_and_within_the_budget() {
    let database = |version: usize| format!("Package: p\nVersion: {version}\n").repeat(40_000);
    let layers: Vec<Vec<u8>> = (0..10)
        .map(|layer| {
            let tar = (0..3).fold(Tar::default(), |tar, n| {
                tar.file("var/lib/dpkg/status", &database(10 * layer + n))
            });
            tar.end()
        })
        .collect();
    let keep = Keep::new(None);
    let held: Vec<usize> = layers
        .iter()
        .map(|layer| {
            let scanned = scan(&mut layer.as_slice(), &keep, false).unwrap();
            assert!(scanned.held.len() <= 1);
            scanned.held.values().map(Held::bytes).sum()
        })
        .collect();
    assert!(held.iter().sum::<usize>() <= 8 << 20, "{held:?}");
    assert!(held[0] > 800_000, "{held:?}");
    assert_eq!(held[9], 0, "{held:?}");
    // What is not held is fetched, and the last one is the one.
    let text = read(&mut image(&layers), "/var/lib/dpkg/status").unwrap();
    assert!(text.starts_with("Package: p\nVersion: 92\n"));
}

#[test]
fn links_that_grow_as_they_are_followed_lead_nowhere() {
    let long = "x/../".repeat(700);
    let layer = Tar::default()
        .directory("x")
        .symlink("a", &format!("{long}b"))
        .symlink("b", &format!("{long}a"));
    let mut image = image(&[layer.end()]);
    assert_eq!(real(&mut image, "/a"), None);
}
