use super::*;

#[test]
fn ranges_that_touch_are_one() {
    let page = |start: u64, end: u64| {
        format!("<PageRange><Start>{start}</Start><End>{end}</End></PageRange>")
    };
    let list = format!(
        "\u{feff}<PageList>{}{}{}</PageList>",
        page(0, 511),
        page(512, 1023),
        page(4096, 4607)
    );
    assert_eq!(parse_ranges(&Reply::text(&list)), Some(vec![0..1024, 4096..4608]));
    assert_eq!(parse_ranges(&Reply::text("<PageList><PageRange/></PageList>")), None);
}

proptest::proptest! {
    #[test]
    fn no_answer_panics(body: Vec<u8>, start: u64, end: u64) {
        parse_ranges(&Reply { status: 200, headers: Vec::new(), body });
        let text = format!("<L><PageRange><Start>{start}</Start><End>{end}</End></PageRange></L>");
        parse_ranges(&Reply::text(&text));
    }
}
