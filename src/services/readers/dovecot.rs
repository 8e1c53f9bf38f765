//! process_limit × client_limit of Dovecot.

use super::{Context, Reading};

pub(super) fn read(_: &mut Context<'_>) -> Reading {
    Reading::default()
}
