//! Deep copies of payloads, for the harness. They live for ever.

use std::ffi::c_void;

use crate::inline::{Opt, Tuple1, Tuple2, Tuple3, Tuple4, Tuple5, Tuple6, Tuple7, Tuple8, Uuid};
use crate::lent::{Boxed, BoxedOpt, Bytes, Document, Entry, List, Map, Opaque, Str};
use crate::shim::read;

/// A value that can be copied with all that it lends; generated for records and variants.
pub trait Copied: Copy {
    /// The copy; what it lends is never freed.
    #[must_use]
    fn copied(self) -> Self;
}

/// Copies a payload.
///
/// # Safety
///
/// `payload` is a `T`, unless `T` has no size.
pub unsafe fn copied<T: Copied>(payload: *const c_void) -> *const c_void {
    // SAFETY: the caller's promise.
    let payload = unsafe { read::<T>(payload) };
    std::ptr::from_mut(Box::leak(Box::new(payload.copied())))
        .cast_const()
        .cast()
}

/// Copies elements to a place where they stay.
fn leak<'a, T: Copied + 'a>(elements: &[T]) -> &'a [T] {
    Vec::leak(elements.iter().map(|element| element.copied()).collect())
}

macro_rules! plain {
    ($($ty:ty)*) => {$(
        impl Copied for $ty {
            fn copied(self) -> Self {
                self
            }
        }
    )*};
}

plain!(bool u8 u16 u32 u64 i8 i16 i32 i64 f32 f64 char Uuid);

impl Copied for Str<'_> {
    fn copied(self) -> Self {
        Str::new(String::leak(self.as_str().to_owned()))
    }
}

impl Copied for Bytes<'_> {
    fn copied(self) -> Self {
        Bytes::new(leak(self.as_slice()))
    }
}

impl Copied for Document<'_> {
    fn copied(self) -> Self {
        Document::new(leak(self.as_slice()))
    }
}

impl Copied for Opaque<'_> {
    fn copied(self) -> Self {
        Opaque::new(leak(self.as_slice()))
    }
}

impl<T: Copied> Copied for List<'_, T> {
    fn copied(self) -> Self {
        List::new(leak(self.as_slice()))
    }
}

impl<K: Copied, V: Copied> Copied for Entry<K, V> {
    fn copied(self) -> Self {
        Entry {
            key: self.key.copied(),
            value: self.value.copied(),
        }
    }
}

impl<K: Copied, V: Copied> Copied for Map<'_, K, V> {
    fn copied(self) -> Self {
        Map::new_unchecked(leak(self.as_slice()))
    }
}

impl<T: Copied> Copied for Boxed<'_, T> {
    fn copied(self) -> Self {
        Boxed::new(&leak(&[*self])[0])
    }
}

impl<T: Copied> Copied for BoxedOpt<'_, T> {
    fn copied(self) -> Self {
        BoxedOpt::new(self.get().map(|value| &leak(&[*value])[0]))
    }
}

impl<T: Copied> Copied for Opt<T> {
    fn copied(self) -> Self {
        self.get().map(Copied::copied).into()
    }
}

macro_rules! tuples {
    ($($name:ident($($item:ident),*);)*) => {$(
        impl<$($item: Copied),*> Copied for $name<$($item),*> {
            #[allow(non_snake_case, reason = "the items are named as their types")]
            fn copied(self) -> Self {
                let $name($($item),*) = self;
                $name($($item.copied()),*)
            }
        }
    )*};
}

tuples! {
    Tuple1(A);
    Tuple2(A, B);
    Tuple3(A, B, C);
    Tuple4(A, B, C, D);
    Tuple5(A, B, C, D, E);
    Tuple6(A, B, C, D, E, F);
    Tuple7(A, B, C, D, E, F, G);
    Tuple8(A, B, C, D, E, F, G, H);
}
