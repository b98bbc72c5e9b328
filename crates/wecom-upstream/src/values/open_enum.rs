//! The macro for open enums: named numbers to which the vendor may add.

/// Defines an enum that deserializes unknown numbers too, serializes them unchanged, and displays a number with a variant as
/// the text of the variant.
macro_rules! open_enum {
    (
        $(#[$doc:meta])+
        $visibility:vis enum $name:ident {
            $($(#[$variant_doc:meta])+ $variant:ident = $number:literal => $text:literal,)+
        }
    ) => {
        $(#[$doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        $visibility enum $name {
            $($(#[$variant_doc])+ $variant,)+
            /// A number without a named variant. Convert from `i64` to create one: the conversion prefers named
            /// variants.
            Other(i64),
        }

        impl $name {
            /// Returns the number.
            #[must_use]
            pub const fn get(self) -> i64 {
                match self {
                    $(Self::$variant => $number,)+
                    Self::Other(number) => number,
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    $(Self::$variant => f.pad($text),)+
                    Self::Other(number) => f.pad(&format!("unknown ({number})")),
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

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i64(self.get())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                ::wecom_core::codec::wire::integer(deserializer).map(Self::from)
            }
        }
    };
}
pub(crate) use open_enum;

#[cfg(test)]
#[allow(unreachable_pub, reason = "the methods that the macro defines are public")]
mod tests {
    open_enum! {
        /// A level.
        pub(super) enum Level {
            /// Low.
            Low = 1 => "low",
            /// High.
            High = 3 => "high",
        }
    }

    #[test]
    fn a_value_deserializes_from_a_number_or_a_string() {
        for json in ["3", "\"3\""] {
            assert_eq!(serde_json::from_str::<Level>(json).unwrap(), Level::High, "{json}");
        }
        for json in ["null", "\"\"", "true", "\"finished\""] {
            assert!(serde_json::from_str::<Level>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_number_without_a_variant_is_kept_unchanged() {
        let level: Level = serde_json::from_str("\"77\"").unwrap();
        assert_eq!(level, Level::Other(77));
        assert_eq!(serde_json::to_string(&level).unwrap(), "77");
    }

    #[test]
    fn a_value_displays_as_its_text() {
        let texts = [Level::Low, Level::Other(77)].map(|level| format!("{level:<5}|"));
        assert_eq!(texts, ["low  |", "unknown (77)|"]);
    }

    #[test]
    fn a_named_number_converts_to_its_variant_and_back() {
        assert_eq!([Level::from(1), Level::from(3)], [Level::Low, Level::High]);
        assert_eq!([Level::Low, Level::High].map(i64::from), [1, 3]);
    }
}
