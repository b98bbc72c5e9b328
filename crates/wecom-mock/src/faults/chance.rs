//! Chance that a test can repeat: a sequence of numbers that its seed decides.

/// A probability that falls on the same calls each time.
pub(crate) struct Chance {
    pub(crate) probability: f64,
    pub(crate) seed: u64,
}

impl Chance {
    pub(crate) fn falls_on(&self, call: u64) -> bool {
        const STEPS: f64 = (1u64 << 53) as f64;
        // The upper 53 bits, which is what an f64 holds exactly.
        let drawn = (random(self.seed, call) >> 11) as f64 / STEPS;
        drawn < self.probability
    }
}

/// The number at one place of a seed's sequence: SplitMix64.
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
    fn the_sequence_is_the_published_one_of_splitmix64() {
        // The first numbers of the reference implementation for the seed 1234567.
        let first: Vec<_> = (0..3).map(|at| random(1_234_567, at)).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn a_probability_falls_on_about_its_share_of_the_calls() {
        for (probability, expected) in [(0.0, 0..=0), (0.25, 2300..=2700), (1.0, 10_000..=10_000)] {
            let chance = Chance { probability, seed: 7 };
            let struck = (1..=10_000).filter(|&call| chance.falls_on(call)).count();
            assert!(expected.contains(&struck), "{probability}: {struck}");
        }
    }
}
