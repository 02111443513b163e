//! `data:` URLs (RFC 2397), plain and base64.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

/// Why a URL has no data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataUrlError {
    /// Another scheme.
    #[error("`{0}:` sources are not supported by this release; use a data: URL")]
    Scheme(String),
    /// No scheme.
    #[error("`{0}` is not a URL")]
    NoUrl(String),
    /// No comma.
    #[error("the data: URL has no comma")]
    NoComma,
    /// Damaged base64.
    #[error("the data: URL is not base64: {0}")]
    Base64(String),
    /// Damaged percent encoding.
    #[error("the data: URL has a `%` that two hexadecimal digits do not follow, at byte {0}")]
    Percent(usize),
}

/// The bytes of a `data:` URL.
pub fn decode(url: &str) -> Result<Vec<u8>, DataUrlError> {
    let shortened = || url.chars().take(60).collect::<String>();
    let (scheme, rest) = url.split_once(':').ok_or_else(|| DataUrlError::NoUrl(shortened()))?;
    if !scheme.eq_ignore_ascii_case("data") {
        return Err(DataUrlError::Scheme(scheme.chars().take(20).collect()));
    }
    let (media_type, data) = rest.split_once(',').ok_or(DataUrlError::NoComma)?;
    let bytes = percent_decode(data)?;
    if !media_type.rsplit(';').next().is_some_and(|last| last.eq_ignore_ascii_case("base64")) {
        return Ok(bytes);
    }
    let text: Vec<u8> = bytes.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let engine = if text.ends_with(b"=") { &STANDARD } else { &STANDARD_NO_PAD };
    engine.decode(text).map_err(|error| DataUrlError::Base64(error.to_string()))
}

fn percent_decode(text: &str) -> Result<Vec<u8>, DataUrlError> {
    let mut out = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if *byte == b'%' {
            let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
            let (Some(high), Some(low)) = (digit(at + 1), digit(at + 2)) else {
                return Err(DataUrlError::Percent(at));
            };
            out.push(u8::try_from(high * 16 + low).expect("two hexadecimal digits are a byte"));
            at += 3;
        } else {
            out.push(*byte);
            at += 1;
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_and_base64_data_is_decoded() {
        for (url, expected) in [
            ("data:,", &b""[..]),
            ("data:,hello%20world%0a", b"hello world\n"),
            ("data:text/plain;charset=utf-8,a,b", b"a,b"),
            ("data:;base64,aGVsbG8=", b"hello"),
            ("data:text/plain;base64,aGVs\nbG8", b"hello"),
            ("DATA:;BASE64,aGVsbG8%3D", b"hello"),
            ("data:,\u{e9}", "\u{e9}".as_bytes()),
        ] {
            assert_eq!(decode(url).as_deref(), Ok(expected), "{url}");
        }
    }

    #[test]
    fn other_urls_are_refused_by_what_is_wrong() {
        for (url, expected) in [
            ("http://example.com/x", DataUrlError::Scheme("http".into())),
            ("nothing", DataUrlError::NoUrl("nothing".into())),
            ("data:text/plain", DataUrlError::NoComma),
            ("data:,100%", DataUrlError::Percent(3)),
            ("data:,%zz", DataUrlError::Percent(0)),
        ] {
            assert_eq!(decode(url), Err(expected), "{url}");
        }
        assert!(matches!(decode("data:;base64,a"), Err(DataUrlError::Base64(_))));
    }
}
