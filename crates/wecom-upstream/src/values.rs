//! Numbers with a meaning. Each is an open enum: a number that the vendor adds is read, kept and given back unchanged.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wecom_core::wire;

macro_rules! open_enums {
    ($(
        $(#[$doc:meta])+
        $name:ident { $($(#[$variant_doc:meta])+ $variant:ident = $number:literal,)+ }
    )+) => {$(
        $(#[$doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])+ $variant,)+
            /// A number that has no name here. To make one, convert from `i64`: that gives the name where there is one.
            Other(i64),
        }

        impl $name {
            /// The number that stands for it.
            #[must_use]
            pub const fn get(self) -> i64 {
                match self {
                    $(Self::$variant => $number,)+
                    Self::Other(number) => number,
                }
            }
        }

        impl From<i64> for $name {
            fn from(number: i64) -> Self {
                match number {
                    $($number => Self::$variant,)+
                    other => Self::Other(other),
                }
            }
        }

        impl From<$name> for i64 {
            fn from(value: $name) -> Self {
                value.get()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i64(self.get())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                wire::integer(deserializer).map(Self::from)
            }
        }
    )+};
}

open_enums! {
    /// What two corps are to each other: `business_type`.
    BusinessType {
        /// 企业互联 or 局校互联: what WeCom takes when nothing is said.
        CorpGroup = 0,
        /// 上下游: what every call about a chain must say.
        Chain = 1,
    }

    /// How far a joined corp has proved who it is: `qualification_status`.
    QualificationStatus {
        /// 未验证.
        Unverified = 1,
        /// 已验证.
        Verified = 2,
        /// 已认证.
        Certified = 3,
    }

    /// How far a job is: `status`.
    JobStatus {
        /// It has been taken on.
        Started = 1,
        /// It is under way.
        Running = 2,
        /// It is over, and its result is there.
        Finished = 3,
    }

    /// What became of an import: `import_status`.
    ImportStatus {
        /// Every corp was imported.
        AllImported = 1,
        /// Some corps were imported; the others are listed.
        SomeImported = 2,
        /// No corp was imported.
        NoneImported = 3,
    }

    /// What a contact is in the corp: `identity_type`.
    IdentityType {
        /// 成员.
        Member = 1,
        /// 负责人.
        Head = 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_from_a_number_or_a_string() {
        for json in ["3", "\"3\""] {
            assert_eq!(serde_json::from_str::<JobStatus>(json).unwrap(), JobStatus::Finished, "{json}");
        }
        for json in ["null", "\"\"", "true", "\"finished\""] {
            assert!(serde_json::from_str::<JobStatus>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_number_without_a_name_is_given_back_unchanged() {
        let status: QualificationStatus = serde_json::from_str("\"77\"").unwrap();
        assert_eq!(status, QualificationStatus::Other(77));
        assert_eq!(serde_json::to_string(&status).unwrap(), "77");
    }

    #[test]
    fn the_numbers_are_the_documented_ones() {
        assert_eq!([BusinessType::CorpGroup, BusinessType::Chain].map(BusinessType::get), [0, 1]);
        assert_eq!([IdentityType::Member, IdentityType::Head].map(IdentityType::get), [1, 2]);
        for number in 1..=3 {
            assert!(!matches!(QualificationStatus::from(number), QualificationStatus::Other(_)));
            assert!(!matches!(JobStatus::from(number), JobStatus::Other(_)));
            assert!(!matches!(ImportStatus::from(number), ImportStatus::Other(_)));
        }
        use {ImportStatus::AllImported, JobStatus::Started, QualificationStatus::Unverified};
        assert_eq!([Unverified.get(), Started.get(), AllImported.get()], [1, 1, 1]);
        use {ImportStatus::NoneImported, JobStatus::Finished, QualificationStatus::Certified};
        assert_eq!([Certified.get(), Finished.get(), NoneImported.get()], [3, 3, 3]);
    }
}
