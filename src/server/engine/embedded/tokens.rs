//! Lease tokens: which hand-out this is, and a mark that only this store can make. So whoever has one may settle,
//! from any process over any connection, and nobody can make one up. The mark is another for each identity: who has
//! come by the token of somebody else has nothing.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::machine::Key;
use crate::{
    name::ClientName,
    server::engine::frames::{put_varint, take_varint},
};

/// Each token begins with it: what is made of base64 alone looks like anything.
const PREFIX: char = 'L';
/// Of the mark; 2^-96 is the chance of guessing one.
const MARK_BYTES: usize = 12;
/// No token is longer.
const TOKEN_BYTES_MAX: usize = 64;

/// Makes and reads tokens.
#[derive(Clone)]
pub(super) struct Tokens {
    key: [u8; 32],
}

impl Tokens {
    /// With the store's key.
    pub(super) fn new(key: [u8; 32]) -> Self {
        Tokens { key }
    }

    /// Those of an identity. Nobody in particular has the store's own.
    pub(super) fn of(&self, identity: Option<&ClientName>) -> Self {
        let Some(identity) = identity else { return self.clone() };
        let mut hasher = blake3::Hasher::new_derive_key("contact 2026 leases of an identity");
        hasher.update(&self.key).update(identity.as_str().as_bytes());
        Tokens { key: *hasher.finalize().as_bytes() }
    }

    /// The token of a lease.
    pub(super) fn write(&self, key: &Key) -> String {
        let mut token = String::with_capacity(48);
        self.write_to(key, &mut token);
        token
    }

    /// Appends the token of a lease.
    pub(super) fn write_to(&self, key: &Key, token: &mut String) {
        let mut bytes = Vec::with_capacity(48);
        for n in [u64::from(key.group), key.seq, u64::from(key.attempt)] {
            put_varint(&mut bytes, n);
        }
        let mark = self.mark(&bytes);
        bytes.extend_from_slice(&mark);
        token.push(PREFIX);
        URL_SAFE_NO_PAD.encode_string(&bytes, token);
    }

    /// The lease of a token. `None`: it is none of ours.
    pub(super) fn read(&self, token: &str) -> Option<Key> {
        let text = token.strip_prefix(PREFIX).filter(|text| text.len() <= TOKEN_BYTES_MAX)?;
        let mut bytes = [0; TOKEN_BYTES_MAX];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        let (mut said, mark) = bytes[..length].split_at_checked(length.checked_sub(MARK_BYTES)?)?;
        // blake3's own comparison: it takes as long whichever byte is wrong.
        let mut padded = [0; 32];
        padded[..MARK_BYTES].copy_from_slice(mark);
        let mut expected = [0; 32];
        expected[..MARK_BYTES].copy_from_slice(&self.mark(said));
        if blake3::Hash::from_bytes(padded) != blake3::Hash::from_bytes(expected) {
            return None;
        }
        let key = Key {
            group: u32::try_from(take_varint(&mut said)?).ok()?,
            seq: take_varint(&mut said)?,
            attempt: u32::try_from(take_varint(&mut said)?).ok()?,
        };
        said.is_empty().then_some(key)
    }

    fn mark(&self, said: &[u8]) -> [u8; MARK_BYTES] {
        let mut mark = [0; MARK_BYTES];
        mark.copy_from_slice(&blake3::keyed_hash(&self.key, said).as_bytes()[..MARK_BYTES]);
        mark
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    #[test]
    fn a_token_is_short_safe_in_a_shell_and_comes_back() {
        let tokens = Tokens::new([7; 32]);
        for key in [(1, 1, 1), (u32::MAX, u64::MAX, u32::MAX), (3, 1 << 40, 200)] {
            let key = Key { group: key.0, seq: key.1, attempt: key.2 };
            let token = tokens.write(&key);
            assert!(
                token.len() <= 50 && token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
            );
            assert_eq!(tokens.read(&token), Some(key));
            assert_eq!(Tokens::new([8; 32]).read(&token), None, "another store's");
        }
    }

    #[test]
    fn a_token_is_nobody_elses() {
        let store = Tokens::new([7; 32]);
        let [kiosk, other] =
            ["kiosk-7", "kiosk-70"].map(|name| store.of(ClientName::parse(name).ok().as_ref()));
        let key = Key { group: 1, seq: 300, attempt: 2 };
        let all = [store.of(None), kiosk, other];
        for (i, writer) in all.iter().enumerate() {
            let token = writer.write(&key);
            for (j, reader) in all.iter().enumerate() {
                assert_eq!(reader.read(&token), (i == j).then_some(key), "{i} {j}");
            }
            // Without an identity they are what they were before there were any.
            assert_eq!(store.read(&token).is_some(), i == 0);
        }
    }

    #[test]
    fn ten_thousand_forged_tokens_are_nobodys() {
        let tokens = Tokens::new([7; 32]);
        let mut rng = rand::rng();
        let good = tokens.write(&Key { group: 1, seq: 300, attempt: 2 });
        for end in 0..good.len() {
            assert_eq!(tokens.read(&good[..end]), None, "cut");
        }
        for _ in 0..10_000 {
            let mut bent = good.clone().into_bytes();
            let place = rng.random_range(0..bent.len());
            bent[place] = rng.random_range(b' '..=b'~');
            let bent = String::from_utf8(bent).unwrap();
            assert!(bent == good || tokens.read(&bent).is_none(), "{bent}");
            let random: String = (0..rng.random_range(0..80)).map(|_| rng.random::<char>()).collect();
            assert_eq!(tokens.read(&random), None);
            assert_eq!(tokens.read(&format!("L{}", URL_SAFE_NO_PAD.encode(rng.random::<[u8; 16]>()))), None);
        }
    }
}
