//! Cassettes: recorded exchanges with a service, in a file that people can read and edit.

mod content;
mod entry;
mod masking;
mod player;
mod recorder;

use std::error::Error as StdError;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wecom_core::{Request, Secret};

use self::entry::Entry;
use self::masking::{Masking, Secrets};
pub use self::player::{Player, ReplayError};
pub use self::recorder::Recorder;
use crate::stub::answer::Outcome;

/// The version of the file format.
const VERSION: u32 = 1;

/// Recorded exchanges. Created by a [`Recorder`], replayed by a [`Player`].
///
/// ```
/// use serde_json::json;
/// use wecom_core::endpoint::RawCall;
/// use wecom_core::token::GET_TOKEN;
/// use wecom_core::{Client, Credentials, Endpoint, Secret};
/// use wecom_mock::{Cassette, Mock, Player, Recorder};
///
/// const LIST_IDS: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");
///
/// // A mock instead of the service.
/// let service = Mock::new();
/// service
///     .on_endpoint(&GET_TOKEN)
///     .json(json!({"errcode": 0, "access_token": "the-service-token", "expires_in": 7200}));
/// service.on_endpoint(&LIST_IDS).json(json!({"errcode": 0, "rule_ids": [1, 2]}));
///
/// let recorder = Recorder::new(service);
/// let credentials =
///     Credentials::new("ww1234567890abcdef", Secret::new("the-service-secret"));
/// let client = Client::builder(recorder.clone()).credentials(credentials).build();
/// # pollster::block_on(async {
/// client.call_raw(RawCall::new(&LIST_IDS)).await?;
/// # Ok::<(), wecom_core::Error>(())
/// # })?;
/// let file = recorder.cassette().to_json()?;
/// assert!(file.contains("token-1") && file.contains("corpsecret=secret-1"));
/// assert!(!file.contains("the-service-"));
///
/// // The replay needs neither the service nor its secrets.
/// let player = Player::new(Cassette::from_json(&file)?);
/// let credentials = Credentials::new("ww1234567890abcdef", Secret::new("dummy"));
/// let client = Client::builder(player.clone()).credentials(credentials).build();
/// # pollster::block_on(async {
/// let reply = client.call_raw(RawCall::new(&LIST_IDS)).await?;
/// assert_eq!(reply["rule_ids"], json!([1, 2]));
/// # Ok::<(), wecom_core::Error>(())
/// # })?;
/// player.verify();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # File format
///
/// ```json
/// {
///   "cassette": 1,
///   "entries": [
///     {
///       "request": {
///         "endpoint": "get_result",
///         "method": "GET",
///         "path": "corpgroup/getresult",
///         "token": "token-1",
///         "query": ["jobid=job1"]
///       },
///       "reply": {
///         "status": 200,
///         "headers": ["content-type: application/json"],
///         "body": { "json": { "errcode": 0, "errmsg": "ok", "status": 3 } }
///       }
///     }
///   ]
/// }
/// ```
///
/// Instead of a reply, an entry may have a failure: `{"kind": "timeout", "delivery": "unknown"}`, with the kinds of
/// [`TransportErrorKind`](wecom_core::TransportErrorKind) in snake case and the delivery `not_sent` or `unknown`.
///
/// A body is `json`, or `text` if it is not JSON, or `base64` if it is not UTF-8. JSON is kept as a value: its meaning is
/// replayed, not its bytes. The headers `content-type`, `retry-after`, `error-code` and `error-msg` of a reply are kept.
///
/// # Secrets
///
/// Access tokens, secret values of the query, and the values of fields with a [secret's name](wecom_core::secret::names) are
/// replaced by aliases, the same alias for the same value. A known secret in any other text is replaced by `***`, in every
/// encoding, and so is any text after the name of a secret. A secret of fewer than 16 characters, all of them letters, may
/// be an ordinary word, so it is kept in other texts.
#[derive(Clone)]
pub struct Cassette {
    entries: Vec<Entry>,
    /// The index of an entry that still contains a secret.
    secret_left: Option<usize>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    cassette: u32,
    entries: Vec<Entry>,
}

impl Cassette {
    fn record(exchanges: &[(&Request, &Outcome)], hidden: &[Secret]) -> Self {
        let mut secrets = Secrets::default();
        hidden.iter().for_each(|secret| secrets.hide(secret.expose()));
        for (request, outcome) in exchanges {
            secrets.add_request(request);
            outcome.iter().for_each(|reply| secrets.add_body(reply.body()));
        }
        let masking = Masking::new(secrets);
        let entries = exchanges.iter().map(|(request, outcome)| Entry::record(request, outcome, &masking));
        let entries: Vec<_> = entries.collect();
        let secret_left = entries.iter().position(|entry| entry.has_secret(&masking));
        Self { entries, secret_left }
    }

    /// Parses a cassette. A byte order mark is ignored.
    ///
    /// # Errors
    ///
    /// Returns an error with the line, or the number of the entry, if the text is not a valid cassette.
    pub fn from_json(json: &str) -> Result<Self, CassetteError> {
        let json = json.strip_prefix('\u{feff}').unwrap_or(json);
        let File { cassette, entries } = serde_json::from_str(json).map_err(CassetteError::caused("invalid file"))?;
        if cassette != VERSION {
            return Err(CassetteError::new(format!("unsupported version {cassette}; expected {VERSION}")));
        }
        for (index, entry) in entries.iter().enumerate() {
            if let Some(problem) = entry.problem() {
                return Err(CassetteError::new(format!("invalid entry {}: {problem}", index + 1)));
            }
        }
        Ok(Self { entries, secret_left: None })
    }

    /// Returns the text of the file.
    ///
    /// # Errors
    ///
    /// Returns an error with [`CassetteError::is_secret_left`] if a known secret remains where it cannot be replaced, such as
    /// in a number.
    pub fn to_json(&self) -> Result<String, CassetteError> {
        if let Some(index) = self.secret_left {
            let text = format!(
                "secret left in entry {}: a secret in a number cannot be replaced; record with another secret",
                index + 1
            );
            return Err(CassetteError { secret_left: true, ..CassetteError::new(text) });
        }
        let file = File { cassette: VERSION, entries: self.entries.clone() };
        let text = serde_json::to_string_pretty(&file).map_err(CassetteError::caused("serialization failed"))?;
        Ok(text + "\n")
    }

    /// Reads a cassette from a file.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read or is not a valid cassette.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, CassetteError> {
        let (path, shown) = (path.as_ref(), path.as_ref().display());
        let json = std::fs::read_to_string(path).map_err(CassetteError::caused(format!("cannot read {shown}")))?;
        Self::from_json(&json).map_err(|error| CassetteError { text: format!("{shown}: {}", error.text), ..error })
    }

    /// Writes the cassette to a file, which is replaced.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`to_json`](Self::to_json) without writing anything, or an error if the file cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), CassetteError> {
        let path = path.as_ref();
        std::fs::write(path, self.to_json()?).map_err(CassetteError::caused(format!("cannot write {}", path.display())))
    }

    /// Returns the number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Shows the endpoints only.
impl fmt::Debug for Cassette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cassette ")?;
        f.debug_list().entries(self.entries.iter().map(|entry| &entry.request.endpoint)).finish()
    }
}

/// The error of reading or writing a [`Cassette`]. Contains no secret.
#[derive(Clone, Debug)]
pub struct CassetteError {
    text: String,
    secret_left: bool,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl CassetteError {
    fn new(text: String) -> Self {
        Self { text, secret_left: false, source: None }
    }

    fn caused<E: StdError + Send + Sync + 'static>(text: impl Into<String>) -> impl FnOnce(E) -> Self {
        let text = text.into();
        move |error| Self { source: Some(Arc::new(error)), ..Self::new(text) }
    }

    /// Whether the cassette was not written because it contains a secret.
    #[must_use]
    pub fn is_secret_left(&self) -> bool {
        self.secret_left
    }
}

impl fmt::Display for CassetteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cassette: {}", self.text)?;
        self.source.iter().try_for_each(|source| write!(f, ": {source}"))
    }
}

impl StdError for CassetteError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
