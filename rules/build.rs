//! Turns the built-in rules from YAML into JSON, which is read about twenty times as fast: every start of
//! backlint reads all of them. The YAML stays what people and diagnostics see.

// Standard output is how a build script speaks to cargo.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=rules");
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("rules");
    let mut rules: Vec<(String, serde_json::Value)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if let Some(name) = rule_name(&path) {
            let text = fs::read_to_string(&path)?;
            // A file with a fault is left to the reader at run time, whose diagnostic has a place.
            if let Ok(value) = serde_yaml::from_str(&text) {
                rules.push((name.to_owned(), value));
            }
        }
    }
    rules.sort_by(|a, b| a.0.cmp(&b.0));
    let code = rules
        .iter()
        .map(|(name, value)| format!("    ({name:?}, {:?}),\n", value.to_string()));
    let code = format!("[\n{}]\n", code.collect::<String>());
    let out = PathBuf::from(env::var("OUT_DIR")?).join("rules.rs");
    Ok(fs::write(out, code)?)
}

/// The name of a rule's file; `None` for any other file.
fn rule_name(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    let stem = name.strip_suffix(".yaml")?;
    (!stem.ends_with(".cases")).then_some(name)
}
