//! The relationship between two corps.

use super::open_enum::open_enum;

open_enum! {
    /// The relationship between two corps: `business_type`.
    pub enum BusinessType {
        /// A corp group (企业互联 or 局校互联): WeCom's default.
        CorpGroup = 0 => "corp group",
        /// A chain (上下游).
        Chain = 1 => "chain",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_the_documented_ones() {
        assert_eq!([BusinessType::CorpGroup, BusinessType::Chain].map(BusinessType::get), [0, 1]);
    }
}
