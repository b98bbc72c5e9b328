//! Writes the XML of messages, requests and replies.

use std::fmt::Display;

/// A document that is being written: `<xml>` and the elements in it.
#[derive(Debug)]
pub(crate) struct Writer {
    text: String,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self { text: "<xml>".to_owned() }
    }

    /// Writes an element whose text is a CDATA section.
    pub(crate) fn text(&mut self, name: &str, text: impl Display) -> &mut Self {
        let text = text.to_string();
        self.start(name);
        self.text.push_str("<![CDATA[");
        // A section cannot contain its own end marker, so the marker is split between two sections.
        self.text.push_str(&text.replace("]]>", "]]]]><![CDATA[>"));
        self.text.push_str("]]>");
        self.end(name)
    }

    /// Writes an element whose text is a number.
    pub(crate) fn number(&mut self, name: &str, number: impl Display) -> &mut Self {
        self.start(name);
        self.text.push_str(&number.to_string());
        self.end(name)
    }

    /// Writes an element with elements in it.
    pub(crate) fn group(&mut self, name: &str, write: impl FnOnce(&mut Self)) -> &mut Self {
        self.start(name);
        write(self);
        self.end(name)
    }

    pub(crate) fn finish(&mut self) -> String {
        self.text.push_str("</xml>");
        std::mem::take(&mut self.text)
    }

    fn start(&mut self, name: &str) {
        self.text.push('<');
        self.text.push_str(name);
        self.text.push('>');
    }

    fn end(&mut self, name: &str) -> &mut Self {
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
        self
    }
}
