//! The XML of a decrypted message.
//!
//! quick-xml reads every accepted document as the same elements with the same texts. An event that was parsed, sent and
//! received is equal.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use quick_xml::Reader;
use quick_xml::events::Event as Token;
use wecom_callback::{
    CallbackKeys, Channel, Element, ErrorKind, Event, Message, RandomBytes, ReceiveIds, Receiver, Sender,
};

pub(crate) fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let message = match Message::parse(text) {
        Ok(message) => message,
        Err(error) => return assert!(error.offset() <= text.len() && error.to_string().len() < 100, "{error}"),
    };
    let mut elements = Vec::new();
    walk(message.root(), &mut elements);
    assert_eq!(elements, reference(message.as_str()));
    // A control character is escaped as at most six characters, such as `\u{18}`.
    assert!(message.kind().len() <= 6 * text.len() + 3);
    let _ = message.create_time();
    round_trip(&Event::from(&message));
}

/// The name and the text of each element, in the order of the start tags.
fn walk(element: Element<'_>, elements: &mut Vec<(String, String)>) {
    elements.push((element.name().to_owned(), unwrapped(&element.text())));
    for child in element.children() {
        walk(child, elements);
    }
}

/// The same as [`walk`] returns, read by quick-xml.
fn reference(document: &str) -> Vec<(String, String)> {
    let mut reader = Reader::from_str(document);
    let mut elements: Vec<(String, Text)> = Vec::new();
    let mut open = Vec::new();
    loop {
        let token = reader.read_event().unwrap_or_else(|error| panic!("quick-xml refuses it: {error}"));
        match token {
            Token::Start(tag) => {
                open.push(elements.len());
                elements.push((name(tag.name().as_ref()), Text::default()));
            }
            Token::Empty(tag) => elements.push((name(tag.name().as_ref()), Text::default())),
            Token::End(_) => drop(open.pop()),
            Token::Text(text) => add(&mut elements, &open, |all| all.add_raw(&text.decode().unwrap())),
            Token::GeneralRef(reference) => {
                let character = match reference.resolve_char_ref().unwrap() {
                    Some(character) => character.to_string(),
                    None => quick_xml::escape::resolve_xml_entity(&reference.decode().unwrap()).unwrap().to_owned(),
                };
                add(&mut elements, &open, |all| all.add_raw(&character));
            }
            Token::CData(section) => add(&mut elements, &open, |all| all.add_section(&section.decode().unwrap())),
            Token::Comment(_) | Token::PI(_) | Token::Decl(_) => {}
            Token::DocType(_) => panic!("a document type declaration is accepted"),
            Token::Eof => break,
        }
    }
    elements.into_iter().map(|(name, text)| (name, unwrapped(&text.finish()))).collect()
}

/// A text without the wrapper `![CDATA[…]]` around ids in some of the vendor's documents. The receiver removes it from plain
/// text only. This check accepts both.
fn unwrapped(mut text: &str) -> String {
    while let Some(inner) = text.strip_prefix("![CDATA[").and_then(|rest| rest.strip_suffix("]]")) {
        text = inner;
    }
    text.to_owned()
}

fn add(elements: &mut [(String, Text)], open: &[usize], add: impl FnOnce(&mut Text)) {
    if let Some(&innermost) = open.last() {
        add(&mut elements[innermost].1);
    }
}

fn name(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// An element's text. White space at its ends is trimmed outside CDATA sections.
#[derive(Default)]
struct Text {
    text: String,
    section_end: Option<usize>,
}

impl Text {
    fn add_raw(&mut self, piece: &str) {
        self.text.push_str(piece);
        if self.section_end.is_none() {
            self.text = self.text.trim_ascii_start().to_owned();
        }
    }

    fn add_section(&mut self, piece: &str) {
        self.text.push_str(piece);
        self.section_end = Some(self.text.len());
    }

    fn finish(mut self) -> String {
        let end = self.text.trim_ascii_end().len().max(self.section_end.unwrap_or(0));
        self.text.truncate(end);
        self.text
    }
}

static KEYS: LazyLock<CallbackKeys> =
    LazyLock::new(|| CallbackKeys::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C").unwrap());
static SENDER: LazyLock<Sender> = LazyLock::new(|| Sender::app(KEYS.clone(), "ww1"));
static RECEIVER: LazyLock<Receiver> = LazyLock::new(|| Receiver::new(Channel::app(KEYS.clone(), ReceiveIds::any())));

fn round_trip(event: &Event) {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let request = SENDER.request(event, now, RandomBytes::new([7; 24])).unwrap();
    let opened = RECEIVER.open(request.query(), request.body(), now);
    match opened {
        Ok(callback) => assert_eq!(callback.event(), *event),
        Err(error) => assert!(matches!(error.kind(), ErrorKind::BodyTooLarge(_)), "{error}"),
    }
}
