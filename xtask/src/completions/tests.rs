use std::process::Command;

use super::*;

/// What bash offers for the last of these words.
fn offered(words: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("completions");
    std::fs::write(&path, script(Shell::Bash)).unwrap();
    let lines = "source \"$1\"; shift; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); \
                 _xtask xtask \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD - 1]}\"; \
                 printf '%s\\n' \"${COMPREPLY[@]}\"";
    let output =
        Command::new("bash").args(["-c", lines, "bash"]).arg(path).args(words).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_subcommands_options_and_values() {
    for (words, expected) in [
        (&["xtask", "bu"][..], &["build-image"][..]),
        (&["xtask", "build-image", "--bo"], &["--board"]),
        (&["xtask", "keys", "gen"], &["generate"]),
        (&["xtask", "completions", "f"], &["fish"]),
    ] {
        assert_eq!(offered(words), expected, "{words:?}");
    }
}

#[test]
fn scripts_are_for_the_command_xtask() {
    for (shell, line) in [
        (Shell::Bash, "complete -F _xtask"),
        (Shell::Zsh, "#compdef xtask"),
        (Shell::Fish, "complete -c xtask"),
    ] {
        let script = String::from_utf8(script(shell)).unwrap();
        assert!(script.contains(line) && script.contains("build-image"), "{shell}:\n{script}");
    }
}
