//! Which characters of a text from outside may be shown.

/// The characters that a text from outside is shown with: letters and digits of any script, and the punctuation of the
/// Latin and Chinese scripts.
///
/// A list of what passes instead of what does not: controls of terminals, of the direction of text and of line breaks
/// are spread over all of Unicode, and new ones are added.
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

/// Letters by their category that have no shape: the fillers of Hangul.
fn is_blank_letter(character: char) -> bool {
    matches!(character, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

/// Whether a character leaves nothing to see: white space, controls, and what only changes how others are shown.
pub(crate) fn is_invisible(character: char) -> bool {
    character.is_whitespace() || !(is_printable(character) || character == char::REPLACEMENT_CHARACTER)
}

/// The character as it is shown on one line: white space as a space, what is not printable as U+FFFD.
pub(crate) fn shown(character: char) -> char {
    match character {
        space if space.is_whitespace() => ' ',
        printable if is_printable(printable) => printable,
        _ => char::REPLACEMENT_CHARACTER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_digits_and_punctuation_are_shown_as_they_are() {
        for character in "aZ09 ~!企业《》。，（）：、é—…’€₤™→✓Ωжא한の½😀".chars() {
            assert_eq!(shown(character), character);
        }
    }

    #[test]
    fn white_space_of_any_kind_is_shown_as_a_space() {
        for character in "\n\r\t\u{b}\u{c}\u{85}\u{a0}\u{2003}\u{2028}\u{2029}\u{3000}".chars() {
            assert_eq!(shown(character), ' ', "{character:?}");
        }
    }

    #[test]
    fn controls_of_the_terminal_and_of_the_direction_of_text_are_never_shown() {
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
