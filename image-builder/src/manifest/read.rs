//! From text to the mirror of its keys.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use toml::Spanned;

use super::{ManifestError, Mistake, Origin, SCHEMA, did_you_mean};

/// Why a text is not a manifest of the wanted form.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FormError {
    /// Not TOML, or a value of the wrong type. The message is the TOML parser's.
    #[error("{message}")]
    Toml {
        /// What the parser says.
        message: String,
    },
    /// A key that this manifest does not have.
    #[error("unknown key `{key}`")]
    UnknownKey {
        /// The key.
        key: String,
        /// The keys that may stand there.
        known: Vec<String>,
    },
    /// A key that must be there is not.
    #[error("the key `{key}` is missing")]
    MissingKey {
        /// The key.
        key: String,
    },
    /// No `schema`.
    #[error("the key `schema` is missing: begin the file with `schema = {SCHEMA}`")]
    NoSchema,
    /// A form of manifest that this builder does not read.
    #[error("schema {found} is not known to this builder, which reads schema {SCHEMA}")]
    Schema {
        /// The value of `schema`.
        found: i64,
    },
}

impl FormError {
    pub(super) fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownKey { key, known } => {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let list = || format!("known here: {}", known.join(", "));
                did_you_mean(key, known.iter().copied()).or_else(|| (!known.is_empty()).then(list))
            }
            _ => None,
        }
    }
}

/// The one key that is looked at before the others: a newer form may have other keys.
#[derive(Deserialize)]
struct Head {
    schema: Option<Spanned<i64>>,
}

/// Reads the mirror `T` of a manifest.
pub(crate) fn parse<T: DeserializeOwned>(origin: &Origin) -> Result<T, ManifestError> {
    let fail = |span, error: FormError| Err(ManifestError::one(origin, &span, error));
    let head: Head = match toml::from_str(origin.text()) {
        Ok(head) => head,
        Err(error) => return Err(located(origin, &error)),
    };
    match head.schema {
        None => return fail(0..0, FormError::NoSchema),
        Some(schema) if *schema.get_ref() != SCHEMA => {
            return fail(schema.span(), FormError::Schema { found: *schema.get_ref() });
        }
        Some(_) => {}
    }
    toml::from_str(origin.text()).map_err(|error| located(origin, &error))
}

/// The file name of a manifest without `.toml`, which must be its name.
pub(crate) fn stem(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.strip_suffix(".toml").unwrap_or(name)
}

/// Gives the parser's error its place and, for keys, our words.
fn located(origin: &Origin, error: &toml::de::Error) -> ManifestError {
    let span = error.span().unwrap_or(0..0);
    // A missing key's span is the whole table; its first line is enough.
    ManifestError::one(origin, &span, Mistake::Form(form_error(error.message())))
}

/// serde gives these two facts as text alone: "unknown field `x`, expected one of `a`, `b`" and
/// "missing field `x`". Should its wording change, the text is shown as it is.
fn form_error(message: &str) -> FormError {
    let mut quoted = message.split('`').skip(1).step_by(2).map(str::to_owned);
    let first = quoted.next();
    match first {
        Some(key) if message.starts_with("unknown field `") => {
            FormError::UnknownKey { key, known: quoted.collect() }
        }
        Some(key) if message.starts_with("missing field `") => FormError::MissingKey { key },
        _ => {
            let message =
                message.replace('\n', "; ").replace("expected i64", "expected an integer");
            FormError::Toml { message }
        }
    }
}
