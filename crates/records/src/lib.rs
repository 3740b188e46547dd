//! What people say of devices: the record that they keep of one, from where it is taken over and to where it is given.
//!
//! Ways in: [`Record`] and its [`FIELDS`]; [`follow::follow`] says which observed device a record is of; [`Table`] reads what others
//! export, [`import::plan`] says what it would change; [`export`] writes; [`onboarding`] and [`checklist`] are the papers of a
//! device that comes.
//!
//! Pure: no I/O but on the bytes given, no clock, no database. Depends on `model` and `knowledge`.

pub mod checklist;
pub mod export;
mod field;
pub mod follow;
pub mod import;
pub mod onboarding;
mod record;
mod table;

pub use field::{FIELDS, Field, FieldChange, apply_field, changes, field};
pub use record::{Criticality, Invalid, LifeCycle, MAX_NOTES, MAX_TEXT, Record};
pub use table::{MAX_COLUMNS, MAX_ROWS, Table, TableError};
