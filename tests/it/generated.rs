//! Generated files are what the code would generate. `UPDATE_GENERATED=1` writes them instead.

use std::path::Path;
use std::process::Command;

use backlint::report::authoring::schema;
use backlint::report::fix::{self, Target};
use backlint::report::{reference, service};
use backlint::rules::load;
use backlint::services::load::load as load_service;
use backlint::services::{Service, catalogue};
use backlint::snapshot::schema as record_schema;

use crate::{gallery, packaging};

fn compare(name: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "{name} is out of date: UPDATE_GENERATED=1 cargo test --test it generated"
    );
}

#[test]
fn the_rule_reference_is_up_to_date() {
    let rules = load::load(&[]).unwrap_or_else(|faults| panic!("{}", faults[0]));
    compare("rules/README.md", &reference::markdown(&rules));
}

#[test]
fn the_published_schemas_of_rules_are_up_to_date() {
    for (file, schema) in [
        (schema::RULE_FILE, schema::of_rules()),
        (schema::CASES_FILE, schema::of_cases()),
    ] {
        compare(&format!("rules/schema/{file}"), &schema::to_text(&schema));
    }
}

#[test]
fn the_schema_of_records_is_up_to_date() {
    compare(record_schema::FILE, &record_schema::text().unwrap());
}

#[test]
fn the_gallery_of_fixtures_is_up_to_date() {
    compare("fixtures/README.md", &gallery::page());
}

/// The services as the files on disk have them: those in the binary may be older.
fn services() -> Vec<Service> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/services");
    let mut services: Vec<Service> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            load_service(&path.display().to_string(), &text)
                .unwrap_or_else(|fault| panic!("{fault}"))
        })
        .collect();
    services.sort_by(|one, other| one.name.cmp(&other.name));
    services
}

#[test]
fn the_index_of_services_is_up_to_date() {
    compare(
        "rules/services/index.tsv",
        &catalogue::index(services().iter()),
    );
}

#[test]
fn the_reference_of_services_is_up_to_date() {
    let services = services();
    compare(
        "rules/services/README.md",
        &service::reference::markdown(&services),
    );
}

/// What editors complete and validate waivers and configurations by.
#[test]
fn the_schemas_of_the_gate_are_up_to_date() {
    for (name, schema) in [
        ("waivers", backlint::gate::waivers::schema()),
        ("config", backlint::cli::config::schema()),
    ] {
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        compare(&format!("rules/schema/{name}.schema.json"), &text);
    }
}

/// One page a command, and no page of a command that is gone.
#[test]
fn the_manual_pages_are_up_to_date() {
    let pages = packaging::generate::pages();
    nothing_else("packaging/man", pages.iter().map(|(name, _)| name.as_str()));
    for (name, page) in pages {
        compare(&format!("packaging/man/{name}"), &page);
    }
}

#[test]
fn the_completions_are_up_to_date() {
    let completions = packaging::generate::completions();
    nothing_else(
        "packaging/completions",
        completions.iter().map(|(name, _)| *name),
    );
    for (name, completion) in completions {
        compare(&format!("packaging/completions/{name}"), &completion);
    }
}

/// Which licences the crates have that the package's binary contains.
#[test]
fn the_copyright_of_the_package_is_up_to_date() {
    let wanted = packaging::generate::copyright::copyright();
    compare("packaging/debian/copyright", &wanted);
}

/// A folder holds generated files alone; what is not generated any more is removed when files are written.
fn nothing_else<'a>(folder: &str, names: impl Iterator<Item = &'a str>) {
    let names: Vec<&str> = names.collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    for entry in std::fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if names.contains(&name.as_str()) {
            continue;
        }
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            std::fs::remove_file(entry.path()).unwrap();
        } else {
            panic!("{folder}/{name} is not generated any more: UPDATE_GENERATED=1 removes it");
        }
    }
}

/// README's screenfuls are what the program really prints: each block that begins with its command.
#[test]
fn the_screenfuls_in_the_readme_are_real() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(readme).unwrap();
    let begin = "```console\n$ backlint ";
    let mut parts = text.split(begin);
    let mut real = parts.next().unwrap().to_owned();
    for part in parts {
        let (command, rest) = part.split_once('\n').expect("the block has a command");
        let (_, after) = rest.split_once("```\n").expect("the block ends");
        let output = Command::new(env!("CARGO_BIN_EXE_backlint"))
            .args(shlex::split(command).expect("words of a shell"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        let screen = String::from_utf8(output.stdout).unwrap();
        real.push_str(&format!("{begin}{command}\n{screen}```\n{after}"));
    }
    compare("README.md", &real);
}

/// The page of targets has what the program really prints.
#[test]
fn the_page_of_targets_is_up_to_date() {
    let example = |target: Target| {
        let record = fix::reference::record(target);
        let output = Command::new(env!("CARGO_BIN_EXE_backlint"))
            .args(["patch", "--for", target.name(), "--snapshot", record])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        fix::reference::Example {
            target,
            record,
            output: String::from_utf8(output.stdout).unwrap(),
        }
    };
    compare(
        "TARGETS.md",
        &fix::reference::markdown(&Target::ALL.map(example)),
    );
}
