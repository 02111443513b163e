//! What the kernel command line asks of PID 1 (systemd(1), "KERNEL COMMAND LINE").

use keelson_units::model::UnitName;

/// The options PID 1 looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// `systemd.unit=`, or a word that stands for it.
    pub unit: Option<UnitName>,
    /// `systemd.wants=`
    pub wants: Vec<UnitName>,
    /// `systemd.mask=`
    pub mask: Vec<UnitName>,
    /// `systemd.show_status=`
    pub show_status: Option<bool>,
    /// `systemd.log_level=`, `debug`
    pub log_level: Option<u8>,
    /// `systemd.machine_id=`
    pub machine_id: Option<String>,
    /// `systemd.hostname=`
    pub host_name: Option<String>,
    /// `systemd.watchdog_sec=0` turns the hardware watchdog off.
    pub no_watchdog: bool,
    /// `keelson.debug`
    pub debug: bool,
    /// Every `name=value` and word, for conditions.
    pub words: Vec<String>,
}

impl CommandLine {
    /// Parses the text of `/proc/cmdline`. What is wrong is passed over: there is nobody to ask.
    pub fn parse(text: &str) -> Self {
        let mut line = Self { words: words(text), ..Self::default() };
        for word in line.words.clone() {
            let (key, value) = word.split_once('=').unwrap_or((&word, ""));
            line.assign(key, value);
        }
        line
    }

    fn assign(&mut self, key: &str, value: &str) {
        let name = || value.parse::<UnitName>().ok();
        match key {
            "systemd.unit" => self.unit = name().or(self.unit.take()),
            "systemd.wants" => self.wants.extend(name()),
            "systemd.mask" => self.mask.extend(name()),
            "systemd.show_status" => {
                self.show_status = Some(matches!(value, "" | "1" | "yes" | "true" | "on" | "auto"));
            }
            "systemd.log_level" => self.log_level = crate::settings::level(value),
            "systemd.machine_id" => self.machine_id = Some(value.replace('-', "")),
            "systemd.hostname" => self.host_name = Some(value.to_owned()),
            "systemd.watchdog_sec" => self.no_watchdog = matches!(value, "0" | "off"),
            "quiet" => self.show_status = self.show_status.or(Some(false)),
            "debug" => self.log_level = Some(7),
            "keelson.debug" => self.debug = true,
            "emergency" | "-b" => self.unit = "emergency.target".parse().ok(),
            "rescue" | "single" | "s" | "S" | "1" if value.is_empty() => {
                self.unit = "rescue.target".parse().ok();
            }
            "2" | "3" | "4" | "5" if value.is_empty() => {
                self.unit = "multi-user.target".parse().ok();
            }
            _ => {}
        }
    }
}

/// Words, of which a part may stand in double quotes.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quoted) = (String::new(), false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_found_among_those_of_others() {
        let line = CommandLine::parse(
            "BOOT_IMAGE=x quiet systemd.unit=a.target systemd.wants=b.service systemd.mask=c.service \
             systemd.mask=bad systemd.log_level=debug keelson.debug x=\"a b\" foo.single=1\n",
        );
        assert_eq!(line.unit, "a.target".parse().ok());
        assert_eq!(
            (line.wants.len(), line.mask.len(), line.log_level, line.debug),
            (1, 1, Some(7), true)
        );
        assert_eq!(line.show_status, Some(false));
        assert!(line.words.contains(&"x=a b".to_owned()));
    }

    #[test]
    fn words_of_old_choose_a_target() {
        for (text, unit) in [
            ("rescue", Some("rescue.target")),
            ("single", Some("rescue.target")),
            ("1", Some("rescue.target")),
            ("3", Some("multi-user.target")),
            ("emergency", Some("emergency.target")),
            ("root=1", None),
        ] {
            assert_eq!(
                CommandLine::parse(text).unit.as_ref().map(UnitName::as_str),
                unit,
                "{text}"
            );
        }
    }
}
