use super::*;

#[test]
fn mount_options_split_into_flags_and_the_file_systems_own() {
    let mut options = Options::default();
    options.add("ro,noexec,size=1m,defaults,rw,mode=0700");
    assert_eq!(options.flags, MountFlags::NOEXEC);
    assert_eq!(options.data(), "size=1m,mode=0700");
}
