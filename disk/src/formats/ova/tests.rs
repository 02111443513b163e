use std::io::Read as _;

use super::super::Form;
use super::super::tests::{machine, mixed, written};
use super::*;

#[test]
fn the_archive_has_descriptor_manifest_and_disk_whose_digests_hold() {
    let bytes = 40 << 20;
    let file = written(Form::Ova(machine()), bytes, &mixed(bytes));
    assert!(file.len().is_multiple_of(10_240));
    let mut archive = ::tar::Archive::new(file.as_slice());
    let members: Vec<(String, Vec<u8>)> = archive
        .entries()
        .unwrap()
        .map(|member| {
            let mut member = member.unwrap();
            assert_eq!(member.header().as_bytes()[257..265], *b"ustar\x0000");
            let name = member.path().unwrap().display().to_string();
            let mut content = Vec::new();
            member.read_to_end(&mut content).unwrap();
            (name, content)
        })
        .collect();
    let names: Vec<_> = members.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, [DESCRIPTOR, MANIFEST, DISK]);
    let digest = |number: usize| hex::encode(digest(&SHA256, &members[number].1));
    let lines = format!("SHA256(keelson.ovf)= {}\nSHA256(disk.vmdk)= {}\n", digest(0), digest(2));
    assert_eq!(String::from_utf8_lossy(&members[1].1), lines);
    let ovf = String::from_utf8_lossy(&members[0].1).into_owned();
    for part in [
        format!("ovf:size=\"{}\"", members[2].1.len()),
        format!("ovf:capacity=\"{bytes}\""),
        "vmw:key=\"firmware\" vmw:value=\"efi\"".to_owned(),
        "<Name>Keelson 1.2.3</Name>".to_owned(),
    ] {
        assert!(ovf.contains(&part), "{part} is not in\n{ovf}");
    }
}

#[test]
fn names_are_text_to_xml() {
    let machine = Machine { name: "a<b>&\"c".to_owned(), version: "1".to_owned() };
    let disk = descriptor::Disk { capacity: 1, populated: 1, bytes: 1 };
    let text = descriptor::text(&machine, &disk);
    assert!(text.contains("<Product>a&lt;b&gt;&amp;&quot;c</Product>"), "{text}");
}
