//! Base64, decoded with vector instructions. Decoding a message of 60 KiB takes 7 µs instead of 28 µs, which is more than
//! half of the time of SHA-1 and AES.

use base64_simd::{Out, STANDARD};

pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode_to_string(bytes)
}

/// Decodes a text; `None` if it is not canonical, padded Base64.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode_to_vec(text).ok()
}

/// Decodes a text in steps, as [`decode`] does at once.
pub(super) struct Decoder<'a> {
    text: &'a [u8],
    decoded: Vec<u8>,
    step: usize,
    is_valid: bool,
}

impl<'a> Decoder<'a> {
    /// The characters of a step.
    const STEP: usize = 64;
    /// A step also decodes characters of the next one, because the library decodes the last ones of a text one at a time.
    const OVERLAP: usize = 8;

    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, decoded: vec![0; length(text.len())], step: 0, is_valid: true }
    }

    /// Decodes the next characters, unless they may be the last ones, which can be padding.
    #[inline]
    pub(super) fn step(&mut self) {
        const READ: usize = Decoder::STEP + Decoder::OVERLAP;
        let (from, to) = (self.step * Self::STEP, self.step * length(Self::STEP));
        let Some((text, [_, ..])) = self.text.get(from..).and_then(|text| text.split_at_checked(READ)) else { return };
        let Some(place) = self.decoded.get_mut(to..to + length(READ)) else { return };
        self.is_valid &= STANDARD.decode(text, Out::from_slice(place)).is_ok_and(|bytes| bytes.len() == length(READ));
        self.step += 1;
    }

    /// Decodes what is left.
    pub(super) fn finish(mut self) -> Option<Vec<u8>> {
        let (from, to) = (self.step * Self::STEP, self.step * length(Self::STEP));
        let (text, place) = (self.text.get(from..)?, self.decoded.get_mut(to..)?);
        let last = STANDARD.decode(text, Out::from_slice(place)).ok()?.len();
        self.decoded.truncate(to + last);
        self.is_valid.then_some(self.decoded)
    }
}

/// Returns the number of bytes in whole groups of four characters.
const fn length(characters: usize) -> usize {
    characters / 4 * 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_steps(text: &[u8]) -> Option<Vec<u8>> {
        let mut decoder = Decoder::new(text);
        for _ in 0..text.len().div_ceil(Decoder::STEP) {
            decoder.step();
        }
        decoder.finish()
    }

    #[test]
    fn decoding_in_steps_accepts_the_same_texts_with_the_same_bytes() {
        for length in 0..400_usize {
            let bytes: Vec<u8> = (0..length).map(|at| (at * 151 + length) as u8).collect();
            let text = encode(&bytes);
            assert_eq!(in_steps(text.as_bytes()), Some(bytes));
            for cut in 1..4 {
                let cut = &text.as_bytes()[..text.len().saturating_sub(cut)];
                assert_eq!(in_steps(cut), decode(cut), "{length}");
            }
        }
    }

    #[test]
    fn decoding_in_steps_refuses_a_wrong_or_padding_character_at_every_place() {
        let text = encode(&[0; 201]);
        for at in 0..text.len() {
            for wrong in [&b"="[..], b"==", b"A==", b"A=", b"-", b"\n", b"\0", b"\xFF", b"B"] {
                let mut text = text.clone().into_bytes();
                text.splice(at..text.len().min(at + wrong.len()), wrong.iter().copied());
                assert_eq!(in_steps(&text), decode(&text), "{at} {wrong:?}");
            }
        }
    }
}
