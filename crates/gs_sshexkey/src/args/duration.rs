//! A time to last: `30m`, `8h`, `2d`, `1w`.

/// `8h` in seconds.
pub(super) fn duration(text: &str) -> Option<i64> {
    let unit = text.chars().last()?;
    let seconds = match unit {
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    Some(number(text.strip_suffix(unit)?)?.saturating_mul(seconds))
}

/// Digits and nothing else. One that is too large is the largest.
pub(super) fn number(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().unwrap_or(i64::MAX))
}
