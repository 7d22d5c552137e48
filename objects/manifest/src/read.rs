//! Reading a manifest out of a file.

use std::io::{Cursor, Read, Seek};

use object::{Architecture, Object, ObjectSection, ReadCache};

use liveobj_types::diagnostic::shortened;

use crate::{HEADER_SIZE, MAGIC, MAX_SIZE, Manifest, SECTION, VERSION};

/// Why a file has no readable manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Not a binary of any known format, or a damaged one.
    #[error("not a readable library file: {reason}")]
    NotALibrary {
        /// What is wrong with it.
        reason: String,
    },
    /// A binary without the section.
    #[error("there is no section `{SECTION}`: the file is not an object library")]
    NoSection,
    /// Two libraries were linked into one.
    #[error(
        "section `{SECTION}` holds more than one manifest: link object libraries into another \
         one with `linked`"
    )]
    SeveralManifests,
    /// The section does not start as a manifest does.
    #[error("section `{SECTION}` does not start with the mark of a manifest")]
    WrongMagic,
    /// Another format version.
    #[error("the manifest has format version {found}, and this reader knows {VERSION}")]
    UnknownVersion {
        /// The version found.
        found: u32,
    },
    /// The section is longer than any manifest.
    #[error("section `{SECTION}` has {size} bytes, more than the limit of {MAX_SIZE}")]
    TooLarge {
        /// Its size.
        size: u64,
    },
    /// The header announces more than there is.
    #[error("the manifest is cut short: it announces {announced} bytes, and {found} are there")]
    Truncated {
        /// Size according to the header; that of the header where not even this is complete.
        announced: u64,
        /// Size of the section.
        found: u64,
    },
    /// Something other than zero bytes stands after the types, or in the reserved bytes.
    #[error("the manifest's lengths do not fit: bytes that belong to no part are not zero")]
    StrayBytes,
    /// A part is not UTF-8.
    #[error("the {part} of the manifest is not UTF-8")]
    NotText {
        /// `JSON` or `types`.
        part: &'static str,
    },
    /// The file is for another machine than its manifest says.
    #[error("the manifest says `{target}`, and the file is for {machine}")]
    OtherMachine {
        /// What the manifest says.
        target: String,
        /// The machine that the file is for.
        machine: &'static str,
    },
    /// The JSON is not that of a manifest.
    #[error("the JSON of the manifest cannot be read: {reason}")]
    InvalidJson {
        /// What is wrong.
        reason: String,
    },
}

/// Reads the manifest from the bytes of a library file. Nothing of it is executed or mapped.
///
/// # Errors
///
/// The file is no library, has no manifest or several, or a damaged one.
pub fn read(file_bytes: &[u8]) -> Result<Manifest, ReadError> {
    read_from(Cursor::new(file_bytes))
}

/// [`read`] without reading the whole file: only its tables of sections and the manifest.
///
/// # Errors
///
/// As [`read`]; a file that cannot be read is no library.
pub fn read_from(file: impl Read + Seek) -> Result<Manifest, ReadError> {
    // Names that it reads are short. In a slice each section could have the whole file for a name.
    let data = ReadCache::new(file);
    let not_a_library = |error: object::Error| ReadError::NotALibrary {
        reason: error.to_string(),
    };
    let file = object::File::parse(&data).map_err(not_a_library)?;
    let mut sections = file
        .sections()
        .filter(|section| section.name_bytes() == Ok(SECTION.as_bytes()));
    let section = sections.next().ok_or(ReadError::NoSection)?;
    if sections.next().is_some() {
        return Err(ReadError::SeveralManifests);
    }
    if section.size() > MAX_SIZE as u64 {
        return Err(ReadError::TooLarge {
            size: section.size(),
        });
    }
    let manifest = read_section(section.data().map_err(not_a_library)?)?;
    match machine(file.architecture()) {
        Some(machine) if manifest.target.split('-').next() != Some(machine) => {
            Err(ReadError::OtherMachine {
                target: manifest.target,
                machine,
            })
        }
        _ => Ok(manifest),
    }
}

/// A machine as targets name it; none for those that nothing is known of.
fn machine(architecture: Architecture) -> Option<&'static str> {
    Some(match architecture {
        Architecture::Aarch64 => "aarch64",
        Architecture::Arm => "arm",
        Architecture::I386 => "x86",
        Architecture::LoongArch64 => "loongarch64",
        Architecture::PowerPc64 => "powerpc64",
        Architecture::Riscv64 => "riscv64",
        Architecture::S390x => "s390x",
        Architecture::X86_64 => "x86_64",
        _ => return None,
    })
}

/// Reads the manifest from the bytes of the section.
///
/// # Errors
///
/// As [`read`].
pub fn read_section(section: &[u8]) -> Result<Manifest, ReadError> {
    if section.len() > MAX_SIZE {
        return Err(ReadError::TooLarge {
            size: section.len() as u64,
        });
    }
    let truncated = |announced: u64| ReadError::Truncated {
        announced,
        found: section.len() as u64,
    };
    let header = section.get(..HEADER_SIZE).ok_or_else(|| {
        if section
            .iter()
            .zip(MAGIC)
            .all(|(found, expected)| *found == expected)
        {
            truncated(HEADER_SIZE as u64)
        } else {
            ReadError::WrongMagic
        }
    })?;
    if !header.starts_with(&MAGIC) {
        return Err(ReadError::WrongMagic);
    }
    let word = |at: usize| {
        u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    let (version, json_length, types_length) = (word(8), word(12), word(16));
    if version != VERSION {
        return Err(ReadError::UnknownVersion { found: version });
    }
    if word(20) != 0 {
        return Err(ReadError::StrayBytes);
    }
    let body = &section[HEADER_SIZE..];
    let announced = u64::from(json_length) + u64::from(types_length);
    if announced > body.len() as u64 {
        return Err(truncated(HEADER_SIZE as u64 + announced));
    }
    let (json, rest) = body.split_at(json_length as usize);
    let (types, rest) = rest.split_at(types_length as usize);
    if rest.iter().any(|byte| *byte != 0) {
        let second = rest.windows(MAGIC.len()).any(|window| window == MAGIC);
        return Err(if second {
            ReadError::SeveralManifests
        } else {
            ReadError::StrayBytes
        });
    }
    let json = text(json, "JSON")?;
    let types = text(types, "types")?;
    let mut manifest: Manifest =
        serde_json::from_str(json).map_err(|error| ReadError::InvalidJson {
            reason: shortened(error.to_string()),
        })?;
    manifest.types = types.to_owned();
    Ok(manifest)
}

fn text<'a>(bytes: &'a [u8], part: &'static str) -> Result<&'a str, ReadError> {
    std::str::from_utf8(bytes).map_err(|_| ReadError::NotText { part })
}
