//! Whether an executable was built by Go: its ELF section `.go.buildinfo` says so, whatever the
//! file is called. Reads the header, the section headers and their names, nothing else.
//!
//! Follows elf(5). Any oddity means "not known to be Go".

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use object::elf::{FileHeader32, FileHeader64};
use object::read::elf::{FileHeader, SectionHeader};
use object::read::{ReadCache, ReadRef};
use object::{Endianness, FileKind};

use crate::snapshot::Runtime;

/// The name of the section that Go's linker writes since Go 1.13, with the NUL that ends it.
const GO: &[u8] = b".go.buildinfo\0";
/// Sections that are looked at; ordinary executables have a few dozen.
const MOST_SECTIONS: u16 = 1024;
/// Bytes of section names that are looked at; ordinary files have a few hundred.
const MOST_NAMES: u64 = 64 * 1024;

/// The runtimes of executables, each looked at once.
#[derive(Debug, Default)]
pub(super) struct Runtimes(BTreeMap<(u64, u64), Option<Runtime>>);

impl Runtimes {
    /// The runtime of the executable of process `pid`, which is this `file` (device and inode).
    pub(super) fn of(&mut self, proc: &Path, pid: u32, file: (u64, u64)) -> Option<Runtime> {
        *self.0.entry(file).or_insert_with(|| {
            let file = File::open(proc.join(pid.to_string()).join("exe")).ok()?;
            if !file.metadata().ok()?.is_file() {
                return None;
            }
            detect(&ReadCache::new(file)).then_some(Runtime::Go)
        })
    }
}

fn detect<'data>(data: impl ReadRef<'data>) -> bool {
    let found = match FileKind::parse(data) {
        Ok(FileKind::Elf64) => has_section::<FileHeader64<Endianness>, _>(data),
        Ok(FileKind::Elf32) => has_section::<FileHeader32<Endianness>, _>(data),
        _ => return false,
    };
    found.unwrap_or(false)
}

fn has_section<'data, Elf, R>(data: R) -> object::Result<bool>
where
    Elf: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let header = Elf::parse(data)?;
    let endian = header.endian()?;
    // Zero means more than 65,279, kept elsewhere: nothing that Go's linker makes.
    if !(1..=MOST_SECTIONS).contains(&header.e_shnum(endian)) {
        return Ok(false);
    }
    let sections = header.sections(endian, data)?;
    let names = sections.section(header.section_strings_index(endian, data)?)?;
    if names.sh_size(endian).into() > MOST_NAMES {
        return Ok(false);
    }
    // One reading of all names, instead of one a section. Names may share one long text, so none is
    // looked at further than this one is long.
    let names = names.data(endian, data)?;
    Ok(sections.iter().any(|section| {
        let at = usize::try_from(section.sh_name(endian)).ok();
        let name = at.and_then(|at| names.get(at..));
        name.is_some_and(|name| name.starts_with(GO))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(detect(elf(GO).as_slice()));
        assert!(!detect(elf(b".text").as_slice()));
        assert!(!detect(elf(b".go.buildinfo2").as_slice()));
        assert!(!detect(&b"#!/bin/sh\n"[..]));
    }

    #[test]
    fn a_test_of_rust_is_not_go() {
        let file = File::open("/proc/self/exe").unwrap();
        assert!(!detect(&ReadCache::new(file)));
    }

    #[test]
    fn more_sections_than_any_executable_has_are_not_walked() {
        for (sections, go) in [(3, true), (MOST_SECTIONS, true), (MOST_SECTIONS + 1, false)] {
            let mut bytes = elf_with(GO, sections);
            bytes.resize(bytes.len() + 64 * usize::from(sections), 0);
            assert_eq!(detect(bytes.as_slice()), go, "{sections}");
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
