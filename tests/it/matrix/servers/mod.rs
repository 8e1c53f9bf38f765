//! The servers of the matrix, from Debian's packages (tests/run installs them).

mod applications;
mod databases;
mod dns;
mod mail_and_more;
mod proxies;
mod web;

use super::entry::Entry;

/// All of them; those that take long to start come first.
pub(super) fn all() -> Vec<Entry> {
    [
        databases::all(),
        applications::all(),
        proxies::all(),
        web::all(),
        mail_and_more::all(),
        dns::all(),
    ]
    .concat()
}
