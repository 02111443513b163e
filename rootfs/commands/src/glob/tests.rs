use super::*;

#[test]
fn paths_are_found_below_the_root_and_hidden_ones_only_by_their_dot() {
    let root = tempfile::tempdir().expect("a folder");
    for name in ["a/x.conf", "a/.hidden.conf", "b/y.conf", "b/z.txt"] {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, "").expect("written");
    }
    assert_eq!(
        paths(root.path(), "/*/*.conf"),
        [PathBuf::from("/a/x.conf"), PathBuf::from("/b/y.conf")]
    );
    assert_eq!(paths(root.path(), "/a/.*"), [PathBuf::from("/a/.hidden.conf")]);
    assert_eq!(paths(root.path(), "/a/none"), Vec::<PathBuf>::new());
}
