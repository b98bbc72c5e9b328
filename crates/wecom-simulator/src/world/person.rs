//! The people of a world who are not as everybody is.

/// Somebody who may be imported, known by his mobile number. A number of which the world says nothing is that of a person
/// who may be.
///
/// ```
/// use wecom_simulator::{World, WorldPerson};
///
/// let world = World::demo().person(WorldPerson::new("13000000001").account_unusable());
/// # let _ = world;
/// ```
#[derive(Clone, Debug)]
#[must_use = "a person does nothing until a world has him"]
pub struct WorldPerson {
    pub(crate) mobile: String,
    pub(crate) account_unusable: bool,
    pub(crate) may_not_join: bool,
}

impl WorldPerson {
    /// Somebody by his mobile number, written as an import writes it: `13000000001`, or `+85251234567`.
    pub fn new(mobile: impl Into<String>) -> Self {
        Self { mobile: mobile.into(), account_unusable: false, may_not_join: false }
    }

    /// His own account is in a state in which he can't be invited: importing him fails with
    /// [`CONTACT_ACCOUNT_UNUSABLE`](wecom_core::ErrCode::CONTACT_ACCOUNT_UNUSABLE).
    pub fn account_unusable(mut self) -> Self {
        self.account_unusable = true;
        self
    }

    /// His own corp's administrator does not let him join the chains of others: importing him fails with
    /// [`CONTACT_MAY_NOT_JOIN`](wecom_core::ErrCode::CONTACT_MAY_NOT_JOIN).
    pub fn may_not_join(mut self) -> Self {
        self.may_not_join = true;
        self
    }
}

/// Whether this is a mobile number: 11 digits of which the first is 1, or `+` and 6 to 15 digits.
pub(crate) fn is_mobile(mobile: &str) -> bool {
    let (digits, is_long_enough) = match mobile.strip_prefix('+') {
        Some(abroad) => (abroad, (6..=15).contains(&abroad.len())),
        None => (mobile, mobile.len() == 11 && mobile.starts_with('1')),
    };
    is_long_enough && digits.bytes().all(|byte| byte.is_ascii_digit())
}
