//! `rounds`, a terminal console for the people who keep container stacks on AWS alive.

pub mod app;
pub mod backend;
pub mod cli;
pub mod config;
pub mod document;
pub mod error;
pub mod feed;
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
pub mod tui;
pub mod view;
