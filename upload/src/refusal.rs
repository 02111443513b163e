//! What a provider means by an answer that is no success.

use serde_json::Value;

use crate::call::Reply;

/// What kind of no it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The same call may succeed in a moment.
    Passing,
    /// The credentials have run out.
    Expired,
    /// No.
    Final,
}

/// Codes that ask for patience. Amazon sends several of them with status 400, Google with 403.
const PASSING: [&str; 16] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "InternalServerException",
    "InternalError",
    "InternalFailure",
    "ServiceUnavailable",
    "Unavailable",
    "ServerBusy",
    "OperationTimedOut",
    "rateLimitExceeded",
    "userRateLimitExceeded",
];

/// Codes that say the credentials have run out.
const EXPIRED: [&str; 6] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "ExpiredAuthenticationToken",
    "TokenExpired",
    "UnauthorizedSSOTokenException",
];

/// The kind of an answer, with its code (a blank before it, or empty) and message.
pub fn refusal(reply: &Reply) -> (Refusal, String, String) {
    let (code, message) = told(reply);
    let is_in = |codes: &[&str]| codes.contains(&code.as_str());
    let kind = if is_in(&EXPIRED) || reply.status == 401 {
        Refusal::Expired
    } else if is_in(&PASSING) || matches!(reply.status, 408 | 429 | 500 | 502 | 503 | 504) {
        Refusal::Passing
    } else {
        Refusal::Final
    };
    let code = if code.is_empty() { code } else { format!(" {code}") };
    (kind, code, message)
}

/// Code and message, wherever the provider puts them.
fn told(reply: &Reply) -> (String, String) {
    // `x-amzn-errortype: ThrottlingException:http://...`
    let header = ["x-ms-error-code", "x-amzn-errortype"].iter().find_map(|name| reply.header(name));
    let header = header.and_then(|value| value.split(':').next()).unwrap_or("").to_owned();
    let text = reply.as_text();
    if let Ok(value) = serde_json::from_slice::<Value>(&reply.body) {
        let (code, message) = of_json(&value);
        return (if header.is_empty() { code } else { header }, one_line(&message));
    }
    if let Ok(document) = roxmltree::Document::parse(text.trim_start_matches('\u{feff}')) {
        let find = |name: &str| {
            let node = document.descendants().find(|node| node.tag_name().name() == name);
            node.and_then(|node| node.text()).unwrap_or("").to_owned()
        };
        let code = find("Code");
        let message = [find("Message"), find("message")].into_iter().find(|text| !text.is_empty());
        let message = message.unwrap_or_else(|| one_line(&text));
        return (if header.is_empty() { code } else { header }, one_line(&message));
    }
    (header, one_line(&text))
}

fn of_json(value: &Value) -> (String, String) {
    // {"error": {...}} of Google, Azure and Keystone; {"__type", "message"} of Amazon; {"title"} of Glance.
    let error = value.get("error").filter(|error| error.is_object()).unwrap_or(value);
    let text = |names: &[&str]| {
        let found = names.iter().find_map(|name| error.get(name));
        found.map_or(String::new(), |value| {
            value.as_str().map_or_else(|| value.to_string(), str::to_owned)
        })
    };
    let reason = error.pointer("/errors/0/reason").and_then(Value::as_str).map(str::to_owned);
    let code = reason.unwrap_or_else(|| text(&["__type", "code", "title"]));
    let code = code.rsplit('#').next().unwrap_or("").to_owned();
    let message = text(&["message", "Message", "error_description", "explanation"]);
    (code, if message.is_empty() { value.to_string() } else { message })
}

/// The first 400 characters, on one line.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(400).collect()
}

#[cfg(test)]
mod tests;
