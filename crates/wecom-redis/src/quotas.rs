//! Quotas that several processes share.
//!
//! A quota is a hash. It counts each window in intervals of a hundredth of the window's length, by the clock of Redis. The
//! field of an interval is the window's name, a colon and the number of the interval since the Unix epoch. An interval
//! counts until its end is older than the window.

use std::sync::LazyLock;
use std::time::Duration;

use redis::{Script, ScriptInvocation};
use wecom_core::async_trait;
use wecom_core::quota::{
    CallKind, LocalQuotaStore, QuotaGrant, QuotaKey, QuotaRefusal, QuotaRequest, QuotaStore, QuotaStoreError,
};

use crate::error::RedisStoreError;
use crate::store::RedisStore;

/// Takes admissions. Returns five numbers: the admissions, the current time, the time until there is room, the time until
/// WeCom's block ends, and the refusals with 45033. Times are in microseconds.
///
/// Arguments: the number of admissions, the kind of the calls; for each window its name, its length in microseconds and the
/// number of calls allowed. Large numbers are formatted explicitly, because Lua rounds them when it converts them to text.
static TAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]
        local room, windows = tonumber(ARGV[1]), {}
        for at = 3, #ARGV, 3 do
            windows[ARGV[at]] = {length = tonumber(ARGV[at + 1]), left = tonumber(ARGV[at + 2])}
        end
        local stored, expired = redis.call('HGETALL', KEYS[1]), {}
        local blocked_until, refusals = 0, 0
        for at = 1, #stored, 2 do
            local field, value = stored[at], tonumber(stored[at + 1])
            local name, length, interval = string.match(field, '^(%a+(%d+)):(%d+)$')
            if interval then
                local ends = (interval + 1) * math.ceil(length / 100) + length
                local window = windows[name]
                if ends <= now or value <= 0 then
                    expired[#expired + 1] = field
                elseif window then
                    window.left = window.left - value
                    window.frees = math.min(window.frees or ends, ends)
                end
            elseif field == 'block all' or field == 'block ' .. ARGV[2] then
                blocked_until = math.max(blocked_until, value)
            elseif field == 'refusals' then
                refusals = value
            end
        end
        for first = 1, #expired, 1000 do
            redis.call('HDEL', KEYS[1], unpack(expired, first, math.min(first + 999, #expired)))
        end
        local retry_after = -1
        for _, window in pairs(windows) do
            room = math.min(room, window.left)
            if window.left <= 0 and window.frees then
                retry_after = math.max(retry_after, window.frees - now)
            end
        end
        if blocked_until > now then room = 0 end
        room = math.max(room, 0)
        if room > 0 then
            local lives = redis.call('PTTL', KEYS[1])
            for name, window in pairs(windows) do
                local width = math.ceil(window.length / 100)
                redis.call('HINCRBY', KEYS[1], name .. string.format(':%.0f', math.floor(now / width)), room)
                lives = math.max(lives, math.ceil((window.length + width) / 1000))
            end
            redis.call('PEXPIRE', KEYS[1], string.format('%.0f', lives))
        end
        return {room, now, retry_after, blocked_until - now, refusals}",
    )
});

/// Gives back admissions. Arguments: the time at which they were counted, in microseconds, and their number; for each window
/// its name and its length in microseconds.
static GIVE_BACK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "for at = 3, #ARGV, 2 do
            local interval = math.floor(ARGV[1] / math.ceil(ARGV[at + 1] / 100))
            local field = ARGV[at] .. string.format(':%.0f', interval)
            local back = math.min(tonumber(redis.call('HGET', KEYS[1], field) or 0), tonumber(ARGV[2]))
            if back > 0 then redis.call('HINCRBY', KEYS[1], field, -back) end
        end
        return true",
    )
});

/// Records a block. Arguments: its field, its length in milliseconds.
static BLOCK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local time = redis.call('TIME')
        local ends = time[1] * 1000000 + time[2] + ARGV[2] * 1000
        if ends > tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or 0) then
            redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', ends))
        end
        local lives = math.max(redis.call('PTTL', KEYS[1]), tonumber(ARGV[2]))
        redis.call('PEXPIRE', KEYS[1], string.format('%.0f', lives))
        return true",
    )
});

/// Counts a refusal with 45033. Argument: how long it is remembered, in milliseconds.
static COUNT_REFUSAL: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "redis.call('HINCRBY', KEYS[1], 'refusals', 1)
        local lives = math.max(redis.call('PTTL', KEYS[1]), tonumber(ARGV[1]))
        redis.call('PEXPIRE', KEYS[1], string.format('%.0f', lives))
        return true",
    )
});

/// The minimum time for which the number of refusals with 45033 is kept after the last one.
const REFUSALS_LAST: Duration = Duration::from_secs(60 * 60);

/// The longest block. A longer one is shortened, because Redis refuses a time to live that is out of range.
const LONGEST_BLOCK: Duration = Duration::from_secs(366 * 24 * 60 * 60);

impl RedisStore {
    async fn take_admissions(&self, request: &QuotaRequest) -> Result<QuotaGrant, RedisStoreError> {
        let mut script = TAKE.key(self.quota_key(&request.key));
        script.arg(request.count).arg(name(request.kind));
        for window in &request.windows {
            let length = window.length.as_micros();
            script.arg(format!("{}{length}", name(window.counts))).arg(length.to_string()).arg(window.allowed);
        }
        // A repetition takes the admissions twice. That wastes some, but exceeds no quota.
        let (admitted, now, retry_after, blocked_for, refusals): (u32, u64, i64, i64, u64) =
            self.connection().run(&script).await?;
        let mut grant = QuotaGrant::new(admitted, now);
        grant.retry_after = Some(retry_after).filter(|_| admitted == 0).and_then(positive);
        grant.blocked_for = positive(blocked_for);
        grant.concurrency_refusals = refusals;
        Ok(grant)
    }

    async fn return_admissions(
        &self,
        request: &QuotaRequest,
        counted_at: u64,
        unused: u32,
    ) -> Result<(), RedisStoreError> {
        let mut script = GIVE_BACK.key(self.quota_key(&request.key));
        script.arg(counted_at).arg(unused);
        for window in &request.windows {
            let length = window.length.as_micros();
            script.arg(format!("{}{length}", name(window.counts))).arg(length.to_string());
        }
        self.run_once(&script).await
    }

    async fn record_refusal(&self, key: &QuotaKey, refusal: QuotaRefusal) -> Result<(), RedisStoreError> {
        let key = self.quota_key(key);
        match refusal {
            QuotaRefusal::Frequency { kind, block } => {
                let field = if kind == CallKind::Usual { "block usual" } else { "block all" };
                let length = u64::try_from(block.min(LONGEST_BLOCK).as_millis()).unwrap_or(u64::MAX).max(1);
                self.run_once(BLOCK.key(key).arg(field).arg(length)).await
            }
            // The trait has only one other refusal, that of too many concurrent calls.
            _ => self.run_once(COUNT_REFUSAL.key(key).arg(REFUSALS_LAST.as_millis().to_string())).await,
        }
    }

    async fn run_once(&self, script: &ScriptInvocation<'_>) -> Result<(), RedisStoreError> {
        let _true: bool = self.connection().run_once(script).await?;
        Ok(())
    }

    fn quota_key(&self, key: &QuotaKey) -> String {
        self.keys().key("quota", key)
    }
}

fn positive(microseconds: i64) -> Option<Duration> {
    u64::try_from(microseconds).ok().filter(|&time| time > 0).map(Duration::from_micros)
}

fn name(kind: CallKind) -> &'static str {
    if kind == CallKind::Usual { "usual" } else { "ticketed" }
}

macro_rules! quota_store {
    ($(#[$attribute:meta] $store:ident),+) => {$(
        #[$attribute]
        impl $store for RedisStore {
            async fn take(&self, request: &QuotaRequest) -> Result<QuotaGrant, QuotaStoreError> {
                self.take_admissions(request).await.map_err(QuotaStoreError::new)
            }

            async fn give_back(
                &self,
                request: &QuotaRequest,
                counted_at: u64,
                unused: u32,
            ) -> Result<(), QuotaStoreError> {
                self.return_admissions(request, counted_at, unused).await.map_err(QuotaStoreError::new)
            }

            async fn report(&self, key: &QuotaKey, refusal: QuotaRefusal) -> Result<(), QuotaStoreError> {
                self.record_refusal(key, refusal).await.map_err(QuotaStoreError::new)
            }
        }
    )+};
}

quota_store!(
    #[async_trait]
    QuotaStore,
    #[async_trait(?Send)]
    LocalQuotaStore
);
