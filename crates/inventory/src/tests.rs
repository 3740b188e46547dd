//! Observations built by hand, and the devices they amount to.

mod build;
mod conversations;
mod identity;
mod records;
mod snapshot;
mod weighing;
