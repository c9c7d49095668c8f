#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| stella_fuzz::canonicalize::run(input));
