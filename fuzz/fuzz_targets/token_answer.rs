#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| authsome_fuzz::entries::token_answer(data));
