//! Input that no correct sender sends: it is refused and never panics.

use wecom_callback::{Element, Event, Message, Query};

use crate::support::*;

/// A small random number generator with the same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize
    }

    fn below(&mut self, bound: usize) -> usize {
        self.next() % bound
    }
}

fn walk(element: Element<'_>) -> usize {
    element.name().len() + element.text().len() + element.children().map(walk).sum::<usize>()
}

#[test]
fn a_request_with_any_byte_changed_is_refused_or_has_the_same_message() {
    let request = sender().xml_request("<xml><MsgType>event</MsgType><Event>e</Event></xml>", now(), random()).unwrap();
    let expected = open(&request).unwrap().message().as_str().to_owned();
    let mut numbers = Numbers(7);
    for place in 0..request.body().len() {
        let mut body = request.body().to_vec();
        body[place] = body[place].wrapping_add(1 + numbers.below(255) as u8);
        if let Ok(callback) = receiver().open(request.query(), &body, now()) {
            assert_eq!(callback.message().as_str(), expected);
        }
    }
    for place in 0..request.query().len() {
        let mut query = request.query().as_bytes().to_vec();
        query[place] = b"&=%+0a ?"[numbers.below(8)];
        let query = String::from_utf8(query).unwrap();
        if let Ok(callback) = receiver().open(&query, request.body(), now()) {
            assert_eq!(callback.message().as_str(), expected);
        }
    }
    for end in 0..request.body().len() {
        assert!(receiver().open(request.query(), &request.body()[..end], now()).is_err(), "{end}");
    }
}

#[test]
fn random_plaintexts_with_a_valid_signature_never_panic() {
    let mut numbers = Numbers(11);
    for _ in 0..5000 {
        let blocks = 1 + numbers.below(5);
        let mut plaintext: Vec<u8> = (0..blocks * 16).map(|_| numbers.below(256) as u8).collect();
        let padding = 1 + numbers.below(33);
        let length = plaintext.len();
        plaintext[length.saturating_sub(padding)..].fill(padding as u8);
        plaintext[12..16].fill(numbers.below(2) as u8 * 255);
        assert_ne!(Forged::plaintext(&plaintext).refusal().http_status(), 500);
    }
}

#[test]
fn random_documents_never_panic_and_every_element_is_readable() {
    const PIECES: [&str; 24] = [
        "<xml>",
        "</xml>",
        "<a>",
        "</a>",
        "<b/>",
        "<![CDATA[",
        "]]>",
        "]]",
        "&amp;",
        "&#65;",
        "&",
        ";",
        "<!--",
        "-->",
        "<?",
        "?>",
        "<!",
        " ",
        "企",
        "x",
        "'",
        "\"",
        "=",
        "/>",
    ];
    let mut numbers = Numbers(13);
    let mut read = 0;
    for _ in 0..40_000 {
        let middle: String = (0..numbers.below(12)).map(|_| PIECES[numbers.below(PIECES.len())]).collect();
        if let Ok(message) = Message::parse(format!("<xml>{middle}</xml>")) {
            walk(message.root());
            let _ = (Event::from(&message), message.kind());
            read += 1;
        }
    }
    assert!(read > 200, "{read}");
}

/// Texts of the same length in a list are read together, end tags with white space one by one.
#[test]
fn a_list_is_checked_in_every_element() {
    let texts = |document: &str| {
        let message = Message::parse(document).ok()?;
        let list = message.root().child("Ids")?;
        Some(
            list.children()
                .map(|id| (id.name().to_owned(), id.text().replace("</CorpId >", "</CorpId>")))
                .collect::<Vec<_>>(),
        )
    };
    for [open, close] in [["<![CDATA[", "]]>"], ["", ""]] {
        let id = format!("<CorpId>{open}wpAbCdEfGhIj{close}</CorpId>");
        let list = id.repeat(4);
        assert_eq!(texts(&format!("<xml><Ids>{list}</Ids></xml>")).unwrap().len(), 4);
        for at in 0..list.len() {
            for change in ["]", "]]", "]]>", "<", "<a>", "<a/>", "</", "&", "&amp;", ">", "x", "", "企"] {
                let Some(rest) = list.get(at + change.len().min(3)..) else { continue };
                let changed = format!("{}{change}{rest}", &list[..at]);
                let one_by_one = changed.replace("</CorpId>", "</CorpId >");
                let [together, one_by_one] =
                    [changed, one_by_one].map(|list| texts(&format!("<xml><Ids>{list}</Ids></xml>")));
                assert_eq!(together, one_by_one, "{change} at {at}");
            }
        }
    }
}

#[test]
fn random_queries_never_panic() {
    const PIECES: [&str; 14] =
        ["msg_signature", "timestamp", "nonce", "echostr", "=", "&", "%", "%2", "%2B", "%FF", "+", "0", "企", "?"];
    let mut numbers = Numbers(17);
    for _ in 0..10_000 {
        let query: String = (0..numbers.below(20)).map(|_| PIECES[numbers.below(PIECES.len())]).collect();
        assert!(receiver().verify_url(Query::from(&query), now()).is_err());
        assert!(receiver().open(&query, b"<xml><Encrypt/></xml>", now()).is_err());
    }
}

#[test]
fn documents_that_are_slow_for_some_parsers_are_read_in_linear_time() {
    for inner in
        ["]".repeat(60_000), "]]".repeat(30_000), "&amp;".repeat(12_000), "<a/>".repeat(15_000), "<!---->".repeat(8000)]
    {
        let content = if inner.starts_with(']') { format!("<![CDATA[{inner}]]>") } else { inner };
        let message = Message::parse(format!("<xml>{content}</xml>")).unwrap();
        walk(message.root());
        let _ = Event::from(&message);
    }
}
