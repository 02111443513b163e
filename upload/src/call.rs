//! One call of a provider's interface, as a value: what is sent, what is shown of it, and what a dry run takes as its
//! answer.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

/// The method of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Reads the headers alone.
    Head,
    /// Makes something.
    Post,
    /// Makes or replaces something.
    Put,
    /// Changes something in part.
    Patch,
    /// Removes something.
    Delete,
}

/// What a call carries.
#[derive(Debug, Clone)]
pub enum Body {
    /// Nothing.
    Empty,
    /// A form, in the order given.
    Form(Vec<(String, String)>),
    /// JSON.
    Json(Value),
    /// JSON with a password, which is not shown.
    Secret(Value),
    /// A piece of the image.
    Bytes(Arc<Vec<u8>>),
    /// A whole file, streamed.
    File {
        /// Where it is.
        path: PathBuf,
        /// Its length in bytes.
        bytes: u64,
    },
}

/// What came back.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Headers with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// A call that has not been authorized yet: it holds no credentials.
#[derive(Debug, Clone)]
pub struct Call {
    /// The provider's name of the action, as in its reference.
    pub name: &'static str,
    /// Method.
    pub method: Method,
    /// Address with its query.
    pub url: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Body,
    /// Statuses other than 2xx that are an answer and no failure.
    pub expected: &'static [u16],
    /// Whether doing it twice does harm: it is not tried again where it may have been done.
    pub once: bool,
    /// What a dry run takes as the answer.
    pub assumed: Reply,
}

impl Method {
    /// As it is written in a request.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl Reply {
    /// An answer with this status and no body.
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// 200 with a JSON body.
    pub fn json(value: &Value) -> Self {
        Self { status: 200, body: value.to_string().into_bytes(), ..Self::default() }
    }

    /// 200 with this text as its body.
    pub fn text(text: &str) -> Self {
        Self { status: 200, body: text.as_bytes().to_vec(), ..Self::default() }
    }

    /// With one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// The value of a header; the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null where it is none.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The body as text.
    pub fn as_text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Call {
    /// A call without headers and body, which a dry run takes as answered with 200.
    pub fn new(name: &'static str, method: Method, url: impl Into<String>) -> Self {
        Self {
            name,
            method,
            url: url.into(),
            headers: Vec::new(),
            body: Body::Empty,
            expected: &[],
            once: false,
            assumed: Reply::status(200),
        }
    }

    /// With one more header.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "numbers and texts alike")]
    pub fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// With these statuses taken as answers.
    #[must_use]
    pub fn expect(mut self, statuses: &'static [u16]) -> Self {
        self.expected = statuses;
        self
    }

    /// Not to be done twice.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// With this answer in a dry run.
    #[must_use]
    pub fn assume(mut self, reply: Reply) -> Self {
        self.assumed = reply;
        self
    }

    /// The call as `--dry-run` shows it: nothing that is secret is in it.
    pub fn shown(&self) -> String {
        let mut text = format!("{} {}  {}\n", self.method.as_str(), self.url, self.name);
        for (name, value) in &self.headers {
            let _ = writeln!(text, "    {name}: {value}");
        }
        match &self.body {
            Body::Empty => {}
            Body::Form(fields) => {
                for (name, value) in fields {
                    let _ = writeln!(text, "    {name}={value}");
                }
            }
            Body::Json(value) => {
                let pretty = format!("{value:#}");
                pretty.lines().for_each(|line| {
                    let _ = writeln!(text, "    {line}");
                });
            }
            Body::Secret(_) => text.push_str("    (credentials)\n"),
            Body::Bytes(bytes) => {
                let _ = writeln!(text, "    ({} bytes)", bytes.len());
            }
            Body::File { path, bytes } => {
                let name = path.file_name().unwrap_or(path.as_os_str()).display();
                let _ = writeln!(text, "    ({name}, {bytes} bytes)");
            }
        }
        text
    }

    /// The address without its query, for messages.
    pub fn place(&self) -> &str {
        self.url.split('?').next().unwrap_or(&self.url)
    }
}

/// `text` with everything but unreserved characters (RFC 3986 section 2.3) as `%XX`.
pub fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// A form as it is sent (`application/x-www-form-urlencoded`).
pub fn form(fields: &[(String, String)]) -> String {
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    pairs.join("&")
}
