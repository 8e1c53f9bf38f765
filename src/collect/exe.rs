//! How an executable was made, whatever the file is called: by Go (ELF section `.go.buildinfo`), by
//! the Rust compiler (section `.comment`), for musl (the program interpreter). Reads the headers, the
//! names of the sections and those two short texts, nothing else.
//!
//! Follows elf(5). Any oddity means "not known".

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use object::elf::{FileHeader32, FileHeader64, PT_INTERP};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};
use object::read::{ReadCache, ReadRef};
use object::{Endianness, FileKind};

use crate::snapshot::{Libc, Runtime};

/// The name of the section that Go's linker writes since Go 1.13, with the NUL that ends it.
const GO: &[u8] = b".go.buildinfo\0";
/// The section in which compilers write their names, kept when symbols are stripped.
const COMMENT: &[u8] = b".comment\0";
/// What Rust's compiler writes there.
const RUSTC: &[u8] = b"rustc version";
/// What the path of musl's program interpreter contains.
const MUSL: &[u8] = b"/ld-musl-";
/// Segments that are looked at; ordinary executables have a dozen.
const MOST_SEGMENTS: u16 = 256;
/// Bytes of the interpreter's path that are looked at.
const LONGEST_INTERPRETER: u64 = 4096;
/// Sections that are looked at; ordinary executables have a few dozen.
const MOST_SECTIONS: u16 = 1024;
/// Bytes of section names that are looked at; ordinary files have a few hundred.
const MOST_NAMES: u64 = 64 * 1024;

/// What executables show, each looked at once.
#[derive(Debug, Default)]
pub(super) struct Executables(BTreeMap<(u64, u64), Shown>);

/// What an executable shows of how it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shown {
    /// The language's runtime.
    pub runtime: Option<Runtime>,
    /// The C library, where its SOMAXCONN is another one.
    pub libc: Option<Libc>,
}

impl Executables {
    /// What the executable of process `pid` shows, which is this `file` (device and inode).
    pub(super) fn of(&mut self, proc: &Path, pid: u32, file: (u64, u64)) -> Shown {
        *self.0.entry(file).or_insert_with(|| {
            let opened = File::open(proc.join(pid.to_string()).join("exe"));
            let regular = |file: &File| file.metadata().is_ok_and(|file| file.is_file());
            match opened.ok().filter(regular) {
                Some(file) => detect(&ReadCache::new(file)),
                None => Shown::default(),
            }
        })
    }
}

/// What the bytes of an executable show; nothing where they are none.
pub fn detect<'data>(data: impl ReadRef<'data>) -> Shown {
    let shown = match FileKind::parse(data) {
        Ok(FileKind::Elf64) => look::<FileHeader64<Endianness>, _>(data),
        Ok(FileKind::Elf32) => look::<FileHeader32<Endianness>, _>(data),
        _ => return Shown::default(),
    };
    shown.unwrap_or_default()
}

fn look<'data, Elf, R>(data: R) -> object::Result<Shown>
where
    Elf: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let header = Elf::parse(data)?;
    let endian = header.endian()?;
    let libc = musl(header, endian, data).unwrap_or_default();
    let runtime = runtime(header, endian, data).unwrap_or_default();
    Ok(Shown {
        runtime,
        libc: libc.then_some(Libc::Musl),
    })
}

/// Whether the program interpreter (PT_INTERP) is musl's, `/lib/ld-musl-x86_64.so.1`.
fn musl<'data, Elf, R>(header: &Elf, endian: Endianness, data: R) -> object::Result<bool>
where
    Elf: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    if header.e_phnum(endian) > MOST_SEGMENTS {
        return Ok(false);
    }
    let segments = header.program_headers(endian, data)?;
    let interpreter = segments
        .iter()
        .find(|segment| segment.p_type(endian) == PT_INTERP)
        .filter(|segment| segment.p_filesz(endian).into() < LONGEST_INTERPRETER);
    let path = interpreter.and_then(|segment| segment.data(endian, data).ok());
    Ok(path.is_some_and(|path| path.windows(MUSL.len()).any(|part| part == MUSL)))
}

fn runtime<'data, Elf, R>(
    header: &Elf,
    endian: Endianness,
    data: R,
) -> object::Result<Option<Runtime>>
where
    Elf: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    // Zero means more than 65,279, kept elsewhere: nothing that Go's linker makes.
    if !(1..=MOST_SECTIONS).contains(&header.e_shnum(endian)) {
        return Ok(None);
    }
    let sections = header.sections(endian, data)?;
    let names = sections.section(header.section_strings_index(endian, data)?)?;
    if names.sh_size(endian).into() > MOST_NAMES {
        return Ok(None);
    }
    // One reading of all names, instead of one a section. Names may share one long text, so none is
    // looked at further than this one is long.
    let names = names.data(endian, data)?;
    let named = |wanted: &[u8]| {
        sections.iter().find(|section| {
            let at = usize::try_from(section.sh_name(endian)).ok();
            let name = at.and_then(|at| names.get(at..));
            name.is_some_and(|name| name.starts_with(wanted))
        })
    };
    if named(GO).is_some() {
        return Ok(Some(Runtime::Go));
    }
    let comment = named(COMMENT)
        .filter(|section| section.sh_size(endian).into() <= MOST_NAMES)
        .and_then(|section| section.data(endian, data).ok());
    let rust = comment.is_some_and(|text| text.windows(RUSTC.len()).any(|part| part == RUSTC));
    Ok(rust.then_some(Runtime::Rust))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime(bytes: &[u8]) -> Option<Runtime> {
        detect(bytes).runtime
    }

    /// A 64-bit little-endian ELF file with one section of this name, and the table of names.
    fn elf(name: &[u8]) -> Vec<u8> {
        elf_with(name, 3)
    }

    /// The same, whose header tells of this many sections.
    fn elf_with(name: &[u8], sections: u16) -> Vec<u8> {
        let mut names = b"\0.shstrtab\0".to_vec();
        names.extend(name);
        names.push(0);
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        bytes.resize(16, 0);
        bytes.extend([2, 0, 62, 0, 1, 0, 0, 0]);
        bytes.extend([0; 16]);
        let offset = 64 + names.len() as u64;
        bytes.extend(offset.to_le_bytes());
        bytes.extend([0, 0, 0, 0, 64, 0, 56, 0, 0, 0, 64, 0]);
        bytes.extend(sections.to_le_bytes());
        bytes.extend([1, 0]);
        assert_eq!(bytes.len(), 64);
        bytes.extend(&names);
        bytes.extend([0; 64]);
        for (name, kind, size) in [(1u32, 3u32, names.len() as u64), (11, 1, 0)] {
            bytes.extend(name.to_le_bytes());
            bytes.extend(kind.to_le_bytes());
            for word in [0u64, 0, 64, size, 0, 0, 0] {
                bytes.extend(word.to_le_bytes());
            }
        }
        bytes
    }

    #[test]
    fn a_go_executable_is_known_by_its_section() {
        assert_eq!(runtime(&elf(GO)), Some(Runtime::Go));
        assert_eq!(runtime(&elf(b".text")), None);
        assert_eq!(runtime(&elf(b".go.buildinfo2")), None);
        assert_eq!(runtime(b"#!/bin/sh\n"), None);
    }

    #[test]
    fn a_test_of_rust_is_known_by_its_compiler() {
        let file = File::open("/proc/self/exe").unwrap();
        let shown = detect(&ReadCache::new(file));
        assert_eq!((shown.runtime, shown.libc), (Some(Runtime::Rust), None));
    }

    #[test]
    fn more_sections_than_any_executable_has_are_not_walked() {
        for (sections, go) in [(3, true), (MOST_SECTIONS, true), (MOST_SECTIONS + 1, false)] {
            let mut bytes = elf_with(GO, sections);
            bytes.resize(bytes.len() + 64 * usize::from(sections), 0);
            assert_eq!(runtime(&bytes).is_some(), go, "{sections}");
        }
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let bytes = elf(GO);
        for cut in 0..bytes.len() {
            let _ = detect(&bytes[..cut]);
        }
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut hostile = bytes.clone();
                hostile[at] = value;
                let _ = detect(hostile.as_slice());
            }
        }
    }
}
