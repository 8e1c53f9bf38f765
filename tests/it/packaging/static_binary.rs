//! The static binary: what it is, and what it does where there is nothing but itself.

use object::read::elf::{ElfFile64, FileHeader as _, ProgramHeader as _};
use object::{Endianness, Object as _, ObjectSymbol as _, elf};

use super::build::{built, own, script};
use crate::support::program::{finish, scrubbed};

#[test]
fn it_asks_for_no_loader_and_no_library() {
    let binary = built().binary();
    let file = finish(scrubbed("file").arg("-b").arg(&binary)).ended(0).out;
    assert!(file.contains("static-pie linked"), "{file}");
    assert!(
        file.contains("stripped") && !file.contains("not stripped"),
        "{file}"
    );
    let ldd = finish(scrubbed("ldd").arg(&binary)).ended(0).out;
    assert_eq!(ldd.trim(), "statically linked");
    let bytes = std::fs::read(&binary).unwrap();
    let elf: ElfFile64<'_, Endianness> = ElfFile64::parse(&*bytes).unwrap();
    let endian = elf.endian();
    let headers = elf.elf_header().program_headers(endian, &*bytes).unwrap();
    let types: Vec<u32> = headers.iter().map(|header| header.p_type(endian)).collect();
    assert!(types.contains(&elf::PT_LOAD), "{types:?}");
    assert!(!types.contains(&elf::PT_INTERP), "{types:?}");
    let mut dynamic = headers
        .iter()
        .filter_map(|header| header.dynamic(endian, &*bytes).unwrap());
    let dynamic = dynamic
        .next()
        .expect("what a static-pie relocates itself by");
    let needed = dynamic
        .iter()
        .filter(|entry| entry.d_tag.get(endian) == u64::from(elf::DT_NEEDED));
    assert_eq!(needed.count(), 0);
}

/// glibc loads libraries for these even in a static program: names of hosts and users, character sets, plug-ins.
#[test]
fn it_uses_nothing_that_glibc_would_load_a_library_for() {
    let bytes = std::fs::read(env!("CARGO_BIN_EXE_backlint")).unwrap();
    let elf: ElfFile64<'_, Endianness> = ElfFile64::parse(&*bytes).unwrap();
    let wanted = elf
        .dynamic_symbols()
        .filter(object::ObjectSymbol::is_undefined);
    let wanted: Vec<&str> = wanted.map(|symbol| symbol.name().unwrap()).collect();
    assert!(wanted.contains(&"socket"), "{wanted:?}");
    let loading = [
        "getaddrinfo",
        "gethostby",
        "getnameinfo",
        "getservby",
        "getpw",
        "getgr",
        "initgroups",
        "getnetgr",
        "iconv",
        "dlopen",
        "setlocale",
        "newlocale",
        "res_",
    ];
    let found = wanted
        .iter()
        .filter(|name| loading.iter().any(|it| name.starts_with(it)));
    assert_eq!(found.collect::<Vec<_>>(), Vec::<&&str>::new());
}

#[test]
fn the_script_builds_for_release_unless_told_otherwise() {
    let asked = script(&[], Some("/a b/static/release/backlint"));
    assert_eq!(
        (asked.status, asked.out.trim()),
        (0, "/a b/static/release/backlint")
    );
    assert_eq!(asked.cargo[..4], ["rustc", "--locked", "--bin", "backlint"]);
    assert!(
        asked.cargo.join(" ").ends_with("--profile release"),
        "{:?}",
        asked.cargo
    );
    assert!(
        asked
            .flags
            .contains(&"target-feature=+crt-static".to_owned())
    );
    for words in [["--profile", "dev"].as_slice(), &["--profile=dev"]] {
        let asked = script(words, Some("/x/backlint"));
        assert!(
            asked
                .cargo
                .ends_with(&words.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>())
        );
        assert!(
            !asked.cargo.join(" ").contains("release"),
            "{:?}",
            asked.cargo
        );
    }
}

/// A path that is printed is one that was built.
#[test]
fn the_script_fails_when_the_build_fails() {
    let asked = script(&[], None);
    assert_ne!(asked.status, 0);
    assert_eq!(asked.out, "");
}

/// Where the environment says nothing of paths, homes or languages, as in an image from scratch.
#[test]
fn it_runs_without_an_environment() {
    let mut program = std::process::Command::new(built().binary());
    program.env_clear().current_dir("/");
    let fixture = own("fixtures/debian11-nginx-128.yaml");
    program.args(["--no-config", "--snapshot"]).arg(fixture);
    let run = finish(&mut program).ended(1);
    assert!(run.out.contains("asked for 511"), "{}", run.out);
}
