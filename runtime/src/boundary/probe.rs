//! Whether there is memory at an address.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;

/// Smallest size of a page; where pages are larger, each is looked at more than once.
const PAGE: usize = 4096;

/// Whether `size` bytes from `address` on are mapped, as far as the system tells: where it does
/// not, they are taken to be. One system call for each page.
pub(super) fn is_mapped(address: usize, size: usize) -> bool {
    static MEMORY: OnceLock<Option<File>> = OnceLock::new();
    let Some(memory) = MEMORY.get_or_init(|| File::open("/proc/self/mem").ok()) else {
        return true;
    };
    let Some(last) = size
        .checked_sub(1)
        .and_then(|size| address.checked_add(size))
    else {
        return false;
    };
    let readable = |at: usize| memory.read_exact_at(&mut [0], at as u64).is_ok();
    readable(last) && (address..last).step_by(PAGE).all(readable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_there_is_mapped() {
        let here = vec![0_u8; 5 * PAGE];
        let address = here.as_ptr().addr();
        assert!(is_mapped(address, here.len()));
        assert!(!is_mapped(1, 1));
        assert!(!is_mapped(address, usize::MAX - address));
        assert!(!is_mapped(usize::MAX - 7, 4));
    }
}
