//! One contract, two databases: every case runs on SQLite and, where Debian's `postgresql` is installed, on PostgreSQL.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod database;
mod foundation;
mod observed;
mod people;
mod records;
mod segments;
mod whole;
