//! The end of an output: whatever comes, only the last bytes are kept, in bounded memory.

/// The least that there is room for in one read.
const READ_MIN: usize = 4 << 10;

/// The end of what a command has written, as text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::cli::run) struct Tail {
    /// Byte for byte, but for what is not UTF-8: U+FFFD stands for that.
    pub(in crate::cli::run) text: String,
    /// Something before it was left out.
    pub(in crate::cli::run) cut: bool,
    /// It was not UTF-8.
    pub(in crate::cli::run) lossy: bool,
}

/// The last bytes of a stream, at most `limit`.
#[derive(Debug)]
pub(super) struct LastBytes {
    /// The newest last. It grows to twice the limit and is then cut back to it, so that each byte is moved once.
    bytes: Vec<u8>,
    limit: usize,
    cut: bool,
}

impl LastBytes {
    pub(super) fn new(limit: usize) -> Self {
        LastBytes { bytes: Vec::new(), limit, cut: false }
    }

    /// Where the next bytes go: behind those that are there, as many as there is capacity for.
    pub(super) fn room(&mut self) -> &mut Vec<u8> {
        let len = self.bytes.len();
        if len + READ_MIN > 2 * self.limit && len > self.limit {
            self.bytes.copy_within(len - self.limit.., 0);
            self.bytes.truncate(self.limit);
            self.cut = true;
        }
        let len = self.bytes.len();
        if self.bytes.capacity() - len < READ_MIN {
            // Doubling, but never beyond what is needed at most.
            self.bytes
                .reserve_exact(len.max(READ_MIN).min((2 * self.limit).saturating_sub(len)).max(READ_MIN));
        }
        &mut self.bytes
    }

    /// The text, at most `limit` bytes. It begins with a whole character.
    pub(super) fn into_tail(self) -> Tail {
        let LastBytes { mut bytes, limit, mut cut } = self;
        let cut_to = |len: usize, cut: &mut bool| {
            let over = len.saturating_sub(limit);
            *cut |= over > 0;
            over
        };
        let over = cut_to(bytes.len(), &mut cut);
        let rest = &bytes[over..];
        let inside =
            if cut { rest.iter().take(3).take_while(|byte| *byte & 0xC0 == 0x80).count() } else { 0 };
        bytes.drain(..over + inside);
        match String::from_utf8(bytes) {
            Ok(text) => Tail { text, cut, lossy: false },
            Err(e) => {
                // U+FFFD has three bytes and may stand for one.
                let mut text = String::from_utf8_lossy(e.as_bytes()).into_owned();
                let over = text.ceil_char_boundary(cut_to(text.len(), &mut cut));
                text.drain(..over);
                Tail { text, cut, lossy: true }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(limit: usize, pieces: &[&[u8]]) -> Tail {
        let mut last = LastBytes::new(limit);
        for piece in pieces {
            let mut piece = *piece;
            while !piece.is_empty() {
                let room = last.room();
                let take = piece.len().min(room.capacity() - room.len());
                assert!(take > 0);
                room.extend_from_slice(&piece[..take]);
                piece = &piece[take..];
            }
        }
        assert!(last.bytes.capacity() <= 2 * limit + 2 * READ_MIN, "{}", last.bytes.capacity());
        last.into_tail()
    }

    #[test]
    fn what_fits_is_kept_as_it_is() {
        let text = "a\0b\r\n\n 任务 \n";
        let whole = Tail { text: text.into(), cut: false, lossy: false };
        assert_eq!(tail(text.len(), &[text.as_bytes()]), whole);
        assert_eq!(tail(9, &[]), Tail::default());
    }

    #[test]
    fn the_beginning_is_left_out_up_to_a_whole_character() {
        assert_eq!(tail(4, &[b"123", b"456"]), Tail { text: "3456".into(), cut: true, lossy: false });
        assert_eq!(tail(4, &["任务".as_bytes()]), Tail { text: "务".into(), cut: true, lossy: false });
        assert_eq!(tail(2, &["😀".as_bytes()]), Tail { text: String::new(), cut: true, lossy: false });
    }

    #[test]
    fn of_a_flood_the_last_is_kept() {
        let flood: Vec<u8> = (0..300_000_u32).flat_map(|n| format!("{n}\n").into_bytes()).collect();
        let pieces: Vec<&[u8]> = flood.chunks(10_007).collect();
        for limit in [1, 100, 16 << 10, 64 << 10] {
            let tail = tail(limit, &pieces);
            assert!(tail.cut && !tail.lossy);
            assert_eq!(tail.text.as_bytes(), &flood[flood.len() - limit..]);
        }
    }

    #[test]
    fn what_is_not_utf8_is_marked_and_stays_in_bounds() {
        assert_eq!(tail(9, &[b"a\xFFb"]), Tail { text: "a\u{FFFD}b".into(), cut: false, lossy: true });
        let tail = tail(1000, &[&[0xFF; 5000]]);
        assert!(tail.cut && tail.lossy);
        assert_eq!(tail.text, "\u{FFFD}".repeat(333));
    }
}
