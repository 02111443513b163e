use super::*;

#[test]
fn more_parts_than_the_system_takes_at_once_follow_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    let mut target = Target::create(&path).unwrap();
    target.append(b"start").unwrap();
    let mut expected = b"start".to_vec();
    // Some of them are empty.
    let parts: Vec<Bytes> =
        (0..=3 * PARTS).map(|number| vec![number.to_le_bytes()[0]; number % 7].into()).collect();
    target.append_all(&parts).unwrap();
    target.append_all(&[Bytes::new()]).unwrap();
    expected.extend(parts.concat());
    assert_eq!(target.end(), expected.len() as u64);
    assert!(std::fs::read(&path).unwrap() == expected);
}
