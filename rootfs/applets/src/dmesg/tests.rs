use super::*;

#[test]
fn kernel_records_become_the_lines_people_know() {
    for (record, line) in [
        ("6,339,5140900,-;NET: Registered\n SUBSYSTEM=acpi\n", "[    5.140900] NET: Registered"),
        ("4,1,0,-;Linux version 6.12\n", "[    0.000000] Linux version 6.12"),
        ("no prefix\n", "[    0.000000] no prefix"),
    ] {
        assert_eq!(format(record), line);
    }
}
