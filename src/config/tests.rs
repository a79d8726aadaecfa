use std::fs;
use std::time::Duration;

use super::*;
use crate::health::{Level, Threshold};
use crate::text::Text;
use crate::theme::Depth;

static SLOW: Rule = Rule {
    id: "ecs-rollout-slow",
    domain: "ecs",
    doc: "",
    source: "",
    thresholds: &[Threshold::minutes("warn", 15)],
    read_at: |_| None,
    check: |_, _| {},
};

const FILE: &str = r#"theme = "light"
keymap = "vim"
refresh = "10s"
[[stack]]
name = "prod"
profile = "prod"
region = "us-east-1"
clusters = ["ehr-*", "rx"]
allow = ["force-deploy"]
[[stack]]
name = "test"
[thresholds]
ecs-rollout-slow = { warn = "10m" }
"#;

fn file() -> FileConfig {
    FileConfig::parse(FILE, Path::new("rounds.toml"), &[&SLOW]).unwrap()
}

fn env(vars: &[(&str, &str)]) -> BTreeMap<String, String> {
    vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn told(result: Result<Settings, Vec<Error>>) -> Vec<String> {
    result.unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn without_anything_one_stack_is_made_of_the_environment() {
    let settings = resolve(None, &env(&[("TERM", "xterm-256color"), ("LANG", "C.UTF-8")]), &Flags::default()).unwrap();
    assert_eq!(settings.stacks.len(), 1);
    assert_eq!(settings.stacks[0].name, "default");
    assert_eq!(settings.stacks[0].profile, None);
    assert_eq!((settings.theme, settings.keymap), (Choice::BuiltIn("dark"), Choice::BuiltIn("default")));
    assert_eq!((settings.refresh, settings.depth, settings.ascii), (Duration::from_secs(5), Depth::Ansi256, false));
    assert!(settings.read_only && settings.allow.is_empty());
}

#[test]
fn the_file_beats_the_default() {
    let settings = resolve(Some(file()), &env(&[]), &Flags::default()).unwrap();
    assert_eq!((&settings.theme, &settings.keymap), (&Choice::BuiltIn("light"), &Choice::BuiltIn("vim")));
    assert_eq!(settings.refresh, Duration::from_secs(10));
    assert_eq!(settings.stacks.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["prod", "test"]);
    assert_eq!(settings.thresholds.configured("ecs-rollout-slow", "warn"), Some(Level::Span(Duration::from_mins(10))));
    assert_eq!(settings.origin("keymap").unwrap().to_string(), "rounds.toml:2");
}

#[test]
fn the_environment_beats_the_file_and_flags_beat_both() {
    let vars = env(&[("ROUNDS_THEME", "mono"), ("ROUNDS_KEYMAP", "emacs"), ("ROUNDS_STACK", "test")]);
    let flags = Flags { keymap: Some("default".to_owned()), refresh: Some("2s".to_owned()), ..Flags::default() };
    let settings = resolve(Some(file()), &vars, &flags).unwrap();
    assert_eq!((&settings.theme, &settings.keymap), (&Choice::BuiltIn("mono"), &Choice::BuiltIn("default")));
    assert_eq!(settings.refresh, Duration::from_secs(2));
    assert_eq!(settings.stacks.len(), 1);
    assert_eq!(settings.origin("theme"), Some(&Origin::Variable("ROUNDS_THEME")));
    assert_eq!(settings.origin("keymap"), Some(&Origin::Flag("--keymap")));
}

#[test]
fn an_empty_variable_says_nothing() {
    let settings =
        resolve(Some(file()), &env(&[("ROUNDS_THEME", ""), ("ROUNDS_STACK", "")]), &Flags::default()).unwrap();
    assert_eq!(settings.theme, Choice::BuiltIn("light"));
    assert_eq!(settings.stacks.len(), 2);
}

#[test]
fn profile_region_and_endpoint_override_every_stack() {
    let flags = Flags {
        profile: Some("break-glass".to_owned()),
        region: Some("eu-west-1".to_owned()),
        endpoint_url: Some("http://127.0.0.1:5000".to_owned()),
        ..Flags::default()
    };
    let settings = resolve(Some(file()), &env(&[]), &flags).unwrap();
    for stack in &settings.stacks {
        assert_eq!(stack.profile.as_deref(), Some("break-glass"));
        assert_eq!(stack.region.as_deref(), Some("eu-west-1"));
        assert_eq!(stack.endpoint_url.as_deref(), Some("http://127.0.0.1:5000"));
    }
    assert_eq!(settings.origin("stack.test.region"), Some(&Origin::Flag("--region")));
}

#[test]
fn what_the_sdk_reads_is_shown_but_not_taken() {
    let vars = env(&[
        ("AWS_PROFILE", "sso"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", "http://ana:hunter2@127.0.0.1:5000"),
    ]);
    let settings = resolve(None, &vars, &Flags::default()).unwrap();
    assert_eq!(settings.stacks[0], crate::model::stack::Stack { name: Text::from("default"), ..Default::default() });
    let explained = explain(&settings);
    assert!(explained.contains("AWS_DEFAULT_REGION, read by the AWS SDK"), "{explained}");
    assert!(explained.contains("http://…@127.0.0.1:5000") && !explained.contains("hunter2"), "{explained}");
}

#[test]
fn unknown_stacks_are_answered_with_the_nearest() {
    let flags = Flags { stack: vec!["prdo".to_owned()], ..Flags::default() };
    let right = "--stack: unknown stack \"prdo\"\n  did you mean \"prod\"? valid: prod, test";
    assert_eq!(told(resolve(Some(file()), &env(&[]), &flags)), [right]);
    let right = "--stack: unknown stack \"prdo\"\n  there is no configuration file; the only stack is \"default\"";
    assert_eq!(told(resolve(None, &env(&[]), &flags)), [right]);
    let right = "ROUNDS_STACK: unknown stack \"x\"\n  valid: prod, test";
    assert_eq!(told(resolve(Some(file()), &env(&[("ROUNDS_STACK", "prod, x")]), &Flags::default())), [right]);
}

#[test]
fn every_flag_that_is_wrong_is_told_at_once() {
    let flags = Flags {
        theme: Some("drak".to_owned()),
        region: Some("us-east-1a".to_owned()),
        endpoint_url: Some("localhost".to_owned()),
        refresh: Some("0s".to_owned()),
        allow: vec!["Force".to_owned()],
        read_only: true,
        ..Flags::default()
    };
    let told = told(resolve(None, &env(&[("ROUNDS_KEYMAP", "vmi")]), &flags));
    let starts = [
        "--theme: unknown theme \"drak\"\n  did you mean \"dark\"?",
        "ROUNDS_KEYMAP: unknown keymap \"vmi\"\n  did you mean \"vim\"?",
        "--refresh: \"0s\" is not between 1s and 1h00m",
        "--allow: unknown action \"Force\"",
        "--allow and --read-only contradict each other",
        "--region: \"us-east-1a\" is not a region",
        "--endpoint-url: \"localhost\" is not an address",
    ];
    assert_eq!(told.len(), starts.len(), "{told:#?}");
    for (told, start) in told.iter().zip(starts) {
        assert!(told.starts_with(start), "{told}");
    }
}

#[test]
fn without_colours_the_theme_is_mono_unless_one_was_chosen() {
    let vars = env(&[("NO_COLOR", "1"), ("TERM", "xterm-256color")]);
    let settings = resolve(None, &vars, &Flags::default()).unwrap();
    assert_eq!((settings.depth, settings.theme), (Depth::Mono, Choice::BuiltIn("mono")));
    let settings = resolve(Some(file()), &vars, &Flags::default()).unwrap();
    assert_eq!(settings.theme, Choice::BuiltIn("light"));
    let flags = Flags { no_color: true, ..Flags::default() };
    let settings = resolve(None, &env(&[("TERM", "xterm")]), &flags).unwrap();
    assert_eq!(settings.depth, Depth::Mono);
    assert_eq!(settings.origin("color"), Some(&Origin::Flag("--no-color")));
}

#[test]
fn the_locale_says_whether_more_than_ascii_can_be_drawn() {
    let ascii = |vars: &[(&str, &str)]| resolve(None, &env(vars), &Flags::default()).unwrap().ascii;
    assert!(!ascii(&[("LANG", "en_US.utf8")]));
    assert!(ascii(&[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")]));
    assert!(ascii(&[]));
    let flags = Flags { ascii: true, ..Flags::default() };
    assert!(resolve(None, &env(&[("LANG", "C.UTF-8")]), &flags).unwrap().ascii);
}

#[test]
fn actions_that_do_not_exist_are_named_where_they_were_allowed() {
    let flags = Flags { allow: vec!["drainn".to_owned()], ..Flags::default() };
    let right = "--allow: unknown action \"drainn\"\n  did you mean \"drain\"?";
    assert_eq!(told(resolve(Some(file()), &env(&[]), &flags)), [right]);
}

#[test]
fn the_explanation_is_a_table_of_every_value() {
    let flags = Flags { stack: vec!["prod".to_owned()], region: Some("eu-west-1".to_owned()), ..Flags::default() };
    let vars = env(&[("TERM", "xterm"), ("LANG", "C.UTF-8"), ("ROUNDS_THEME", "dark")]);
    let right = "\
KEY                         VALUE         ORIGIN
config                      rounds.toml   default
color                       16            TERM
theme                       dark          ROUNDS_THEME
keymap                      vim           rounds.toml:2
refresh                     10s           rounds.toml:3
ascii                       false         LANG
read-only                   true          default
allow                       -             default
opt_in                      -             default
operator                    -             default
log                         -             default
stack.prod.profile          prod          rounds.toml:6
stack.prod.role_arn         -             default
stack.prod.region           eu-west-1     --region
stack.prod.endpoint_url     -             default
stack.prod.account          -             default
stack.prod.protected        false         default
stack.prod.clusters         ehr-*, rx     rounds.toml:8
stack.prod.allow            force-deploy  rounds.toml:9
stack.prod.freeze           -             default
stack.prod.audit_log_group  -             default
stack.prod.alarms           -             default
stack.prod.secrets.rotation 90d           default
stack.prod.secrets.key      own           default
stack.prod.secrets.policy   -             default
thresholds.ecs-rollout-slow.warn  10m00s        rounds.toml:13
";
    let explained = explain(&resolve(Some(file()), &vars, &flags).unwrap());
    let squeezed =
        |text: &str| text.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>();
    assert_eq!(squeezed(&explained), squeezed(right));
    let columns: Vec<usize> = explained.lines().filter_map(|line| line.rfind("  ")).collect();
    assert!(columns.windows(2).all(|pair| pair[0] == pair[1]), "{explained}");
}

#[test]
fn a_stack_without_a_list_of_actions_is_explained_in_words() {
    let text = "[[stack]]\nname = \"a\"\n[[stack]]\nname = \"b\"\nprotected = true\n";
    let file = FileConfig::parse(text, Path::new("rounds.toml"), &[]).unwrap();
    let settings = resolve(Some(file), &env(&[]), &Flags::default()).unwrap();
    let told = |key| settings.origins.iter().find(|row| row.key == key).map(|row| row.value.as_str());
    assert_eq!(told("stack.a.allow"), Some("whatever --allow names"));
    assert_eq!(told("stack.b.allow"), Some("nothing: it is protected"));
}

#[test]
fn a_profile_is_explained_by_the_name_it_was_given() {
    let text =
        "[[stack]]\nname = \"a\"\nsource_profile = \"base\"\nrole_arn = \"arn:aws:iam::123456789012:role/SRE\"\n";
    let file = || FileConfig::parse(text, Path::new("rounds.toml"), &[]).unwrap();
    let settings = resolve(Some(file()), &env(&[]), &Flags::default()).unwrap();
    assert_eq!(settings.stacks[0].profile.as_deref(), Some("base"));
    assert_eq!(settings.origin("stack.a.source_profile").unwrap().to_string(), "rounds.toml:3");
    assert_eq!(settings.origin("stack.a.profile"), None);
    let flags = Flags { profile: Some("break-glass".to_owned()), ..Flags::default() };
    let settings = resolve(Some(file()), &env(&[]), &flags).unwrap();
    assert_eq!(settings.origin("stack.a.profile"), Some(&Origin::Flag("--profile")));
}

#[test]
fn an_operator_is_named_by_flag_or_environment() {
    let vars = env(&[("ROUNDS_OPERATOR", "ana")]);
    let settings = resolve(None, &vars, &Flags::default()).unwrap();
    assert_eq!(settings.operator.as_deref(), Some("ana"));
    assert_eq!(settings.origin("operator"), Some(&Origin::Variable("ROUNDS_OPERATOR")));
    let flags = Flags { operator: Some("ben".to_owned()), ..Flags::default() };
    assert_eq!(resolve(None, &vars, &flags).unwrap().operator.as_deref(), Some("ben"));
    for bad in ["...", "", &"x".repeat(101)] {
        let flags = Flags { operator: Some(bad.to_owned()), ..Flags::default() };
        let told = told(resolve(None, &vars, &flags));
        assert!(told.len() == 1 && told[0].contains("is not the name of a person"), "{told:?}");
    }
}

#[test]
fn what_is_off_by_default_is_named_in_the_file_and_nothing_else_is() {
    let parsed = |text: &str| FileConfig::parse(text, Path::new("rounds.toml"), &[]);
    for (text, told) in [
        ("opt_in = [\"drop-everything\"]", "unknown action \"drop-everything\""),
        ("opt_in = [\"\"]", "unknown action \"\""),
        ("opt_in = [\"force-deploy\"]", "\"force-deploy\" needs no opting in; allow of a stack and --allow are enough"),
        ("opt_in = true", "opt_in"),
        ("[[stack]]\nname = \"a\"\nopt_in = []", "unknown key of a stack \"opt_in\""),
    ] {
        let wrong = parsed(text).unwrap_err();
        assert!(wrong.len() == 1 && wrong[0].to_string().contains(told), "{wrong:?}");
        assert!(wrong[0].to_string().starts_with("rounds.toml:"), "{wrong:?}");
    }
    for id in crate::action::ACTIONS.iter().filter(|spec| spec.opt_in).map(|spec| spec.id) {
        let settings = resolve(parsed(&format!("opt_in = [\"{id}\"]")).ok(), &env(&[]), &Flags::default()).unwrap();
        assert_eq!((settings.opt_in, settings.read_only), (vec![id.to_owned()], true), "it allows nothing by itself");
    }
}

#[test]
fn nothing_is_allowed_unless_the_command_line_allows_it() {
    let read_only = |flags: &Flags| {
        let settings = resolve(Some(file()), &env(&[]), flags).unwrap();
        (settings.read_only, settings.origin("read-only").unwrap().to_string())
    };
    assert_eq!(read_only(&Flags::default()), (true, "default".to_owned()), "whatever a stack allows");
    let flag = Flags { read_only: true, ..Flags::default() };
    assert_eq!(read_only(&flag), (true, "--read-only".to_owned()));
    let flag = Flags { allow: vec!["force-deploy".to_owned()], ..Flags::default() };
    assert_eq!(read_only(&flag), (false, "--allow".to_owned()));
}

#[test]
fn a_file_that_was_named_must_be_there_and_the_default_one_need_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rounds.toml");
    let none = BTreeMap::new();
    assert_eq!(read_file(&none, &Flags::default(), Some(&path), &[]), Ok(None));
    let flags = Flags { config: Some(path.clone()), ..Flags::default() };
    let e = read_file(&none, &flags, None, &[]).unwrap_err();
    assert_eq!(e[0].to_string(), format!("{}: no such file\n  named by --config", path.display()));
    let vars = env(&[("ROUNDS_CONFIG", &path.to_string_lossy())]);
    let e = read_file(&vars, &Flags::default(), None, &[]).unwrap_err();
    assert!(e[0].to_string().ends_with("named by ROUNDS_CONFIG"));
    std::os::unix::fs::symlink(dir.path().join("absent"), &path).unwrap();
    assert!(read_file(&none, &Flags::default(), Some(&path), &[]).is_err(), "a link that leads nowhere is told");
}

#[test]
fn a_file_is_read_from_where_it_lies() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rounds.toml");
    fs::write(&path, "theme = \"mine.toml\"\n").unwrap();
    let found = read_file(&BTreeMap::new(), &Flags::default(), Some(&path), &[]).unwrap().unwrap();
    assert_eq!(found.theme.unwrap().value, Choice::File(dir.path().join("mine.toml")));
}

#[test]
fn the_worst_file_of_the_size_allowed_is_answered_soon() {
    let lines: Vec<String> = (0..26_000).map(|i| format!("k{i}_unknown_key_with_a_long_name = 1\n")).collect();
    let text = lines.concat();
    assert!((900_000..1_200_000).contains(&text.len()));
    let told = FileConfig::parse(&text, Path::new("r.toml"), &[]).unwrap_err();
    assert_eq!(told.len(), crate::document::MAX_MISTAKES + 1);
}

#[test]
fn everything_is_read_in_one_go() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rounds.toml");
    fs::write(&path, "theme = \"light\"\n[[stack]]\nname = \"prod\"\n").unwrap();
    let flags = Flags { config: Some(path.clone()), ..Flags::default() };
    let settings = load(&BTreeMap::new(), &flags).unwrap();
    assert_eq!((settings.theme.to_string(), settings.stacks[0].name.as_str()), ("light".to_owned(), "prod"));
    assert_eq!(settings.origin("config"), Some(&Origin::Flag("--config")));
    fs::write(&path, "theme = \"light\"\nthemes = 1\n").unwrap();
    assert_eq!(load(&BTreeMap::new(), &flags).unwrap_err()[0].origin, Some(format!("{}:2", path.display())));
}

#[test]
fn what_is_wrong_in_the_file_hides_neither_its_other_mistakes_nor_those_of_flags() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rounds.toml");
    let text = "themes = 1\n[[stack]]\nname = \"a\"\naccount = \"12\"\nallow = [\"force-deply\"]\n\
        freeze = [\"always\"]\n[[stack]]\nname = \"a\"\n";
    fs::write(&path, text).unwrap();
    let flags = Flags {
        config: Some(path.clone()),
        stack: vec!["b".to_owned()],
        region: Some("us".to_owned()),
        ..Flags::default()
    };
    let told = told(load(&env(&[(STACK_VARIABLE, "c")]), &flags));
    let starts = [
        ":1: unknown key \"themes\"",
        ":4: account: \"12\" is not an account id",
        ":5: allow: unknown action \"force-deply\"\n  did you mean \"force-deploy\"?",
        ":6: freeze: \"always\"",
        ":8: the name \"a\" is taken",
        "--region: \"us\" is not a region",
    ];
    assert_eq!(told.len(), starts.len(), "{told:#?}");
    for (told, start) in told.iter().zip(starts) {
        assert!(told.trim_start_matches(&*path.to_string_lossy()).starts_with(start), "{told}");
    }
}
