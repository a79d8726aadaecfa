#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rounds_fuzz::bodies::config_toml::run(bytes));
