//! Durations on the command line.

use std::time::Duration;

/// The longest that is taken.
const LONGEST: Duration = Duration::from_secs(10_000 * 3600);

/// Units, the longest first.
const UNITS: [(&str, u64); 5] = [
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

/// Reads `500ms`, `10s`, `5m`, `2h`, and `20us`.
pub fn parse(text: &str) -> Result<Duration, String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let Some((_, microseconds)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err("expected a whole number with us, ms, s, m or h, such as 10s".to_owned());
    };
    if number.is_empty() {
        return Err("expected a whole number before the unit, such as 10s".to_owned());
    }
    // Only digits: a number that does not fit is too large.
    let duration = number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(*microseconds))
        .map(Duration::from_micros);
    duration
        .filter(|duration| *duration <= LONGEST)
        .ok_or_else(|| "at most 10000h".to_owned())
}

/// Writes a duration in the largest unit in which it is a whole number; what no unit fits is in
/// seconds.
pub fn format(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    let whole = UNITS
        .iter()
        .map(|(name, microseconds)| (name, u128::from(*microseconds) * 1000))
        .find(|(_, unit)| nanoseconds.is_multiple_of(*unit));
    match whole {
        _ if nanoseconds == 0 => "0s".to_owned(),
        Some((name, unit)) => format!("{}{name}", nanoseconds / unit),
        None => format!("{}s", duration.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_number_and_a_unit() {
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("2h"), Ok(Duration::from_secs(7200)));
        assert_eq!(parse("20us"), Ok(Duration::from_micros(20)));
        for wrong in [
            "",
            "s",
            "10",
            "1.5s",
            "-1s",
            "99999999999999999999s",
            "10001h",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn durations_are_written_as_they_are_read() {
        for text in ["0s", "500ms", "90s", "5m", "2h", "20us", "1001ms"] {
            assert_eq!(format(parse(text).expect("a duration")), text);
        }
        assert_eq!(format(Duration::from_nanos(1_000_000_001)), "1.000000001s");
    }
}
