//! How a library's compiler laid out what crosses.

/// One exported layout, for the host to compare with its own computation.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct LayoutEntry {
    /// SHA-256 of the minimized type.
    pub id: [u8; 32],
    /// Bytes.
    pub size: u32,
    /// Bytes.
    pub align: u32,
    /// Offsets of the fields in name order (positions for tuples; `[payload]` for options and
    /// variants; none for the rest).
    pub offsets: *const u32,
    /// How many.
    pub offset_count: u64,
}

/// `lo_layouts`: the layouts of every event, parameter and state, and of everything inside, as the
/// library's compiler laid them out.
#[repr(C)]
pub struct Layouts {
    /// Size of this struct as the library knows it.
    pub size: u32,
    /// Size of one [`LayoutEntry`] as the library knows it.
    pub entry_size: u32,
    /// How many.
    pub count: u64,
    /// Sorted by id, without repetition.
    pub entries: *const LayoutEntry,
}

// SAFETY: immutable data of a library, alive as long as it.
unsafe impl Sync for Layouts {}
