//! Cassettes: recorded exchanges with a service, in a file that people can read and edit.

mod entry;
mod masking;
mod player;
mod recorder;
mod wild_places;

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use wecom_core::{Request, Secret};

use self::entry::{Entry, request_value};
use self::masking::Masking;
pub use self::player::{Player, ReplayError};
pub use self::recorder::Recorder;
use crate::fail_test::report_error;
use crate::stub::answer::Outcome;

/// The version of the file format.
const VERSION: u32 = 1;

/// Recorded exchanges. Created by a [`Recorder`], replayed by a [`Player`].
///
/// ```
/// use serde_json::json;
/// use wecom_core::endpoint::RawCall;
/// use wecom_core::{AccessToken, Client, Endpoint};
/// use wecom_mock::{Cassette, Mock, Player, Recorder};
///
/// const LIST_IDS: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");
///
/// // A mock instead of the service.
/// let service = Mock::new();
/// service.on_endpoint(&LIST_IDS).json(json!({"errcode": 0, "rule_ids": [1, 2]}));
///
/// let recorder = Recorder::new(service);
/// let token = AccessToken::new("the-service-token");
/// let client = Client::builder(recorder.clone()).token(token).build();
/// # pollster::block_on(async {
/// client.call_raw(RawCall::new(&LIST_IDS)).await?;
/// let file = recorder.cassette().to_json()?;
/// assert!(file.contains(r##""access_token": "#1""##));
/// assert!(!file.contains("the-service-token"));
///
/// // The replay needs neither the service nor its secrets.
/// let player = Player::new(Cassette::from_json(&file)?);
/// let client = Client::builder(player.clone()).token(AccessToken::new("dummy")).build();
/// let reply = client.call_raw(RawCall::new(&LIST_IDS)).await?;
/// assert_eq!(reply["rule_ids"], json!([1, 2]));
/// player.verify();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
///
/// # File format
///
/// ```json
/// {
///   "cassette": 1,
///   "entries": [{
///     "request": {
///       "call": "GET corpgroup/getresult",
///       "secrets": { "access_token": "#1" },
///       "query": { "jobid": "job1" }
///     },
///     "reply": {
///       "status": 200,
///       "headers": { "content-type": "application/json" },
///       "body": { "json": { "errcode": 0, "errmsg": "ok", "status": 3 } }
///     }
///   }]
/// }
/// ```
///
/// Instead of a reply, an entry may have a failure: `["timeout", "unknown"]`, a
/// [`TransportErrorKind`](wecom_core::TransportErrorKind) and a [`Delivery`](wecom_core::Delivery).
///
/// The body of a request is its JSON, or a string. The body of a reply is `json`, or `text` if it is not JSON, or `base64`
/// if it is not UTF-8. JSON is kept as a value: its meaning is replayed, not its bytes. JSON with mistakes that
/// [`decode`](wecom_core::decode) repairs is repaired. JSON nested more than 122 levels deep is kept as text. The headers
/// `content-type`, `retry-after`, `error-code` and `error-msg` of a reply are kept.
///
/// # Secrets
///
/// Access tokens, secret values of the query, and the values of fields with a [secret's name](wecom_core::secret::names) are
/// replaced by aliases: `#1`, `#2`, the same alias for the same value. Any other text that contains a known secret, or at
/// least eight bytes of one, becomes `***`. So does a text in which the name of a secret is followed by a value that may be
/// one. A body that is not JSON becomes `***` as a whole. A secret that consists of fewer than 16 letters may be an ordinary
/// word. It is replaced where a secret is expected, and kept in other texts.
///
/// A secret is found in upper and lower case, wrapped over lines, percent-encoded, with the escapes of JSON, HTML and
/// programming languages, in Base64, and in hexadecimal digits. It is not found in other encodings, such as Base32, Base64 of
/// Base64, hexadecimal digits with colons, and quoted-printable, nor if it is divided between two values.
///
/// A field with another name, such as `auth_code` or `EncodingAESKey`, is kept. [`Recorder::hide`] replaces its value.
#[derive(Clone)]
pub struct Cassette {
    entries: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    cassette: u32,
    entries: Vec<Entry>,
}

impl Cassette {
    fn record(exchanges: &[(&Request, &Outcome)], hidden: &[Secret]) -> Self {
        let mut masking = Masking::default();
        hidden.iter().for_each(|secret| masking.add(secret.expose(), true));
        for (request, outcome) in exchanges {
            masking.add_request(&request_value(request));
            outcome.iter().for_each(|reply| masking.add_reply(reply.body(), request.endpoint().has_secret_reply()));
        }
        let entries = exchanges.iter().map(|(request, outcome)| Entry::record(request, outcome, &masking));
        Self { entries: entries.collect() }
    }

    /// Parses a cassette. A byte order mark is ignored.
    ///
    /// # Errors
    ///
    /// Returns an error with the line, or the number of the entry, if the text is not a valid cassette.
    pub fn from_json(json: &str) -> Result<Self, CassetteError> {
        let json = json.strip_prefix('\u{feff}').unwrap_or(json);
        let file = serde_json::from_str(json);
        let File { cassette, entries } = file.map_err(|error| CassetteError(format!("invalid cassette: {error}")))?;
        if cassette != VERSION {
            return Err(CassetteError(format!("unsupported cassette version {cassette}; expected {VERSION}")));
        }
        let problem = (1..).zip(&entries).find_map(|(number, entry)| Some((number, entry.problem()?)));
        match problem {
            Some((number, problem)) => Err(CassetteError(format!("invalid cassette: entry {number}: {problem}"))),
            None => Ok(Self { entries }),
        }
    }

    /// Returns the text of the file.
    ///
    /// # Errors
    ///
    /// Returns an error if the cassette cannot be serialized.
    pub fn to_json(&self) -> Result<String, CassetteError> {
        let file = File { cassette: VERSION, entries: self.entries.clone() };
        let text = serde_json::to_string_pretty(&file);
        text.map(|text| text + "\n").map_err(|error| CassetteError(format!("serialization failed: {error}")))
    }

    /// Reads a cassette from a file.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read or is not a valid cassette.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, CassetteError> {
        let error = |error: &dyn fmt::Display| CassetteError(format!("{}: {error}", path.as_ref().display()));
        let json = std::fs::read_to_string(&path).map_err(|failure| error(&failure))?;
        Self::from_json(&json).map_err(|invalid| error(&invalid))
    }

    /// Writes the cassette to a file, which is replaced.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), CassetteError> {
        let written = std::fs::write(&path, self.to_json()?);
        written.map_err(|error| CassetteError(format!("{}: {error}", path.as_ref().display())))
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

/// Shows the methods and the paths only.
impl fmt::Debug for Cassette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cassette ")?;
        f.debug_list().entries(self.entries.iter().filter_map(|entry| entry.request.get("call")?.as_str())).finish()
    }
}

/// The error of reading or writing a [`Cassette`]. Contains no secret.
#[derive(Clone)]
pub struct CassetteError(String);

report_error!(CassetteError);
