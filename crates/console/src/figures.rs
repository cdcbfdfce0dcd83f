//! Figures for people.

/// A number, with its thousands apart.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How much memory.
pub fn bytes(bytes: u64) -> String {
    let units = [(1_u64 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")];
    for (size, unit) in units {
        if bytes >= size {
            let amount = bytes as f64 / size as f64;
            return if amount < 10.0 { format!("{amount:.1} {unit}") } else { format!("{amount:.0} {unit}") };
        }
    }
    format!("{bytes} B")
}

/// How many a second.
pub fn rate(rate: f64) -> String {
    match rate {
        few if few > 0.0 && few < 10.0 => format!("{few:.1}"),
        many if many < 100_000.0 => count(many.round() as u64),
        many if many < 10_000_000.0 => format!("{}k", count((many / 1_000.0).round() as u64)),
        many => format!("{}M", count((many / 1_000_000.0).round() as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_can_be_read() {
        assert_eq!(
            (count(0), count(999), count(1_000), count(12_345_678)),
            ("0".into(), "999".into(), "1,000".into(), "12,345,678".into())
        );
        assert_eq!((bytes(900), bytes(5 << 20), bytes(200 << 20)), ("900 B".into(), "5.0 MB".into(), "200 MB".into()));
        assert_eq!(
            (rate(0.0), rate(0.25), rate(1_500.4), rate(1_250_000.0)),
            ("0".into(), "0.2".into(), "1,500".into(), "1,250k".into())
        );
    }
}
