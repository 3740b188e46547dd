//! Observations built by hand, and the devices they amount to.

mod build;
mod identity;
mod records;
mod weighing;
