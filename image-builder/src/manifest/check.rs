//! Checks of single values. Each notes its mistakes and gives a value to go on with.

use std::collections::BTreeMap;

use keelson_format::size::ByteSize;
use toml::Spanned;

use super::{ManifestError, Mistake, Origin, Span, ValueError, stem};

/// Collects the mistakes of one manifest.
pub(crate) struct Checker {
    origin: Origin,
    found: Vec<(Origin, Span, Mistake)>,
}

/// Longest path component that Linux takes.
const NAME_MAX: usize = 255;

impl Checker {
    pub(crate) fn new(origin: &Origin) -> Self {
        Self { origin: origin.clone(), found: Vec::new() }
    }

    /// Notes a mistake.
    pub(crate) fn note(&mut self, span: Span, mistake: impl Into<Mistake>) {
        self.found.push((self.origin.clone(), span, mistake.into()));
    }

    /// Notes a mistake in another manifest.
    pub(crate) fn note_in(&mut self, origin: &Origin, span: Span, mistake: impl Into<Mistake>) {
        self.found.push((origin.clone(), span, mistake.into()));
    }

    /// How many mistakes were noted. Checks between values make sense only where those of the
    /// values themselves noted none.
    pub(crate) fn noted(&self) -> usize {
        self.found.len()
    }

    /// Gives out the model if nothing was noted.
    pub(crate) fn finish<T>(self, model: T) -> Result<T, ManifestError> {
        if self.found.is_empty() { Ok(model) } else { Err(self.into_error()) }
    }

    /// What was noted.
    fn into_error(mut self) -> ManifestError {
        let place =
            |(origin, span, _): &(Origin, Span, Mistake)| (origin.file().to_owned(), span.start);
        self.found.sort_by_cached_key(place);
        let locate =
            |(origin, span, mistake): (Origin, Span, Mistake)| origin.locate(&span, mistake);
        ManifestError(self.found.into_iter().map(locate).collect())
    }

    /// Text for people: one line, not empty.
    pub(crate) fn text(&mut self, key: &'static str, raw: Spanned<String>) -> String {
        if raw.get_ref().trim().is_empty() {
            self.note(raw.span(), ValueError::EmptyText { key });
        } else if raw.get_ref().contains(char::is_control) {
            self.note(raw.span(), ValueError::Control { key });
        }
        raw.into_inner()
    }

    /// The name of a board or recipe, which is also that of its file. It stands in paths and on
    /// the kernel command line.
    pub(crate) fn own_name(
        &mut self,
        what: &'static str,
        title: &'static str,
        raw: Spanned<String>,
    ) -> String {
        let noted = self.noted();
        let span = raw.span();
        let name = self.name(title, raw);
        if self.noted() == noted && stem(self.origin.file()) != name {
            let stem = stem(self.origin.file()).to_owned();
            self.note(span, ValueError::FileName { what, name: name.clone(), stem });
        }
        name
    }

    /// The name of a board or recipe.
    pub(crate) fn name(&mut self, title: &'static str, raw: Spanned<String>) -> String {
        let rule = "use 1 to 63 of a-z 0-9 -, beginning with a letter or digit";
        self.matching(title, rule, raw, |name| {
            name.len() <= 63
                && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
                && name.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-'))
        })
    }

    /// A name that `fine` accepts.
    pub(crate) fn matching(
        &mut self,
        what: &'static str,
        rule: &'static str,
        raw: Spanned<String>,
        fine: impl Fn(&str) -> bool,
    ) -> String {
        if !fine(raw.get_ref()) {
            let name = raw.get_ref().escape_debug().to_string();
            self.note(raw.span(), ValueError::Name { what, name, rule });
        }
        raw.into_inner()
    }

    /// One of a list of words. The first is what a mistake leaves.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        raw: &Spanned<String>,
        known: &[(&str, T)],
    ) -> T {
        if let Some((_, value)) = known.iter().find(|(word, _)| word == raw.get_ref()) {
            return *value;
        }
        let found = raw.get_ref().escape_debug().to_string();
        let words: Vec<String> = known.iter().map(|(word, _)| format!("`{word}`")).collect();
        self.note(raw.span(), ValueError::Choice { key, found, known: words.join(", ") });
        known[0].1
    }

    /// A number of a range.
    pub(crate) fn number(
        &mut self,
        key: &'static str,
        raw: &Spanned<i64>,
        least: u8,
        most: u8,
    ) -> u8 {
        let found = *raw.get_ref();
        match u8::try_from(found) {
            Ok(number) if (least..=most).contains(&number) => number,
            _ => {
                let (least_number, most) = (i64::from(least), i64::from(most));
                self.note(raw.span(), ValueError::Range { key, found, least: least_number, most });
                least
            }
        }
    }

    /// A size that is not zero and a multiple of `unit`.
    pub(crate) fn size(
        &mut self,
        key: &'static str,
        raw: &Spanned<String>,
        unit: ByteSize,
    ) -> ByteSize {
        let error = match raw.get_ref().parse::<ByteSize>() {
            Err(error) => ValueError::Size(error),
            Ok(size) if size.bytes() == 0 => ValueError::Zero { key },
            Ok(size) if !size.bytes().is_multiple_of(unit.bytes()) => {
                ValueError::Multiple { key, size, unit }
            }
            Ok(size) => return size,
        };
        self.note(raw.span(), error);
        unit
    }

    /// A path of the tree: relative, below the root, without `.` and `..`.
    pub(crate) fn path(&mut self, raw: Spanned<String>) -> String {
        if let Some(reason) = path_mistake(raw.get_ref()) {
            let path = raw.get_ref().escape_debug().to_string();
            self.note(raw.span(), ValueError::Path { path, reason });
        }
        raw.into_inner()
    }

    /// The entries of a list that must have some and names nothing twice.
    pub(crate) fn list(
        &mut self,
        key: &'static str,
        list: Spanned<Vec<Spanned<String>>>,
    ) -> Vec<Spanned<String>> {
        if list.get_ref().is_empty() {
            self.note(list.span(), ValueError::EmptyList { key });
        }
        self.distinct(key, list.into_inner())
    }

    /// The entries of a list that names nothing twice.
    pub(crate) fn distinct(
        &mut self,
        key: &'static str,
        list: Vec<Spanned<String>>,
    ) -> Vec<Spanned<String>> {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for entry in &list {
            if let Some(first) = seen.get(entry.get_ref().as_str()) {
                let first = self.origin.line_of(first);
                let entry_text = entry.get_ref().escape_debug().to_string();
                self.note(entry.span(), ValueError::Twice { key, entry: entry_text, first });
            } else {
                seen.insert(entry.get_ref(), entry.span());
            }
        }
        list
    }
}

/// Whether `path` is relative, stays below its root and is in its shortest form.
pub(crate) fn is_path(path: &str) -> bool {
    path_mistake(path).is_none()
}

fn path_mistake(path: &str) -> Option<&'static str> {
    let component_mistake = |component: &str| match component {
        "" => Some("it has an empty component"),
        "." | ".." => Some("it has a `.` or `..`"),
        long if long.len() > NAME_MAX => Some("a component has more than 255 bytes"),
        _ => None,
    };
    match path {
        "" => Some("it is empty"),
        _ if path.starts_with('/') => Some("it begins with `/`; paths are relative to the root"),
        _ if path.ends_with('/') => Some("it ends in `/`"),
        _ if path.contains(char::is_control) => Some("it has a control character"),
        _ => path.split('/').find_map(component_mistake),
    }
}
