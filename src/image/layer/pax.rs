//! The records of a PAX header: `LENGTH KEY=VALUE\n`, of which the value may have any bytes.
//!
//! Follows pax(1) of POSIX and tar(5). Read by their length: values of `security.capability` have line feeds in
//! them, at which the crate `tar` stops.

use super::Fault;
use super::holes::{Holes, Segments};

/// What is of interest of the records in front of a member.
#[derive(Debug, Default)]
pub(super) struct Pax {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    /// `GNU.sparse.name`, which wins over the path.
    pub(super) name: Option<Vec<u8>>,
    /// `GNU.sparse.realsize`, before version 1.0 `GNU.sparse.size`.
    pub(super) real_size: Option<u64>,
    /// Where the map stands in front of the content: version 1.0.
    pub(super) map_in_front: bool,
    segments: Option<Segments>,
    offset: Option<u64>,
}

impl Pax {
    /// Adds what these records say.
    pub(super) fn read(&mut self, mut records: &[u8]) -> Result<(), Fault> {
        while !records.is_empty() && records[0] != 0 {
            let (key, value, rest) = record(records).ok_or_else(malformed)?;
            self.take(key, value)?;
            records = rest;
        }
        Ok(())
    }

    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<(), Fault> {
        let text = || (!value.is_empty()).then(|| value.to_vec());
        match key {
            b"path" => self.path = text(),
            b"linkpath" => self.link = text(),
            b"size" => self.size = Some(number(value)?),
            b"GNU.sparse.name" => self.name = text(),
            b"GNU.sparse.realsize" | b"GNU.sparse.size" => self.real_size = Some(number(value)?),
            b"GNU.sparse.major" => self.map_in_front = number(value)? >= 1,
            b"GNU.sparse.map" => {
                let mut numbers = value.split(|byte| *byte == b',');
                while let (Some(at), Some(length)) = (numbers.next(), numbers.next()) {
                    self.segment(number(at)?, number(length)?);
                }
            }
            b"GNU.sparse.offset" => self.offset = Some(number(value)?),
            b"GNU.sparse.numbytes" => {
                let at = self.offset.take().ok_or_else(malformed)?;
                self.segment(at, number(value)?);
            }
            _ => {}
        }
        Ok(())
    }

    fn segment(&mut self, at: u64, length: u64) {
        self.segments.get_or_insert_default().push(at, length);
    }

    /// Where the holes of the member are.
    pub(super) fn holes(&mut self) -> Option<Holes> {
        self.segments.take().map(Segments::finish)
    }
}

/// The first record, and what follows it.
fn record(records: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = records.iter().take(20).position(|byte| *byte == b' ')?;
    let length = usize::try_from(number(records.get(..space)?).ok()?).ok()?;
    let (record, rest) = records.split_at_checked(length)?;
    let (last, content) = record.get(space + 1..)?.split_last()?;
    let equals = content.iter().position(|byte| *byte == b'=')?;
    let value = content.get(equals + 1..)?;
    (*last == b'\n').then_some((content.get(..equals)?, value, rest))
}

pub(super) fn number(digits: &[u8]) -> Result<u64, Fault> {
    let text = std::str::from_utf8(digits).ok();
    text.and_then(|text| text.parse().ok())
        .ok_or_else(malformed)
}

fn malformed() -> Fault {
    Fault::broken("a PAX header is malformed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_have_line_feeds() {
        let mut pax = Pax::default();
        let records = b"17 SCHILY.x=\n\n=\n\n9 path=a\n".as_slice();
        assert_eq!(records[16], b'\n');
        pax.read(records).unwrap();
        assert_eq!(pax.path.as_deref(), Some(b"a".as_slice()));
    }

    #[test]
    fn a_record_of_another_length_is_a_fault() {
        for records in [
            "9 path=ab\n",
            "99 path=a\n",
            "x path=a\n",
            "9 path=a",
            "0 path=a\n",
            "7 patha\n",
        ] {
            assert!(
                Pax::default().read(records.as_bytes()).is_err(),
                "{records}"
            );
        }
    }
}
