use super::*;

fn parsed(line: &str) -> Result<Options> {
    parse(line.split_whitespace().map(OsString::from).collect())
}

#[test]
fn options_and_words_may_be_mixed() {
    let options = parsed(
        "start a.service --no-block b -ojson --type=service,socket -t mount -p Id,Names -P MainPID",
    )
    .expect("understood");
    assert_eq!(options.words, ["start", "a.service", "b"]);
    assert_eq!(options.types, ["service", "socket", "mount"]);
    assert_eq!(options.properties, ["Id", "Names", "MainPID"]);
    assert!(options.no_block && options.value_only);
    assert_eq!(options.output, Output::Json);
    let options =
        parsed("kill -s HUP --kill-whom=main x -ff --job-mode=fail -n0 -- -y").expect("understood");
    assert_eq!(
        (options.force, options.signal.as_deref(), options.whom),
        (2, Some("HUP"), Some(Whom::Main))
    );
    assert_eq!((options.job_mode, options.lines), (Some(JobMode::Fail), Some(0)));
    assert_eq!(options.words, ["kill", "x", "-y"]);
}

#[test]
fn outputs_types_and_roots_have_the_values_of_systemd() {
    for (line, output) in [
        ("-o json", Output::Json),
        ("-o json-pretty", Output::JsonPretty),
        ("-o short-iso", Output::Text),
        ("-o cat", Output::Text),
        ("--json=short", Output::Json),
        ("--json=pretty", Output::JsonPretty),
        ("--json=off", Output::Text),
    ] {
        assert_eq!(parsed(line).expect(line).output, output, "{line}");
    }
    assert_eq!(parsed("--type=scope,loaded").expect("taken").types, ["scope", "loaded"]);
    assert_eq!(parsed("--state=failed,no-such").expect("taken").states, ["failed", "no-such"]);
    for (line, values) in [
        ("--type=help", Some(Values::Types)),
        ("--type=service,help,no-such", Some(Values::Types)),
        ("--type=help --type=service", Some(Values::Types)),
        ("--state=no-such,help", Some(Values::States)),
        ("--state=failed", None),
    ] {
        assert_eq!(parsed(line).expect(line).values, values, "{line}");
    }
    assert_eq!(parsed("--root=").expect("taken").root, None);
}

#[test]
fn wrong_options_are_named() {
    for (line, error) in [
        ("--bogus", "unknown option --bogus"),
        ("-Z", "unknown option -Z"),
        ("--user status", "--user is not supported: there is one manager, that of this system"),
        ("--type", "option --type"),
        ("-t servcie", "Unknown unit type or load state 'servcie'. Types are service, socket,"),
        ("-t servcie,help", "Unknown unit type or load state 'servcie'."),
        ("--type=", "--type= requires arguments"),
        ("--state=", "--state= requires arguments"),
        ("-o xml", "Unknown output format 'xml'."),
        ("--json=yes", "--json=yes is none of pretty, short, off"),
        ("-n few status", "--lines=few is neither a number nor `all`"),
        ("--job-mode=often x", "`often` is none of fail, replace"),
    ] {
        let found = parsed(line).expect_err(line).to_string();
        assert!(found.starts_with(error), "{line}: {found}");
    }
}
