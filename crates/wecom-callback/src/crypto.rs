//! The vendor's scheme (加解密方案): SHA-1 over sorted strings as the signature, AES-256-CBC for the message.

mod base64;
mod cipher;
mod keys;
mod random;
mod sealed;
mod signature;

pub use self::cipher::Plaintext;
pub use self::keys::CallbackKeys;
pub(crate) use self::keys::Verified;
pub use self::random::RandomBytes;
pub(crate) use self::sealed::{Sealed, seconds};
