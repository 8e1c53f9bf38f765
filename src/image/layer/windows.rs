//! Large windows of decoders, of which one row of layers has some at a time: four of 128 MiB would be as much as
//! a small machine has. Rows with small windows go on meanwhile.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, ThreadId};

/// The largest window that every row may have: that of `zstd -19`, and of all levels below.
pub(super) const SMALL: u64 = 8 << 20;

/// Whose turn it is, for the decoders of one image.
#[derive(Debug, Clone, Default)]
pub(super) struct Windows(Arc<Turn>);

#[derive(Debug, Default)]
struct Turn {
    /// The thread that reads a row, and how many it has: an archive and a layer in it are unpacked by the same one.
    taken: Mutex<Option<(ThreadId, usize)>>,
    given: Condvar,
}

/// A large window while it is used. It is given back by the thread that took it.
#[derive(Debug)]
pub(super) struct Large(Windows);

impl Windows {
    /// Waits until no other thread has a large window.
    pub(super) fn large(&self) -> Large {
        let this = thread::current().id();
        let taken = self.0.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let others =
            |taken: &mut Option<(ThreadId, usize)>| taken.is_some_and(|(thread, _)| thread != this);
        let taken = self.0.given.wait_while(taken, others);
        let mut taken = taken.unwrap_or_else(PoisonError::into_inner);
        let count = taken.map_or(0, |(_, count)| count);
        *taken = Some((this, count + 1));
        Large(self.clone())
    }
}

impl Drop for Large {
    fn drop(&mut self) {
        let Turn { taken, given } = &*self.0.0;
        let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        *taken = taken.and_then(|(thread, count)| Some((thread, count.checked_sub(1)?)));
        *taken = taken.filter(|(_, count)| *count > 0);
        given.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn one_thread_has_large_windows_at_a_time() {
        let windows = Windows::default();
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let outer = windows.large();
                        let inner = windows.large();
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        thread::yield_now();
                        now.fetch_sub(1, Ordering::SeqCst);
                        drop(outer);
                        drop(inner);
                    }
                });
            }
        });
        assert_eq!(most.into_inner(), 1);
        assert_eq!(*windows.0.taken.lock().unwrap(), None);
    }
}
