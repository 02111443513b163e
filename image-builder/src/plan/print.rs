//! `plan.toml`: a plan for people and for golden files.

use std::fmt::Write;

use keelson_format::cmdline::{Debug, OnCorruption};
use toml::Value;

use super::{BuildFile, Plan};
use crate::board::{Compression, Feature};
use crate::recipe::{DefaultFeatures, Exports, Mode, Recipe, Source};

/// The text of a plan. Arrays of names have a line per name, so that changes show as lines.
pub(super) fn toml(plan: &Plan) -> String {
    let mut out = Printer(String::new());
    out.line("# The resolved plan of a build. Made by `cargo xtask plan`; not read by anything.");
    out.text("board", &plan.board);
    out.text("description", &plan.description);
    out.text("version", plan.version.as_str());
    out.text("architecture", plan.architecture.name());
    out.text("os-release", &plan.os_release);
    usr(&mut out, plan);
    boot(&mut out, plan);
    disk(&mut out, plan);
    for recipe in &plan.components {
        component(&mut out, recipe);
    }
    out.0
}

fn usr(out: &mut Printer, plan: &Plan) {
    out.section("[usr]");
    out.text("uuid", &plan.usr.uuid.to_string());
    let format = &plan.usr.format;
    let (compression, level) = match format.compression {
        Compression::None => ("none", None),
        Compression::Lz4hc { level } => ("lz4hc", Some(level)),
        Compression::Zstd { level } => ("zstd", Some(level)),
    };
    out.text("compression", compression);
    if let Some(level) = level {
        out.number("level", level.into());
    }
    out.text("cluster-size", &format.cluster_size.to_string());
    let features: Vec<&str> = format.features.iter().copied().map(Feature::name).collect();
    out.words("features", &features);
    out.text("limit", &plan.usr.limit.to_string());

    out.section("[verity]");
    out.text("uuid", &plan.verity.uuid.to_string());
    out.text("salt", &plan.verity.salt.to_string());
    let on_corruption = match plan.verity.on_corruption {
        OnCorruption::Panic => "panic",
        OnCorruption::Restart => "restart",
    };
    out.text("on-corruption", on_corruption);
}

fn boot(out: &mut Printer, plan: &Plan) {
    let boot = &plan.boot;
    let file = |file: &BuildFile| format!("{}: {}", file.recipe, file.path);
    out.section("[boot]");
    out.number("menu-timeout", boot.menu_timeout.into());
    out.text("debug", if boot.debug == Debug::Allowed { "allowed" } else { "off" });
    out.text("secure-boot-enroll", boot.enroll.name());
    out.text("loader", &file(&boot.loader));
    out.text("stub", &file(&boot.stub));
    out.text("addon-stub", &file(&boot.addon_stub));
    if let Some(bios) = &boot.bios {
        out.text("bios", &file(bios));
    }
    out.text("init", &file(&boot.init));
    out.text("uki-limit", &boot.uki_limit.to_string());
    out.words("command-line", &boot.command_line);
}

fn disk(out: &mut Printer, plan: &Plan) {
    let disk = &plan.disk;
    out.section("[disk]");
    out.text("size", &disk.size.to_string());
    out.text("guid", &disk.guid.to_string());
    out.text("esp-volume-id", &format!("{:08x}", disk.esp_volume_id));
    if let Some(limit) = disk.compressed_limit {
        out.text("compressed-limit", &limit.to_string());
    }
    if let Some(limit) = disk.iso_limit {
        out.text("iso-limit", &limit.to_string());
    }
    for partition in &disk.partitions {
        out.section("[[disk.partition]]");
        out.text("label", partition.role.label());
        out.text("type", &partition.role.type_guid().to_string());
        let guid = partition.guid.map_or("of the root hash".to_owned(), |guid| guid.to_string());
        out.text("guid", &guid);
        out.text("start", &partition.start.to_string());
        out.text("size", &partition.size.to_string());
    }
}

fn component(out: &mut Printer, recipe: &Recipe) {
    out.section("[[component]]");
    out.text("name", &recipe.name);
    out.text("description", &recipe.description);
    out.text("license", &recipe.license);
    out.text("type", recipe.source.type_name());
    match &recipe.source {
        Source::Workspace(source) => {
            out.text("package", &source.package);
            out.words("binaries", &source.binaries);
        }
        Source::Crate(source) => {
            out.text("crate", &source.name);
            out.text("version", &source.version);
            out.words("features", &source.features);
            let on = source.default_features == DefaultFeatures::On;
            out.value("default-features", &Value::Boolean(on));
            out.words("binaries", &source.binaries);
        }
        Source::Debian(source) => out.words("packages", &source.packages),
        Source::Kernel(source) => {
            out.text("package", &source.package);
            out.list("modules", &source.modules);
            out.list("initramfs-modules", &source.initramfs_modules);
        }
        Source::Files(source) => out.text("folder", &source.folder),
    }
    if !recipe.build_only.is_empty() {
        out.list("build-only", &recipe.build_only);
    }
    let mode = |mode: Option<Mode>| mode.map_or(String::new(), |mode| format!(" {mode}"));
    let mut entries: Vec<String> = Vec::new();
    for file in &recipe.files {
        let folder = if file.is_pattern() { "/" } else { "" };
        let exports = if file.exports == Exports::Drop { ", exports dropped" } else { "" };
        entries.push(format!("{}{folder}{} <- {}{exports}", file.to, mode(file.mode), file.from));
    }
    for bundle in &recipe.bundles {
        entries.push(format!("{}{} <- all of {}", bundle.to, mode(bundle.mode), bundle.from));
    }
    for link in &recipe.links {
        entries.push(format!("{} -> {}", link.path, link.to));
    }
    for directory in &recipe.directories {
        entries.push(format!("{}/ {}", directory.path, directory.mode));
    }
    entries.sort();
    if !entries.is_empty() {
        out.list("tree", &entries);
    }
}

/// Writes TOML line by line.
struct Printer(String);

impl Printer {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn section(&mut self, header: &str) {
        self.line("");
        self.line(header);
    }

    fn value(&mut self, key: &str, value: &Value) {
        writeln!(self.0, "{key} = {value}").expect("a String takes any text");
    }

    fn text(&mut self, key: &str, text: &str) {
        self.value(key, &Value::String(text.to_owned()));
    }

    fn number(&mut self, key: &str, number: i64) {
        self.value(key, &Value::Integer(number));
    }

    /// An array on one line.
    fn words(&mut self, key: &str, words: &[impl AsRef<str>]) {
        let value = |word: &_| Value::String(AsRef::<str>::as_ref(word).to_owned());
        self.value(key, &Value::Array(words.iter().map(value).collect()));
    }

    /// An array with a line per entry.
    fn list(&mut self, key: &str, entries: &[impl AsRef<str>]) {
        self.line(&format!("{key} = ["));
        for entry in entries {
            self.line(&format!("    {},", Value::String(entry.as_ref().to_owned())));
        }
        self.line("]");
    }
}
