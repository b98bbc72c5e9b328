//! The customers of `wecom-upstream`.

use std::sync::LazyLock;
use std::time::Duration;

use redis::Script;
use serde::{Deserialize, Serialize};
use wecom_upstream::UnionId;
use wecom_upstream::ids::PendingId;
use wecom_upstream::jobs::customers::{CustomerRecord, CustomerStore};

use crate::error::RedisStoreError;
use crate::store::RedisStore;

static GET: LazyLock<Script> = LazyLock::new(|| Script::new("return redis.call('GET', KEYS[1])"));

static SET: LazyLock<Script> =
    LazyLock::new(|| Script::new("redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return true"));

/// How long a record is kept after it was last stored: twice the validity of a `pending_id`.
const KEPT: Duration = Duration::from_secs(180 * 24 * 60 * 60);

/// The version of stored records.
const VERSION: u32 = 1;

/// A record as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored<R> {
    version: u32,
    record: R,
}

/// The record and its index entry have keys of their own, because Redis Cluster may keep them on different nodes. The index
/// entry is written first, and counts only if the record contains the same `pending_id`.
impl CustomerStore for RedisStore {
    type Error = RedisStoreError;

    async fn get(&mut self, unionid: &UnionId) -> Result<Option<CustomerRecord>, RedisStoreError> {
        let Some(json) = self.get_text(self.customer_key(unionid)).await? else { return Ok(None) };
        let stored: Stored<CustomerRecord> = serde_json::from_str(&json).map_err(|_| RedisStoreError::InvalidReply)?;
        if stored.version != VERSION {
            return Err(RedisStoreError::InvalidReply);
        }
        Ok(Some(stored.record))
    }

    async fn find(&mut self, pending_id: &PendingId) -> Result<Option<CustomerRecord>, RedisStoreError> {
        let Some(unionid) = self.get_text(self.pending_id_key(pending_id)).await? else { return Ok(None) };
        let record = self.get(&UnionId::new(unionid)).await?;
        let has_id =
            |record: &CustomerRecord| record.pending.as_ref().is_some_and(|pending| pending.pending_id == *pending_id);
        Ok(record.filter(has_id))
    }

    async fn put(&mut self, record: &CustomerRecord) -> Result<(), RedisStoreError> {
        let json = serde_json::to_string(&Stored { version: VERSION, record });
        let json = json.map_err(|_| RedisStoreError::InvalidReply)?;
        if let Some(pending) = &record.pending {
            self.set_text(self.pending_id_key(&pending.pending_id), record.unionid.as_str()).await?;
        }
        self.set_text(self.customer_key(&record.unionid), &json).await
    }
}

impl RedisStore {
    async fn get_text(&self, key: String) -> Result<Option<String>, RedisStoreError> {
        self.connection().run(&GET.key(key)).await
    }

    async fn set_text(&self, key: String, text: &str) -> Result<(), RedisStoreError> {
        let _true: bool = self.connection().run(SET.key(key).arg(text).arg(KEPT.as_millis().to_string())).await?;
        Ok(())
    }

    fn customer_key(&self, unionid: &UnionId) -> String {
        self.keys().key("customer", unionid.as_str())
    }

    fn pending_id_key(&self, pending_id: &PendingId) -> String {
        self.keys().key("pending-id", pending_id.as_str())
    }
}
