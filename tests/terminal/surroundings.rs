//! Terminals of all kinds: colours, characters, and those that are none.

use crate::pty::Console;
use crate::stream::Heard;
use crate::{Launch, read};

/// All there is to see, in this terminal.
fn tour(launch: Launch) -> Heard {
    let mut console = read(launch);
    for view in ["2", "3", "4", "1"] {
        console.press(view).press("w").sees("close").press("G");
        close(&mut console);
        console.press("d").sees("close");
        close(&mut console);
        console.press("?").sees("help: ").press("G").sees("columns");
        close(&mut console);
    }
    console.press("2").sees("services 8").press("/web").sees("/web").press("\x1b").sees("services 8 ");
    console.press(":a").sees("commands, views").press("\x1b").sees_no("commands, views").press("y").sees("copied");
    close(&mut console);
    console.press("q");
    let end = console.ends();
    assert_eq!(end.code, 0);
    end.heard
}

fn close(console: &mut Console) {
    console.press("q").sees_no("close");
}

/// The numbers of every style that set a colour, 39 and 49 (none) left out.
fn colours(heard: &Heard) -> Vec<&str> {
    let is_colour = |n: &u8| matches!(n, 30..=38 | 40..=48 | 90..=107);
    let sets = |style: &&str| style.split(';').filter_map(|n| n.parse().ok()).any(|n| is_colour(&n));
    heard.styles.iter().map(String::as_str).filter(sets).collect()
}

#[test]
fn without_colours_no_colour_is_sent() {
    for launch in [
        Launch::new(&["demo"]).env("NO_COLOR", "1"),
        Launch::new(&["demo", "--no-color"]),
        Launch::new(&["demo", "--theme", "mono"]),
        Launch::new(&["demo"]).env("TERM", "vt220"),
        Launch::new(&["demo", "--theme", "dark"]).env("NO_COLOR", "1").env("COLORTERM", "truecolor"),
    ] {
        let heard = tour(launch);
        assert_eq!(colours(&heard), Vec::<&str>::new());
        assert!(heard.styles.iter().any(|style| style == "1" || style == "7"), "marked by something else: {heard:?}");
    }
}

#[test]
fn colours_are_those_the_terminal_has() {
    let numbered = |style: &str| style.split(";5;").skip(1).all(|n| n.split(';').next().is_some_and(|n| n.len() < 3));
    let heard = tour(Launch::new(&["demo"]).env("TERM", "linux").env("COLORTERM", "truecolor"));
    let few = colours(&heard);
    assert!(!few.is_empty() && few.iter().all(|style| !style.contains(";2;") && numbered(style)), "{few:?}");
    let heard = tour(Launch::new(&["demo"]));
    assert!(!colours(&heard).is_empty() && colours(&heard).iter().all(|style| !style.contains("8;2;")));
    let heard = tour(Launch::new(&["demo", "--theme", "light"]).env("COLORTERM", "truecolor"));
    assert!(colours(&heard).iter().any(|style| style.contains("38;2;")));
}

#[test]
fn where_only_ascii_is_known_only_ascii_is_sent() {
    for launch in [
        Launch::new(&["demo"]).env("TERM", "linux").env("LANG", "C"),
        Launch::new(&["demo", "--ascii"]),
        Launch::new(&["demo"]).without("LANG"),
        Launch::new(&["demo"]).env("LC_ALL", "POSIX"),
    ] {
        let heard = tour(launch);
        let other: String = heard.text.chars().filter(|c| !c.is_ascii()).collect();
        assert_eq!(other, "");
        assert!(heard.text.contains("[CRIT]") && heard.text.contains("+ overview"));
    }
}

#[test]
fn a_terminal_that_cannot_place_its_cursor_is_refused() {
    for launch in [Launch::new(&["demo"]).env("TERM", "dumb"), Launch::new(&["demo"]).without("TERM")] {
        let end = launch.start().ends();
        assert_eq!(end.code, 2);
        assert!(end.text.contains("TERM: the terminal cannot place its cursor"), "{}", end.text);
        assert!(end.text.contains("xterm-256color"), "{}", end.text);
    }
}

#[test]
fn mistakes_are_told_before_the_screen_is_taken() {
    let home =
        |launch: &Launch, name: &str, text: &str| std::fs::write(launch.home().join(name), text).expect("written");
    let profile = Launch::new(&["--profile", "prodd", "--region", "us-east-1"]);
    std::fs::create_dir(profile.home().join(".aws")).expect("a directory");
    home(&profile, ".aws/config", "[profile prod]\nregion = us-east-1\n");
    let keymap = Launch::new(&["demo", "--keymap", "./keys.toml"]);
    home(&keymap, "keys.toml", "inherits = \"default\"\n[table]\n\"j\" = \"nxt-row\"\n");
    let theme = Launch::new(&["demo", "--theme", "./theme.toml"]);
    home(&theme, "theme.toml", "inherits = \"dark\"\n[roles]\ncrit = \"no-such-colour\"\n");
    for (launch, told) in [
        (profile, ["prodd", "prod"]),
        (keymap, ["./keys.toml:3: unknown command \"nxt-row\"", "did you mean \"next-row\"?"]),
        (theme, ["./theme.toml:", "no-such-colour"]),
    ] {
        let end = launch.start().ends();
        assert_eq!(end.code, 2, "{}", end.text);
        assert!(told.iter().all(|words| end.text.contains(words)), "{told:?}: {}", end.text);
    }
}
