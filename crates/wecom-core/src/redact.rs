//! Texts from outside, made fit to be shown: the request's secrets replaced, control characters made visible, length
//! bounded.

use crate::query::encoded;
use crate::request::Request;

/// How much of a foreign text is shown, in characters.
const SHOWN: usize = 300;

/// A shorter text is no secret that a service gives; taken for one, it would make every text unreadable.
const SHORTEST_SECRET: usize = 4;

/// What must not be shown of one request's exchange, in each form in which it may come back.
pub(crate) struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    pub(crate) fn new(request: &Request) -> Self {
        let mut secrets = Vec::new();
        for secret in request.secrets().filter(|secret| secret.len() >= SHORTEST_SECRET) {
            let in_json = serde_json::to_string(secret).unwrap_or_default();
            let in_json = in_json.trim_matches('"').to_owned();
            for form in [secret.to_owned(), encoded(secret).to_string(), in_json.replace('/', "\\/"), in_json] {
                if !secrets.contains(&form) {
                    secrets.push(form);
                }
            }
        }
        Self { secrets }
    }

    /// Whether the text holds a secret.
    pub(crate) fn leaks(&self, text: &str) -> bool {
        self.secrets.iter().any(|secret| text.contains(secret.as_str()))
    }

    /// The text with each secret replaced by `***`, bounded, on one line.
    pub(crate) fn text(&self, text: &str) -> String {
        self.shown(text, text.len())
    }

    /// The beginning of a reply as text.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> String {
        // Looked at beyond what is shown, so that a secret across the end is found whole.
        let longest = self.secrets.iter().map(String::len).max().unwrap_or(0);
        let window = bytes.get(..SHOWN * 4 + longest).unwrap_or(bytes);
        self.shown(&String::from_utf8_lossy(window), bytes.len())
    }

    fn shown(&self, text: &str, whole: usize) -> String {
        let mut clean = text.to_owned();
        for secret in &self.secrets {
            clean = clean.replace(secret.as_str(), "***");
        }
        let mut shown: String = clean.chars().take(SHOWN).map(visible).collect();
        if clean.chars().nth(SHOWN).is_some() || whole > text.len() {
            shown.push('…');
        }
        shown
    }
}

/// Line breaks and tabs become spaces, other control characters a sign that something stood there.
fn visible(character: char) -> char {
    match character {
        '\n' | '\r' | '\t' => ' ',
        control if control.is_control() => char::REPLACEMENT_CHARACTER,
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Endpoint;
    use crate::secret::AccessToken;

    const ENDPOINT: Endpoint = Endpoint::get("a", "a");

    fn redactor(token: &str) -> Redactor {
        Redactor::new(&Request::new(&ENDPOINT).with_token(AccessToken::new(token)))
    }

    #[test]
    fn a_token_is_replaced_as_it_is_and_percent_encoded_and_json_escaped() {
        let redactor = redactor("ca/na\"ry");
        assert_eq!(redactor.text("ca/na\"ry ca%2Fna%22ry ca/na\\\"ry ca\\/na\\\"ry"), "*** *** *** ***");
    }

    #[test]
    fn a_token_that_lies_across_the_bound_leaves_no_piece() {
        for before in 0..1300 {
            let shown = redactor("canarycanary").bytes(format!("{}canarycanary", "-".repeat(before)).as_bytes());
            assert!(!shown.contains('c'), "{before}: {shown}");
        }
    }

    #[test]
    fn a_long_text_with_line_breaks_becomes_one_short_line() {
        let shown = redactor("canary").bytes("x\n".repeat(1_000_000).as_bytes());
        assert!(shown.starts_with("x x") && shown.ends_with('…') && shown.len() < 1000, "{shown}");
    }
}
