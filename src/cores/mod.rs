//! The same small work for many items, on the cores there are. Results come in the order of the
//! items, whatever thread did them.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Fewer items than this are done by the calling thread: starting one costs about 30 µs.
const WORTH_A_THREAD: usize = 64;
/// More threads than this only wait for the kernel's locks on /proc.
const MOST_THREADS: usize = 8;
/// Items that a thread takes at a time, of many.
const BATCH: usize = 8;

/// Applies `work` to each item.
pub(crate) fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    map_from(WORTH_A_THREAD, items, work)
}

/// Applies `work` to each item, with threads from so many items on.
pub(crate) fn map_from<T: Sync, R: Send>(
    worth_a_thread: usize,
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    // NOTE: available_parallelism reads the control group's files each time, about 30 µs.
    let cores = || thread::available_parallelism().map_or(1, NonZero::get);
    let threads = match items.len() < worth_a_thread {
        true => 1,
        false => cores().min(MOST_THREADS),
    };
    if threads < 2 {
        return items.iter().map(work).collect();
    }
    // Of few items each may take long.
    let size = (items.len() / (threads * BATCH)).clamp(1, BATCH);
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        loop {
            let start = next.fetch_add(size, Ordering::Relaxed);
            if start >= items.len() {
                return done;
            }
            let batch = items.iter().enumerate().skip(start).take(size);
            done.extend(batch.map(|(index, item)| (index, work(item))));
        }
    };
    let mut done = thread::scope(|scope| {
        let helpers: Vec<_> = (1..threads)
            // A thread that cannot be started leaves its share to the others.
            .filter_map(|_| thread::Builder::new().spawn_scoped(scope, run).ok())
            .collect();
        let mut done = run();
        for helper in helpers {
            match helper.join() {
                Ok(part) => done.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_of_the_items() {
        for count in [0, 1, 63, 64, 1001] {
            let items: Vec<usize> = (0..count).collect();
            let doubled: Vec<usize> = items.iter().map(|item| item * 2).collect();
            assert_eq!(map(&items, |item| item * 2), doubled);
        }
    }
}
