//! What was typed on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::Flags;
use crate::text::shell_word;
use crate::view::VIEWS;

/// A console for the people who keep container stacks on AWS alive: what is broken, why, since when.
#[derive(Debug, Parser)]
#[command(name = "rounds", version, about, after_help = AFTER_HELP, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do; without a command the console opens.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Flags that every command takes.
    #[command(flatten)]
    pub global: Global,
}

const AFTER_HELP: &str = "Without a configuration file the console looks at the AWS environment as it is \
(AWS_PROFILE, AWS_REGION, ...).\nTry it on a simulated stack: rounds demo";

/// Flags that every command takes.
#[derive(Args, Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "flags are independent of one another")]
pub struct Global {
    /// Only this stack of the configuration (may be repeated)
    #[arg(long, global = true, value_name = "NAME")]
    pub stack: Vec<String>,
    /// AWS profile, for every stack
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// AWS region, for every stack
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// What answers instead of AWS, for every stack
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Configuration file [default: rounds/rounds.toml in the XDG configuration directory]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Theme: dark, light, mono, or a file
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
    /// Keymap: default, vim, emacs, or a file
    #[arg(long, global = true, value_name = "NAME")]
    pub keymap: Option<String>,
    /// How often what is on screen is read, such as 5s
    #[arg(long, global = true, value_name = "SPAN")]
    pub refresh: Option<String>,
    /// No action, whatever the configuration allows; so it is unless --allow names one
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Allow these actions, such as force-deploy; a stack may forbid them
    #[arg(long, global = true, value_name = "ACTION", value_delimiter = ',')]
    pub allow: Vec<String>,
    /// Who you are; the audit keeps it. Needed where the caller is a machine; also the variable `ROUNDS_OPERATOR`
    #[arg(long, global = true, value_name = "NAME")]
    pub operator: Option<String>,
    /// No colours
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Only ASCII characters
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Hide the clock and tell times instead of ages: while nothing happens, nothing is drawn
    #[arg(long, global = true)]
    pub no_clock: bool,
    /// Write a log to this file
    #[arg(long, global = true, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

impl Global {
    /// In the words of the configuration.
    #[must_use]
    pub fn flags(&self) -> Flags {
        Flags {
            stack: self.stack.clone(),
            profile: self.profile.clone(),
            region: self.region.clone(),
            endpoint_url: self.endpoint_url.clone(),
            config: self.config.clone(),
            theme: self.theme.clone(),
            keymap: self.keymap.clone(),
            read_only: self.read_only,
            allow: self.allow.clone(),
            operator: self.operator.clone(),
            no_color: self.no_color,
            ascii: self.ascii,
            log: self.log.clone(),
            refresh: self.refresh.clone(),
        }
    }

    /// The flags that were given and decide where an action would act, as a shell takes them; each begins with a blank.
    #[must_use]
    pub fn aim(&self) -> String {
        let config = self.config.as_deref().map(|path| path.to_string_lossy());
        let stacks = self.stack.iter().map(|name| ("--stack", Some(name.as_str())));
        let others = [
            ("--config", config.as_deref()),
            ("--profile", self.profile.as_deref()),
            ("--region", self.region.as_deref()),
            ("--endpoint-url", self.endpoint_url.as_deref()),
        ];
        let given = stacks.chain(others).filter_map(|(flag, value)| Some(format!(" {flag} {}", shell_word(value?))));
        given.collect()
    }
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The console on a simulated stack; nothing is sent to AWS
    Demo(Demo),
    /// Judge once without a screen: exit 0 ok, 1 warning, 2 critical, 3 unknown
    Check(Check),
    /// Print one table: exit 0 complete, 1 partial, 2 usage, 3 nothing could be read
    Export(Export),
    /// Who asks, what can be read and what not, and what it costs: exit 0 all, 1 not all, 2 usage, 3 nothing
    Doctor(Doctor),
    /// Plan an action, or carry it out: exit 0 done, 1 failed, 2 refused, 3 not planned, 4 unknown
    Act(Act),
    /// What was done, and whether the record of it is whole
    Audit {
        /// What about it
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Show the settings in force
    Config {
        /// Also where each value comes from
        #[arg(long)]
        explain: bool,
    },
    /// Print a completion script
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print a manual page
    Man {
        /// Of which command, such as: audit show; without one that of rounds itself
        command: Vec<String>,
    },
}

/// `rounds demo`.
#[derive(Args, Clone, Debug)]
pub struct Demo {
    /// The scenario
    #[arg(default_value = "ehr-mongo")]
    pub scenario: String,
    /// List the scenarios
    #[arg(long)]
    pub list: bool,
    /// How fast its time passes, such as 10x
    #[arg(long, value_name = "FACTOR", default_value = "1x")]
    pub speed: String,
    /// Where its dice start
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// When to begin, as its clock shows it: 03:12 or 03:12:44
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Serve the simulated stack on this loopback address in AWS's own formats instead of opening the console
    #[arg(long, value_name = "127.0.0.1:PORT")]
    pub listen: Option<String>,
    /// Write a picture of the screen as SVG to this file instead of opening the console
    #[arg(long, value_name = "FILE")]
    pub screenshot: Option<PathBuf>,
    /// Keys pressed before the picture is taken, such as "2 / a p i enter w"; +30s lets so much time pass, 24h at most
    #[arg(long, value_name = "KEYS", default_value = "", requires = "screenshot")]
    pub keys: String,
    /// Size of the picture in columns and rows
    #[arg(long, value_name = "COLUMNSxROWS", default_value = "120x40", requires = "screenshot")]
    pub size: String,
}

/// `rounds check`.
#[derive(Args, Clone, Debug)]
pub struct Check {
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// Only these domains, such as ecs,scaling
    #[arg(long, value_name = "DOMAIN", value_delimiter = ',')]
    pub only: Vec<String>,
    /// From which severity on the exit code tells
    #[arg(long, value_enum, default_value_t = FailOn::Warn)]
    pub fail_on: FailOn,
    /// What exit code unknown takes; 3 unless given
    #[arg(long, value_enum)]
    pub unknown_is: Option<UnknownIs>,
    /// The longest it may take
    #[arg(long, value_name = "SPAN", default_value = "60s")]
    pub timeout: String,
    /// Also write the JSON result to this file
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// From which severity on `check` fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// From warnings on.
    Warn,
    /// Only when critical.
    Crit,
}

/// What unknown counts as for the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum UnknownIs {
    /// 2.
    Critical,
    /// 1.
    Warning,
}

/// `rounds export`.
#[derive(Args, Clone, Debug)]
pub struct Export {
    /// The view whose table it is.
    #[arg(help = exported())]
    pub view: String,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// List the columns with what they hold, and read nothing
    #[arg(long)]
    pub columns: bool,
    /// The longest it may take
    #[arg(long, value_name = "SPAN", default_value = "60s")]
    pub timeout: String,
}

/// `rounds doctor`.
#[derive(Args, Clone, Debug)]
pub struct Doctor {
    /// Print what was found as JSON
    #[arg(long)]
    pub json: bool,
    /// The longest it may take
    #[arg(long, value_name = "SPAN", default_value = "60s")]
    pub timeout: String,
}

/// The views that can be exported.
fn exported() -> String {
    let views: Vec<&str> = VIEWS.iter().filter(|view| view.exported).map(|view| view.id).collect();
    format!("One of: {}", views.join(", "))
}

/// The actions there are.
fn actions() -> String {
    format!("What to do, one of: {}", crate::action::ids().join(", "))
}

/// `rounds act`.
#[derive(Args, Clone, Debug)]
#[command(group(clap::ArgGroup::new("how").required(true).args(["plan", "confirm"])))]
pub struct Act {
    /// What to do
    #[arg(help = actions())]
    pub action: String,
    /// To what, as in the tables: CLUSTER/SERVICE, or its ARN; with =VALUE where the action takes one
    pub target: String,
    /// Show what would be done and change nothing: exit 0 it would be allowed, 1 with warnings, 2 blocked
    #[arg(long)]
    pub plan: bool,
    /// Print the plan as JSON
    #[arg(long, requires = "plan")]
    pub json: bool,
    /// Do it: the target's name, as a proof that it is the one that is meant
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
    /// The number of the account, where the plan asks for it too
    #[arg(long, value_name = "ID", requires = "confirm")]
    pub account: Option<String>,
    /// Why it is done, for the audit
    #[arg(long, value_name = "TEXT", requires = "confirm")]
    pub reason: Option<String>,
    /// The ticket it is done for
    #[arg(long, value_name = "ID", requires = "confirm")]
    pub ticket: Option<String>,
    /// How long to watch what becomes of it; it goes on without being watched
    #[arg(long, value_name = "SPAN", default_value = "30m")]
    pub timeout: String,
}

/// `rounds audit`.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum AuditCommand {
    /// Every record, or those of --stack and --region, oldest first
    Show {
        /// As JSON, one record a line
        #[arg(long)]
        json: bool,
    },
    /// Settle by reading what was left unfinished, and send nothing: exit 0 nothing is open, 1 something stays open, 2 misused, 3 unreadable
    Settle,
    /// Follow the chain of hashes: exit 0 intact, 1 broken, 2 misused, 3 unreadable
    Verify {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The schema `rounds.export/1`.
    Json,
    /// Comma-separated values with a header line.
    Csv,
    /// A table for a ticket.
    Markdown,
    /// Aligned columns for people.
    Text,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_to_aim_with_is_repeated_as_a_shell_takes_it() {
        let words =
            "rounds --theme light --stack a --stack b --profile x --region r --endpoint-url u --config c --log l";
        let mut words: Vec<&str> = words.split(' ').collect();
        words[8] = "it's mine";
        let global = Cli::try_parse_from(words).unwrap().global;
        let right = r" --stack a --stack b --config c --profile 'it'\''s mine' --region r --endpoint-url u";
        assert_eq!(global.aim(), right);
        assert_eq!(Global::default().aim(), "");
    }
}
