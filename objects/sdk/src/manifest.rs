//! The bytes of the manifest, put together at compile time: only then is it known for which
//! target, and with which panic strategy.

const MAGIC: [u8; 8] = *b"LIVEOBJ\x01";
const VERSION: u32 = 1;
const HEADER: usize = 24;

/// Length of [`manifest`].
pub const fn manifest_length(json: &[&str], types: &str) -> usize {
    HEADER + json_length(json) + types.len()
}

const fn json_length(json: &[&str]) -> usize {
    let (mut length, mut index) = (0, 0);
    while index < json.len() {
        length += json[index].len();
        index += 1;
    }
    length
}

/// Header, JSON (in parts) and types.
pub const fn manifest<const N: usize>(json: &[&str], types: &str) -> [u8; N] {
    assert!(
        manifest_length(json, types) == N,
        "the length is that of `manifest_length`"
    );
    assert!(N < u32::MAX as usize, "the types are shorter than 4 GiB");
    let mut bytes = [0; N];
    let mut at = put(&mut bytes, 0, &MAGIC);
    at = put(&mut bytes, at, &VERSION.to_le_bytes());
    at = put(&mut bytes, at, &(json_length(json) as u32).to_le_bytes());
    at = put(&mut bytes, at, &(types.len() as u32).to_le_bytes());
    at += 4;
    let mut index = 0;
    while index < json.len() {
        at = put(&mut bytes, at, json[index].as_bytes());
        index += 1;
    }
    put(&mut bytes, at, types.as_bytes());
    bytes
}

const fn put(bytes: &mut [u8], at: usize, part: &[u8]) -> usize {
    let mut index = 0;
    while index < part.len() {
        bytes[at + index] = part[index];
        index += 1;
    }
    at + part.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_reader_reads_what_is_put_together() {
        const JSON: &[&str] = &[
            r#"{"name":"example:a","version":"1.0.0","abi":[0,1],"panic":""#,
            "unwind",
            r#"","target":"x86_64-linux","threads":true,"templates":["t"]}"#,
        ];
        const TYPES: &str = "object O {}\n\ntemplate t(): O;\n";
        static BYTES: [u8; manifest_length(JSON, TYPES)] = manifest(JSON, TYPES);
        let manifest = liveobj_manifest::read_section(&BYTES).unwrap();
        assert_eq!(manifest.types, TYPES);
        assert_eq!(manifest.panic, "unwind");
        assert!(manifest.threads);
        assert_eq!(BYTES.to_vec().len(), BYTES.len());
    }
}
