//! The corp id and the app secret that a token is fetched with.

use std::env::{self, VarError};
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use crate::secret::Secret;

/// The upstream app's corp id and secret.
///
/// ```
/// use wecom_core::{Credentials, Secret};
///
/// let credentials =
///     Credentials::new("ww1234567890abcdef", Secret::new("the-app-secret"));
/// assert!(!format!("{credentials:?}").contains("the-app-secret"));
/// ```
///
/// It can be deserialized from a configuration with the fields `corp_id` and `secret`, or with the vendor's names
/// `corpid` and `corpsecret`. Both must be set and not be empty. Surrounding white space is removed. No error text
/// contains a value.
///
/// ```
/// let json = r#"{"corp_id": "ww1234567890abcdef", "secret": "the-app-secret"}"#;
/// let credentials: wecom_core::Credentials = serde_json::from_str(json)?;
/// assert_eq!(credentials.corp_id(), "ww1234567890abcdef");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    corp_id: String,
    secret: Secret,
}

/// The form of [`Credentials`] in a configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CredentialsConfig {
    #[serde(alias = "corpid")]
    corp_id: String,
    #[serde(alias = "corpsecret")]
    secret: Secret,
}

impl<'de> Deserialize<'de> for Credentials {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not a method for a known type: its error would quote a value of another type, which may be the secret.
        let CredentialsConfig { corp_id, secret } = if deserializer.is_human_readable() {
            deserializer.deserialize_any(ConfigVisitor)?
        } else {
            CredentialsConfig::deserialize(deserializer)?
        };
        match corp_id.trim() {
            "" => Err(D::Error::custom("empty corp_id: it is the corp's id (企业ID, ww…)")),
            corp_id => Ok(Self::new(corp_id, secret)),
        }
    }
}

/// Accepts a map. Its error for any other value does not quote the value.
struct ConfigVisitor;

impl<'de> Visitor<'de> for ConfigVisitor {
    type Value = CredentialsConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map with corp_id and secret")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CredentialsConfig, A::Error> {
        CredentialsConfig::deserialize(MapAccessDeserializer::new(map))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<CredentialsConfig, E> {
        Err(not_a_map())
    }

    fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<CredentialsConfig, E> {
        Err(not_a_map())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<CredentialsConfig, E> {
        Err(not_a_map())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<CredentialsConfig, E> {
        Err(not_a_map())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<CredentialsConfig, E> {
        Err(not_a_map())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<CredentialsConfig, E> {
        Err(not_a_map())
    }
}

fn not_a_map<E: Error>() -> E {
    E::custom("invalid type: credentials must be a map with corp_id and secret")
}

/// The variables of [`Credentials::from_env`].
const CORP_ID_VARIABLE: &str = "WECOM_CORP_ID";
const SECRET_VARIABLE: &str = "WECOM_SECRET";

impl Credentials {
    /// Creates credentials from the corp's id (企业ID, `ww…`) and the app's secret (`corpsecret`).
    pub fn new(corp_id: impl Into<String>, secret: Secret) -> Self {
        Self { corp_id: corp_id.into(), secret }
    }

    /// Reads the credentials from the environment variables `WECOM_CORP_ID` and `WECOM_SECRET`, without surrounding white
    /// space.
    ///
    /// # Errors
    ///
    /// Returns an error that names the variable if it is not set, empty or not valid UTF-8.
    pub fn from_env() -> Result<Self, MissingVariable> {
        Self::from_variables(|name| env::var(name))
    }

    fn from_variables(get: impl Fn(&str) -> Result<String, VarError>) -> Result<Self, MissingVariable> {
        let read = |name| match get(name) {
            Ok(value) if value.trim().is_empty() => Err(MissingVariable { name, problem: "is empty" }),
            Ok(value) => Ok(value),
            Err(VarError::NotPresent) => Err(MissingVariable { name, problem: "is not set" }),
            Err(VarError::NotUnicode(_)) => Err(MissingVariable { name, problem: "is not valid UTF-8" }),
        };
        Ok(Self::new(read(CORP_ID_VARIABLE)?.trim(), Secret::new(read(SECRET_VARIABLE)?)))
    }

    /// The corp's id.
    #[must_use]
    pub fn corp_id(&self) -> &str {
        &self.corp_id
    }

    /// The app's secret.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.secret
    }
}

/// The error of [`Credentials::from_env`]: a variable without a usable value. Its text names the variable and never
/// contains a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "missing credentials: the environment variable {name} {problem}; {CORP_ID_VARIABLE} is the corp's id (企业ID), \
     {SECRET_VARIABLE} the app's secret (corpsecret)"
)]
pub struct MissingVariable {
    name: &'static str,
    problem: &'static str,
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Credentials, MissingVariable> {
        let variables: HashMap<_, _> = variables.iter().copied().collect();
        Credentials::from_variables(|name| variables.get(name).map(|&value| value.into()).ok_or(VarError::NotPresent))
    }

    #[test]
    fn credentials_are_read_from_the_environment_without_white_space() {
        let credentials = read(&[("WECOM_CORP_ID", " ww1\n"), ("WECOM_SECRET", "canary\n")]).unwrap();
        assert_eq!(credentials, Credentials::new("ww1", Secret::new("canary")));
    }

    #[test]
    fn a_missing_variable_is_named_and_no_value_is_shown() {
        let cases: [(&[_], _); 3] = [
            (&[("WECOM_SECRET", "canary")], "WECOM_CORP_ID is not set"),
            (&[("WECOM_CORP_ID", "canary")], "WECOM_SECRET is not set"),
            (&[("WECOM_CORP_ID", "canary"), ("WECOM_SECRET", " ")], "WECOM_SECRET is empty"),
        ];
        for (variables, problem) in cases {
            let error = read(variables).unwrap_err().to_string();
            assert!(error.contains(problem) && !error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn a_configuration_may_use_the_vendors_names_and_nothing_unknown() {
        let json = r#"{"corpid":"ww1","corpsecret":"canary\n"}"#;
        let read: Credentials = serde_json::from_str(json).unwrap();
        assert_eq!(read, Credentials::new("ww1", Secret::new("canary")));
        for json in [r#"{"corp_id":"ww1"}"#, r#"{"corp_id":"ww1","secret":""}"#, r#"{"corpid":"a","secret":"b","c":1}"#]
        {
            assert!(serde_json::from_str::<Credentials>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn no_error_of_a_configuration_has_a_secret() {
        for json in [
            r#""ww1:987654321""#,
            "987654321",
            "-987654321",
            "987654321.5",
            r#"["ww1","987654321"]"#,
            r#"{"corp_id":"ww1","secret":987654321}"#,
            r#"{"corp_id":"ww1","secret":["987654321"]}"#,
            r#"{"corp_id":"ww1","secret":"987654321","agent":3}"#,
        ] {
            let error = serde_json::from_str::<Credentials>(json).unwrap_err().to_string();
            assert!(!error.contains("987654321"), "{error}");
        }
    }

    #[test]
    fn the_corp_id_of_a_configuration_is_trimmed_and_must_not_be_empty() {
        let read = |json| serde_json::from_str::<Credentials>(json);
        assert_eq!(read(r#"{"corp_id":" ww1\n","secret":"s"}"#).unwrap().corp_id(), "ww1");
        let error = read(r#"{"corp_id":" ","secret":"s"}"#).unwrap_err().to_string();
        assert!(error.contains("empty corp_id"), "{error}");
    }
}
