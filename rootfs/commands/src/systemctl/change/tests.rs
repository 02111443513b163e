use keelson_control::{LoadState, Refusal};

use super::*;

fn check(verb: Verb, outcome: Outcome, result: &str, expected: Option<(u8, &str)>) {
    let outcome = JobOutcome { unit: "x.service".into(), outcome };
    let status = || {
        let mut status = UnitStatus::new("x.service", LoadState::Loaded);
        status.result = result.to_owned();
        Some(status)
    };
    assert_eq!(
        complaint(verb, &outcome, status),
        expected.map(|(code, text)| (code, text.to_owned()))
    );
}

#[test]
fn a_job_that_failed_says_why_and_where_to_look() {
    check(Verb::Start, Outcome::Finished(JobResult::Done), "success", None);
    check(Verb::TryRestart, Outcome::Finished(JobResult::Skipped), "success", None);
    check(Verb::Start, Outcome::Queued(5), "success", None);
    check(
        Verb::Start,
        Outcome::Finished(JobResult::Failed),
        "exit-code",
        Some((
            1,
            "Job for x.service failed because the control process exited with error code.\n\
             See \"systemctl status x.service\" and \"journalctl -xeu x.service\" for details.",
        )),
    );
    check(
        Verb::Start,
        Outcome::Finished(JobResult::Failed),
        "start-limit-hit",
        Some((
            1,
            "Job for x.service failed because start of the service was attempted too often.\n\
             See \"systemctl status x.service\" and \"journalctl -xeu x.service\" for details.\n\
             To force a start use \"systemctl reset-failed x.service\"\n\
             followed by \"systemctl start x.service\" again.",
        )),
    );
    check(
        Verb::Reload,
        Outcome::Finished(JobResult::Invalid),
        "",
        Some((1, "x.service is not active, cannot reload.")),
    );
}

#[test]
fn a_refusal_gives_its_exit_status() {
    for (kind, message, code, text) in [
        (
            RefusalKind::NoSuchUnit,
            "Unit x.service not found.",
            5,
            "Failed to stop x.service: Unit x.service not found.",
        ),
        (
            RefusalKind::AccessDenied,
            "Access denied",
            4,
            "Failed to stop x.service: Access denied (an ordinary user may only look; use sudo)",
        ),
        (
            RefusalKind::Masked,
            "Unit x.service is masked.",
            1,
            "Failed to stop x.service: Unit x.service is masked.",
        ),
    ] {
        let refusal = Refusal { kind, message: message.into() };
        check(Verb::Stop, Outcome::Refused(refusal), "", Some((code, text)));
    }
}
