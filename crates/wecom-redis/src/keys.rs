//! The names of keys.

use std::fmt::Display;

use crate::error::RedisStoreError;

/// Names the keys of a store.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    namespace: String,
}

impl Keys {
    pub(crate) fn new(namespace: String) -> Result<Self, RedisStoreError> {
        let is_valid = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'{' | b'}');
        if namespace.is_empty() || !namespace.bytes().all(is_valid) {
            let expected = "visible ASCII characters other than braces";
            return Err(RedisStoreError::InvalidSetting { setting: "the namespace", expected });
        }
        Ok(Self { namespace })
    }

    /// The key of a kind of data. Redis Cluster keeps the keys of one id on one node, whatever their kind.
    pub(crate) fn key(&self, kind: &str, id: impl Display) -> String {
        format!("{}:{kind}:{{{id}}}", self.namespace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_the_namespace_and_the_kind_and_has_its_id_as_the_hash_tag() {
        let keys = Keys::new("wecom".to_owned()).unwrap();
        assert_eq!(keys.key("token", "ww1/app/upstream"), "wecom:token:{ww1/app/upstream}");
    }

    #[test]
    fn a_namespace_that_would_change_the_hash_tag_is_refused() {
        for namespace in ["", "a{b", "a}", "a b", "企业"] {
            assert!(Keys::new(namespace.to_owned()).is_err(), "{namespace:?}");
        }
    }
}
