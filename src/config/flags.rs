//! What was typed on the command line, before it means anything.

use std::path::PathBuf;

/// The global flags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--stack`: the stacks to look at; empty: all.
    pub stack: Vec<String>,
    /// `--profile`: the AWS profile of every stack.
    pub profile: Option<String>,
    /// `--region`: the region of every stack.
    pub region: Option<String>,
    /// `--endpoint-url`: what answers instead of AWS, for every stack.
    pub endpoint_url: Option<String>,
    /// `--config`: the configuration file.
    pub config: Option<PathBuf>,
    /// `--theme`: a name or a file.
    pub theme: Option<String>,
    /// `--keymap`: a name or a file.
    pub keymap: Option<String>,
    /// `--read-only`: no action, whatever else allows one.
    pub read_only: bool,
    /// `--allow`: actions to allow, by id.
    pub allow: Vec<String>,
    /// `--operator`: who sits before it.
    pub operator: Option<String>,
    /// `--no-color`.
    pub no_color: bool,
    /// `--ascii`: no character beyond ASCII.
    pub ascii: bool,
    /// `--log`: where to log.
    pub log: Option<PathBuf>,
    /// `--refresh`: how often the focused view is read.
    pub refresh: Option<String>,
}
