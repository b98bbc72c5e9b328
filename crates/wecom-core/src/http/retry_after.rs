//! The `Retry-After` header.

use std::time::Duration;

use crate::http::headers::Headers;

/// The wait that a server asks for. A date is compared with the `Date` header of the reply, because core has no clock.
pub(crate) fn retry_after(headers: &Headers) -> Option<Duration> {
    let text = text(headers, "retry-after")?;
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let now = httpdate::parse_http_date(self::text(headers, "date")?).ok()?;
    Some(until.duration_since(now).unwrap_or_default())
}

fn text<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    std::str::from_utf8(headers.get(name)?).ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pairs: &[(&str, &str)]) -> Option<Duration> {
        let mut headers = Headers::new();
        pairs.iter().for_each(|(name, value)| headers.push(name, value));
        retry_after(&headers)
    }

    #[test]
    fn a_number_of_seconds_is_read() {
        assert_eq!(asked(&[("Retry-After", " 120 ")]), Some(Duration::from_secs(120)));
        assert_eq!(asked(&[("retry-after", "0")]), Some(Duration::ZERO));
    }

    #[test]
    fn a_date_is_compared_with_the_date_of_the_reply() {
        let until = ("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT");
        assert_eq!(asked(&[until, ("Date", "Wed, 21 Oct 2015 07:27:30 GMT")]), Some(Duration::from_secs(30)));
        assert_eq!(asked(&[until, ("Date", "Wed, 21 Oct 2015 07:29:00 GMT")]), Some(Duration::ZERO));
        assert_eq!(asked(&[until]), None);
    }

    #[test]
    fn any_other_value_is_ignored() {
        for text in ["", "soon", "-1", "1.5", "99999999999999999999", "Wed, 99 Oct 2015"] {
            assert_eq!(asked(&[("Retry-After", text), ("Date", "x")]), None, "{text:?}");
        }
        assert_eq!(asked(&[]), None);
    }
}
