//! How two corps are connected.

use super::open_enum::open_enum;

open_enum! {
    /// What two corps are to each other: `business_type`.
    pub enum BusinessType {
        /// 企业互联 or 局校互联: what WeCom takes when nothing is said.
        CorpGroup = 0,
        /// 上下游: what every call about a chain must say.
        Chain = 1,
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
