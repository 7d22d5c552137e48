//! `lo_host.inspect` and `lo_host.cast`.

use liveobj_abi as abi;

use super::block::block;
use super::calls::ProxyCell;
use super::host::read_text;
use crate::engine::reflect::Reflection;

/// `lo_host.inspect`.
///
/// # Safety
///
/// `context` is that of the running call, the reference is valid now, and `found` is NULL or a
/// place for a reflection.
pub(super) unsafe extern "C" fn inspect(
    context: *mut abi::Context,
    reference: abi::Slice,
    found: *mut abi::Reflection,
) -> abi::Status {
    // SAFETY: by contract.
    let (proxy, document) = unsafe { (ProxyCell::of(context), read_text(&reference)) };
    let Some(document) = document.filter(|_| !found.is_null()) else {
        return abi::INVALID;
    };
    let (status, reflection) = match proxy.domain().inspect(&document) {
        Ok(reflection) => (abi::OK, reflection),
        Err(reason) => {
            let reason = Reflection {
                name: reason,
                declaration: String::new(),
                endpoints: Vec::new(),
            };
            (abi::FAILED, reason)
        }
    };
    // SAFETY: by contract.
    unsafe { found.write(laid_out(&reflection)) };
    status
}

/// `lo_host.cast`.
///
/// # Safety
///
/// `context` is that of the running call, reference and type are valid now, and `answer` is NULL
/// or a place for a slice.
pub(super) unsafe extern "C" fn cast(
    context: *mut abi::Context,
    reference: abi::Slice,
    ty: abi::Slice,
    answer: *mut abi::Slice,
) -> abi::Status {
    // SAFETY: by contract.
    let (proxy, document, ty) = unsafe {
        (
            ProxyCell::of(context),
            read_text(&reference),
            read_text(&ty),
        )
    };
    let (Some(document), Some(ty), false) = (document, ty, answer.is_null()) else {
        return abi::INVALID;
    };
    let (status, text) = match proxy.domain().cast(proxy, &document, &ty) {
        Ok(document) => (abi::OK, document),
        Err(reason) => (abi::FAILED, reason),
    };
    let (mut memory, slice) = Memory::new(text.len());
    memory.put(text.as_bytes());
    // SAFETY: by contract.
    unsafe { answer.write(slice) };
    status
}

/// A reflection in one block: first the endpoints, then all texts.
fn laid_out(reflection: &Reflection) -> abi::Reflection {
    let endpoints = &reflection.endpoints;
    let texts = endpoints
        .iter()
        .map(|endpoint| endpoint.name.len() + endpoint.ty.len());
    let size = size_of::<abi::ReflectedEndpoint>() * endpoints.len()
        + texts.sum::<usize>()
        + reflection.name.len()
        + reflection.declaration.len();
    let (mut memory, whole) = Memory::new(size);
    let first = memory.structs::<abi::ReflectedEndpoint>(endpoints.len());
    for (index, endpoint) in endpoints.iter().enumerate() {
        let laid_out = abi::ReflectedEndpoint {
            name: memory.put(endpoint.name.as_bytes()),
            ty: memory.put(endpoint.ty.as_bytes()),
            many: u32::from(endpoint.many),
            mandatory: u32::from(endpoint.mandatory),
        };
        // SAFETY: `structs` made room for so many, aligned as blocks are.
        unsafe { first.add(index).write(laid_out) };
    }
    abi::Reflection {
        owner: whole.owner,
        name: memory.put(reflection.name.as_bytes()),
        declaration: memory.put(reflection.declaration.as_bytes()),
        endpoints: abi::Slice {
            data: first.cast(),
            len: endpoints.len() as u64,
            owner: std::ptr::null_mut(),
        },
    }
}

/// A block that is being written, from its start to its end.
struct Memory {
    next: *mut u8,
    left: usize,
}

impl Memory {
    /// A block of so many bytes, and the slice that owns it.
    fn new(size: usize) -> (Memory, abi::Slice) {
        let mut write = std::ptr::null_mut();
        // SAFETY: NULL stands for bytes, and `write` is a place for a pointer.
        let slice = unsafe { block(std::ptr::null(), size as u64, &raw mut write) };
        let left = if write.is_null() { 0 } else { size };
        let next = write.cast();
        (Memory { next, left }, slice)
    }

    /// Room for structs; only at the start of the block, which is aligned to 8 bytes.
    fn structs<T>(&mut self, count: usize) -> *mut T {
        const { assert!(align_of::<T>() <= 8) };
        self.advance(size_of::<T>() * count).cast()
    }

    /// Copies bytes.
    fn put(&mut self, bytes: &[u8]) -> abi::Slice {
        let data = self.advance(bytes.len());
        if !bytes.is_empty() {
            // SAFETY: `advance` checked that there is room, which nobody else has.
            unsafe { data.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        }
        abi::Slice {
            data: data.cast_const().cast(),
            len: bytes.len() as u64,
            owner: std::ptr::null_mut(),
        }
    }

    fn advance(&mut self, size: usize) -> *mut u8 {
        assert!(size <= self.left, "the block was made for all of it");
        let here = self.next;
        self.left -= size;
        // SAFETY: inside the block, or its end.
        self.next = unsafe { here.add(size) };
        here
    }
}
