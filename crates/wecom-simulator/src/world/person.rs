//! The people with unusual import behaviour.

/// A person who can't be imported as a contact, identified by the mobile number. All other people can be imported.
///
/// ```
/// use wecom_simulator::{World, WorldPerson};
///
/// let world = World::demo().person(WorldPerson::new("13000000001").account_unusable());
/// # let _ = world;
/// ```
#[derive(Clone, Debug)]
#[must_use = "a person does nothing without a world"]
pub struct WorldPerson {
    pub(crate) mobile: String,
    pub(crate) account_unusable: bool,
    pub(crate) may_not_join: bool,
}

impl WorldPerson {
    /// Creates a person with a mobile number in the format of an import: `13000000001`, or `+85251234567`.
    pub fn new(mobile: impl Into<String>) -> Self {
        Self { mobile: mobile.into(), account_unusable: false, may_not_join: false }
    }

    /// Bars the person's account: importing the person fails with
    /// [`CONTACT_ACCOUNT_UNUSABLE`](wecom_core::ErrCode::CONTACT_ACCOUNT_UNUSABLE).
    pub fn account_unusable(mut self) -> Self {
        self.account_unusable = true;
        self
    }

    /// Sets that the person's corp forbids joining the chains of other corps: importing the person fails with
    /// [`CONTACT_MAY_NOT_JOIN`](wecom_core::ErrCode::CONTACT_MAY_NOT_JOIN).
    pub fn may_not_join(mut self) -> Self {
        self.may_not_join = true;
        self
    }
}
