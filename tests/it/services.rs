//! The catalogue as data: every built-in file loads, says where its facts come from, and is found by
//! the index.

use std::collections::BTreeSet;

use backlint::services::service::{Kind, Verified};
use backlint::services::{Catalogue, catalogue, load};

use crate::support::program::run;

#[test]
fn every_service_loads_and_has_the_name_of_its_file() {
    let mut faults = Vec::new();
    for (file, text) in catalogue::files() {
        match load::load(&format!("rules/services/{file}"), text) {
            Ok(service) if format!("{}.yaml", service.name) == file => {}
            Ok(service) => faults.push(format!("{file}: its name is {}", service.name)),
            Err(fault) => faults.push(fault.to_string()),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_fact_has_a_source() {
    for service in Catalogue::builtin().iter() {
        let name = &service.name;
        assert!(!service.setting.place.trim().is_empty(), "{name}");
        for default in &service.defaults {
            assert!(!default.source.trim().is_empty(), "{name}");
            let derived = default.source.starts_with("derived")
                || default.source.contains("general knowledge");
            assert!(
                !derived || default.verified == Verified::No,
                "{name}: {}",
                default.source
            );
        }
    }
}

#[test]
fn no_two_services_have_the_same_signs() {
    let mut seen = BTreeSet::new();
    for service in Catalogue::builtin()
        .iter()
        .filter(|service| service.kind != Kind::Supervisor)
    {
        for signs in &service.recognise {
            assert!(
                seen.insert(format!("{signs:?}")),
                "{}: {signs:?}",
                service.name
            );
        }
    }
}

/// Every page says what the service asks for, how that is known, and what applies a change.
#[test]
fn every_service_has_its_page() {
    let names = run(["explain"]).ended(0).out;
    let mut count = 0;
    for (file, _) in catalogue::files() {
        let name = file.strip_suffix(".yaml").unwrap();
        assert!(names.contains(name), "{name} is not listed");
        let page = run(["explain", name]).ended(0);
        assert_eq!(page.err, "", "{name}");
        for part in ["asks for", "applied by", "; "] {
            assert!(page.out.contains(part), "{name}: {}", page.out);
        }
        count += 1;
    }
    assert!(count > 150, "{count} services");
    let wrong = run(["explain", "ngnix"]).ended(2);
    assert!(wrong.err.contains("did you mean `nginx`?"), "{}", wrong.err);
}
