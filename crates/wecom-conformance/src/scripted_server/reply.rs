//! The bytes of replies.

/// Returns a complete reply. `headers` are complete lines.
pub(crate) fn complete(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    declared(status, headers, body.len() as u64, body)
}

/// Returns a reply with this `content-length`, regardless of the length of its body.
pub(crate) fn declared(status: u16, headers: &str, length: u64, body: &[u8]) -> Vec<u8> {
    let length = match status {
        // These statuses have no body and no length.
        204 | 304 => String::new(),
        _ => format!("content-length: {length}\r\n"),
    };
    let mut bytes = format!("{}{headers}{length}connection: keep-alive\r\n\r\n", status_line(status)).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Returns the head of a chunked reply.
pub(crate) fn chunked_head() -> Vec<u8> {
    format!("{}transfer-encoding: chunked\r\n\r\n", status_line(200)).into_bytes()
}

/// Returns one chunk of a body.
pub(crate) fn chunk(piece: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()
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
