//! What the supervisor and the watcher tell each other: JSON lines one way, numbers of signals the other.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
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

/// Bytes that wait for a watcher who does not read, because nobody reads what it prints.
const MOST: usize = 16 << 20;

/// The supervisor's end. What it says waits here rather than in a write(2), because who is traced waits for the
/// supervisor.
pub(super) struct Sender {
    stream: UnixStream,
    waiting: VecDeque<u8>,
    /// Calls that are not told.
    pub(super) untold: u64,
    /// Whether somebody still listens.
    pub(super) heard: bool,
}

impl Sender {
    pub(super) fn new(stream: UnixStream) -> Self {
        Self {
            heard: stream.set_nonblocking(true).is_ok(),
            stream,
            waiting: VecDeque::new(),
            untold: 0,
        }
    }

    pub(super) fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// Whether something waits for room in the stream.
    pub(super) fn has_more(&self) -> bool {
        self.heard && !self.waiting.is_empty()
    }

    /// Tells of a call, if somebody still listens.
    pub(super) fn tell(&mut self, call: Call) {
        if self.waiting.len() > MOST {
            self.untold += 1;
            return;
        }
        self.add(&Message::Call(Box::new(call)));
        self.flush();
    }

    /// Says the last word, and waits until it was taken.
    pub(super) fn finish(mut self, message: &Message) {
        self.add(message);
        if self.heard && self.stream.set_nonblocking(false).is_ok() {
            // It can only fail by a watcher that is gone.
            let _ = self.stream.write_all(self.waiting.make_contiguous());
        }
    }

    /// Says as much as there is room for.
    pub(super) fn flush(&mut self) {
        while self.has_more() {
            let (first, _) = self.waiting.as_slices();
            match self.stream.write(first) {
                Ok(written) => drop(self.waiting.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The watcher is gone.
                Err(_) => self.heard = false,
            }
        }
    }

    fn add(&mut self, message: &Message) {
        // It cannot fail for our own types.
        if let (true, Ok(line)) = (self.heard, serde_json::to_vec(message)) {
            self.waiting.extend(line);
            self.waiting.push_back(b'\n');
        }
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
