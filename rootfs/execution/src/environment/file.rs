//! The syntax of environment files (systemd.exec(5), `EnvironmentFile=`): a shell's assignments without expansions.

/// Where the parser stands in a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Name,
    Comment,
    Value,
    Single,
    Double,
}

/// The assignments of a file, in order. What is no assignment is passed over.
pub fn parse(text: &str) -> Vec<(String, String)> {
    let mut parser = Parser::default();
    let mut state = State::Name;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        state = match (state, c) {
            (State::Name | State::Comment, '\n') => parser.drop_line(),
            (State::Name, '#' | ';') if parser.name.trim().is_empty() => State::Comment,
            (State::Name, '=') | (State::Single, '\'') | (State::Double, '"') => State::Value,
            (State::Name, c) => parser.in_name(c),
            (State::Comment, _) => State::Comment,
            (State::Value, '\n') => parser.finish(),
            (State::Value, '\'') if parser.value.is_empty() || parser.quoted => {
                parser.open(State::Single)
            }
            (State::Value, '"') if parser.value.is_empty() || parser.quoted => {
                parser.open(State::Double)
            }
            (State::Value, '\\') => {
                if let Some(next) = chars.next().filter(|next| *next != '\n') {
                    parser.keep(next);
                }
                State::Value
            }
            (State::Value, c) => parser.in_value(c),
            (State::Double, '\\') => {
                parser.escape(chars.next());
                State::Double
            }
            (state @ (State::Single | State::Double), c) => {
                parser.keep(c);
                state
            }
        };
    }
    if state != State::Name && state != State::Comment {
        parser.finish();
    }
    parser.all
}

/// What has been read of the present line.
#[derive(Default)]
struct Parser {
    name: String,
    value: String,
    /// Where white space at the end of the value may be cut off.
    kept: usize,
    quoted: bool,
    all: Vec<(String, String)>,
}

impl Parser {
    fn in_name(&mut self, c: char) -> State {
        self.name.push(c);
        State::Name
    }

    /// White space before the value is left out.
    fn in_value(&mut self, c: char) -> State {
        if !c.is_whitespace() {
            self.keep(c);
        } else if !self.value.is_empty() || self.quoted {
            self.value.push(c);
        }
        State::Value
    }

    fn open(&mut self, state: State) -> State {
        self.quoted = true;
        self.kept = self.value.len();
        state
    }

    fn keep(&mut self, c: char) {
        self.value.push(c);
        self.kept = self.value.len();
    }

    /// In double quotes only what a shell escapes is escaped.
    fn escape(&mut self, next: Option<char>) {
        match next {
            Some('\n') | None => {}
            Some(c @ ('"' | '\\' | '`' | '$')) => self.keep(c),
            Some(c) => {
                self.keep('\\');
                self.keep(c);
            }
        }
    }

    fn finish(&mut self) -> State {
        self.value.truncate(self.kept);
        let name = self.name.trim();
        let name = name.strip_prefix("export ").map_or(name, str::trim);
        if is_name(name) && !self.value.contains('\0') {
            self.all.push((name.to_owned(), std::mem::take(&mut self.value)));
        }
        self.drop_line()
    }

    fn drop_line(&mut self) -> State {
        self.name.clear();
        self.value.clear();
        (self.kept, self.quoted) = (0, false);
        State::Name
    }
}

/// Whether a text can be the name of a variable.
pub fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && text.starts_with(|c: char| !c.is_ascii_digit())
}
