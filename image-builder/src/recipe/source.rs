//! The `[source]` of a recipe: which keys its type has, and their values.

use toml::Spanned;

use super::raw::RawSource;
use super::{
    CrateSource, DebianSource, DefaultFeatures, FilesSource, KernelSource, RecipeError, Source,
    WorkspaceSource,
};
use crate::manifest::{Checker, Span, is_path};

type Text = Option<Spanned<String>>;
type Texts = Option<Spanned<Vec<Spanned<String>>>>;

/// A type of source.
#[derive(Clone, Copy)]
enum Type {
    Workspace,
    Crate,
    Debian,
    Kernel,
    Files,
}

const TYPES: [(&str, Type); 5] = [
    ("workspace", Type::Workspace),
    ("crate", Type::Crate),
    ("debian", Type::Debian),
    ("kernel", Type::Kernel),
    ("files", Type::Files),
];

/// What the checks of one source share.
struct Keys<'a> {
    checker: &'a mut Checker,
    source_type: &'static str,
    span: Span,
}

/// Checks a source; gives it with `build-only`. After a mistake the source is a stand-in.
pub(super) fn check(c: &mut Checker, raw: Spanned<RawSource>) -> (Source, Vec<String>) {
    let span = raw.span();
    let raw = raw.into_inner();
    let noted = c.noted();
    let source_type = c.choice("type", &raw.r#type, &TYPES);
    if c.noted() != noted {
        return (Source::Debian(DebianSource { packages: Vec::new() }), Vec::new());
    }
    foreign_keys(c, &raw, source_type);
    let build_only = raw.build_only.map(|list| c.list("build-only", list)).unwrap_or_default();
    let mut keys = Keys { checker: c, source_type: source_type.name(), span };
    let source = match source_type {
        Type::Workspace => Source::Workspace(WorkspaceSource {
            package: keys.crate_name("package", raw.package),
            binaries: keys.binaries(raw.binaries),
        }),
        Type::Crate => Source::Crate(CrateSource {
            name: keys.crate_name("crate", raw.crate_name),
            version: keys.version(raw.version),
            features: keys.features(raw.features),
            default_features: match raw.default_features.map(Spanned::into_inner) {
                Some(false) => DefaultFeatures::Off,
                Some(true) | None => DefaultFeatures::On,
            },
            binaries: keys.binaries(raw.binaries),
        }),
        Type::Debian => {
            let packages = keys.list("packages", raw.packages);
            let package = |package| keys.package(package);
            Source::Debian(DebianSource { packages: packages.into_iter().map(package).collect() })
        }
        Type::Kernel => {
            let package = keys.needed("package", raw.package);
            Source::Kernel(KernelSource {
                package: package.map(|package| keys.package(package)).unwrap_or_default(),
                modules: keys.modules("modules", raw.modules),
                initramfs_modules: keys.modules("initramfs-modules", raw.initramfs_modules),
            })
        }
        Type::Files => {
            let folder = keys.needed("folder", raw.folder);
            let folder = folder.map(|folder| keys.checker.path(folder)).unwrap_or_default();
            Source::Files(FilesSource { folder })
        }
    };
    let build_only = build_only.into_iter().map(|path| keys.build_only(path, &source)).collect();
    (source, build_only)
}

/// Notes the keys that other types have and this one does not.
fn foreign_keys(c: &mut Checker, raw: &RawSource, source_type: Type) {
    fn span<T>(raw: Option<&Spanned<T>>) -> Option<Span> {
        raw.map(Spanned::span)
    }
    let present = [
        ("package", span(raw.package.as_ref())),
        ("packages", span(raw.packages.as_ref())),
        ("binaries", span(raw.binaries.as_ref())),
        ("crate", span(raw.crate_name.as_ref())),
        ("version", span(raw.version.as_ref())),
        ("features", span(raw.features.as_ref())),
        ("default-features", span(raw.default_features.as_ref())),
        ("modules", span(raw.modules.as_ref())),
        ("initramfs-modules", span(raw.initramfs_modules.as_ref())),
        ("folder", span(raw.folder.as_ref())),
        ("build-only", span(raw.build_only.as_ref())),
    ];
    for (key, span) in present {
        if let Some(span) = span.filter(|_| !source_type.keys().contains(&key)) {
            let source_type = source_type.name();
            c.note(span, RecipeError::ForeignKey { key, source_type });
        }
    }
}

impl Type {
    fn name(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Crate => "crate",
            Self::Debian => "debian",
            Self::Kernel => "kernel",
            Self::Files => "files",
        }
    }

    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Workspace => &["package", "binaries", "build-only"],
            Self::Crate => {
                &["crate", "version", "features", "default-features", "binaries", "build-only"]
            }
            Self::Debian => &["packages", "build-only"],
            Self::Kernel => &["package", "modules", "initramfs-modules", "build-only"],
            Self::Files => &["folder"],
        }
    }
}

impl Keys<'_> {
    /// A key that this type cannot be without.
    fn needed<T>(&mut self, key: &'static str, raw: Option<Spanned<T>>) -> Option<Spanned<T>> {
        if raw.is_none() {
            let source_type = self.source_type;
            self.checker.note(self.span.clone(), RecipeError::NeededKey { key, source_type });
        }
        raw
    }

    /// A list that this type cannot be without and that must have entries.
    fn list(&mut self, key: &'static str, raw: Texts) -> Vec<Spanned<String>> {
        self.needed(key, raw).map(|list| self.checker.list(key, list)).unwrap_or_default()
    }

    fn crate_name(&mut self, key: &'static str, raw: Text) -> String {
        self.needed(key, raw).map(|name| self.program("a crate's name", name)).unwrap_or_default()
    }

    fn binaries(&mut self, raw: Texts) -> Vec<String> {
        let list = self.list("binaries", raw);
        list.into_iter().map(|name| self.program("a binary's name", name)).collect()
    }

    /// The name of a crate or of a program of it.
    fn program(&mut self, what: &'static str, raw: Spanned<String>) -> String {
        let rule = "use letters, digits, `-` and `_`";
        self.checker.matching(what, rule, raw, |name| {
            name.starts_with(|c: char| c.is_ascii_alphanumeric())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
        })
    }

    fn features(&mut self, raw: Texts) -> Vec<String> {
        let list = raw
            .map(|list| self.checker.distinct("features", list.into_inner()))
            .unwrap_or_default();
        let rule = "use letters, digits and `-_+./?`";
        let fine = |name: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-_+./?".contains(c);
            name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(allowed)
        };
        list.into_iter()
            .map(|name| self.checker.matching("a feature's name", rule, name, fine))
            .collect()
    }

    /// Three numbers, and what may follow them (Semantic Versioning 2.0.0).
    fn version(&mut self, raw: Text) -> String {
        let Some(raw) = self.needed("version", raw) else { return String::new() };
        let text = raw.get_ref();
        let core = text.split(['-', '+']).next().unwrap_or_default();
        let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let fine = core.split('.').count() == 3
            && core.split('.').all(number)
            && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-+".contains(c));
        if !fine {
            let text = text.escape_debug().to_string();
            self.checker.note(raw.span(), RecipeError::CrateVersion(text));
        }
        raw.into_inner()
    }

    /// The name of a binary package (Debian Policy, section 5.6.1).
    fn package(&mut self, raw: Spanned<String>) -> String {
        let rule = "use two or more of a-z 0-9 + - ., beginning with a letter or digit";
        self.checker.matching("the name of a Debian package", rule, raw, |name| {
            name.len() >= 2
                && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
                && name.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '+' | '-' | '.'))
        })
    }

    fn modules(&mut self, key: &'static str, raw: Texts) -> Vec<String> {
        let mut checked = Vec::new();
        for module in self.list(key, raw) {
            let path = module.get_ref().strip_suffix('/').unwrap_or(module.get_ref());
            let extension = path.rsplit('/').next().is_some_and(|name| name.contains(".ko"));
            if !is_path(path) || extension || path.contains('*') {
                let text = module.get_ref().escape_debug().to_string();
                self.checker.note(module.span(), RecipeError::Module(text));
            }
            checked.push(module.into_inner());
        }
        checked
    }

    /// A path in the packages, or a binary of the crate.
    fn build_only(&mut self, raw: Spanned<String>, source: &Source) -> String {
        match source {
            Source::Workspace(_) | Source::Crate(_) => {
                super::entries::binary(self.checker, &raw, source.binaries());
                raw.into_inner()
            }
            Source::Debian(_) | Source::Kernel(_) | Source::Files(_) => {
                super::entries::single(self.checker, raw)
            }
        }
    }
}
