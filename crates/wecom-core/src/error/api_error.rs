//! A call that WeCom refused.

use std::error::Error as StdError;
use std::fmt;

use crate::error::code::ErrCode;
use crate::error::language::Language;

/// WeCom refused the call with an `errcode`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// The `errcode`, never 0.
    pub code: ErrCode,
    /// The `errmsg` on one line, at most 300 characters long, with secrets, telephone numbers and URLs masked. Its wording
    /// changes: don't match on it.
    pub message: String,
    /// The language of the explanation in this error's text.
    pub language: Language,
}

impl ApiError {
    /// The id that WeCom gives the refusal in its own logs. The vendor's support asks for it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        let (_, rest) = self.message.split_once("hint: [")?;
        rest.split_once(']').map(|(hint, _)| hint).filter(|hint| !hint.is_empty())
    }

    /// The IP address of the caller, as WeCom sees it.
    #[must_use]
    pub fn caller_ip(&self) -> Option<&str> {
        let (_, rest) = self.message.split_once("from ip: ")?;
        rest.split([',', ' ']).next().filter(|ip| !ip.is_empty())
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "errcode {}", self.code)?;
        let ip = self.caller_ip().filter(|_| self.code == ErrCode::IP_NOT_TRUSTED);
        match (self.code.advice(self.language), self.language) {
            (None, _) => {}
            (Some((explanation, remedy)), Language::English) => {
                write!(f, ": {explanation}")?;
                if let Some(ip) = ip {
                    write!(f, " The address is {ip}.")?;
                }
                write!(f, " {remedy}")?;
            }
            (Some((explanation, remedy)), Language::Chinese) => {
                write!(f, "：{explanation}")?;
                if let Some(ip) = ip {
                    write!(f, "该 IP 为 {ip}。")?;
                }
                f.write_str(remedy)?;
            }
        }
        if !self.message.is_empty() {
            write!(f, " [errmsg: {}]", self.message)?;
        }
        write!(f, " {}", self.code.lookup_url())
    }
}

impl StdError for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(message: &str) -> ApiError {
        ApiError { code: ErrCode::IP_NOT_TRUSTED, message: message.to_owned(), language: Language::English }
    }

    #[test]
    fn hint_and_caller_ip_are_read_from_the_errmsg() {
        let error =
            refusal("not allow to access from your ip, hint: [1691412528612130566906556], from ip: 192.0.2.1, x");
        assert_eq!((error.hint(), error.caller_ip()), (Some("1691412528612130566906556"), Some("192.0.2.1")));
        assert!(error.to_string().contains("not trusted") && error.to_string().contains("The address is 192.0.2.1."));
        for message in ["", "hint: []", "hint: [1", "from ip: ", "from ip: , x"] {
            assert_eq!((refusal(message).hint(), refusal(message).caller_ip()), (None, None), "{message}");
        }
    }

    #[test]
    fn the_text_is_in_the_language_of_the_error() {
        let error = ApiError { language: Language::Chinese, ..refusal("not allow, from ip: 192.0.2.1, x") };
        let text = error.to_string();
        assert!(text.starts_with("errcode 60020 (不安全的访问IP)：IP 不可信："), "{text}");
        assert!(text.contains("。该 IP 为 192.0.2.1。请在管理后台") && text.contains("[errmsg: not allow"), "{text}");
        let unknown = ApiError { code: ErrCode(99), ..error };
        assert!(unknown.to_string().starts_with("errcode 99 [errmsg: "), "{unknown}");
    }
}
