//! The callback URL and its keys. No error text quotes any of them.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};

use wecom_callback::CallbackKeys;
use wecom_simulator::CallbackUrl;

const TOKEN_VARIABLE: &str = "WECOM_CALLBACK_TOKEN";
const AES_KEY_VARIABLE: &str = "WECOM_CALLBACK_AES_KEY";

/// The options for callbacks.
#[derive(Default)]
pub(crate) struct CallbackOptions {
    pub(crate) url: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) aes_key: Option<String>,
    pub(crate) aes_key_file: Option<PathBuf>,
}

impl CallbackOptions {
    /// The URL with its keys. `None` without `--callback`.
    pub(crate) fn into_url(self) -> Result<Option<CallbackUrl>, Box<dyn Error>> {
        let Self { url, token, token_file, aes_key, aes_key_file } = self;
        let Some(url) = url else {
            let unused = token.is_some() || token_file.is_some() || aes_key.is_some() || aes_key_file.is_some();
            return if unused { Err("the keys of a callback URL need --callback URL".into()) } else { Ok(None) };
        };
        let token = value(token, token_file, TOKEN_VARIABLE, "--callback-token")?;
        let aes_key = value(aes_key, aes_key_file, AES_KEY_VARIABLE, "--callback-aes-key")?;
        Ok(Some(CallbackUrl::new(&url, CallbackKeys::new(&token, &aes_key)?)?))
    }
}

/// A key from its option or its file, otherwise from the environment.
fn value(given: Option<String>, file: Option<PathBuf>, variable: &str, option: &str) -> Result<String, Box<dyn Error>> {
    match (given, file) {
        (Some(_), Some(_)) => Err(format!("{option} and {option}-file can't be used together").into()),
        (Some(given), None) => Ok(given),
        (None, Some(file)) => read(&file),
        (None, None) => env::var(variable).map_err(|_| format!("--callback needs {option}-file or {variable}").into()),
    }
}

/// The content of a file, without the line break at its end.
fn read(file: &Path) -> Result<String, Box<dyn Error>> {
    let content = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(content.trim_end_matches(['\r', '\n']).to_owned())
}
