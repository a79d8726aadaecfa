//! The commands without a screen: `rounds check`, `rounds export` and `rounds doctor`. They poll once and write what they found;
//! what they write and how they exit is the contract with scripts.

mod check;
mod doctor;
mod export;
mod gather;
mod output;
mod reading;

#[cfg(test)]
mod fake;

pub use check::{CheckOptions, FailOn, UnknownIs, check};
pub use doctor::{DoctorOptions, doctor};
pub use export::{ExportOptions, Format, csv_of_rows, export};
pub use gather::{Gathered, gather};
