#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| stella_fuzz::profiles::run(text));
