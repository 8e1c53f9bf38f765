//! What the next boot sets, against the loaders themselves: generated trees and those of
//! distributions, each loaded by systemd-sysctl, by procps, and by BusyBox in OpenRC's service.

mod compare;
mod distributions;
mod generator;
mod oracle;
mod words;

use std::cell::{Cell, RefCell};
use std::{env, thread};

use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use compare::Comparison;
use oracle::Way;

/// How many trees, where the environment does not say.
const TREES: u32 = 500;
/// Processes that load trees at the same time.
const WORKERS: u8 = 2;

/// How many trees are asked for.
fn trees() -> u32 {
    let asked = env::var("BACKLINT_TREES").ok();
    asked.map_or(TREES, |number| {
        number.parse().expect("BACKLINT_TREES: a number")
    })
}

#[test]
fn every_loader_agrees_on_every_value() {
    let workers: Vec<_> = (0..WORKERS)
        .map(|seed| thread::spawn(move || compare_trees(seed, trees().div_ceil(WORKERS.into()))))
        .collect();
    let mut values = 0;
    let mut trees = 0;
    let mut failures = Vec::new();
    for worker in workers {
        match worker.join().expect("a worker") {
            Ok((some, compared)) => {
                trees += some;
                values += compared;
            }
            Err(why) => failures.push(why),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let loaders = Way::ALL.len();
    eprintln!("{trees} trees, {loaders} loaders, {values} values compared, 0 differ");
}

/// How many trees and values agree, or what does not.
fn compare_trees(seed: u8, cases: u32) -> Result<(u32, usize), String> {
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 3000,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let comparison = RefCell::new(Comparison::new(&words::KEYS));
    let (trees, values) = (Cell::new(0), Cell::new(0));
    let run = runner.run(&generator::tree(), |tree| {
        let compared = comparison.borrow_mut().tree(&tree)?;
        trees.set(trees.get() + 1);
        values.set(values.get() + compared);
        Ok(())
    });
    match run {
        Ok(()) => Ok((trees.get(), values.get())),
        Err(TestError::Fail(why, tree)) => Err(format!(
            "worker {seed}, tree {}: {why}\n{tree:?}",
            trees.get()
        )),
        Err(TestError::Abort(why)) => Err(format!("worker {seed}: {why}")),
    }
}
