//! What the supervisor and the watcher tell each other: JSON lines one way, numbers of signals the other.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;

use serde::{Deserialize, Serialize};

use super::{Call, Fault, Traced};

/// What the supervisor says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Message {
    /// A call was seen.
    Call(Box<Call>),
    /// All is over.
    Done(Box<Traced>),
    /// It could not be done.
    Fault(Fault),
}

/// A stream between the two: the watcher's end first.
pub(super) fn channel() -> Result<(UnixStream, UnixStream), Fault> {
    UnixStream::pair().map_err(|error| Fault::io("no channel can be made", &error))
}

/// The supervisor's end.
pub(super) struct Sender {
    stream: UnixStream,
    /// Whether somebody still listens.
    pub(super) heard: bool,
}

impl Sender {
    pub(super) fn new(stream: UnixStream) -> Self {
        Self {
            stream,
            heard: true,
        }
    }

    pub(super) fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// Says it, if somebody still listens.
    pub(super) fn say(&mut self, message: &Message) {
        if !self.heard {
            return;
        }
        let line = serde_json::to_vec(message).map(|mut line| {
            line.push(b'\n');
            line
        });
        // Neither can fail for our own types but by a watcher that is gone.
        self.heard = line.is_ok_and(|line| self.stream.write_all(&line).is_ok());
    }
}

/// The watcher's end, whose reads wait for a whole line.
pub(super) struct Receiver(BufReader<UnixStream>);

impl Receiver {
    pub(super) fn new(stream: UnixStream) -> Self {
        Self(BufReader::new(stream))
    }

    pub(super) fn stream(&self) -> &UnixStream {
        self.0.get_ref()
    }

    /// Whether a message was read already and not taken.
    pub(super) fn has_more(&self) -> bool {
        !self.0.buffer().is_empty()
    }

    /// The next message. `None`: the supervisor is gone.
    pub(super) fn next(&mut self) -> Option<Message> {
        let mut line = Vec::new();
        self.0.read_until(b'\n', &mut line).ok()?;
        serde_json::from_slice(&line).ok()
    }
}
