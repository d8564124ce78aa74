//! A message's fields as they lie there: one is looked for without decoding the rest.

/// The fields of a message whose values are bytes: of each its number and its value. What is no message ends it.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let key = self.number()?;
            match key & 7 {
                0 => _ = self.number()?,
                1 => _ = self.take(8)?,
                2 => {
                    let bytes = usize::try_from(self.number()?).ok()?;
                    return Some((key >> 3, self.take(bytes)?));
                }
                5 => _ = self.take(4)?,
                _ => return None,
            }
        }
    }
}

impl<'a> Fields<'a> {
    /// The first field of this number.
    pub(super) fn find(message: &'a [u8], field: u64) -> Option<&'a [u8]> {
        Fields(message).find(|(number, _)| *number == field).map(|(_, value)| value)
    }

    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::pb;

    #[test]
    fn a_field_is_found_among_all_kinds() {
        let task = pb::ServerMsg {
            task: "x".repeat(300),
            id: "17".into(),
            seq: 1 << 40,
            submitted_at: Some(prost_types::Timestamp { seconds: 7, nanos: 8 }),
            lease: "Labc".into(),
            attempt: 3,
            ..pb::ServerMsg::default()
        }
        .encode_to_vec();
        assert_eq!(Fields::find(&task, 9), Some(&b"Labc"[..]));
        assert_eq!(Fields::find(&task, 1).map(<[u8]>::len), Some(300));
        assert_eq!(Fields::find(&task, 8), None);
        for cut in 0..task.len() {
            // Whatever there is: it ends.
            let _ = Fields(&task[..cut]).count();
        }
    }
}
