use clap::CommandFactory as _;

use super::*;

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn tags_are_pairs() {
    assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
    assert!(pair("a").is_err() && pair("=b").is_err());
}

#[test]
fn the_state_lies_beside_the_folder_of_the_build_and_each_version_has_its_own() {
    for version in ["0.1.0", "0.2.0"] {
        let image = format!("build/amd64-usr/{version}/disk.raw");
        let state = format!("build/amd64-usr/ec2-eu-central-1-{version}.upload.json");
        assert_eq!(state_of(Path::new(&image), "ec2-eu-central-1"), Path::new(&state));
    }
}
