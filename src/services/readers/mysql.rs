//! `back_log` of MySQL and MariaDB.

use super::{Context, Reading};

pub(super) fn read(_: &mut Context<'_>) -> Reading {
    Reading::default()
}
