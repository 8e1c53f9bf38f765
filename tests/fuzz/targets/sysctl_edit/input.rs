//! How the fuzzer's bytes become a text and changes to it: some bytes choose the changes, and all
//! that are left are the text. So a seed reads as a sysctl file with a few letters in front;
//! `cargo fuzz fmt` shows what the letters mean.

use arbitrary::{Arbitrary, Result, Unstructured};
use backlint::sysctl_conf::edit::Change;

/// Keys in several spellings, and some that no line can have.
const KEYS: [&str; 14] = [
    "net.core.somaxconn",
    "net/core/somaxconn",
    "net.ipv4.tcp_max_syn_backlog",
    "net.ipv4.conf.eth0/1.rp_filter",
    "/net//ipv4/conf/eth0.1/rp_filter",
    "net.ipv4.conf.*.rp_filter",
    "net.ipv4.tcp_congestion_control",
    "x",
    "x..y",
    "/x.y/z",
    "-x",
    "a/../../x",
    "a = b",
    "",
];

const VALUES: [&str; 14] = [
    "128",
    "65535",
    "4096 131072 6291456",
    "-1\t0x1F",
    "bbr",
    "bbr # fast",
    "128 # web",
    "128;web",
    "|/bin/sh -c a;b",
    " 5 ",
    "",
    "# c",
    "1\n2",
    "\u{a0}5\u{2028}",
];

const REASONS: [&[&str]; 4] = [
    &[],
    &["nginx asks for 65535"],
    &["a\nkernel.modprobe = /tmp/x\r", "\u{1b}[2J"],
    &[" \n"],
];

/// A sysctl file, and what shall change in it.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) changes: Vec<Change>,
    /// `None` is a file that does not exist.
    pub(crate) text: Option<Vec<u8>>,
}

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut changes = Vec::new();
        for _ in 0..u.int_in_range(0..=3)? {
            changes.push(Change {
                key: one_of(u, &KEYS)?,
                value: one_of(u, &VALUES)?,
                reasons: reasons(u)?,
            });
        }
        let text = u.bytes(u.len())?.to_vec();
        Ok(Self {
            changes,
            text: Some(text).filter(|text| !text.is_empty()),
        })
    }
}

/// One of the texts, or any other short one.
fn one_of(u: &mut Unstructured, texts: &[&str]) -> Result<String> {
    let at = u.int_in_range(0..=texts.len())?;
    match texts.get(at) {
        Some(text) => Ok((*text).to_owned()),
        None => any_text(u),
    }
}

fn reasons(u: &mut Unstructured) -> Result<Vec<String>> {
    let at = u.int_in_range(0..=REASONS.len())?;
    match REASONS.get(at) {
        Some(reasons) => Ok(reasons.iter().map(|&reason| reason.to_owned()).collect()),
        None => Ok(vec![any_text(u)?]),
    }
}

fn any_text(u: &mut Unstructured) -> Result<String> {
    let len = u.int_in_range(0..=16)?;
    let bytes = u.bytes(len.min(u.len()))?;
    Ok(String::from_utf8_lossy(bytes).into_owned())
}
