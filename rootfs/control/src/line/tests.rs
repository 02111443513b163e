use proptest::prelude::*;

use super::*;
use crate::*;

fn requests() -> Vec<Request> {
    vec![
        Request::ListUnits,
        Request::Show { units: vec!["a.service".into()] },
        Request::Change {
            verb: Verb::TryReloadOrRestart,
            units: vec!["a.service".into(), "b@x\\x2dy.socket".into()],
            mode: JobMode::ReplaceIrreversibly,
            wait: Wait::Inactive,
        },
        Request::Kill { unit: "a.service".into(), whom: Whom::Control, signal: 9, value: Some(-1) },
        Request::End {
            goal: Goal::Kexec,
            haste: Haste::Forced,
            when: Some(u64::MAX),
            message: Some("für alle\n\"jetzt\"".into()),
            wall: true,
            argument: None,
        },
        Request::Clean { units: Vec::new(), what: CleanWhat::ALL.to_vec() },
        Request::SetEnvironment { assignments: vec!["A=b".into()] },
        Request::StartTransient {
            unit: "r.service".into(),
            text: "[Service]\n".into(),
            wait: Wait::Queued,
            collect: true,
        },
    ]
}

fn full_status() -> UnitStatus {
    let mut status = UnitStatus::new("ssh.service", LoadState::Loaded);
    status.job = Some((7, JobKind::Restart));
    status.remarks = vec![Remark { file: "/etc/x".into(), line: 3, message: "unknown".into() }];
    status.dependencies.insert("After".into(), vec!["network.target".into()]);
    status.resources = Some(ResourceUse { tasks: Some(3), ..ResourceUse::default() });
    let command =
        CommandStatus { code: Some(Exit::Dumped), status: 11, ..CommandStatus::default() };
    status.service =
        Some(Box::new(ServiceStatus { commands: vec![command], ..ServiceStatus::default() }));
    status.timer = Some(TimerStatus { next_real: 5, ..TimerStatus::default() });
    status
}

#[test]
fn requests_come_back_as_they_went() {
    for request in requests() {
        let line = encode(&request);
        assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1));
        assert_eq!(decode_request(&line).expect("understood"), request);
    }
}

#[test]
fn answers_come_back_as_they_went() {
    let outcomes = vec![
        JobOutcome { unit: "a.service".into(), outcome: Outcome::Finished(JobResult::Dependency) },
        JobOutcome { unit: "b.service".into(), outcome: Outcome::Queued(4) },
        JobOutcome {
            unit: "c.service".into(),
            outcome: Outcome::Refused(Refusal {
                kind: RefusalKind::Masked,
                message: "masked".into(),
            }),
        },
    ];
    for answer in [
        Answer::Done,
        Answer::Outcomes(outcomes),
        Answer::Status(vec![full_status(), UnitStatus::new("x.mount", LoadState::NotFound)]),
        Answer::Timings(Box::default()),
        Answer::Scheduled(Some(Schedule { goal: Goal::Reboot, when: 1 })),
        Answer::Scheduled(None),
    ] {
        assert_eq!(decode_answer(&encode(&answer)).expect("understood"), answer);
    }
}

#[test]
fn another_version_is_told_even_where_its_words_are_not_known() {
    for line in [r#"{"v":2,"say":"list-units"}"#, r#"{"v":2,"say":{"dance":1}}"#] {
        assert!(matches!(decode_request(line.as_bytes()), Err(LineError::Version(2))), "{line}");
    }
    assert!(matches!(decode_request(br#"{"v":1,"say":{"dance":1}}"#), Err(LineError::Json(_))));
}

#[test]
fn words_are_read_as_they_are_printed() {
    for mode in JobMode::ALL {
        assert_eq!(mode.to_string().parse(), Ok(*mode));
    }
    let error = "now".parse::<Wait>().expect_err("no such word");
    assert_eq!(error.to_string(), "`now` is none of queued, finished, inactive");
}

#[test]
fn lines_come_out_whole_however_they_came_in() {
    let mut buffer = LineBuffer::new(8);
    let mut lines = Vec::new();
    for byte in b"one\ntwo\n\nthree" {
        buffer.push(&[*byte]).expect("short enough");
        lines.extend(buffer.next_line());
    }
    assert_eq!(lines, [b"one".to_vec(), b"two".to_vec(), Vec::new()]);
    buffer.push(b"\nfour\nfive").expect("lines that are taken out do not count");
    assert_eq!(buffer.next_line(), Some(b"three".to_vec()));
    assert_eq!(buffer.next_line(), Some(b"four".to_vec()));
    assert_eq!(buffer.next_line(), None);
    assert!(matches!(buffer.push(b"abcdefgh"), Err(LineError::TooLong(8))));
}

#[test]
fn a_line_without_an_end_is_too_long_behind_whole_ones_too() {
    let mut buffer = LineBuffer::new(64);
    buffer.push(b"a\n").expect("short enough");
    assert!(buffer.has_line());
    let pushed = (0..65).try_for_each(|_| buffer.push(b"x"));
    assert!(matches!(pushed, Err(LineError::TooLong(64))));
    assert_eq!(buffer.next_line(), Some(b"a".to_vec()));
    assert!(!buffer.has_line());
}

#[test]
fn reading_is_for_all_and_changing_is_not() {
    let reading: Vec<bool> = requests().iter().map(Request::only_reads).collect();
    assert_eq!(reading, [true, true, false, false, false, false, false, false]);
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut buffer = LineBuffer::new(64);
        let _ = buffer.push(&bytes);
        while let Some(line) = buffer.next_line() {
            let _ = decode_request(&line);
            let _ = decode_answer(&line);
        }
    }

    #[test]
    fn damaged_lines_never_panic(index in any::<prop::sample::Index>(), byte in any::<u8>(), which in 0_usize..8) {
        let mut line = encode(&requests()[which]);
        let at = index.index(line.len());
        line[at] = byte;
        let _ = decode_request(&line);
    }
}
