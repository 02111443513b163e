use super::*;

type Check = fn(&str) -> Result<String, String>;

#[test]
fn what_cannot_be_a_place_is_refused_and_what_may_be_one_is_not() {
    let table: [(Check, &[&str], &[&str]); 4] = [
        (
            amazon_region,
            &["us-east-1", "eu-central-1", "us-gov-west-1", "us-iso-east-1", "ap-southeast-12"],
            &[
                "",
                "not a region",
                "frankfurt",
                "eu-central",
                "eu-central-1a",
                "eu_central_1",
                "EU-CENTRAL-1",
                "-central-1",
                "eu--1",
                "eu-central-",
                "eu-central-1/..",
            ],
        ),
        (
            google_project,
            &["keelson-images", "p1", "123456789012", "example.com:my-project"],
            &["", "Not A Project", "my_project", "-project", "project-", "a:b:c", "..:p", "p/q"],
        ),
        (
            google_location,
            &["eu", "us", "asia", "europe-west3", "northamerica-northeast1", "asia1"],
            &["", "not a location", "europe-west3-a", "Europe", "3", "europe_west3"],
        ),
        (
            azure_region,
            &["westeurope", "eastus2", "West Europe", "East US 2"],
            &["", " ", "west-europe", "west_europe", "2eastus", "west/europe"],
        ),
    ];
    for (check, good, bad) in table {
        for text in good {
            assert_eq!(check(text), Ok((*text).to_owned()));
        }
        for text in bad {
            assert!(check(text).is_err(), "{text:?} is taken");
        }
    }
}
