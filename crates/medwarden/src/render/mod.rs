//! The report as people and scripts read it. Nothing here decides anything: it says what stands in the report.

pub mod csv;
pub mod find;
pub mod html;
pub mod text;
mod view;
pub mod words;

pub use view::View;

#[cfg(test)]
mod tests;
