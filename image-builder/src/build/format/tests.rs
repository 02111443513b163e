use std::collections::BTreeSet;

use super::*;

#[test]
fn every_format_has_its_own_name_and_artifact() {
    for format in Format::all() {
        assert_eq!(format.name().parse::<Format>().unwrap(), format);
        let same = Format::all().filter(|other| other.artifact() == format.artifact());
        assert_eq!(same.count(), 1, "{format}");
    }
}

#[test]
fn unknown_formats_are_refused_with_the_nearest_or_all_names() {
    for (text, part) in [
        ("qcow", "did you mean `qcow2`?"),
        ("vdhx", "did you mean `vhdx`?"),
        ("floppy", "the formats are raw, raw.zst,"),
        ("", "the formats are raw,"),
    ] {
        let error = text.parse::<Format>().unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn only_the_disk_of_another_platform_has_another_name() {
    for (format, platform, artifact) in [
        (Format::Raw, None, "disk.raw"),
        (Format::Raw, Some(Platform::Metal), "disk.raw"),
        (Format::Raw, Some(Platform::Ec2), "disk-ec2.raw"),
        (Format::Ec2, None, "disk-ec2.raw"),
        (Format::Ec2, Some(Platform::Ec2), "disk-ec2.raw"),
        (Format::Ec2, Some(Platform::Metal), "disk.raw"),
        (Format::Ec2, Some(Platform::Hetzner), "disk-hetzner.raw"),
        (Format::RawZst, Some(Platform::Hetzner), "disk-hetzner.raw.zst"),
        (Format::RawBmap, Some(Platform::Metal), "disk.raw.bmap"),
        (Format::Qcow2, Some(Platform::Qemu), "disk.qcow2"),
        (Format::Qcow2, Some(Platform::Openstack), "disk-openstack.qcow2"),
        (Format::VmdkSparse, Some(Platform::Qemu), "disk-sparse-qemu.vmdk"),
        (Format::Gce, Some(Platform::Gce), "gce.tar.gz"),
        (Format::Iso, Some(Platform::Ec2), "keelson.iso"),
    ] {
        assert_eq!(Wanted::new(format, platform).artifact(), artifact);
    }
}

#[test]
fn no_two_formats_for_one_platform_are_one_file() {
    for platform in std::iter::once(None).chain(Platform::ALL.map(Some)) {
        let wanted: BTreeSet<Wanted> =
            Format::all().map(|format| Wanted::new(format, platform)).collect();
        let files: BTreeSet<String> = wanted.iter().map(|wanted| wanted.artifact()).collect();
        assert_eq!(files.len(), wanted.len(), "{platform:?}");
    }
}
