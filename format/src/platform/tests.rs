use super::*;

#[test]
fn identifiers_lead_back_to_their_platforms() {
    for platform in Platform::ALL {
        assert_eq!(platform.id().parse(), Ok(platform));
        let json = serde_json::to_string(&platform).unwrap();
        assert_eq!(json, format!("\"{platform}\""));
    }
}

#[test]
fn an_unknown_platform_is_answered_with_the_nearest() {
    for (id, hint) in [
        ("opnstack", ", did you mean `openstack`?"),
        ("EC2", ", did you mean `ec2`?"),
        ("hyper-v", ", did you mean `hyperv`?"),
        ("aws", ""),
        ("", ""),
    ] {
        let error = id.parse::<Platform>().unwrap_err().to_string();
        let all = "qemu, metal, ec2, gce, azure, openstack, vmware, hyperv, digitalocean, hetzner, \
                   proxmox, kubevirt";
        assert_eq!(error, format!("there is no platform `{id}`{hint}; there are {all}"));
    }
}

#[test]
fn the_words_name_the_platform_and_fit() {
    for platform in Platform::ALL {
        let words = platform.command_line();
        assert!(words.starts_with(&format!("keelson.platform={platform} ")), "{words}");
        assert!(words.len() <= WORDS_LIMIT, "{words}");
        assert!(words.bytes().all(|b| b.is_ascii_graphic() || b == b' '), "{words}");
        assert!(!words.contains(['"', '$', '\\']), "GRUB would read them: {words}");
    }
}

#[test]
fn every_fragment_for_grub_has_one_size_and_one_line() {
    for platform in Platform::ALL {
        let cfg = platform.grub_cfg();
        assert_eq!(cfg.len(), CFG_BYTES);
        let text = String::from_utf8(cfg).unwrap();
        let line = format!("set keelson_platform=\"{}\"", platform.command_line());
        assert_eq!(text.trim_end(), line);
        assert!(text.ends_with('\n'));
    }
}

#[test]
fn the_last_console_is_the_one_people_look_at() {
    for (platform, last) in [
        (Platform::Metal, "console=ttyS0,115200n8"),
        (Platform::Ec2, "console=ttyS0,115200n8"),
        (Platform::Vmware, "console=tty0"),
        (Platform::Kubevirt, "console=tty0"),
    ] {
        let words = platform.command_line();
        let mut consoles = words.split(' ').filter(|word| word.starts_with("console="));
        assert_eq!(consoles.next_back(), Some(last), "{platform}");
    }
}
