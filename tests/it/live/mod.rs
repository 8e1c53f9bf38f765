//! backlint on a running kernel. Each test makes a network namespace of its own.

mod against_ss;
mod assumed;
mod capped_containers;
mod catalogue;
mod churn;
mod containers;
mod hostile_config;
mod kinds;
mod limits;
mod names;
mod namespaces;
mod neighbours;
mod overflow;
mod owners;
mod patch_and_restart;
mod recorded;
mod restricted;
mod somaxconn;
mod syn_queue;
mod your_rules;
