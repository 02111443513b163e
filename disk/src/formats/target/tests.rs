use super::*;

#[test]
fn more_parts_than_the_system_takes_at_once_follow_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    let mut target = Target::create(&path).unwrap();
    assert_eq!(target.append(&b"start"[..]), 0);
    let mut expected = b"start".to_vec();
    // Some of them are empty.
    let parts: Vec<Bytes> =
        (0..=3 * PARTS).map(|number| vec![number.to_le_bytes()[0]; number % 7].into()).collect();
    target.append_all(parts.clone());
    target.append(Bytes::new());
    target.flush().unwrap();
    expected.extend(parts.concat());
    assert_eq!(target.end(), expected.len() as u64);
    assert!(std::fs::read(&path).unwrap() == expected);
}

#[test]
fn holes_are_left_where_they_were_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    let mut target = Target::create(&path).unwrap();
    target.append(vec![1; 3]);
    target.align(8);
    assert_eq!(target.append(vec![2; 2]), 8);
    assert_eq!(target.beside(|| Ok(7)).unwrap(), 7);
    target.skip_to(12);
    target.append(vec![3]);
    target.align(16);
    target.finish().unwrap();
    let expected = [1, 1, 1, 0, 0, 0, 0, 0, 2, 2, 0, 0, 3, 0, 0, 0];
    assert_eq!(std::fs::read(&path).unwrap(), expected);
}
