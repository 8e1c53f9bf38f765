//! One page of the kernel's ring buffer, as `trace_pipe_raw` gives it: bytes in, records with their times
//! out. The text of `trace_pipe` would not do: the name of a process stands in it as it is, and may hold
//! a line that looks like an event.
//!
//! Follows kernel/trace/ring_buffer.c and include/linux/ring_buffer.h (`enum ring_buffer_type`).

use super::format::{Field, Format};

/// Where a page has its time, how much of it is used, and its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    timestamp: Field,
    commit: Field,
    data: Field,
}

/// `RB_MISSED_EVENTS` and `RB_MISSED_STORED`: flags in `commit`.
const MISSED: u64 = 3 << 30;
/// The bits of a time that an absolute time stamp does not have (`TS_MSB`).
const HIGH: u64 = 0xf8 << 56;

/// `RINGBUF_TYPE_DATA_TYPE_LEN_MAX` and the types above it.
const LONGEST: u32 = 28;
const PADDING: u32 = 29;
const EXTEND: u32 = 30;
const STAMP: u32 = 31;

impl Layout {
    /// Reads `header_page`. `None`: it is of a form that is not known.
    pub(super) fn new(header: &Format) -> Option<Self> {
        Some(Self {
            timestamp: header.field("timestamp")?,
            commit: header.field("commit")?,
            data: header.field("data")?,
        })
    }

    /// Bytes of a page.
    pub(super) fn length(&self) -> usize {
        self.data.offset + self.data.size
    }

    /// Hands over each record of a page with its time, in their order. What does not fit ends the page.
    pub(super) fn each(&self, page: &[u8], mut take: impl FnMut(u64, &[u8])) {
        let numbers = self.timestamp.number(page).zip(self.commit.number(page));
        let Some((begun, commit)) = numbers else {
            return;
        };
        let used = usize::try_from(commit & 0xffff_ffff & !MISSED).unwrap_or(0);
        let rest = page.get(self.data.offset..).unwrap_or_default();
        let mut rest = rest.get(..used).unwrap_or(rest);
        let mut time = begun;
        while let Some(record) = Record::first(rest) {
            time = match record.absolute {
                Some(stamp) => stamp | (begun & HIGH),
                None => time.wrapping_add(record.delta),
            };
            if let Some(bytes) = record.payload {
                take(time, bytes);
            }
            rest = rest.get(record.length..).unwrap_or_default();
        }
    }
}

/// One entry of a page.
struct Record<'a> {
    /// Nanoseconds since the entry before.
    delta: u64,
    absolute: Option<u64>,
    /// `None`: an entry that is no event.
    payload: Option<&'a [u8]>,
    /// All of it, in bytes.
    length: usize,
}

impl<'a> Record<'a> {
    /// The first entry. `None`: there is none, or it does not fit.
    fn first(bytes: &'a [u8]) -> Option<Self> {
        let word = |at: usize| {
            let word = bytes.get(at..at + 4)?.first_chunk();
            word.map(|word| u32::from_ne_bytes(*word))
        };
        let header = word(0)?;
        // Bit fields begin at the low end on little-endian machines and at the high end on others.
        let (kind, delta) = match cfg!(target_endian = "little") {
            true => (header & 31, header >> 5),
            false => (header >> 27, header & 0x07ff_ffff),
        };
        let extended = || Some((u64::from(word(4)?) << 27) | u64::from(delta));
        let entry = |delta, payload: Option<&'a [u8]>, length| Self {
            delta,
            absolute: None,
            payload,
            length,
        };
        Some(match kind {
            0 => {
                // Its length counts the word that it is in.
                let length = usize::try_from(word(4)?).ok()?.checked_add(4)?;
                let payload = bytes.get(8..length)?;
                entry(u64::from(delta), Some(payload), length.next_multiple_of(4))
            }
            1..=LONGEST => {
                let length = 4 + 4 * usize::try_from(kind).ok()?;
                entry(u64::from(delta), Some(bytes.get(4..length)?), length)
            }
            // Without a time it fills the rest of the page.
            PADDING if delta == 0 => return None,
            PADDING => {
                let length = usize::try_from(word(4)?).ok()?.checked_add(4)?;
                entry(u64::from(delta), None, length)
            }
            EXTEND => entry(extended()?, None, 8),
            STAMP => Self {
                absolute: Some(extended()?),
                ..entry(0, None, 8)
            },
            _ => return None,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::format::tests::PAGE;
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn layout() -> Layout {
        Layout::new(&Format::parse(PAGE)).unwrap()
    }

    fn header(kind: u32, delta: u32) -> [u8; 4] {
        match cfg!(target_endian = "little") {
            true => (kind | (delta << 5)).to_ne_bytes(),
            false => ((kind << 27) | delta).to_ne_bytes(),
        }
    }

    fn page(commit_flags: u64, entries: &[&[u8]]) -> Vec<u8> {
        let data = entries.concat();
        let mut page = 1000u64.to_ne_bytes().to_vec();
        page.extend((data.len() as u64 | commit_flags).to_ne_bytes());
        page.extend(data);
        page.resize(4096, 0);
        page
    }

    fn read(page: &[u8]) -> Vec<(u64, Vec<u8>)> {
        let mut all = Vec::new();
        layout().each(page, |time, bytes| all.push((time, bytes.to_vec())));
        all
    }

    #[test]
    fn entries_of_every_kind_are_walked_over() {
        let long = [&header(0, 1)[..], &12u32.to_ne_bytes(), &[7; 8]].concat();
        let extend = [&header(EXTEND, 1)[..], &1u32.to_ne_bytes()].concat();
        let gap = [&header(PADDING, 2)[..], &8u32.to_ne_bytes(), &[0; 4]].concat();
        let stamp = [&header(STAMP, 9)[..], &2u32.to_ne_bytes()].concat();
        let short = [&header(1, 5)[..], &[1, 2, 3, 4]].concat();
        let bytes = page(
            MISSED,
            &[&short, &long, &extend, &gap, &short, &stamp, &short],
        );
        let far = 1006 + (1 << 27) + 1 + 2 + 5;
        let stamped = (2 << 27) + 9 + 5;
        let expected = [
            (1005, vec![1, 2, 3, 4]),
            (1006, vec![7; 8]),
            (far, vec![1, 2, 3, 4]),
            (stamped, vec![1, 2, 3, 4]),
        ];
        assert_eq!(read(&bytes), expected);
    }

    #[test]
    fn padding_without_a_time_ends_the_page() {
        let short = [&header(1, 5)[..], &[1, 2, 3, 4]].concat();
        let bytes = page(0, &[&short, &header(PADDING, 0), &short]);
        assert_eq!(read(&bytes).len(), 1);
        assert_eq!(read(&[]), []);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let mut count = 0;
            layout().each(&bytes, |_, _| count += 1);
            prop_assert!(count <= bytes.len() / 4);
        }
    }
}
