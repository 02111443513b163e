use super::*;

#[test]
fn a_disk_that_takes_no_folder_is_replaced_by_memory_and_other_errors_stay() {
    for (errno, replaced) in [
        (libc::ENOSPC, true),
        (libc::EDQUOT, true),
        (libc::EROFS, true),
        (libc::ENOENT, false),
        (libc::EACCES, false),
        (libc::EIO, false),
    ] {
        let memory = tempfile::tempdir().unwrap();
        let mut remarks = Vec::new();
        let error = io::Error::from_raw_os_error(errno);
        let found = instead(error, memory.path(), "private-x-", &mut remarks);
        assert_eq!(found.is_ok(), replaced, "{errno}: {found:?}");
        assert_eq!(remarks.len(), usize::from(replaced), "{remarks:?}");
        match found {
            Ok(folder) => {
                assert_eq!(folder.parent(), Some(memory.path()));
                let [outer, inner] = [&folder, &folder.join("tmp")]
                    .map(|path| fs::metadata(path).unwrap().permissions().mode() & 0o1777);
                assert_eq!((outer, inner), (0o700, 0o1777));
            }
            Err(error) => assert_eq!(error.raw_os_error(), Some(errno)),
        }
    }
}
