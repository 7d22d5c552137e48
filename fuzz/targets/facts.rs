#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| liveobj_hostile::fact(bytes));
