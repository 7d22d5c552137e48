//! Files of object libraries.

use std::io::Cursor;

use liveobj_manifest::{c_header, emit, read, read_from, read_section};
use liveobj_types::Types;

use crate::refused;

/// A library file, or the section of one.
pub fn manifest(bytes: &[u8]) {
    let found = read(bytes);
    assert_eq!(
        read_from(Cursor::new(bytes)).ok(),
        found.as_ref().ok().cloned()
    );
    for manifest in [found.ok(), read_section(bytes).ok()].into_iter().flatten() {
        assert_eq!(read_section(&emit(&manifest)).as_ref(), Ok(&manifest));
        let (module, mut findings) = manifest.module();
        findings.extend(Types::new().check_module(&module, &liveobj_formalisms::builtin()));
        let header = c_header(&manifest);
        assert!(!refused(&findings) || header.is_err(), "{findings:?}");
    }
}
