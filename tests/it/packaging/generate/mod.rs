//! Manual pages and completions, made of the command line's own definition.
//!
//! A command that is new has its page without a word here: what stands below its options in `--help` becomes
//! sections. What a page has beyond that is in `words`.

pub(crate) mod copyright;
mod page;
mod sections;
mod words;

use clap::Command;
use clap::builder::Str;
use clap_complete::Shell;

/// The manual pages: file name and text.
pub(crate) fn pages() -> Vec<(String, String)> {
    // A page about `help` says nothing.
    let mut root = backlint::cli::command().disable_help_subcommand(true);
    root.build();
    let mut pages = Vec::new();
    add(&root, &[], &mut pages);
    pages
}

/// The page of a command, and those of the commands below it. `above`: the names of the pages on the way.
fn add(command: &Command, above: &[String], pages: &mut Vec<(String, String)>) {
    let name = page::name(command);
    pages.push((format!("{name}.1"), page::page(command, above)));
    let above = [above, &[name]].concat();
    for below in page::below(command) {
        add(below, &above, pages);
    }
}

/// The completions: file name, as the shells want it, and text.
pub(crate) fn completions() -> Vec<(&'static str, String)> {
    let files = [
        ("backlint.bash", Shell::Bash),
        ("_backlint", Shell::Zsh),
        ("backlint.fish", Shell::Fish),
    ];
    let completion = |(file, shell)| {
        let mut command = backlint::cli::command();
        if shell == Shell::Zsh {
            command = without_colons(command);
        }
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut command, "backlint", &mut text);
        let text = String::from_utf8(text).unwrap();
        let text = match shell {
            Shell::Fish => with_values_before_commands(&text),
            _ => text,
        };
        (file, text)
    };
    files.map(completion).into()
}

/// Names of values as zsh takes them: a colon ends the name, and clap_complete leaves it as it is.
fn without_colons(command: Command) -> Command {
    // clap takes names that live as long as the program.
    let escaped = |name: &Str| -> &'static str { name.replace(':', "\\:").leak() };
    command
        .mut_args(|argument| match argument.get_value_names() {
            Some(names) => {
                let names: Vec<&str> = names.iter().map(escaped).collect();
                argument.value_names(names)
            }
            None => argument,
        })
        .mut_subcommands(without_colons)
}

/// clap_complete's fish function takes `backlint --fail-on ` for a fault, because the value is not there yet,
/// and offers nothing. With an empty value it is none.
fn with_values_before_commands(text: &str) -> String {
    let parse = "argparse -s (__fish_backlint_global_optspecs) -- $cmd";
    let before = format!("    {parse} 2>/dev/null\n    or return\n");
    let after = format!("    {parse} 2>/dev/null\n    or {parse} '' 2>/dev/null\n    or return\n");
    assert!(
        text.contains(&before),
        "clap_complete has changed: is it still needed?"
    );
    text.replace(&before, &after)
}
