#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rounds_fuzz::bodies::audit_replay::run(bytes));
