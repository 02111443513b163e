use super::*;

fn parse(line: &str) -> Result<Options, lexopt::Error> {
    Options::parse(line.split_whitespace().map(OsString::from).collect(), 1_000_000_000_000_000)
}

#[test]
fn boots_and_counts_may_be_words_of_their_own() {
    let id = "0123456789abcdef0123456789abcdef";
    let rows = [
        ("-b", BootChoice::Offset(0)),
        ("-b -1", BootChoice::Offset(-1)),
        ("-b-2", BootChoice::Offset(-2)),
        ("-b 3 -u ssh", BootChoice::Offset(3)),
        ("--boot=all", BootChoice::All),
        ("-k", BootChoice::Offset(0)),
        ("-b all -k", BootChoice::All),
        ("-k -b all", BootChoice::All),
        ("-b -u ssh", BootChoice::Offset(0)),
    ];
    for (line, wanted) in rows {
        assert_eq!(parse(line).unwrap().boot, wanted, "{line}");
    }
    assert_eq!(parse(&format!("-b {id}")).unwrap().boot, BootChoice::Id(id.to_owned(), 0));
    assert_eq!(parse(&format!("-b{id}-1")).unwrap().boot, BootChoice::Id(id.to_owned(), -1));
    let rows = [
        ("-n", Lines::Last(10)),
        ("-n5", Lines::Last(5)),
        ("-n 5", Lines::Last(5)),
        ("-n +5", Lines::First(5)),
        ("--lines=all", Lines::All),
        ("-f", Lines::Last(10)),
        ("-e", Lines::Last(1000)),
        ("-fn3", Lines::Last(3)),
    ];
    for (line, wanted) in rows {
        assert_eq!(parse(line).unwrap().lines, Some(wanted), "{line}");
    }
}

#[test]
fn what_people_type_is_understood() {
    let options =
        parse("-fu ssh -u docker* -p err..info -o json -t sshd _PID=1 + _PID=2 --no-pager")
            .unwrap();
    assert_eq!(options.filter.units.unwrap(), ["ssh.service", "docker*"]);
    assert_eq!(options.filter.levels, Some(0b0111_1000));
    assert_eq!((options.mode, options.follow, options.no_pager), (Mode::Json, true, true));
    assert_eq!(options.filter.matches.len(), 2);
    assert_eq!(parse("-p warning").unwrap().filter.levels, Some(0b1_1111));
    assert_eq!(parse("-xeu ssh").unwrap().lines, Some(Lines::Last(1000)));
    assert_eq!(parse("--vacuum-size=1G --rotate").unwrap().vacuum.unwrap().size, Some(1 << 30));
    assert_eq!(parse("--rotate").unwrap().requests, [Request::Rotate]);
    assert_eq!(parse("--facility=daemon,local7").unwrap().filter.facilities, [3, 23]);
}

#[test]
fn mistakes_are_refused() {
    for line in [
        "-p loud",
        "-o xml",
        "--since=whenever",
        "--nonsense",
        "-n x y",
        "lower=1",
        "--grep=(",
        "-bzzz",
        "--vacuum-files=x",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
}
