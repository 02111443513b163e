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

#[test]
fn a_place_that_cannot_be_one_is_refused_with_its_option() {
    for (line, option) in [
        ("ec2 --region eu-central-1a", "--region"),
        ("ec2 --region eu-central-1 --copy-to frankfurt", "--copy-to"),
        ("gce --bucket b --project My_Project", "--project"),
        ("gce --bucket b --project p --location europe-west3-a", "--location"),
        ("azure --location west-europe", "--location"),
        ("azure --location westeurope --gallery g --copy-to north/europe", "--copy-to"),
    ] {
        let words = std::iter::once("upload").chain(line.split(' '));
        let error = Cli::try_parse_from(words).expect_err(line).to_string();
        assert!(error.contains(&format!("for '{option} <")), "{line}: {error}");
        assert!(error.contains("was expected"), "{line}: {error}");
    }
}
