//! Reproducible random numbers.

/// A probability that selects the same calls every time.
pub(crate) struct Probability {
    pub(crate) probability: f64,
    pub(crate) seed: u64,
}

impl Probability {
    pub(crate) fn selects(&self, call: u64) -> bool {
        const STEPS: f64 = (1u64 << 53) as f64;
        // An f64 holds 53 bits exactly.
        let drawn = (random(self.seed, call) >> 11) as f64 / STEPS;
        drawn < self.probability
    }
}

/// Returns a number of the SplitMix64 sequence of the seed.
pub(crate) fn random(seed: u64, at: u64) -> u64 {
    const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut mixed = seed.wrapping_add(at.wrapping_add(1).wrapping_mul(STEP));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_equals_that_of_the_reference_implementation() {
        // SplitMix64 for the seed 1234567.
        let first: Vec<_> = (0..3).map(|at| random(1_234_567, at)).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn a_probability_selects_about_its_share_of_the_calls() {
        for (probability, expected) in [(0.0, 0..=0), (0.25, 2300..=2700), (1.0, 10_000..=10_000)] {
            let sample = Probability { probability, seed: 7 };
            let selected = (1..=10_000).filter(|&call| sample.selects(call)).count();
            assert!(expected.contains(&selected), "{probability}: {selected}");
        }
    }
}
