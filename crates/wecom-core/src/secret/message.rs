//! Reduces a text from outside, such as an `errmsg`, to what an error may show: plain words.
//!
//! Known secrets are masked in any form. Everything that looks like a secret, a telephone number or a URL is masked too,
//! because a server may repeat data of another call.

use std::ops::Range;

use crate::secret::forms::decoded;
use crate::secret::matcher::{masked, merged};
use crate::secret::printable::is_invisible;
use crate::secret::redactor::{Redactor, beginning, is_of_word, one_line};

/// The minimum length of a word that is masked for being the beginning or the end of a secret.
const SHORTEST_END: usize = 4;

/// The minimum length of a word that is masked for not being plain.
const SHORTEST_OPAQUE: usize = 12;

/// The maximum number of consecutive digits that are shown. An agent id has 7, a telephone number at least 8.
const MOST_DIGITS: usize = 7;

/// Returns the text without escapes, on one line, at most 300 characters long, with everything masked that must not be shown.
///
/// ```
/// use wecom_core::secret::{Redactor, message};
///
/// let text = message::shown_message("mobile 13800000001 is invalid", &Redactor::default());
/// assert_eq!(text, "mobile *** is invalid");
/// ```
#[must_use]
pub fn shown_message(text: &str, redactor: &Redactor) -> String {
    let (text, is_cut) = beginning(text);
    let plain = decoded(text);
    let opaque = opaque_words(&plain, redactor);
    let places = merged(
        redactor
            .matcher()
            .find_all(&plain)
            .chain(opaque)
            .chain(urls(&plain))
            .chain(telephone_numbers(&plain))
            .collect(),
    );
    one_line(&masked(&plain, &places), is_cut)
}

/// The places of the words of a text without escapes that look like a secret or contain a part of one.
pub(crate) fn opaque_words<'a>(plain: &'a str, redactor: &'a Redactor) -> impl Iterator<Item = Range<usize>> + 'a {
    words(plain).filter(|place| plain.get(place.clone()).is_some_and(|word| is_opaque(word, redactor)))
}

/// The name of a field, if it may be shown.
pub(crate) fn shown_field_name<'n>(name: &'n str, redactor: &Redactor) -> Option<&'n str> {
    const LONGEST: usize = 40;
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let fits = is_name && (1..=LONGEST).contains(&name.len());
    (fits && !is_opaque(name, redactor) && !redactor.finds_secret(name)).then_some(name)
}

fn is_opaque(word: &str, redactor: &Redactor) -> bool {
    // A beginning or an end of a plain secret may be an ordinary word.
    let mut secrets = redactor.secrets().filter(|secret| !is_plain_word(secret));
    let mut is_end =
        || word.len() >= SHORTEST_END && secrets.any(|secret| secret.starts_with(word) || secret.ends_with(word));
    !is_hint(word) && (!is_plain_word(word) || is_end())
}

/// The places of the words of a text, without trailing full stops.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = 0;
    text.split(|character| !is_of_word(character)).filter_map(move |word| {
        let place = start..start + word.trim_end_matches('.').len();
        // The separator is the next character, of any length in bytes.
        let end = start + word.len();
        start = end + text.get(end..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        (!place.is_empty()).then_some(place)
    })
}

/// The places of the URLs of a text.
fn urls(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    text.match_indices("://").map(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let start = before.trim_end_matches(|character: char| character.is_ascii_alphanumeric()).len();
        let rest = text.get(at..).unwrap_or_default();
        let ends =
            |character: char| is_invisible(character) || !character.is_ascii() || "\"'<>()[]{},;".contains(character);
        start..at + rest.find(ends).unwrap_or(rest.len())
    })
}

/// The places of telephone numbers in groups, such as `+86 139 1234 5678`, or in full-width digits.
fn telephone_numbers(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut rest = text.char_indices().peekable();
    std::iter::from_fn(move || {
        loop {
            let (start, _) = rest.by_ref().find(|(_, character)| is_any_digit(*character))?;
            let mut end = start;
            while let Some((at, character)) =
                rest.next_if(|(at, character)| is_any_digit(*character) || is_followed_by_digit(text, *at, *character))
            {
                end = at + character.len_utf8();
            }
            let place = start..end;
            // A number inside a longer word is not a telephone number: `words` checks such words.
            let continues =
                text.get(end..).is_some_and(|rest| rest.starts_with(|next| next != '.' && is_of_word(next)));
            if !continues && text.get(place.clone()).is_some_and(is_grouped_number) {
                return Some(place);
            }
        }
    })
}

fn is_any_digit(character: char) -> bool {
    character.is_ascii_digit() || ('０'..='９').contains(&character)
}

/// Whether a character separates two groups of a number.
fn is_followed_by_digit(text: &str, at: usize, character: char) -> bool {
    let next = text.get(at + character.len_utf8()..).and_then(|rest| rest.chars().next());
    " -./_".contains(character) && next.is_some_and(is_any_digit)
}

/// Whether groups of digits have the length of a telephone number, or full-width digits are more than may be shown. An IP
/// address does not count, and neither does a group with more digits than a telephone number.
fn is_grouped_number(text: &str) -> bool {
    let groups: Vec<usize> =
        text.split(|character| !is_any_digit(character)).map(|group| group.chars().count()).collect();
    let digits: usize = groups.iter().sum();
    if !text.is_ascii() {
        return digits > MOST_DIGITS;
    }
    let is_address = groups.len() == 4 && text.matches('.').count() == 3 && groups.iter().all(|digits| *digits <= 3);
    groups.len() > 1 && (11..=17).contains(&digits) && !is_address && groups.iter().all(|digits| *digits <= 11)
}

/// Whether a word consists of letters and short numbers, as natural language and identifiers do.
fn is_plain_word(word: &str) -> bool {
    let digits = word.split(|character: char| !character.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    let is_plain = || word.split(['-', '_', '.', '/', '+', '~']).all(is_plain_part);
    is_corp_id(word)
        || digits <= MOST_DIGITS && !is_telephone_number(word) && (word.len() < SHORTEST_OPAQUE || is_plain())
}

/// A telephone number with hyphens, such as `138-0000-0000`. A date has fewer digits.
fn is_telephone_number(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    digits >= 10 && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// Whether a part of a word is plain: `errmsg`, `HTTP`, `externalUserId`, `sha256`, `1000004`.
fn is_plain_part(part: &str) -> bool {
    const LONGEST: usize = 24;
    let letters = part.trim_end_matches(|character: char| character.is_ascii_digit());
    let digits = part.len() - letters.len();
    let is_one_case =
        letters.bytes().all(|byte| byte.is_ascii_lowercase()) || letters.bytes().all(|byte| byte.is_ascii_uppercase());
    let is_written = |letters: &str| {
        letters.bytes().all(|byte| byte.is_ascii_alphabetic()) && (is_one_case || is_camel_case(letters))
    };
    part.len() <= LONGEST && (letters.is_empty() || digits <= 3) && is_written(letters)
}

/// Whether two lower-case letters follow every capital, which is rare in random text.
fn is_camel_case(letters: &str) -> bool {
    let bytes = letters.as_bytes();
    let is_small = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_lowercase);
    (0..bytes.len()).all(|at| is_small(at) || (is_small(at + 1) && (is_small(at + 2) || at + 2 == bytes.len())))
}

/// A corp id such as `ww1234567890abcdef`. It is not a secret, and an `errmsg` often contains one.
fn is_corp_id(word: &str) -> bool {
    let id = word.strip_prefix("ww").unwrap_or_default();
    id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// A log id that the vendor's support asks for: `1691412528612130566906556`,
/// `1576065934_28_9d1a0e4b4dd4d24e8d1cc2e34dcb2e3a`.
fn is_hint(word: &str) -> bool {
    let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let is_hash = |part: &str| part.len() == 32 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts: Vec<&str> = word.splitn(4, '_').collect();
    match parts.as_slice() {
        [number] => are_digits(number) && (19..=30).contains(&number.len()),
        [time, number, hash] => {
            are_digits(time) && time.len() == 10 && are_digits(number) && number.len() <= 4 && is_hash(hash)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "hzQ0-9EbW3pZ_kT1vXy7cNmA6sDfGjLuQwErTyUiOpAsDfGhJkLz";

    fn shown(text: &str) -> String {
        shown_message(text, &Redactor::new([TOKEN]))
    }

    #[test]
    fn the_words_of_an_errmsg_are_shown() {
        for text in [
            "ok",
            "invalid chain_id",
            "not allow to access from your ip, hint: [1691412528612130566906556], from ip: 120.155.101.202",
            "access_token expired, hint: [1576065934_28_e0fae07666aa64636023c1fa7e8f49a4], from ip: 9.30.0.138",
            "invalid Request Parameter `externalUserId` in corpgroup/import_chain_contact",
            "user & party & tag all invalid; agentid 1000004, code 670002",
            "corp ww1234567890abcdef is not in the chain",
            "企业不在上下游范围，请检查（第 3 行）。",
            "",
        ] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn a_telephone_number_is_masked_in_any_grouping_and_other_numbers_are_shown() {
        for number in [
            "13912345678",
            "139 1234 5678",
            "86 139 1234 5678",
            "139-1234-5678",
            "139.1234.5678",
            "139_1234_5678",
            "139/1234/5678",
            "010 6275 1234",
            "１３９１２３４５６７８",
            "１３９ １２３４ ５６７８",
            "０１３９１２３４５６７８",
            "５１２３４５６７",
        ] {
            assert_eq!(shown(&format!("mobile {number} is in use")), "mobile *** is in use", "{number}");
        }
        for text in [
            "from ip: 120.155.101.202",
            "2026-11-24 13:05:12",
            "1 of 100, 20 of 3000",
            "in 10.0.0.1/8 or 9",
            "第１２ 行",
        ] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn a_beginning_or_end_of_a_secret_of_four_characters_or_more_is_masked() {
        for length in 4..TOKEN.len() {
            assert_eq!(shown(&format!("token {}...", &TOKEN[..length])), "token ***...", "{length}");
            let end = &TOKEN[TOKEN.len() - length..];
            assert_eq!(shown(&format!("token …{end}.")), "token …***.", "{length}");
        }
    }

    #[test]
    fn an_unknown_secret_is_masked_because_it_is_no_plain_word() {
        for secret in [
            "tiihtNczf5v6AKRyjwEUhQ==",
            "HyVrK4bNGgdEzF2cCTnAj5mxLqXUoRZSYiWPvOJfe8M",
            "9d1a0e4b4dd4d24e8d1cc2e34dcb2e3a",
            "b2f7f4f6-0f5b-4b3a-9c39-2d4e8a7c6b10",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
            "abcdefghijklmnopqrstuvwxyz",
        ] {
            assert_eq!(shown(&format!("bad secret={secret},")).replace('=', ""), "bad secret***,", "{secret}");
            let encoded: String = secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
            assert_eq!(shown(&encoded).replace('=', ""), "***");
        }
    }

    #[test]
    fn a_word_that_is_similar_to_a_log_id_is_masked() {
        let hash = "e0fae07666aa64636023c1fa7e8f49a4";
        let times = ["157606593", "15760659341", "157606593a"].map(|time| format!("{time}_28_{hash}"));
        let numbers = ["12345", "2b"].map(|number| format!("1576065934_{number}_{hash}"));
        let hashes = [&hash[1..], "g0fae07666aa64636023c1fa7e8f49a4", ""].map(|hash| format!("1576065934_28_{hash}"));
        let lengths = [18, 31].map(|length| "1".repeat(length));
        let parts = [format!("1576065934_{hash}"), format!("1576065934_28_{hash}_1")];
        for word in times.iter().chain(&numbers).chain(&hashes).chain(&lengths).chain(&parts) {
            assert_eq!(shown(&format!("hint: [{word}]")), "hint: [***]", "{word}");
        }
        for length in [19, 30] {
            assert_eq!(shown(&"1".repeat(length)).len(), length);
        }
    }

    #[test]
    fn a_long_word_that_is_not_camel_case_is_masked() {
        for word in ["errMsgForCorp", "externalUserId"] {
            assert_eq!(shown(word), word);
        }
        for word in ["aBcDeFgHiJkLm", "abcdefghijklM", "abcdefGHijklm", "abcdefGhIjklm"] {
            assert_eq!(shown(word), "***", "{word}");
        }
    }

    #[test]
    fn telephone_numbers_and_urls_are_masked() {
        for (text, expected) in [
            ("mobile 13800000000 exists", "mobile *** exists"),
            ("mobile +8613800000000", "mobile ***"),
            ("tel 01012345678", "tel ***"),
            ("tel 138-0000-0000", "tel ***"),
            ("see https://qyapi.weixin.qq.com/cgi-bin/gettoken?corpid=ww1&corpsecret=x, now", "see ***, now"),
            ("（http://a.example/b）", "（***）"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn a_text_is_one_line_without_controls() {
        let text = "a\u{1b}[31mb\u{7}c\u{9b}d\re\tf\u{2028}g\u{202e}h\u{200b}i企";
        assert_eq!(shown(text), "a\u{fffd}[31mb\u{fffd}c\u{fffd}d e f g\u{fffd}h\u{fffd}i企");
    }

    #[test]
    fn a_text_is_marked_as_cut_only_when_it_is() {
        for (length, is_cut) in [(0, false), (299, false), (300, false), (301, true), (5000, true)] {
            let shown = shown(&"企".repeat(length));
            assert_eq!((shown.chars().count(), shown.ends_with('…')), (length.min(300) + usize::from(is_cut), is_cut));
        }
    }

    #[test]
    fn a_token_across_a_bound_leaves_no_piece() {
        for before in (240..310).step_by(2).chain((8192 - 60..8192 + 10).step_by(5)) {
            for filling in ["-", "企"] {
                let text = format!("{} {TOKEN}", filling.repeat(before / filling.len()));
                let shown = shown(&text);
                assert!(!shown.contains("hzQ") && shown.len() < 1000, "{before}: {shown}");
            }
        }
    }

    #[test]
    fn a_text_of_any_length_takes_bounded_time() {
        for text in ["%25", "\\", "&#37;", "x\n", "://", TOKEN, "a ", "-"] {
            let shown = shown(&text.repeat(1_000_000));
            assert!(shown.chars().count() <= 301 && !shown.contains("hzQ"), "{shown}");
        }
    }

    #[test]
    fn a_fully_escaped_text_is_shown_up_to_the_same_length() {
        let shown = shown(&"\\u4f01".repeat(5000));
        assert_eq!(shown.strip_suffix('…').map(|shown| shown.chars().all(|character| character == '企')), Some(true));
        assert_eq!(shown.chars().count(), 301);
    }

    #[test]
    fn only_a_plausible_field_name_is_shown() {
        let redactor = Redactor::new([TOKEN, "canary_name"]);
        for name in ["chain_id", "accessToken", "x", "contact_list2"] {
            assert_eq!(shown_field_name(name, &redactor), Some(name));
        }
        for name in ["", "a b", "企业", "13800000000", TOKEN, "canary_name", "a.b", "x\u{202e}", &"a".repeat(41)] {
            assert_eq!(shown_field_name(name, &redactor), None, "{name}");
        }
    }
}
