//! How the kernel lays its events out in memory: the `format` file of each, and `header_page`. Text in,
//! offsets out.
//!
//! Follows Documentation/trace/events.rst. Offsets and sizes are the running kernel's, so nothing here
//! knows them.

use std::collections::BTreeMap;

/// Where one number stands, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) offset: usize,
    pub(super) size: usize,
}

impl Field {
    /// The bytes of the field.
    pub(super) fn bytes<'a>(&self, record: &'a [u8]) -> Option<&'a [u8]> {
        record.get(self.offset..self.offset.checked_add(self.size)?)
    }

    /// The number, without a sign.
    pub(super) fn number(&self, record: &[u8]) -> Option<u64> {
        Some(match self.bytes(record)? {
            [byte] => u64::from(*byte),
            bytes => match bytes.len() {
                2 => u64::from(u16::from_ne_bytes(bytes.try_into().ok()?)),
                4 => u64::from(u32::from_ne_bytes(bytes.try_into().ok()?)),
                8 => u64::from_ne_bytes(bytes.try_into().ok()?),
                _ => return None,
            },
        })
    }

    /// The low 32 bits: an argument of a system call is an int in a register that may be wider.
    pub(super) fn low(&self, record: &[u8]) -> Option<u32> {
        u32::try_from(self.number(record)? & 0xffff_ffff).ok()
    }
}

/// The layout of an event or of a page's header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Format {
    /// The number that records of this event begin with; 0 for a page's header.
    pub(super) id: u64,
    fields: BTreeMap<String, Field>,
}

impl Format {
    /// Reads a `format` file.
    pub(super) fn parse(text: &str) -> Self {
        let id = text.lines().find_map(|line| line.strip_prefix("ID:"));
        Self {
            id: id.and_then(|id| id.trim().parse().ok()).unwrap_or(0),
            fields: text.lines().filter_map(field).collect(),
        }
    }

    /// A field by its name. `None`: this kernel has no such field.
    pub(super) fn field(&self, name: &str) -> Option<Field> {
        self.fields.get(name).copied()
    }
}

/// One line: `field:unsigned short common_type;  offset:0;  size:2;  signed:0;`.
fn field(line: &str) -> Option<(String, Field)> {
    let mut parts = line.trim().split(';').map(str::trim);
    let declared = parts.next()?.strip_prefix("field:")?;
    let name = declared.split('[').next()?.split_whitespace().next_back()?;
    let mut number = |word: &str| parts.next()?.strip_prefix(word)?.parse().ok();
    let (offset, size) = (number("offset:")?, number("size:")?);
    Some((name.to_owned(), Field { offset, size }))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Of Linux 6.18 on x86-64.
    pub(crate) const ENTER: &str = "name: sys_enter_listen\nID: 2236\nformat:\n\
        \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\
        \tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n\
        \tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n\
        \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n\
        \tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n\
        \tfield:int fd;\toffset:16;\tsize:8;\tsigned:0;\n\
        \tfield:int backlog;\toffset:24;\tsize:8;\tsigned:0;\n\n\
        print fmt: \"fd: 0x%08lx, backlog: 0x%08lx\", ((unsigned long)(REC->fd))\n";
    pub(crate) const EXIT: &str = "name: sys_exit_listen\nID: 2235\nformat:\n\
        \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\
        \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n\
        \tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n\
        \tfield:long ret;\toffset:16;\tsize:8;\tsigned:1;\n";
    pub(crate) const STATE: &str = "name: inet_sock_set_state\nID: 2287\nformat:\n\
        \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\
        \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n\
        \tfield:const void * skaddr;\toffset:8;\tsize:8;\tsigned:0;\n\
        \tfield:int oldstate;\toffset:16;\tsize:4;\tsigned:1;\n\
        \tfield:int newstate;\toffset:20;\tsize:4;\tsigned:1;\n\
        \tfield:__u16 sport;\toffset:24;\tsize:2;\tsigned:0;\n\
        \tfield:__u16 dport;\toffset:26;\tsize:2;\tsigned:0;\n\
        \tfield:__u16 family;\toffset:28;\tsize:2;\tsigned:0;\n\
        \tfield:__u16 protocol;\toffset:30;\tsize:2;\tsigned:0;\n\
        \tfield:__u8 saddr[4];\toffset:32;\tsize:4;\tsigned:0;\n\
        \tfield:__u8 daddr[4];\toffset:36;\tsize:4;\tsigned:0;\n\
        \tfield:__u8 saddr_v6[16];\toffset:40;\tsize:16;\tsigned:0;\n";
    pub(crate) const PAGE: &str = "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n\
        \tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n\
        \tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n\
        \tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;\n";

    #[test]
    fn fields_stand_where_the_kernel_says() {
        let format = Format::parse(ENTER);
        assert_eq!(format.id, 2236);
        let at = |offset, size| Some(Field { offset, size });
        assert_eq!(format.field("common_pid"), at(4, 4));
        assert_eq!(format.field("backlog"), at(24, 8));
        assert_eq!(format.field("ret"), None);
        assert_eq!(Format::parse(STATE).field("saddr_v6"), at(40, 16));
        assert_eq!(Format::parse(PAGE).field("data"), at(16, 4080));
    }

    #[test]
    fn numbers_keep_their_low_half() {
        let backlog = Field { offset: 4, size: 8 };
        let mut record = vec![0; 4];
        record.extend((-1i64).to_ne_bytes());
        assert_eq!(backlog.low(&record), Some(u32::MAX));
        assert_eq!(backlog.number(&record[..8]), None);
        assert_eq!(Field { offset: 0, size: 3 }.number(&record), None);
        let far = Field {
            offset: usize::MAX,
            size: 8,
        };
        assert_eq!(far.number(&record), None);
    }
}
