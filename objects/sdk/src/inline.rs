//! Values that lie where they are: options, tuples, identifiers.

use std::fmt;
use std::mem::{MaybeUninit, offset_of};

/// `option<T>`: converts from and into an [`Option`].
#[repr(C)]
pub struct Opt<T> {
    /// 0 or 1.
    some: u8,
    /// Holds a value where `some` is 1.
    value: MaybeUninit<T>,
}

impl<T: Copy> Clone for Opt<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T: Copy> Copy for Opt<T> {}

impl<T: Copy> Opt<T> {
    /// No value.
    pub const NONE: Opt<T> = Opt {
        some: 0,
        value: MaybeUninit::zeroed(),
    };
    #[doc(hidden)]
    pub const PAYLOAD: u32 = offset_of!(Opt<T>, value) as u32;

    /// A value.
    pub const fn some(value: T) -> Opt<T> {
        Opt {
            some: 1,
            value: MaybeUninit::new(value),
        }
    }

    /// The value, if there is one.
    pub const fn get(self) -> Option<T> {
        if self.some == 0 {
            return None;
        }
        // SAFETY: `some` is 1 only where a value was put (here, or by the host).
        Some(unsafe { self.value.assume_init() })
    }
}

impl<T: Copy> From<Option<T>> for Opt<T> {
    fn from(value: Option<T>) -> Opt<T> {
        value.map_or(Opt::NONE, Opt::some)
    }
}

impl<T: Copy> From<Opt<T>> for Option<T> {
    fn from(value: Opt<T>) -> Option<T> {
        value.get()
    }
}

impl<T: Copy> Default for Opt<T> {
    fn default() -> Self {
        Opt::NONE
    }
}

impl<T: Copy + fmt::Debug> fmt::Debug for Opt<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl<T: Copy + PartialEq> PartialEq for Opt<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Copy + Eq> Eq for Opt<T> {}

/// `uuid`: 16 bytes in the order in which people write them.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub [u8; 16]);

macro_rules! tuples {
    ($($name:ident($($item:ident),*);)*) => {$(
        /// A `tuple` of so many values.
        #[repr(C)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name<$($item),*>($(pub $item),*);
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
