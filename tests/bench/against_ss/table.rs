//! The figures as text.

use std::time::Duration;

use super::measure::{Cost, Tool};
use super::scenario::Scenario;

/// Says what the host is.
pub(crate) fn heading(scenario: &Scenario) {
    println!(
        "\n{}: {}; {} listeners, {} processes, {} descriptors",
        scenario.name,
        scenario.about,
        scenario.listeners(),
        scenario.processes(),
        scenario.descriptors(),
    );
}

/// Says how much a tool answered, so that nobody compares with an answer that lacks something.
pub(crate) fn answer(tool: Tool, text: &str) {
    let (listeners, owned) = match tool {
        Tool::Ss | Tool::SsInEach => (
            text.lines().count(),
            text.lines().filter(|line| line.contains("users:")).count(),
        ),
        _ => (
            text.matches("\"accept_queue\":").count(),
            text.lines()
                .filter(|line| line.trim_end().ends_with("\"owners\": ["))
                .count(),
        ),
    };
    println!(
        "  {:28} answers with {listeners} listeners, {owned} with owners, {} bytes",
        tool.title(),
        text.len()
    );
}

/// Prints medians, and the ratios of ss to each, of which the median is the result.
pub(crate) fn print(scenario: &Scenario, tools: [Tool; 3], rounds: &[[Cost; 3]]) {
    println!(
        "  {:28} {:>10} {:>10} {:>9} {:>24} {:>24}",
        "median of the runs",
        "wall ms",
        "cpu ms",
        "peak MiB",
        "ss/this wall (min-max)",
        "ss/this cpu (min-max)"
    );
    for (index, tool) in tools.into_iter().enumerate() {
        let costs: Vec<Cost> = rounds.iter().map(|round| round[index]).collect();
        let peak = costs.iter().map(|cost| cost.memory).max();
        print!(
            "  {:28} {:>10.2} {:>10.2} {:>9.1}",
            tool.title(),
            1e3 * median(costs.iter().map(|cost| cost.wall.as_secs_f64())),
            1e3 * median(costs.iter().map(|cost| cost.cpu.as_secs_f64())),
            peak.unwrap_or_default() as f64 / 1024.0,
        );
        if tool != scenario.rival {
            print!(" {:>24}", spread(&ratios(rounds, index, |cost| cost.wall)));
            print!(" {:>24}", spread(&ratios(rounds, index, |cost| cost.cpu)));
        }
        println!();
    }
    for (tool, target) in scenario.targets {
        let index = tools.iter().position(|known| known == tool);
        let ratio = median(ratios(rounds, index.unwrap_or_default(), |cost| cost.wall).into_iter());
        let met = if ratio >= *target { "met" } else { "MISSED" };
        println!(
            "  target {met}: ss takes at least {target} times as long as {}: {ratio:.2} times, {} rounds",
            tool.title(),
            rounds.len()
        );
    }
}

/// ss divided by this tool, round by round.
fn ratios(rounds: &[[Cost; 3]], index: usize, of: impl Fn(&Cost) -> Duration) -> Vec<f64> {
    let seconds = |cost: &Cost| of(cost).as_secs_f64();
    rounds
        .iter()
        .map(|round| seconds(&round[2]) / seconds(&round[index]).max(1e-6))
        .collect()
}

fn spread(values: &[f64]) -> String {
    let min = values.iter().copied().fold(f64::INFINITY, f64::min);
    let max = values.iter().copied().fold(0.0, f64::max);
    format!("{:.2} ({min:.2}-{max:.2})", median(values.iter().copied()))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() % 2 {
        _ if values.is_empty() => 0.0,
        0 => f64::midpoint(values[half - 1], values[half]),
        _ => values[half],
    }
}
