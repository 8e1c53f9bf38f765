//! Where in a document a value stands.
//!
//! A deserializer that tracks positions (YAML, JSON) attaches the current one to an error that its
//! visitor raises. [`Locate`] uses that: it walks a path of keys and indices, raises an error at
//! the end of it, and the caller reads the position from the error. So every node of a document
//! can be pointed at without a second parser, in block style, flow style and JSON alike.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

/// One step of a path into a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The value of this key of a mapping.
    Key(String),
    /// The element at this index of a sequence.
    Index(usize),
    /// This key of a mapping itself, and not its value: where it stands for the n-th time, from 0.
    Name(String, usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// A seed whose deserialization fails at the node that the path names, with that node's position.
#[derive(Debug, Clone, Copy)]
pub struct Locate<'a>(pub &'a [Step]);

impl<'de> DeserializeSeed<'de> for Locate<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Locate<'_> {
    fn here<E: Error>(self) -> Result<(), E> {
        if self.0.is_empty() {
            Err(E::custom("here"))
        } else {
            Ok(())
        }
    }
}

impl<'de> Visitor<'de> for Locate<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.here()?;
        let mut stops = match self.0.first() {
            Some(Step::Name(name, nth)) => Some((name.as_str(), *nth)),
            _ => None,
        };
        while let Some(key) = map.next_key_seed(KeySeed(&mut stops))? {
            match self.0.first() {
                Some(Step::Key(wanted)) if key.0 == *wanted => {
                    map.next_value_seed(Locate(&self.0[1..]))?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.here()?;
        for index in 0_usize.. {
            let more = match self.0.first() {
                Some(Step::Index(wanted)) if index == *wanted => {
                    seq.next_element_seed(Locate(&self.0[1..]))?
                }
                _ => seq.next_element::<IgnoredAny>()?.map(|_| ()),
            };
            if more.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        self.here()
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.here()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.here()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.here()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.here()
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        self.here()
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.here()
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.here()
    }
}

/// A mapping's key as text, whatever scalar it is.
struct KeyText(String);

/// Reads a key, and fails at the one that a [`Step::Name`] names: its text, and how many of that text
/// come first.
struct KeySeed<'a, 'n>(&'a mut Option<(&'n str, usize)>);

impl<'de> DeserializeSeed<'de> for KeySeed<'_, '_> {
    type Value = KeyText;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<KeyText, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_, '_> {
    type Value = KeyText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<KeyText, E> {
        match self.0 {
            Some((wanted, 0)) if *wanted == key => return Err(E::custom("here")),
            Some((wanted, before)) if *wanted == key => *before -= 1,
            _ => {}
        }
        Ok(KeyText(key.to_owned()))
    }
}

/// A seed that reads a value at the end of a path, so that a fault in it has its place in the whole
/// document. `None`: the path leads nowhere.
#[derive(Debug)]
pub(super) struct ReadAt<'a, T>(&'a [Step], PhantomData<T>);

impl<'a, T> ReadAt<'a, T> {
    /// Reads what this path leads to.
    pub(super) fn new(path: &'a [Step]) -> Self {
        Self(path, PhantomData)
    }
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for ReadAt<'_, T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        match self.0 {
            [] => T::deserialize(deserializer).map(Some),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for ReadAt<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<T>, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key_seed(KeySeed(&mut None))? {
            match self.0.first() {
                Some(Step::Key(wanted)) if key.0 == *wanted && found.is_none() => {
                    found = map.next_value_seed(ReadAt::new(&self.0[1..]))?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Option<T>, A::Error> {
        let mut found = None;
        for index in 0_usize.. {
            let more = match self.0.first() {
                Some(Step::Index(wanted)) if index == *wanted => {
                    let value = seq.next_element_seed(ReadAt::new(&self.0[1..]))?;
                    let more = value.is_some();
                    found = value.flatten();
                    more
                }
                _ => seq.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                break;
            }
        }
        Ok(found)
    }
}
