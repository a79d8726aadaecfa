//! `rounds`, a terminal console for the people who keep container stacks on AWS alive.
//!
//! The modules, by layer; a module imports only from layers with a lower number (`tests/architecture.rs` sees to it):
//!
//! - 0 · [`text`]: text from outside, made safe to show by its type
//! - 0 · [`time`]: points in time, spans, and the one clock
//! - 0 · [`error`]: errors a person acts on: the value, where it came from, what would be right
//! - 0 · [`document`]: TOML files whose every mistake is told with its line
//! - 0 · [`file`]: reading a file that someone else may have put there
//! - 1 · [`model`]: the facts of each domain, faults, checks and problems; no SDK type, no column, no clock
//! - 2 · [`table`]: typed cells, columns, rows, sorting and filters
//! - 2 · [`keymap`]: key sequences and what they invoke
//! - 2 · [`theme`]: roles, colours and what a terminal can show of them
//! - 3 · [`health`]: the rules: from facts and a time to checks
//! - 3 · [`backend`]: the ports, and behind them AWS or a simulated world
//! - 4 · [`timeline`]: what happened, merged from all that tells it, and kept while the console runs
//! - 5 · [`store`]: the last good snapshot of every feed, how fresh it is, and the chronicle
//! - 6 · [`feed`]: what is polled, how often and how gently
//! - 7 · [`view`]: projections of what is known: tables and details
//! - 7 · [`action`]: what changes the world: plan, policy, audit, one request, watching
//! - 8 · [`app`]: state, messages, commands and the picture of the screen; pure
//! - 8 · [`report`]: `check` and `export`: the same judgement without a screen
//! - 9 · [`tui`]: draws a picture of the screen, and nothing else
//! - 9 · [`term`]: takes the terminal and gives it back; keys, clipboard
//! - 10 · [`runtime`]: where the parts meet time, threads and signals
//! - 11 · [`config`]: what flags, environment and file mean together
//! - 11 · [`panics`]: gives the terminal back before a panic is told
//! - 11 · [`cli`]: from what was typed to what is done
//!
//! [`file`]: mod@file

pub mod action;
pub mod app;
pub mod backend;
pub mod cli;
pub mod config;
pub mod document;
pub mod error;
pub mod feed;
pub mod file;
pub mod health;
pub mod keymap;
pub mod model;
pub mod panics;
pub mod report;
pub mod runtime;
pub mod store;
pub mod table;
pub mod term;
pub mod text;
pub mod theme;
pub mod time;
pub mod timeline;
pub mod tui;
pub mod view;
