//! What the members of a layer were, in few bytes each: layers are read side by side and put on each other later. A
//! name is written as how much of the one before it shares, as directories are written one after the other.

use super::Fault;
use super::members::{Kind, Member};

/// The members of a layer.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(in crate::image) struct Journal {
    bytes: Vec<u8>,
    last: Vec<u8>,
    at: u64,
    /// How many.
    pub(in crate::image) count: usize,
}

impl Journal {
    /// Adds a member under its name inside the image. Gives how many bytes that takes.
    pub(in crate::image) fn push(&mut self, path: &[u8], member: &Member) -> usize {
        let before = self.bytes.len();
        let shared = path
            .iter()
            .zip(&self.last)
            .take_while(|(a, b)| a == b)
            .count();
        let suffix = path.get(shared..).unwrap_or_default();
        self.bytes.push(member.kind as u8);
        for number in [
            shared as u64,
            suffix.len() as u64,
            member.link.len() as u64,
            member.mode.into(),
            member.size,
            member.at.saturating_sub(self.at),
        ] {
            varint(&mut self.bytes, number);
        }
        self.bytes.extend_from_slice(suffix);
        self.bytes.extend_from_slice(&member.link);
        self.last.truncate(shared);
        self.last.extend_from_slice(suffix);
        self.at = member.at;
        self.count += 1;
        self.bytes.len() - before
    }

    /// Hands out all members in their order; of the file's content only where it stands.
    pub(in crate::image) fn replay(
        &self,
        mut each: impl FnMut(&Member) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut rest = self.bytes.as_slice();
        let mut member = Member::default();
        while let Some((kind, after)) = rest.split_first() {
            rest = after;
            member.kind = KINDS.get(usize::from(*kind)).copied().unwrap_or_default();
            let mut numbers = [0; 6];
            for number in &mut numbers {
                *number = read_varint(&mut rest);
            }
            let [shared, suffix, link, mode, size, ahead] = numbers;
            member.path.truncate(usize::try_from(shared).unwrap_or(0));
            member.path.extend_from_slice(cut(&mut rest, suffix));
            member.link.clear();
            member.link.extend_from_slice(cut(&mut rest, link));
            member.mode = u16::try_from(mode).unwrap_or(0);
            member.size = size;
            member.at += ahead;
            each(&member)?;
        }
        Ok(())
    }
}

/// In the order of their numbers.
const KINDS: [Kind; 5] = [
    Kind::File,
    Kind::Directory,
    Kind::Symlink,
    Kind::Hardlink,
    Kind::Other,
];

fn varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push((number & 0x7f) as u8);
}

fn read_varint(bytes: &mut &[u8]) -> u64 {
    let (mut number, mut shift) = (0, 0);
    while let Some((byte, after)) = bytes.split_first() {
        *bytes = after;
        number |= u64::from(byte & 0x7f) << shift;
        shift = (shift + 7).min(63);
        if byte & 0x80 == 0 {
            break;
        }
    }
    number
}

fn cut<'a>(bytes: &mut &'a [u8], length: u64) -> &'a [u8] {
    let length = usize::try_from(length).unwrap_or(0).min(bytes.len());
    let (head, rest) = bytes.split_at(length);
    *bytes = rest;
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_given_back_as_they_were() {
        let mut journal = Journal::default();
        let members = [
            ("", Kind::Directory, 0o755, "", 0, 512),
            ("usr/bin/a", Kind::File, 0o4755, "", u64::MAX / 2, 1024),
            ("usr/bin/b", Kind::Symlink, 0o777, "a\u{e9}", 0, 4096),
            ("usr", Kind::Other, 0, "", 1, 1 << 40),
            ("x", Kind::Hardlink, 0o600, "usr/bin/a", 0, 1 << 41),
        ];
        for (path, kind, mode, link, size, at) in members {
            let member = Member {
                link: link.into(),
                kind,
                mode,
                size,
                at,
                ..Member::default()
            };
            journal.push(path.as_bytes(), &member);
        }
        let mut seen = Vec::new();
        journal
            .replay(|member| {
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                let (path, link) = (text(&member.path), text(&member.link));
                seen.push((path, member.kind, member.mode, link, member.size, member.at));
                Ok(())
            })
            .unwrap();
        let expected: Vec<_> = members
            .map(|(path, kind, mode, link, size, at)| {
                (path.to_owned(), kind, mode, link.to_owned(), size, at)
            })
            .into();
        assert_eq!(seen, expected);
        assert_eq!(journal.count, 5);
    }
}
