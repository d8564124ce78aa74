//! A token: what a client shows to prove who it is. It is made here, said once, and known afterwards by its hash
//! alone: who reads the file of tokens cannot use them.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

/// What every token begins with, so that it is known for one wherever it turns up.
const PREFIX: &str = "ct_";
/// Nobody guesses that many random bytes, so that a plain hash of them is as good as a slow one.
const RANDOM_BYTES: usize = 32;

/// A token. It is not shown by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A new one.
    pub fn random() -> Self {
        let bytes: [u8; RANDOM_BYTES] = rand::random();
        Token(format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Judges whether a text may be one.
    pub fn parse(text: &str) -> Option<Self> {
        let random = BASE64_URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        (random.len() == RANDOM_BYTES).then(|| Token(text.to_owned()))
    }

    /// The token itself. Whoever has it is its owner.
    pub fn secret(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn hash(&self) -> TokenHash {
        TokenHash(*blake3::hash(self.0.as_bytes()).as_bytes())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}…")
    }
}

/// What is kept of a token: its BLAKE3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Judges 64 hexadecimal digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        blake3::Hash::from_hex(text).ok().map(|hash| TokenHash(*hash.as_bytes()))
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        blake3::Hash::from_bytes(self.0).fmt(f)
    }
}

/// A text of somebody's mistake without the tokens in it.
pub(super) fn without_tokens(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let mut parts = text.split(PREFIX);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(is_part);
        // A short one is a word like any other.
        let is_short = part.len() - rest.len() < RANDOM_BYTES;
        shown.push_str(PREFIX);
        shown.push_str(if is_short { "" } else { "…" });
        shown.push_str(if is_short { part } else { rest });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_hash_and_not_shown() {
        let token = Token::random();
        assert_eq!(Token::parse(token.secret()), Some(token.clone()));
        assert_ne!(Token::random(), token);
        assert_eq!(TokenHash::parse(&token.hash().to_string()), Some(token.hash()));
        assert_eq!(format!("{token:?}"), "ct_…");
        assert_eq!(without_tokens(&format!("a {token:?} of {}!", token.secret())), "a ct_… of ct_…!");
        assert_eq!(without_tokens("direct_access"), "direct_access");
        let long = format!("{}A", token.secret());
        for bad in ["", "ct_", "ct_abc", &token.secret()[3..], &token.secret()[..45], &long] {
            assert_eq!(Token::parse(bad), None, "{bad}");
        }
    }
}
