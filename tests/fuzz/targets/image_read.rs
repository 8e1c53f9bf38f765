//! Any bytes as an archive of an image, and as a layer of one. Nothing panics, no path leads out, and what a tree
//! lists is there.
#![no_main]

use std::io::Write as _;

use backlint::image::{Tree, open};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    read(input);
    // As the one layer of an archive that is well made, its headers with the sums that they should have: no change
    // of a byte would be seen behind a sum that is wrong.
    let input = summed(input);
    let config = r#"{"config":{"Cmd":["a"]}}"#;
    let manifest = r#"[{"Config":"c","Layers":["l"]}]"#;
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in [
        ("c", config.as_bytes()),
        ("manifest.json", manifest.as_bytes()),
        ("l", input.as_slice()),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        if archive.append_data(&mut header, name, bytes).is_err() {
            return;
        }
    }
    if let Ok(archive) = archive.into_inner() {
        read(&archive);
    }
});

/// The same bytes with right sums in what looks like headers.
fn summed(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for block in bytes.chunks_exact_mut(512) {
        if block[257..262] == *b"ustar" {
            let mut header = tar::Header::new_old();
            header.as_mut_bytes().copy_from_slice(block);
            header.set_cksum();
            block.copy_from_slice(header.as_bytes());
        }
    }
    bytes
}

/// Opens these bytes and asks of all that is there.
fn read(bytes: &[u8]) {
    let path = std::env::temp_dir().join(format!("backlint-fuzz-{}", std::process::id()));
    let written = std::fs::File::create(&path).and_then(|mut file| file.write_all(bytes));
    assert!(written.is_ok(), "{} cannot be written", path.display());
    let Ok(mut image) = open(&path, None) else {
        return;
    };
    let _ = image.ask(|tree| walk(tree, "", 3));
    let _ = image.gaps();
}

fn walk(tree: &dyn Tree, directory: &str, depth: usize) {
    let Ok(Some(names)) = tree.list(if directory.is_empty() { "/" } else { directory }) else {
        return;
    };
    assert!(names.is_sorted());
    for name in names {
        assert!(!name.contains('/') && !matches!(name.as_str(), "" | "." | ".."));
        let path = format!("{directory}/{name}");
        let _ = (tree.read(&path), tree.shown(&path), tree.is_program(&path));
        // A link may lead nowhere; where it leads is a path that leads to itself.
        if let Some(real) = tree.real(&path) {
            assert!(real.starts_with('/'));
            assert_eq!(tree.real(&real).as_ref(), Some(&real));
        }
        if depth > 0 {
            walk(tree, &path, depth - 1);
        }
    }
}
