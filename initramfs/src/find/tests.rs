use keelson_format::guid;

use super::*;

fn hash() -> RootHash {
    RootHash::from_bytes(std::array::from_fn(|i| u8::try_from(i).expect("a small number")))
}

/// A disk with these labelled partitions; the slot `A` holds [`hash`], everything else does not.
fn disk(name: &str, labels: &[&str]) -> Disk {
    let partition = |(index, label): (usize, &&str)| Partition {
        name: format!("{name}{}", index + 1),
        number: u32::try_from(index + 1).expect("few partitions"),
        device: Some(format!("254:{}", index + 1)),
        start: 4096 * (index as u64 + 1),
        guid: match *label {
            "usr-A" => hash().data_guid(),
            "usr-A-verity" => hash().hash_guid(),
            "usr-A-sig" => hash().signature_guid(),
            label => guid::derived(&[name, label]),
        },
        type_guid: Role::from_label(label).map_or(Uuid::nil(), Role::type_guid),
        label: (*label).to_owned(),
        bytes: 4096,
    };
    Disk {
        name: name.to_owned(),
        place: format!("pci/{name}"),
        bytes: 1 << 30,
        sector: 512,
        table: Err(TableError::Absent),
        partitions: labels.iter().enumerate().map(partition).collect(),
    }
}

const WHOLE: [&str; 6] = ["ESP", "usr-A", "usr-A-verity", "usr-A-sig", "usr-B", "ROOT"];

#[test]
fn the_partitions_are_found_by_the_halves_of_the_root_hash() {
    let choice = choose(
        &[disk("sda", &["usr-B", "ROOT"]), disk("vda", &WHOLE)],
        &hash(),
        None,
        Mode::Installed,
    );
    let choice = choice.expect("vda has them");
    assert_eq!((choice.disk.as_str(), choice.slot), ("vda", Slot::A));
    assert_eq!([choice.data.number, choice.hash.number, choice.signature.number], [2, 3, 4]);
    assert_eq!((choice.from_loader, choice.passed_over), (None, vec![]));
}

#[test]
fn of_two_disks_the_loaders_is_chosen_else_the_one_whose_place_sorts_first() {
    let mut disks = [disk("vda", &WHOLE), disk("vdb", &WHOLE)];
    let loader = guid::derived(&["vdb", "ESP"]);
    let elsewhere = guid::derived(&["vdz", "ESP"]);
    for (loader, chosen, from_loader) in [
        (None, "vda", None),
        (Some(loader), "vdb", Some(true)),
        (Some(elsewhere), "vda", Some(false)),
    ] {
        let choice = choose(&disks, &hash(), loader, Mode::Installed).expect("both have them");
        assert_eq!((choice.disk.as_str(), choice.from_loader), (chosen, from_loader));
        assert_eq!(choice.passed_over.len(), 1);
        disks.reverse();
    }
}

#[test]
fn a_live_boot_prefers_the_medium_to_a_disk_with_the_same_usr() {
    let medium = disk("vdb", &["ESP", "usr-A", "usr-A-verity", "usr-A-sig"]);
    let disks = [disk("vda", &WHOLE), medium];
    let loader = guid::derived(&["vda", "ESP"]);
    for (mode, loader, chosen, is_medium) in [
        (Mode::Installed, None, "vda", false),
        (Mode::Live, None, "vdb", true),
        (Mode::Live, Some(loader), "vda", false),
    ] {
        let choice = choose(&disks, &hash(), loader, mode).expect("both have them");
        assert_eq!((choice.disk.as_str(), choice.is_medium), (chosen, is_medium));
    }
}

#[test]
fn a_missing_partition_is_named_and_all_that_was_seen_is_listed() {
    for (left_out, what) in
        [("usr-A", "usr data"), ("usr-A-verity", "usr hash"), ("usr-A-sig", "usr signature")]
    {
        let labels: Vec<_> = WHOLE.into_iter().filter(|label| *label != left_out).collect();
        let error = choose(&[disk("vda", &labels)], &hash(), None, Mode::Installed)
            .expect_err("one is missing");
        let text = error.to_string();
        assert!(text.starts_with(&format!("no disk has the {what} partition GUID ")), "{text}");
        assert!(
            text.contains("\n  vda: 1073741824 bytes, with no GUID partition table\n    vda1: "),
            "{text}"
        );
        assert!(text.ends_with(" ROOT 4096 bytes"), "{text}");
    }
    let error = choose(&[], &hash(), None, Mode::Installed).expect_err("no disk");
    assert!(error.to_string().ends_with("; seen: no disk at all"));
}

#[test]
fn partitions_scattered_over_disks_and_labels_of_no_slot_are_refused() {
    let scattered = [disk("vda", &["usr-A", "usr-A-verity"]), disk("vdb", &["usr-A-sig"])];
    let error = choose(&scattered, &hash(), None, Mode::Installed).expect_err("two disks");
    assert!(matches!(error, FindError::Scattered { .. }));
    let mut strange = disk("vda", &WHOLE);
    strange.partitions[1].label = "OEM".to_owned();
    let error = choose(&[strange], &hash(), None, Mode::Installed).expect_err("no slot");
    assert!(error.to_string().ends_with("is labelled `OEM`, expected usr-A or usr-B"), "{error}");
}

#[test]
fn the_state_is_on_the_partition_of_type_root() {
    assert_eq!(root(&disk("vda", &WHOLE)).map(|root| root.number), Ok(6));
    let error = root(&disk("vda", &["ESP"])).expect_err("no ROOT");
    assert!(error.to_string().starts_with("vda has no partition of type root (4f68bce3-"));
}
