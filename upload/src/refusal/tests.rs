use super::*;

#[test]
fn answers_are_told_apart_wherever_the_provider_puts_its_code() {
    let amazon = |code: &str| {
        let error = format!("<Error><Code>{code}</Code><Message>Words  of it</Message></Error>");
        Reply::text(&format!("<Response><Errors>{error}</Errors></Response>"))
    };
    let status = |reply: Reply, status| Reply { status, ..reply };
    let ebs = Reply::text("{\"Message\":\"slow\"}")
        .with("x-amzn-ErrorType", "ThrottlingException:http://x");
    let google =
        r#"{"error":{"code":403,"message":"quota","errors":[{"reason":"rateLimitExceeded"}]}}"#;
    let azure =
        Reply::text("\u{feff}<Error><Code>x</Code></Error>").with("x-ms-error-code", "ServerBusy");
    let cases = [
        (status(amazon("RequestLimitExceeded"), 400), Refusal::Passing, "RequestLimitExceeded"),
        (status(amazon("RequestExpired"), 400), Refusal::Expired, "RequestExpired"),
        (status(amazon("UnauthorizedOperation"), 403), Refusal::Final, "UnauthorizedOperation"),
        (status(ebs, 400), Refusal::Passing, "ThrottlingException"),
        (status(Reply::text(google), 403), Refusal::Passing, "rateLimitExceeded"),
        (status(azure, 503), Refusal::Passing, "ServerBusy"),
        (Reply::status(502), Refusal::Passing, ""),
        (Reply::status(401), Refusal::Expired, ""),
        (status(Reply::text("no"), 404), Refusal::Final, ""),
    ];
    for (reply, kind, code) in cases {
        let (found, found_code, _) = refusal(&reply);
        assert_eq!((found, found_code.trim()), (kind, code), "{reply:?}");
    }
    assert_eq!(refusal(&amazon("X")).2, "Words of it");
}

proptest::proptest! {
    #[test]
    fn no_answer_panics(status in 100u16..600, body: Vec<u8>, text: String) {
        refusal(&Reply { status, headers: Vec::new(), body });
        refusal(&Reply { status, ..Reply::text(&format!("<a>{text}</a>")) });
    }
}
