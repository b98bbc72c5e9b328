//! The bytes of replies, good and bad.

/// A good reply: what WeCom sends, on a connection that stays.
pub(crate) fn good(body: &[u8]) -> Vec<u8> {
    whole(200, "content-type: application/json; charset=UTF-8\r\n", body)
}

/// A whole reply; `headers` are whole lines.
pub(crate) fn whole(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    announced(status, headers, body.len() as u64, body)
}

/// A reply that announces so many bytes of body, whether they are there or not.
pub(crate) fn announced(status: u16, headers: &str, length: u64, body: &[u8]) -> Vec<u8> {
    let length = match status {
        // These have no body, and so no length.
        204 | 304 => String::new(),
        _ => format!("content-length: {length}\r\n"),
    };
    let mut bytes = format!("{}{headers}{length}connection: keep-alive\r\n\r\n", status_line(status)).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

pub(crate) fn status_line(status: u16) -> String {
    format!("HTTP/1.1 {status} {}\r\n", reason(status))
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        407 => "Proxy Authentication Required",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Status",
    }
}

/// The page of somebody on the way.
pub(crate) const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Please sign in</title></head>\
    <body><h1>Please sign in to use this network</h1></body></html>\n";

/// Neither HTTP nor text.
pub(crate) const GARBAGE: &[u8] = b"\x00\x01\xfe\xff\x80 this is something else\r\n\r\n{\"errcode\":0}";

/// A good body of any size, in the pieces that stand around its filling.
pub(crate) const LARGE: (&[u8], &[u8]) = (br#"{"errcode":0,"errmsg":""#, b"\"}");
