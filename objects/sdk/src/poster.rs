//! The way into a proxy from other threads.

use std::fmt;
use std::sync::Arc;

use liveobj_abi as abi;

use crate::lent::Bytes;
use crate::wake::Token;

/// Wakes a proxy from any thread, with [`crate::Wake::Posted`]. Clones are the same handle.
#[derive(Clone)]
pub struct Poster(Arc<Handle>);

struct Handle {
    post: *mut abi::Post,
    host: *const abi::Host,
}

// SAFETY: the ABI lets `post` and `post_drop` be called on any thread.
unsafe impl Send for Handle {}
// SAFETY: as above; the handle has no state of its own.
unsafe impl Sync for Handle {}

impl Poster {
    /// # Safety
    ///
    /// `post` is a handle of `host` that nobody else gives back; `host` stays valid.
    pub(crate) unsafe fn from_raw(post: *mut abi::Post, host: *const abi::Host) -> Poster {
        Poster(Arc::new(Handle { post, host }))
    }

    /// Wakes the proxy with these bytes, which are copied.
    ///
    /// # Errors
    ///
    /// The proxy is gone.
    pub fn post(&self, token: Token, bytes: &[u8]) -> Result<(), PostError> {
        let handle = &*self.0;
        if handle.post.is_null() {
            return Err(PostError);
        }
        // SAFETY: the handle is owned and not given back yet; the host table stays valid.
        let status =
            unsafe { ((*handle.host).post)(handle.post, token.0, Bytes::new(bytes).slice()) };
        if status == abi::OK {
            Ok(())
        } else {
            Err(PostError)
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if !self.post.is_null() {
            // SAFETY: the handle is owned, and given back exactly once.
            unsafe { ((*self.host).post_drop)(self.post) };
        }
    }
}

impl fmt::Debug for Poster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Poster(…)")
    }
}

/// The proxy that was to be woken is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostError;

impl fmt::Display for PostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the proxy is gone")
    }
}

impl std::error::Error for PostError {}
