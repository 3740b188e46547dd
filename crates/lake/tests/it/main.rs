//! History as its users meet it: rows in, segments out, questions answered, faults named.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod faults;
mod s3;
mod search;
mod segments;
mod sql;
mod support;
