//! Any bytes as a sysctl file, with some changes to it. A change is refused for the documented
//! reasons alone; otherwise every key gets its value, nothing else changes, editing again changes
//! nothing, and the diff leads from the old text to the new one.
#![no_main]

mod input;
mod line;
mod model;
mod patch;
mod walk;

use backlint::report::diff::unified;
use backlint::sysctl_conf::edit::edit;
use input::Input;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: Input| {
    let old = input.text.as_deref();
    let refused = model::refusal(&input.changes);
    let new = match edit(old, &input.changes) {
        Ok(new) => new,
        Err(error) => {
            assert_eq!(Some(model::Refusal::from(&error)), refused, "{error}");
            return;
        }
    };
    assert_eq!(refused, None);

    let again = edit(Some(&new), &input.changes).expect("nothing was refused before");
    assert!(
        again == new,
        "{} became {}",
        new.escape_ascii(),
        again.escape_ascii()
    );
    model::check(old.unwrap_or_default(), &new, &input.changes);

    check_diff(old, &new);
    // The way back removes and joins lines where the way there adds them.
    check_diff(Some(&new), old.unwrap_or_default());
});

fn check_diff(old: Option<&[u8]>, new: &[u8]) {
    let diff = unified("etc/sysctl.conf", old, new);
    let from = old.unwrap_or_default();
    assert_eq!(diff.is_empty(), from == new);
    assert_eq!(patch::applied(from, &diff), new);
}
