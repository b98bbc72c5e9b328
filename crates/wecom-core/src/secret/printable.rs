//! The characters of a text from outside that may be shown.

/// Whether a character is shown: letters and digits of any script, and Latin and Chinese punctuation.
///
/// An allow-list, because the characters that control terminals, line breaks and the direction of text are spread over all
/// of Unicode, and new versions add more.
fn is_printable(character: char) -> bool {
    match character {
        ' '..='~' => true,
        '\u{a1}'..='\u{ff}' => character != '\u{ad}',
        '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' => true,
        '\u{20a0}'..='\u{20c0}' | '\u{2100}'..='\u{23ff}' | '\u{2500}'..='\u{27bf}' => true,
        '\u{3001}'..='\u{3029}' | '\u{3030}' | '\u{30fb}' => true,
        '\u{ff01}'..='\u{ff65}' => true,
        '\u{1f300}'..='\u{1faff}' => true,
        other => other.is_alphanumeric() && !is_blank_letter(other),
    }
}

/// Whether a character is a letter without a shape: a Hangul filler.
fn is_blank_letter(character: char) -> bool {
    matches!(character, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

/// Whether a character is invisible: white space, a control, or a modifier of other characters.
pub(crate) fn is_invisible(character: char) -> bool {
    character.is_whitespace() || !(is_printable(character) || character == char::REPLACEMENT_CHARACTER)
}

/// The character to show on one line: a space for white space, U+FFFD for what is not printable.
pub(crate) fn shown(character: char) -> char {
    match character {
        space if space.is_whitespace() => ' ',
        printable if is_printable(printable) => printable,
        _ => char::REPLACEMENT_CHARACTER,
    }
}

/// The lines of a text as one line: `first; second`. A line that ends with a colon introduces the next one.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for part in text.lines().map(str::trim).filter(|part| !part.is_empty()) {
        match line.chars().last() {
            None => {}
            Some(':') => line.push(' '),
            Some(_) => line.push_str("; "),
        }
        line.push_str(part);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_digits_and_punctuation_are_shown_unchanged() {
        for character in "aZ09 ~!企业《》。，（）：、é—…’€₤™→✓Ωжא한の½😀".chars() {
            assert_eq!(shown(character), character);
        }
    }

    #[test]
    fn white_space_is_shown_as_a_space() {
        for character in "\n\r\t\u{b}\u{c}\u{85}\u{a0}\u{2003}\u{2028}\u{2029}\u{3000}".chars() {
            assert_eq!(shown(character), ' ', "{character:?}");
        }
    }

    #[test]
    fn lines_are_joined_and_a_colon_introduces_the_next_line() {
        assert_eq!(one_line("a text"), "a text");
        assert_eq!(one_line("no match:\n  the entry\r\n\n  the request\n"), "no match: the entry; the request");
        assert_eq!(one_line("\n"), "");
    }

    #[test]
    fn invisible_letters_are_replaced() {
        for character in "\u{115f}\u{1160}\u{3164}\u{ffa0}".chars() {
            assert_eq!(shown(character), char::REPLACEMENT_CHARACTER, "{character:?}");
        }
    }

    #[test]
    fn terminal_and_direction_controls_are_never_shown() {
        let controls = ('\0'..='\u{10ffff}').filter(|character| {
            matches!(character,
                '\0'..='\u{8}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{ad}'
                | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}' | '\u{e000}'..='\u{f8ff}' | '\u{10fffe}'..='\u{10ffff}')
        });
        for character in controls {
            assert_eq!(shown(character), char::REPLACEMENT_CHARACTER, "{character:?}");
        }
    }
}
