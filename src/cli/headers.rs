//! The headers of a response, as a watch needs them to resume.

use tonic::metadata::MetadataMap;

use crate::wire::STORE_HEADER;

/// The headers of a response.
pub(super) struct Headers<'a>(pub(super) &'a MetadataMap);

impl Headers<'_> {
    fn word(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(|value| value.to_str().ok())
    }

    /// Numbers that are separated by blanks.
    pub(super) fn numbers(&self, name: &str) -> Option<Vec<u64>> {
        self.word(name)?.split_ascii_whitespace().map(|n| n.parse().ok()).collect()
    }

    /// The store's id. None: the server is not ours.
    pub(super) fn store(&self) -> Option<String> {
        self.word(STORE_HEADER).map(str::to_owned)
    }
}
