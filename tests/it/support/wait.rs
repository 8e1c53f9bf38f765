//! Waiting with an end: a test looks again and again, and gives up aloud.

use std::process::{Child, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long anything may take that one test waits for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Looks until there is an answer.
pub(crate) fn until<T>(what: &str, attempt: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, attempt).unwrap_or_else(|| panic!("gave up waiting for {what}"))
}

/// Looks until there is an answer or the time is over.
pub(crate) fn within<T>(time: Duration, mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + time;
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(answer) = attempt() {
            return Some(answer);
        }
        if Instant::now() >= end {
            return None;
        }
        sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// Waits for the end of a process; `None`: it still runs.
pub(crate) fn end_of(child: &mut Child, time: Duration) -> Option<ExitStatus> {
    within(time, || child.try_wait().expect("the child is ours"))
}
