#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| wecom_fuzz_checks::check("steps", input));
