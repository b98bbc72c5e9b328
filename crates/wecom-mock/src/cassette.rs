//! Cassettes: recorded exchanges with a service, in a file that people can read and edit.

mod aliases;
mod compare;
mod entry;
mod player;
mod recorder;
mod secret_kind;

use std::error::Error as StdError;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::aliases::Aliases;
use self::entry::Entry;
pub use self::player::{Player, ReplayError};
pub use self::recorder::Recorder;

/// The version of the file's form.
const VERSION: u32 = 1;

/// What was said over a transport, in order: recorded by a [`Recorder`], replayed by a [`Player`].
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
/// // Here a mock takes the place of the real service.
/// let service = Mock::new();
/// service.on_endpoint(&GET_TOKEN).json(json!({"errcode": 0, "access_token": "a-real-token", "expires_in": 7200}));
/// service.on_endpoint(&LIST_IDS).json(json!({"errcode": 0, "rule_ids": [1, 2]}));
///
/// let recorder = Recorder::new(service);
/// let credentials = Credentials::new("ww1234567890abcdef", Secret::new("a-real-secret"));
/// let client = Client::builder(recorder.clone()).credentials(credentials).build();
/// # pollster::block_on(async {
/// client.call_raw(RawCall::new(&LIST_IDS)).await?;
/// # Ok::<(), wecom_core::Error>(())
/// # })?;
/// let file = recorder.cassette().to_json()?;
/// assert!(file.contains("token-1") && file.contains("corpsecret=secret-1"));
/// assert!(!file.contains("a-real-"));
///
/// // Ever after, without a service and without its secrets:
/// let player = Player::new(Cassette::from_json(&file)?);
/// let credentials = Credentials::new("ww1234567890abcdef", Secret::new("any-secret"));
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
/// # The file
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
///     },
///     {
///       "request": {
///         "endpoint": "remove_corp",
///         "method": "POST",
///         "path": "corpgroup/corp/remove_corp",
///         "token": "token-1",
///         "body": { "json": { "chain_id": "ch1", "corpid": "ww1" } }
///       },
///       "failure": { "kind": "timeout", "delivery": "unknown" }
///     }
///   ]
/// }
/// ```
///
/// A body is `json`, or `text` where it is none, or `base64` where it is not even text. Text and Base64 come back byte by
/// byte, aliases apart; JSON with the same meaning. JSON that would lose something (a name that stands twice, a fraction)
/// is kept as text. Of a reply's headers, `content-type`, `retry-after`, `error-code` and `error-msg` are kept; of a
/// request's none, nor its host. Kinds of failure are those of [`TransportErrorKind`](wecom_core::TransportErrorKind) in
/// snake case.
///
/// # Secrets
///
/// Access tokens, secret values of a query, and fields whose name says that they are secret (`access_token`, `corpsecret`,
/// `session_key`, `ticket` …) are replaced by aliases, the same wherever the same value occurs, as it is,
/// percent-encoded or escaped in JSON. [`Recorder::hide`] is for any others. [`Cassette::to_json`] and
/// [`Cassette::write`] fail where a known secret is still to be found in spite of that, as a number, say.
#[derive(Clone)]
pub struct Cassette {
    entries: Vec<Entry>,
    /// The secrets that must not be in what is written; none are known of a cassette that was read.
    aliases: Aliases,
}

#[derive(Serialize)]
struct Written<'a> {
    cassette: u32,
    entries: &'a [Entry],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    cassette: u32,
    entries: Vec<Entry>,
}

impl Cassette {
    fn new(entries: Vec<Entry>, aliases: Aliases) -> Self {
        Self { entries, aliases }
    }

    /// Reads the text of a cassette.
    ///
    /// # Errors
    ///
    /// When it is none, with the place of what is wrong.
    pub fn from_json(json: &str) -> Result<Self, CassetteError> {
        let Read { cassette, entries } =
            serde_json::from_str(json).map_err(CassetteError::caused("it can't be read"))?;
        if cassette != VERSION {
            return Err(CassetteError::new(format!("it is of version {cassette}, and only {VERSION} can be read")));
        }
        for (at, entry) in entries.iter().enumerate() {
            if let Some(problem) = entry.problem() {
                return Err(CassetteError::new(format!("entry {} can't be played: {problem}", at + 1)));
            }
        }
        Ok(Self::new(entries, Aliases::default()))
    }

    /// The text of the cassette, for a person to read.
    ///
    /// # Errors
    ///
    /// When a known secret is still in it: [`CassetteError::is_secret_left`].
    pub fn to_json(&self) -> Result<String, CassetteError> {
        for (at, entry) in self.entries.iter().enumerate() {
            let value = serde_json::to_value(entry).map_err(CassetteError::caused("it can't be written"))?;
            let in_bytes = || entry.binary().find_map(|bytes| self.aliases.leak(bytes));
            if let Some(alias) = self.leak(&value).or_else(in_bytes) {
                return Err(CassetteError::secret_left(alias, at + 1));
            }
        }
        let written = Written { cassette: VERSION, entries: &self.entries };
        let mut text = serde_json::to_string_pretty(&written).map_err(CassetteError::caused("it can't be written"))?;
        text.push('\n');
        match self.aliases.leak(text.as_bytes()) {
            Some(alias) => Err(CassetteError::secret_left(alias, 0)),
            None => Ok(text),
        }
    }

    /// Reads a cassette from a file.
    ///
    /// # Errors
    ///
    /// When there is no such file, or it is no cassette.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, CassetteError> {
        let path = path.as_ref();
        let place = path.display();
        let json = std::fs::read_to_string(path).map_err(CassetteError::caused(format!("{place} can't be read")))?;
        Self::from_json(&json).map_err(|error| CassetteError { text: format!("{place}: {}", error.text), ..error })
    }

    /// Writes the cassette to a file, which is replaced.
    ///
    /// # Errors
    ///
    /// When a known secret is still in it ([`CassetteError::is_secret_left`]), and then nothing is written; or when the
    /// file can't be.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), CassetteError> {
        let path = path.as_ref();
        let json = self.to_json()?;
        std::fs::write(path, json).map_err(CassetteError::caused(format!("{} can't be written", path.display())))
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing was recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Which secret is still in a value, in the text that its strings have for a reader.
    fn leak(&self, value: &Value) -> Option<&str> {
        match value {
            Value::Array(items) => items.iter().find_map(|item| self.leak(item)),
            Value::Object(fields) => {
                fields.iter().find_map(|(name, field)| self.aliases.leak(name.as_bytes()).or_else(|| self.leak(field)))
            }
            Value::String(text) => self.aliases.leak(text.as_bytes()),
            plain => self.aliases.leak(plain.to_string().as_bytes()),
        }
    }
}

/// Shows the endpoints alone.
impl fmt::Debug for Cassette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cassette ")?;
        f.debug_list().entries(self.entries.iter().map(|entry| &entry.request.endpoint)).finish()
    }
}

/// Why a cassette can't be read or written. Its text holds no secret.
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

    /// `number` is 0 where it is no entry's.
    fn secret_left(alias: &str, number: usize) -> Self {
        let place = if number == 0 { "in its text".to_owned() } else { format!("in entry {number}") };
        let text = format!(
            "it is not written: the value of {alias} is still to be found {place}, where no alias can take its place. If the \
             value is an ordinary word, record with a less ordinary one"
        );
        Self { secret_left: true, ..Self::new(text) }
    }

    /// Whether the cassette was not written because a secret is still in it.
    #[must_use]
    pub fn is_secret_left(&self) -> bool {
        self.secret_left
    }
}

impl fmt::Display for CassetteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the cassette: {}", self.text)?;
        match &self.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl StdError for CassetteError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
