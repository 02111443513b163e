use super::*;
use proptest::prelude::*;

/// Section, key, value and line.
type Row = (String, String, String, usize);

fn read(text: &str) -> (Vec<Row>, Vec<String>) {
    let mut remarks = Vec::new();
    let entries = parse(text, Path::new("/u/a.service"), &mut remarks);
    let entries = entries.into_iter().map(|e| (e.section, e.key, e.value, e.place.line)).collect();
    (entries, remarks.iter().map(ToString::to_string).collect())
}

#[test]
fn sections_comments_and_continuations_are_read() {
    let text =
        "# c\n[Unit]\nA = b c \n; c\n[Service]\nX=one \\\n# inside\n  two\\\n three\nY=\nZ=a=b\n";
    let (entries, remarks) = read(text);
    let expected = [
        ("Unit", "A", "b c", 3),
        ("Service", "X", "one  two three", 6),
        ("Service", "Y", "", 10),
        ("Service", "Z", "a=b", 11),
    ];
    assert_eq!(entries, expected.map(|(s, k, v, l)| (s.to_owned(), k.to_owned(), v.to_owned(), l)));
    assert_eq!(remarks, Vec::<String>::new());
}

#[test]
fn what_is_no_assignment_is_remarked_by_file_and_line() {
    let (entries, remarks) = read("A=1\n[Unit\n[Unit]\nnonsense\nB=2\\\n");
    assert_eq!(entries, [("Unit".to_owned(), "B".to_owned(), "2".to_owned(), 5)]);
    assert_eq!(
        remarks,
        [
            "/u/a.service:1: `A=` stands before any section; passed over",
            "/u/a.service:2: section header `[Unit` has no closing bracket",
            "/u/a.service:4: `nonsense` is no assignment; passed over",
        ]
    );
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "[\\PC\\n\\[\\]=\\\\#]{0,200}") {
        read(&text);
    }
}
