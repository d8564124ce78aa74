//! A grant: a line of the file of tokens. It says who somebody is, by what that is proved, and what they may.
//!
//! What is wrong with a line is said, never passed over: a misspelt field would grant too much, or to nobody.

use prost_types::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Role,
    secret::{TokenHash, without_tokens},
};
use crate::{
    name::ClientName,
    server::engine::{Pattern, Reach},
};

/// The name in a line that stands for whomever a certificate names.
const ANY: &str = "*";
/// Longest id of a line, in bytes.
const ID_BYTES_MAX: usize = 32;

/// What somebody may, and how they prove who they are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Line", into = "Line")]
pub struct Grant {
    /// Names this line.
    pub id: String,
    /// Who they are. `None`: whomever the certificate names.
    pub name: Option<ClientName>,
    /// What proves it.
    pub proof: Proof,
    /// What they may do.
    pub roles: Vec<Role>,
    /// In these queues, and in their own.
    pub queues: Vec<Pattern>,
    /// As a member of these groups, and of their own.
    pub groups: Vec<Pattern>,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Option<Timestamp>,
}

/// What proves who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// To have the token of this hash.
    Token(TokenHash),
    /// A client certificate.
    Certificate,
}

impl Grant {
    /// What is granted where a certificate is all that is asked for: everything but to cut into what is others'.
    pub(super) fn of_anybody_certified() -> Self {
        Grant {
            id: "certificate".to_owned(),
            name: None,
            proof: Proof::Certificate,
            roles: vec![Role::Submit, Role::Watch, Role::Work, Role::Report, Role::Inspect],
            queues: vec![Pattern::all()],
            groups: vec![Pattern::all()],
            created_at: Timestamp::default(),
            expires_at: None,
        }
    }

    /// Their name as the file has it.
    pub fn name(&self) -> &str {
        self.name.as_ref().map_or(ANY, ClientName::as_str)
    }

    /// How far somebody reaches by it.
    pub(super) fn reach(&self, identity: ClientName) -> Reach {
        let (queues, groups) = (self.queues.clone(), self.groups.clone());
        match self.roles.contains(&Role::Admin) {
            true => Reach::of_admin(identity, queues, groups),
            false => Reach::of(identity, queues, groups),
        }
    }

    /// Whether its time is over.
    pub fn is_over(&self, now_ms: u64) -> bool {
        self.expires_at.as_ref().is_some_and(|at| milliseconds(at) <= now_ms)
    }
}

/// Judges whether a text may stand for somebody in a line.
pub fn name_of(text: &str) -> Result<Option<ClientName>, String> {
    match text {
        ANY => Ok(None),
        name => ClientName::parse(name).map(Some).map_err(|e| without_tokens(&e.to_string())),
    }
}

/// A time in milliseconds since 1970.
fn milliseconds(at: &Timestamp) -> u64 {
    let seconds = u64::try_from(at.seconds).unwrap_or_default();
    seconds.saturating_mul(1000).saturating_add(u64::try_from(at.nanos).unwrap_or_default() / 1_000_000)
}

/// A grant as it is written down.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blake3: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    certificate: bool,
    roles: Vec<Role>,
    queues: Vec<String>,
    groups: Vec<String>,
    created_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

impl TryFrom<Line> for Grant {
    type Error = String;

    fn try_from(line: Line) -> Result<Self, String> {
        let is_id = !line.id.is_empty()
            && line.id.len() <= ID_BYTES_MAX
            && line.id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if !is_id {
            return Err(format!("id must be 1 to {ID_BYTES_MAX} of A-Z a-z 0-9 . _ -"));
        }
        let proof = match (&line.blake3, line.certificate) {
            // Not repeated: it may be a token that somebody has put where its hash belongs.
            (Some(hash), false) => TokenHash::parse(hash)
                .map(Proof::Token)
                .ok_or("blake3 must be the token's hash: 64 hexadecimal digits, small letters")?,
            (None, true) => Proof::Certificate,
            (None, false) => return Err("blake3 is missing, and certificate is not true".into()),
            (Some(_), true) => return Err("blake3 and certificate exclude each other".into()),
        };
        let name = name_of(&line.name)?;
        if name.is_none() && proof != Proof::Certificate {
            return Err(format!("name {ANY:?} stands for whomever a certificate names: a token has a name"));
        }
        let patterns = |field: &str, texts: Vec<String>| -> Result<Vec<Pattern>, String> {
            let parsed = texts.iter().map(|text| text.parse());
            parsed.collect::<Result<_, String>>().map_err(|e| format!("{field}: {e}"))
        };
        Ok(Grant {
            name,
            proof,
            roles: line.roles,
            queues: patterns("queues", line.queues)?,
            groups: patterns("groups", line.groups)?,
            created_at: time("created_at", &line.created_at)?,
            expires_at: line.expires_at.map(|at| time("expires_at", &at)).transpose()?,
            id: line.id,
        })
    }
}

impl From<Grant> for Line {
    fn from(grant: Grant) -> Self {
        let texts = |patterns: &[Pattern]| patterns.iter().map(ToString::to_string).collect();
        Line {
            name: grant.name().to_owned(),
            blake3: match grant.proof {
                Proof::Token(hash) => Some(hash.to_string()),
                Proof::Certificate => None,
            },
            certificate: grant.proof == Proof::Certificate,
            queues: texts(&grant.queues),
            groups: texts(&grant.groups),
            created_at: grant.created_at.to_string(),
            expires_at: grant.expires_at.map(|at| at.to_string()),
            id: grant.id,
            roles: grant.roles,
        }
    }
}

fn time(field: &str, text: &str) -> Result<Timestamp, String> {
    let time = text.parse().ok().filter(|_| text.ends_with('Z'));
    time.ok_or_else(|| format!("{field} {text:?} is no time like 2026-11-22T06:00:00Z"))
}

/// Reads a line.
pub(super) fn parse(line: &str) -> Result<Grant, String> {
    if !line.trim_start().starts_with('{') {
        // serde would also take the values alone, in the order of the fields.
        return Err("not a JSON object".into());
    }
    serde_json::from_str(line).map_err(|e| {
        let message = e.to_string();
        // From the end: what stands in front may be the file's.
        let message = message.rsplit_once(" at line ").map_or(&message[..], |(message, _)| message);
        without_tokens(message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"id":"1","name":"kiosk-7","certificate":true,"roles":["work","report"],"queues":["ci.*"],"groups":["ci"],"created_at":"2026-11-22T06:00:00Z","expires_at":"2027-11-22T06:00:00Z"}"#;

    #[test]
    fn a_line_is_a_grant_and_back() {
        let grant = parse(GOOD).unwrap();
        assert_eq!(serde_json::to_string(&grant).unwrap(), GOOD);
        let expires_ms = grant.expires_at.as_ref().map(milliseconds).unwrap();
        assert!(grant.is_over(expires_ms) && !grant.is_over(expires_ms - 1));
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said() {
        let token = super::super::secret::Token::random();
        let hash = format!(r#""blake3":"{}""#, token.hash());
        for (good, bad, says) in [
            (r#""roles""#, r#""rolls""#, "unknown field `rolls`"),
            (r#""work""#, r#""boss""#, "unknown variant `boss`"),
            (r#""work","report""#, r#""work"],"roles":["admin""#, "duplicate field `roles`"),
            (r#""queues":["ci.*"],"#, "", "missing field `queues`"),
            (r#""ci.*""#, r#""ci/*""#, "queues: \"ci/*\" is not a name"),
            (r#""id":"1""#, r#""id":"""#, "id must be"),
            ("kiosk-7", "kiosk 7", "client \"kiosk 7\" is not a name"),
            (r#""certificate":true,"#, "", "blake3 is missing"),
            ("true", &format!("true,{hash}"), "exclude each other"),
            (r#""certificate":true"#, &format!(r#""blake3":"{}""#, token.secret()), "64 hexadecimal"),
            (r#""kiosk-7","certificate":true"#, &format!(r#""*",{hash}"#), "a token has a name"),
            ("kiosk-7", &format!("{}!", token.secret()), "client \"ct_…!\" is not a name"),
            (r#"["ci"]"#, &format!(r#""{}""#, token.secret()), "invalid type: string \"ct_…\""),
            ("2027-11-22T06:00:00Z", "2027-11-22", "is no time"),
            ("{", "[", "not a JSON object"),
            ("}", "", "EOF"),
            ("}", "} 1", "trailing"),
        ] {
            let line = GOOD.replacen(good, bad, 1);
            let why = parse(&line).unwrap_err();
            assert!(why.contains(says), "{line}: {why}");
            assert!(!why.contains(&token.secret()[3..]), "{why}");
        }
    }
}
