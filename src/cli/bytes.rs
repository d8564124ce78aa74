//! Numbers of bytes, as people write them.

/// Reads `65536`, `64KiB`, `64MiB` or `1GiB`.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim_start() {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        "TiB" => 40,
        _ => return Err("write it like 65536, 64KiB, 64MiB or 1GiB".into()),
    };
    let number: u64 = number.parse().map_err(|_| "write it like 65536, 64KiB, 64MiB or 1GiB".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "that is too much".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let sizes = ["0", "65536", "1B", "64KiB", "64 MiB", "1GiB"].map(|text| bytes(text).unwrap());
        assert_eq!(sizes, [0, 65536, 1, 64 << 10, 64 << 20, 1 << 30]);
        for bad in ["", "MiB", "64MB", "64M", "-1", "1.5GiB", "17000000TiB", "99999999999999999999", "64MiBx"]
        {
            assert!(bytes(bad).is_err(), "{bad:?}");
        }
    }
}
