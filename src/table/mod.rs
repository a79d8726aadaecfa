//! Typed, screen-neutral tables: what a view shows, an export writes and a filter searches.

mod cell;
mod column;
mod filter;
mod row;
mod sort;
mod trend;
mod words;

pub use cell::Cell;
pub use column::{Align, Column};
pub use filter::Filter;
pub use row::{Entry, Row, Section};
pub use sort::{Order, sort};
pub use trend::{Bar, SHORT, Trend, Unit, sign};
pub use words::Words;
