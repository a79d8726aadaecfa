//! Reads Rust as far as the rules need it: words and signs without comments and literals, what is test code, and paths.

/// A word or a sign (`::` counts as one), and the line it stands on.
#[derive(Debug)]
pub struct Token {
    /// The word or sign.
    pub text: String,
    /// The line, counted from 1.
    pub line: usize,
    /// Whether it belongs to an item under `#[cfg(test)]`, or to a file that does.
    pub is_test: bool,
}

/// A path as it stands in the text; groups are taken apart, so `use a::{b, c}` gives `a::b` and `a::c`.
#[derive(Debug)]
pub struct Path {
    /// Its segments; a glob ends in `*`.
    pub segments: Vec<String>,
    /// The module it stands in, from the crate's root.
    pub module: Vec<String>,
    /// The line, counted from 1.
    pub line: usize,
    /// Whether it is test code.
    pub is_test: bool,
}

/// A source file.
pub struct File {
    /// Its name below `src/`.
    pub name: String,
    /// Its lines of code that are not test code.
    pub lines: usize,
    /// Its tokens.
    pub tokens: Vec<Token>,
    /// Its paths.
    pub paths: Vec<Path>,
}

impl File {
    /// Reads the text of a file; `is_test` if all of it is test code.
    pub fn new(name: &str, text: &str, is_test: bool) -> Self {
        let mut tokens = tokens(text);
        if is_test {
            for token in &mut tokens {
                token.is_test = true;
            }
        }
        let lines = text.lines().count() - mark_tests(&mut tokens);
        let paths = paths(&tokens, &module_of(name));
        Self { name: name.to_owned(), lines: if is_test { 0 } else { lines }, tokens, paths }
    }

    /// The top-level module it belongs to; `lib` or `main` for the roots.
    pub fn top(&self) -> &str {
        self.name.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// The files (or directories) of the modules it declares as test code.
    pub fn test_modules(&self) -> Vec<String> {
        let module = module_of(&self.name).join("/");
        let declared = self.tokens.windows(3).filter(|t| t[0].is_test && t[0].text == "mod" && t[2].text == ";");
        declared.map(|t| format!("{module}/{}", t[1].text)).collect()
    }
}

impl Path {
    /// The path from the crate's root, if it leads into this crate by `crate`, `super`, `self` or the crate's own name.
    pub fn inside(&self) -> Option<Vec<String>> {
        let mut rest = self.segments.as_slice();
        let mut at = match rest.first()?.as_str() {
            "crate" | "rounds" => Vec::new(),
            "super" | "self" => self.module.clone(),
            _ => return None,
        };
        while let Some((first, others)) = rest.split_first() {
            match first.as_str() {
                "super" => drop(at.pop()),
                "crate" | "rounds" | "self" => {}
                _ => break,
            }
            rest = others;
        }
        at.extend_from_slice(rest);
        Some(at)
    }

    /// Whether the path ends in these segments.
    pub fn ends_with(&self, end: &[&str]) -> bool {
        self.segments.len() >= end.len() && self.segments.iter().rev().zip(end.iter().rev()).all(|(a, b)| a == b)
    }

    /// Whether the path begins with these segments.
    pub fn starts_with(&self, begin: &[&str]) -> bool {
        self.segments.len() >= begin.len() && self.segments.iter().zip(begin).all(|(a, b)| a == b)
    }
}

/// The module a file holds, from the crate's root.
fn module_of(name: &str) -> Vec<String> {
    let name = name.trim_end_matches(".rs").trim_end_matches("/mod");
    if matches!(name, "lib" | "main") { Vec::new() } else { name.split('/').map(str::to_owned).collect() }
}

/// Words and signs; comments, literals and lifetimes are left out.
fn tokens(text: &str) -> Vec<Token> {
    let mut reader = Reader { chars: text.chars().collect(), at: 0, line: 1, out: Vec::new() };
    while reader.at < reader.chars.len() {
        reader.step();
    }
    reader.out
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    line: usize,
    out: Vec<Token>,
}

impl Reader {
    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn skip(&mut self, n: usize) {
        let end = (self.at + n).min(self.chars.len());
        self.line += self.chars[self.at..end].iter().filter(|c| **c == '\n').count();
        self.at = end;
    }

    fn is_over(&self) -> bool {
        self.at >= self.chars.len()
    }

    fn put(&mut self, text: String) {
        self.out.push(Token { text, line: self.line, is_test: false });
    }

    fn step(&mut self) {
        match (self.peek(0), self.peek(1)) {
            ('/', '/') => {
                while !self.is_over() && self.peek(0) != '\n' {
                    self.skip(1);
                }
            }
            ('/', '*') => self.block_comment(),
            ('"', _) => self.string(),
            ('\'', _) => self.quote(),
            (':', ':') => {
                self.put("::".to_owned());
                self.skip(2);
            }
            (c, _) if c.is_ascii_digit() => self.number(),
            (c, _) if is_word(c) => self.word(),
            (c, _) => {
                if !c.is_whitespace() {
                    self.put(c.to_string());
                }
                self.skip(1);
            }
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        loop {
            match (self.peek(0), self.peek(1)) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    self.skip(1);
                    if self.is_over() {
                        return;
                    }
                    continue;
                }
            }
            self.skip(2);
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.skip(1);
        while !self.is_over() && self.peek(0) != '"' {
            self.skip(if self.peek(0) == '\\' { 2 } else { 1 });
        }
        self.skip(1);
    }

    /// A string between `"` and as many `#` as it began with.
    fn raw_string(&mut self) {
        let hashes = self.chars[self.at..].iter().take_while(|c| **c == '#').count();
        self.skip(hashes + 1);
        let ends = |reader: &Self| reader.peek(0) == '"' && (1..=hashes).all(|n| reader.peek(n) == '#');
        while !(self.is_over() || ends(self)) {
            self.skip(1);
        }
        self.skip(hashes + 1);
    }

    /// A character, or a lifetime.
    fn quote(&mut self) {
        if self.peek(1) != '\\' && self.peek(2) != '\'' {
            self.skip(1);
            while is_word(self.peek(0)) {
                self.skip(1);
            }
            return;
        }
        self.skip(if self.peek(1) == '\\' { 3 } else { 2 });
        while !self.is_over() && self.peek(0) != '\'' {
            self.skip(1);
        }
        self.skip(1);
    }

    fn number(&mut self) {
        while is_word(self.peek(0)) || (self.peek(0) == '.' && self.peek(1).is_ascii_digit()) {
            self.skip(1);
        }
    }

    fn word(&mut self) {
        let word: String = self.chars[self.at..].iter().copied().take_while(|c| is_word(*c)).collect();
        let length = word.chars().count();
        let next = (self.peek(length), self.peek(length + 1));
        let is_raw = matches!(word.as_str(), "r" | "br" | "cr");
        if is_raw && (next.0 == '"' || (next.0 == '#' && matches!(next.1, '"' | '#'))) {
            self.skip(length);
            return self.raw_string();
        }
        if matches!(word.as_str(), "b" | "c") && next.0 == '"' {
            self.skip(length);
            return self.string();
        }
        if word == "b" && next.0 == '\'' {
            self.skip(length);
            return self.quote();
        }
        if word == "r" && next.0 == '#' {
            return self.skip(length + 1);
        }
        self.put(word);
        self.skip(length);
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Marks every item under `#[cfg(test)]`; gives how many lines they take.
fn mark_tests(tokens: &mut [Token]) -> usize {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let (mut lines, mut at) = (0, 0);
    while at < tokens.len() {
        let is_marked = MARK.iter().enumerate().all(|(n, sign)| tokens.get(at + n).is_some_and(|t| t.text == *sign));
        if !is_marked {
            at += 1;
            continue;
        }
        let end = end_of_item(tokens, at + MARK.len());
        lines += tokens[end].line - tokens[at].line + 1;
        tokens[at..=end].iter_mut().for_each(|token| token.is_test = true);
        at = end + 1;
    }
    lines
}

/// The `;` or the closing brace an item ends with.
fn end_of_item(tokens: &[Token], from: usize) -> usize {
    let (mut braces, mut brackets) = (0_usize, 0_usize);
    for (at, token) in tokens.iter().enumerate().skip(from) {
        match token.text.as_str() {
            "(" | "[" => brackets += 1,
            ")" | "]" => brackets = brackets.saturating_sub(1),
            "{" => braces += 1,
            "}" => {
                braces = braces.saturating_sub(1);
                // `use a::{b};` goes on after its brace.
                let goes_on = tokens.get(at + 1).is_some_and(|next| next.text == ";");
                if braces == 0 && brackets == 0 && !goes_on {
                    return at;
                }
            }
            ";" if braces == 0 && brackets == 0 => return at,
            _ => {}
        }
    }
    tokens.len() - 1
}

/// Every path in the text, the ones of a single segment too.
fn paths(tokens: &[Token], file: &[String]) -> Vec<Path> {
    let mut found = Vec::new();
    let mut module = file.to_vec();
    let mut depth = 0_usize;
    let mut opened = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            "{" => {
                if at >= 2 && tokens[at - 2].text == "mod" {
                    module.push(tokens[at - 1].text.clone());
                    opened.push(depth);
                }
                depth += 1;
            }
            "}" => {
                depth = depth.saturating_sub(1);
                if opened.last() == Some(&depth) {
                    opened.pop();
                    module.pop();
                }
            }
            word if word.starts_with(is_word) && begins(tokens, at) => {
                at = tree(tokens, at, &[], &module, &mut found);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Whether a path can begin here: a word that neither goes on another path nor is a field or method.
fn begins(tokens: &[Token], at: usize) -> bool {
    let before = |n: usize| at.checked_sub(n).map_or("", |at| tokens[at].text.as_str());
    match before(1) {
        "." => before(2) == ".",
        "::" => matches!(before(2), "use" | "in" | "return" | "as" | "&" | "(" | "," | "=" | "<" | "{" | "}" | ";"),
        _ => true,
    }
}

/// Reads one path or, in a `use`, a tree of them; gives where it ends.
fn tree(tokens: &[Token], from: usize, prefix: &[String], module: &[String], found: &mut Vec<Path>) -> usize {
    let mut segments = prefix.to_vec();
    let mut at = from;
    while let Some(token) = tokens.get(at) {
        let text = token.text.as_str();
        if text == "{" {
            return group(tokens, at + 1, &segments, module, found);
        }
        if !(text == "*" || text.starts_with(is_word)) {
            break;
        }
        segments.push(token.text.clone());
        at += 1;
        if tokens.get(at).is_none_or(|next| next.text != "::") {
            break;
        }
        at += 1;
    }
    let at_line = &tokens[from];
    found.push(Path { segments, module: module.to_vec(), line: at_line.line, is_test: at_line.is_test });
    at
}

/// Reads what stands between the braces of a group; gives where it ends.
fn group(tokens: &[Token], from: usize, prefix: &[String], module: &[String], found: &mut Vec<Path>) -> usize {
    let mut at = from;
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            "}" => return at + 1,
            // A new name is not part of any path.
            "as" => at += 2,
            word if word == "*" || word.starts_with(is_word) => at = tree(tokens, at, prefix, module, found),
            _ => at += 1,
        }
    }
    at
}
