//! Manifests out of files: sound ones, broken ones, and ones that were tampered with.

use std::io::Cursor;

use liveobj_manifest::{
    HEADER_SIZE, MAGIC, MAX_SIZE, Manifest, ReadError, emit, read, read_from, read_section,
};
use proptest::prelude::*;

fn manifest() -> Manifest {
    Manifest {
        name: "example:clock".to_owned(),
        version: "1.2.3".to_owned(),
        abi: [0, 1],
        panic: "unwind".to_owned(),
        target: "x86_64-linux".to_owned(),
        threads: true,
        sdk: String::new(),
        templates: vec!["alarm".to_owned(), "clock".to_owned()],
        formalisms: Vec::new(),
        types: "object Clock {}\n\ntemplate alarm(): Clock;\n\ntemplate clock(): Clock;\n"
            .to_owned(),
    }
}

/// A 64-bit little-endian ELF file that has nothing but these sections.
fn elf(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut names = vec![0];
    let mut data: Vec<u8> = Vec::new();
    let mut headers = vec![[0_u64; 4]];
    let mut place = |name: &str, kind: u64, bytes: &[u8], names: &mut Vec<u8>| {
        headers.push([
            kind << 32 | names.len() as u64,
            64 + data.len() as u64,
            bytes.len() as u64,
            0,
        ]);
        names.extend(name.as_bytes());
        names.push(0);
        data.extend(bytes);
    };
    for (name, bytes) in sections {
        place(name, 1, bytes, &mut names);
    }
    let mut all_names = names.clone();
    all_names.extend(b".shstrtab\0");
    place(".shstrtab", 3, &all_names, &mut names);
    let table = 64 + data.len() as u64;
    let count = headers.len() as u16;

    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    file.extend(3_u16.to_le_bytes());
    file.extend(62_u16.to_le_bytes());
    file.extend(1_u32.to_le_bytes());
    file.extend([0; 16]);
    file.extend(table.to_le_bytes());
    file.extend(0_u32.to_le_bytes());
    for half in [64, 0, 0, 64, count, count - 1] {
        file.extend(half.to_le_bytes());
    }
    file.extend(data);
    for [name_and_kind, offset, size, _] in headers {
        file.extend(name_and_kind.to_le_bytes());
        file.extend([0; 16]);
        file.extend(offset.to_le_bytes());
        file.extend(size.to_le_bytes());
        file.extend([0; 24]);
    }
    file
}

#[test]
fn a_library_file_gives_its_manifest() {
    let file = elf(&[(".text", b"code"), (".liveobj", &emit(&manifest()))]);
    assert_eq!(read(&file), Ok(manifest()));
}

#[test]
fn zero_bytes_after_the_types_are_padding() {
    let mut section = emit(&manifest());
    section.extend([0; 13]);
    assert_eq!(read_section(&section), Ok(manifest()));
}

#[test]
fn a_file_that_is_no_binary_is_refused() {
    assert!(matches!(
        read(b"#!/bin/sh\n"),
        Err(ReadError::NotALibrary { .. })
    ));
    assert!(matches!(read(b""), Err(ReadError::NotALibrary { .. })));
}

#[test]
fn a_binary_without_the_section_is_refused() {
    assert_eq!(read(&elf(&[(".text", b"code")])), Err(ReadError::NoSection));
    let this = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    assert_eq!(read(&this), Err(ReadError::NoSection));
}

#[test]
fn two_manifests_are_refused_in_one_section_or_two() {
    let one = emit(&manifest());
    let two = [one.as_slice(), &[0; 3], &one].concat();
    assert_eq!(
        read(&elf(&[(".liveobj", &two)])),
        Err(ReadError::SeveralManifests)
    );
    let file = elf(&[(".liveobj", &one), (".liveobj", &one)]);
    assert_eq!(read(&file), Err(ReadError::SeveralManifests));
}

#[test]
fn a_manifest_that_is_cut_short_is_refused_wherever_it_is_cut() {
    let section = emit(&manifest());
    for length in 0..section.len() {
        let error = read_section(&section[..length]).unwrap_err();
        assert!(
            matches!(error, ReadError::Truncated { .. }),
            "{length}: {error}"
        );
    }
}

#[test]
fn a_library_file_that_is_cut_short_is_refused_wherever_it_is_cut() {
    let file = elf(&[(".text", b"code"), (".liveobj", &emit(&manifest()))]);
    for length in 0..file.len() {
        let error = read(&file[..length]).unwrap_err();
        assert!(
            matches!(error, ReadError::NotALibrary { .. }),
            "{length}: {error}"
        );
    }
}

/// An ELF file with so many sections, all of which have the rest of the file for their name.
fn elf_with_endless_names(count: u16) -> Vec<u8> {
    let table = 64 + 64 * u64::from(count);
    let length = 64 * 1024 * 1024;
    let mut file = elf(&[]);
    file.truncate(64);
    file[40..48].copy_from_slice(&64_u64.to_le_bytes());
    file[60..62].copy_from_slice(&count.to_le_bytes());
    file[62..64].copy_from_slice(&1_u16.to_le_bytes());
    for section in 0..count {
        let (kind, place) = match section {
            0 => (0, [0, 0]),
            1 => (3, [table, length]),
            _ => (1, [table, 1]),
        };
        file.extend([0_u32.to_le_bytes(), u32::to_le_bytes(kind)].concat());
        file.extend([0; 16]);
        file.extend(place.map(u64::to_le_bytes).concat());
        file.extend([0; 24]);
    }
    file.resize((table + length) as usize, b'n');
    file
}

#[test]
fn endless_names_of_sections_are_not_read_to_their_end() {
    // 60,000 times 64 MiB would take an hour.
    let file = elf_with_endless_names(60_000);
    assert_eq!(read(&file), Err(ReadError::NoSection));
    assert_eq!(read_from(Cursor::new(&file)), Err(ReadError::NoSection));
}

#[test]
fn what_is_wrong_with_the_json_is_told_in_a_few_words() {
    let section = |json: &str| {
        let mut section = MAGIC.to_vec();
        section.extend(1_u32.to_le_bytes());
        section.extend((json.len() as u32).to_le_bytes());
        section.extend([0; 8]);
        section.extend(json.as_bytes());
        read_section(&section).unwrap_err().to_string()
    };
    let name = "n".repeat(10_000_000);
    let error = section(&format!("{{\"abi\":\"{name}\"}}"));
    assert!(error.contains("cannot be read: invalid type"));
    assert!(error.len() < 4096, "{} bytes", error.len());
    let error = section(&format!("{{\"other\":{}", "[".repeat(1_000_000)));
    assert!(error.contains("cannot be read: EOF"), "{error}");
}

#[test]
fn another_mark_is_refused() {
    let mut section = emit(&manifest());
    section[0] = b'l';
    assert_eq!(read_section(&section), Err(ReadError::WrongMagic));
    assert_eq!(read_section(b"x"), Err(ReadError::WrongMagic));
}

#[test]
fn another_version_is_refused() {
    let mut section = emit(&manifest());
    section[MAGIC.len()] = 2;
    assert_eq!(
        read_section(&section),
        Err(ReadError::UnknownVersion { found: 2 })
    );
}

#[test]
fn lengths_that_lie_are_refused() {
    let json_length = MAGIC.len() + 4;
    let types_length = json_length + 4;
    let lie = |at: usize, change: i32| {
        let mut section = emit(&manifest());
        let word: [u8; 4] = section[at..at + 4].try_into().unwrap();
        let length = u32::from_le_bytes(word).wrapping_add_signed(change);
        section[at..at + 4].copy_from_slice(&length.to_le_bytes());
        read_section(&section).unwrap_err()
    };
    assert!(matches!(lie(types_length, 1), ReadError::Truncated { .. }));
    assert!(matches!(
        lie(json_length, i32::MIN),
        ReadError::Truncated { .. }
    ));
    assert_eq!(lie(types_length, -1), ReadError::StrayBytes);
    // One byte of the JSON counts as types, and the last one of the types is left over.
    assert_eq!(lie(json_length, -1), ReadError::StrayBytes);
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let mut section = emit(&manifest());
    let last = section.len() - 1;
    section[last] = 0xff;
    assert_eq!(
        read_section(&section),
        Err(ReadError::NotText { part: "types" })
    );
    let mut section = emit(&manifest());
    section[HEADER_SIZE + 2] = 0xff;
    assert_eq!(
        read_section(&section),
        Err(ReadError::NotText { part: "JSON" })
    );
}

#[test]
fn json_of_something_else_is_refused() {
    let mut section = emit(&manifest());
    section[HEADER_SIZE] = b'[';
    assert!(matches!(
        read_section(&section),
        Err(ReadError::InvalidJson { .. })
    ));
}

#[test]
fn a_section_longer_than_any_manifest_is_refused() {
    let section = vec![0; MAX_SIZE + 1];
    assert!(matches!(
        read_section(&section),
        Err(ReadError::TooLarge { .. })
    ));
}

#[test]
fn the_types_parse_under_the_name_of_the_library() {
    let (module, findings) = manifest().module();
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(module.name, "example:clock");
    assert!(module.lookup("clock").is_some());
}

/// Changes bytes, cuts, and doubles a part: whatever a file may have gone through.
fn mutated(file: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let length = file.len();
    let changes = prop::collection::vec((0..length, any::<u8>()), 0..12);
    (changes, 0..=length, any::<bool>()).prop_map(move |(changes, cut, double)| {
        let mut file = file.clone();
        for (at, byte) in changes {
            file[at] = byte;
        }
        if double {
            file.extend_from_within(cut..);
        } else if cut % 3 == 0 {
            file.truncate(cut);
        }
        file
    })
}

proptest! {
    #[test]
    fn a_mutated_file_is_read_or_refused(
        file in mutated(elf(&[(".text", b"code"), (".liveobj", &emit(&manifest()))])),
    ) {
        let whole = read(&file).ok();
        prop_assert_eq!(read_from(Cursor::new(&file)).ok(), whole);
    }

    #[test]
    fn a_mutated_section_is_read_or_refused(section in mutated(emit(&manifest()))) {
        if let Ok(read) = read_section(&section) {
            // What was read is written back as it was read.
            prop_assert_eq!(read_section(&emit(&read)), Ok(read));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
        let _ = read_section(&bytes);
        let _ = read_section(&[&MAGIC[..], &bytes].concat());
    }

    #[test]
    fn what_is_emitted_is_read(
        name in ".*", version in ".*", threads: bool, types in ".*",
        templates in prop::collection::vec(".*", 0..4),
    ) {
        let manifest = Manifest { name, version, threads, types, templates, ..manifest() };
        prop_assert_eq!(read_section(&emit(&manifest)), Ok(manifest));
    }
}
