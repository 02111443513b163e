//! `[Install]` sections, and the links that enabling a unit makes (systemd.unit(5)).

/// Where links of enabled units are, below the root.
pub const FOLDER: &str = "etc/systemd/system";

/// The `[Install]` section of a unit's text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Install {
    /// `WantedBy=`
    pub wanted_by: Vec<String>,
    /// `RequiredBy=`
    pub required_by: Vec<String>,
    /// `Alias=`
    pub alias: Vec<String>,
}

impl Install {
    /// Reads the section; everything else is passed over.
    pub fn parse(text: &str) -> Self {
        let mut install = Self::default();
        let mut inside = false;
        let joined = text.replace("\\\r\n", " ").replace("\\\n", " ");
        for line in joined.lines().map(str::trim) {
            if line.starts_with('[') {
                inside = line == "[Install]";
            } else if let (true, false, Some((key, value))) =
                (inside, line.starts_with(['#', ';']), line.split_once('='))
            {
                let list = match key.trim() {
                    "WantedBy" => &mut install.wanted_by,
                    "RequiredBy" => &mut install.required_by,
                    "Alias" => &mut install.alias,
                    _ => continue,
                };
                if value.trim().is_empty() {
                    list.clear();
                }
                // A name with a slash could lead out of the folder; no unit has one.
                list.extend(
                    value.split_whitespace().filter(|name| !name.contains('/')).map(str::to_owned),
                );
            }
        }
        install
    }

    /// The links for a unit: path below [`FOLDER`] and the unit they stand for.
    pub fn links(&self, unit: &str) -> Vec<String> {
        let dependency = |targets: &[String], kind: &str| -> Vec<String> {
            targets.iter().map(|target| format!("{target}.{kind}/{unit}")).collect()
        };
        let mut links = dependency(&self.wanted_by, "wants");
        links.extend(dependency(&self.required_by, "requires"));
        links.extend(self.alias.iter().filter(|alias| *alias != unit).cloned());
        links
    }
}

/// The file a unit is read from: the template's for an instance.
pub fn file_name(unit: &str) -> String {
    match unit.split_once('@').and_then(|(prefix, rest)| Some((prefix, rest.rsplit_once('.')?))) {
        Some((prefix, (instance, kind))) if !instance.is_empty() => format!("{prefix}@.{kind}"),
        _ => unit.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_install_section_gives_links() {
        let text = "[Unit]\nWantedBy=no.target\n[Service]\nExecStart=/x\n[Install]\n# WantedBy=x\nWantedBy=a.target \\\n b.target\nRequiredBy=c.target\nAlias=me.service you.service ../x/y\n";
        assert_eq!(
            Install::parse(text).links("me.service"),
            [
                "a.target.wants/me.service",
                "b.target.wants/me.service",
                "c.target.requires/me.service",
                "you.service"
            ]
        );
        assert_eq!(Install::parse("[Service]\n"), Install::default());
    }

    #[test]
    fn instances_are_read_from_their_template() {
        for (unit, file) in [
            ("a.service", "a.service"),
            ("a@b.service", "a@.service"),
            ("a@.service", "a@.service"),
        ] {
            assert_eq!(file_name(unit), file);
        }
    }
}
