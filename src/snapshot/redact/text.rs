//! Words, and texts that are made of words: sentences, lines of scripts, values of sysctls.

use std::net::IpAddr;

use super::Redactor;
use super::lists::{self, DISTRIBUTIONS, PROGRAMS, WORDS};
use super::names::Kind;
use super::public;

/// What a word in a text is made of, besides letters and digits of any script.
const WITHIN: &str = "_./@%~+:*-\\";
/// What may follow or precede a word without being a part of it.
const AROUND: [char; 5] = ['.', ':', '-', '+', '*'];

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || !c.is_ascii() || WITHIN.contains(c)
}

impl Redactor<'_> {
    /// A text with every private word replaced; what stands between words stays, as far as it is ASCII.
    pub(super) fn text(&mut self, kind: Kind, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let end = match is_word(first) {
                true => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
                false => first.len_utf8(),
            };
            let (piece, behind) = rest.split_at(end);
            match is_word(first) {
                true => out.push_str(&self.token(kind, piece)),
                false => out.push(first),
            }
            rest = behind;
        }
        out
    }

    /// A word of a text, with what is put around it.
    fn token(&mut self, kind: Kind, token: &str) -> String {
        let core = token.trim_start_matches(AROUND);
        let (before, rest) = token.split_at(token.len() - core.len());
        let core = rest.trim_end_matches([':', '.', '\\', '*', '+']);
        let behind = &rest[core.len()..];
        if token.parse::<IpAddr>().is_ok() || core.is_empty() {
            return self.word(kind, token);
        }
        format!("{before}{}{behind}", self.core(kind, core))
    }

    /// A word without what is put around it. Once a word was shown, it is shown the same way again.
    fn core(&mut self, kind: Kind, core: &str) -> String {
        if let Some(known) = self.cores.get(core) {
            return known.clone();
        }
        let shown = self.fresh_core(kind, core);
        self.cores.insert(core.to_owned(), shown.clone());
        shown
    }

    fn fresh_core(&mut self, kind: Kind, core: &str) -> String {
        // A place in a file: path, line and column.
        if let Some((path, line)) = core.rsplit_once(':')
            && path.contains('/')
            && !line.is_empty()
            && line.bytes().all(|byte| byte.is_ascii_digit())
        {
            return format!("{}:{line}", self.core(kind, path));
        }
        if let Some(key) = self.exact_key(core) {
            return key;
        }
        if let Some((ip, port)) = core.rsplit_once(':')
            && let (Ok(ip), Ok(port)) = (ip.parse::<IpAddr>(), port.parse::<u16>())
            && ip.is_ipv4()
        {
            return format!("{}:{port}", self.names.address(ip));
        }
        match core.contains('/') {
            true => self.path(kind, core),
            false if lists::is_of_sentence(core) => core.to_owned(),
            false => self.word(kind, core),
        }
    }

    /// One word: it stays if everybody knows it, whole or in its parts.
    pub(super) fn word(&mut self, kind: Kind, word: &str) -> String {
        if let Ok(ip) = word.parse::<IpAddr>() {
            return self.names.address(ip).to_string();
        }
        if public::is_number(word) || matches!(word, "" | "." | "..") || self.is_known(word) {
            return word.to_owned();
        }
        // An instance of a template is as private as any word.
        if let Some((template, instance)) = word.split_once('@')
            && !template.is_empty()
        {
            let (instance, end) = public::extension(instance);
            let shown = self.word(kind, instance);
            return format!("{}@{shown}{end}", self.word(kind, template));
        }
        let (stem, end) = public::extension(word);
        if !end.is_empty() && !stem.is_empty() {
            return format!("{}{end}", self.word(kind, stem));
        }
        if let Some(free) = self.public.program(word)
            && let (Some(before), Some(inside), Some(behind)) = (
                word.get(..free.start),
                word.get(free.clone()),
                word.get(free.end..),
            )
        {
            let inside = match self.is_known(inside) {
                true => inside.to_owned(),
                false => self.names.of(kind, inside),
            };
            return format!("{before}{inside}{behind}");
        }
        if let Some((start, rest)) = public::start_of_id(word) {
            return format!("{start}{}", self.word(kind, rest));
        }
        self.names.of(kind, word)
    }

    /// Whether everybody knows a word, or all of its parts.
    fn is_known(&self, word: &str) -> bool {
        let whole = |it: &str| {
            it.is_empty()
                || public::is_number(it)
                || [&WORDS, &PROGRAMS, &DISTRIBUTIONS]
                    .iter()
                    .any(|list| list.has(it))
                || self.public.program(it).is_some_and(|free| free.is_empty())
        };
        let in_parts = || word.split(public::JOINTS).all(whole) && !public::is_like_address(word);
        whole(word) || in_parts()
    }

    pub(super) fn host_name(&mut self, name: &str) -> String {
        match name {
            "localhost" | "" => name.to_owned(),
            _ => self.names.of(Kind::Host, name),
        }
    }

    /// A version: its numbers and the words that distributions put into it, up to a word of somebody's own.
    pub(super) fn version(&mut self, version: &str) -> String {
        let kept = public::version_length(version);
        match version.get(..kept) {
            Some(kept) if !kept.is_empty() => kept.to_owned(),
            _ => self.names.of(Kind::Version, version),
        }
    }

    /// The name of a counter, such as `TcpExt.ListenOverflows`: no host makes one up, and a person who does
    /// writes letters.
    pub(super) fn counter(&mut self, name: &str) -> String {
        let tables = [
            "TcpExt.",
            "IpExt.",
            "Tcp.",
            "Ip.",
            "MPTcpExt.",
            "Sctp.",
            "Udp.",
        ];
        match tables.iter().any(|table| name.starts_with(table)) {
            true => name.to_owned(),
            false => self.names.of(Kind::Name, name),
        }
    }
}
