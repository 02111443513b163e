//! Command lines of `ExecStart=` and its kin (systemd.service(5), "COMMAND LINES").

use super::value::{Mistake, Outcome, Value, not_a};
use crate::model::Command;
use crate::words::{self, Word};

/// Adds the command lines of one `Exec...=` line, or empties the list.
pub(crate) fn commands(list: &mut Vec<Command>, value: &Value<'_>) -> Outcome {
    if value.is_reset() {
        list.clear();
        return Ok(());
    }
    let words = words::split(value.raw)?;
    // A lone `;` parts command lines; `\;` is the argument.
    let lines = words.split(|word| word.text == ";" && !word.quoted);
    let mut read = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        read.push(command(line, value)?);
    }
    list.extend(read);
    Ok(())
}

/// Whether a line that cannot be read may be passed over: its first prefix says so.
pub(crate) fn may_fail(raw: &str) -> bool {
    raw.trim_start().chars().take_while(|c| "-@:+!|".contains(*c)).any(|c| c == '-')
}

fn command(line: &[Word], value: &Value<'_>) -> Result<Command, Mistake> {
    let mut command = Command {
        words: Vec::with_capacity(line.len()),
        may_fail: false,
        own_argv0: false,
        privileged: false,
        keep_user: false,
        literal: false,
        shell: false,
    };
    let first = line.first().map_or("", |word| word.text.as_str());
    let mut program = first;
    while let Some(prefix) = program.chars().next() {
        match prefix {
            '-' => command.may_fail = true,
            '@' => command.own_argv0 = true,
            ':' => command.literal = true,
            '+' => command.privileged = true,
            // `!!` is for kernels without ambient capabilities, of which there are none left: it changes nothing.
            '!' if program.starts_with("!!") => program = &program[1..],
            '!' => command.keep_user = true,
            '|' => command.shell = true,
            _ => break,
        }
        program = &program[1..];
    }
    let program = value.specifiers.expand(program)?;
    check_program(first, &program)?;
    command.words.push(Word { text: program, quoted: line.iter().any(|word| word.quoted) });
    for word in &line[1..] {
        let text = if word.text == "\\;" { ";" } else { &word.text };
        command.words.push(Word { text: value.specifiers.expand(text)?, quoted: word.quoted });
    }
    if command.own_argv0 && command.words.len() < 2 {
        return Err(not_a(first, "followed by the `argv[0]` that `@` asks for"));
    }
    Ok(command)
}

fn check_program(written: &str, program: &str) -> Outcome {
    if program.is_empty() || program.ends_with('/') || program.chars().any(char::is_control) {
        return Err(not_a(written, "a program"));
    }
    if program.contains('/') && !program.starts_with('/') {
        return Err(not_a(written, "an absolute path or a name without slashes"));
    }
    Ok(())
}
