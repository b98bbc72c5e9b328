//! The parts of HTML that the page consists of.

use std::fmt::{self, Write};

/// A text in both languages. The page shows one of them.
#[derive(Clone, Copy)]
pub(super) struct Text {
    pub(super) en: &'static str,
    pub(super) zh: &'static str,
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<span lang=en>{}</span><span lang=zh>{}</span>", Escaped(self.en), Escaped(self.zh))
    }
}

/// A number with its unit in both languages.
pub(super) struct Count(pub(super) usize, pub(super) Text);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(count, unit) = self;
        let plural = if *count == 1 { "" } else { "s" };
        write!(f, "<span lang=en>{count} {}{plural}</span><span lang=zh>{count} {}</span>", unit.en, unit.zh)
    }
}

/// A text escaped for HTML, without control characters. Names come from the world and from calls.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                control if control.is_control() || changes_direction(control) => {
                    f.write_char(char::REPLACEMENT_CHARACTER)?;
                }
                plain => f.write_char(plain)?,
            }
        }
        Ok(())
    }
}

/// Returns whether a character changes the direction of the text after it.
fn changes_direction(character: char) -> bool {
    matches!(character, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_controls_of_the_direction_of_text_change_it() {
        for character in "a企\u{200d}é".chars() {
            assert!(!changes_direction(character), "{character:?}");
        }
        for character in "\u{61c}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}".chars() {
            assert!(changes_direction(character), "{character:?}");
        }
    }
}
