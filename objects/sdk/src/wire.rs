//! Values as wire bytes: what an object's state is saved as. No padding, little-endian, fields in
//! the order of their names, tags and lengths of 32 bits.

use crate::inline::{Opt, Tuple1, Tuple2, Tuple3, Tuple4, Tuple5, Tuple6, Tuple7, Tuple8, Uuid};
use crate::lent::{Boxed, BoxedOpt, Bytes, Document, Entry, List, Map, Opaque, Str};

/// A value that has a wire form; generated for records and variants.
pub trait Wire: Copy {
    /// Appends the wire form.
    ///
    /// # Panics
    ///
    /// A text, list or map has more than 2³² - 1 elements.
    fn encode(self, bytes: &mut Vec<u8>);

    /// Takes a value from the front of `bytes`; `None` if there is none. For tests: what the value
    /// lends is never freed.
    fn decode(bytes: &mut &[u8]) -> Option<Self>;
}

/// Appends a number of elements, or the tag of a variant.
pub fn encode_count(count: usize, bytes: &mut Vec<u8>) {
    let count = u32::try_from(count).expect("because what is saved has less than 2³² elements");
    count.encode(bytes);
}

fn decode_count(bytes: &mut &[u8]) -> Option<usize> {
    u32::decode(bytes).map(|count| count as usize)
}

fn decode_bytes(bytes: &mut &[u8]) -> Option<&'static [u8]> {
    let count = decode_count(bytes)?;
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(Vec::leak(taken.to_vec()))
}

fn decode_elements<'a, T: Wire + 'a>(bytes: &mut &[u8]) -> Option<&'a [T]> {
    let count = decode_count(bytes)?;
    let elements: Option<Vec<T>> = (0..count).map(|_| T::decode(bytes)).collect();
    elements.map(|elements| &*Vec::leak(elements))
}

fn encode_elements<T: Wire>(elements: &[T], bytes: &mut Vec<u8>) {
    encode_count(elements.len(), bytes);
    for element in elements {
        element.encode(bytes);
    }
}

macro_rules! numbers {
    ($($ty:ty)*) => {$(
        impl Wire for $ty {
            fn encode(self, bytes: &mut Vec<u8>) {
                bytes.extend(self.to_le_bytes());
            }

            fn decode(bytes: &mut &[u8]) -> Option<Self> {
                let (taken, rest) = bytes.split_first_chunk()?;
                *bytes = rest;
                Some(<$ty>::from_le_bytes(*taken))
            }
        }
    )*};
}

numbers!(u8 u16 u32 u64 i8 i16 i32 i64);

/// Floating-point numbers have one NaN.
macro_rules! floats {
    ($($ty:ty: $bits:ty, $nan:literal;)*) => {$(
        impl Wire for $ty {
            fn encode(self, bytes: &mut Vec<u8>) {
                let bits = if self.is_nan() { $nan } else { self.to_bits() };
                bits.encode(bytes);
            }

            fn decode(bytes: &mut &[u8]) -> Option<Self> {
                <$bits>::decode(bytes).map(<$ty>::from_bits)
            }
        }
    )*};
}

floats! {
    f32: u32, 0x7FC0_0000;
    f64: u64, 0x7FF8_0000_0000_0000;
}

impl Wire for bool {
    fn encode(self, bytes: &mut Vec<u8>) {
        u8::from(self).encode(bytes);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        match u8::decode(bytes)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Wire for char {
    fn encode(self, bytes: &mut Vec<u8>) {
        u32::from(self).encode(bytes);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        u32::decode(bytes).and_then(char::from_u32)
    }
}

impl Wire for Uuid {
    fn encode(self, bytes: &mut Vec<u8>) {
        bytes.extend(self.0);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let (taken, rest) = bytes.split_first_chunk()?;
        *bytes = rest;
        Some(Uuid(*taken))
    }
}

impl Wire for Str<'_> {
    fn encode(self, bytes: &mut Vec<u8>) {
        encode_count(self.len(), bytes);
        bytes.extend(self.as_str().as_bytes());
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        std::str::from_utf8(decode_bytes(bytes)?).ok().map(Str::new)
    }
}

impl Wire for Bytes<'_> {
    fn encode(self, bytes: &mut Vec<u8>) {
        encode_count(self.len(), bytes);
        bytes.extend(self.as_slice());
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        decode_bytes(bytes).map(Bytes::new)
    }
}

impl Wire for Document<'_> {
    fn encode(self, bytes: &mut Vec<u8>) {
        encode_count(self.len(), bytes);
        bytes.extend(self.as_slice());
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        decode_bytes(bytes).map(Document::new)
    }
}

impl Wire for Opaque<'_> {
    fn encode(self, bytes: &mut Vec<u8>) {
        bytes.extend(self.as_slice());
    }

    /// Where such a value ends only those know who know its type.
    fn decode(_: &mut &[u8]) -> Option<Self> {
        None
    }
}

impl<T: Wire> Wire for List<'_, T> {
    fn encode(self, bytes: &mut Vec<u8>) {
        encode_elements(self.as_slice(), bytes);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        decode_elements(bytes).map(List::new)
    }
}

impl<K: Wire, V: Wire> Wire for Entry<K, V> {
    fn encode(self, bytes: &mut Vec<u8>) {
        self.key.encode(bytes);
        self.value.encode(bytes);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let (key, value) = (K::decode(bytes)?, V::decode(bytes)?);
        Some(Entry { key, value })
    }
}

impl<K: Wire, V: Wire> Wire for Map<'_, K, V> {
    fn encode(self, bytes: &mut Vec<u8>) {
        encode_elements(self.as_slice(), bytes);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        decode_elements(bytes).map(Map::new_unchecked)
    }
}

impl<T: Wire> Wire for Boxed<'_, T> {
    fn encode(self, bytes: &mut Vec<u8>) {
        (*self).encode(bytes);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let value = T::decode(bytes)?;
        Some(Boxed::new(&Vec::leak(vec![value])[0]))
    }
}

impl<T: Wire> Wire for Opt<T> {
    fn encode(self, bytes: &mut Vec<u8>) {
        self.get().is_some().encode(bytes);
        if let Some(value) = self.get() {
            value.encode(bytes);
        }
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        if bool::decode(bytes)? {
            T::decode(bytes).map(Opt::some)
        } else {
            Some(Opt::NONE)
        }
    }
}

impl<T: Wire> Wire for BoxedOpt<'_, T> {
    fn encode(self, bytes: &mut Vec<u8>) {
        Opt::from(self.get().copied()).encode(bytes);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let value = Opt::<T>::decode(bytes)?.get();
        Some(BoxedOpt::new(value.map(|value| &Vec::leak(vec![value])[0])))
    }
}

macro_rules! tuples {
    ($($name:ident($($item:ident),*);)*) => {$(
        #[allow(non_snake_case, reason = "the items are named as their types")]
        impl<$($item: Wire),*> Wire for $name<$($item),*> {
            fn encode(self, bytes: &mut Vec<u8>) {
                let $name($($item),*) = self;
                $($item.encode(bytes);)*
            }

            fn decode(bytes: &mut &[u8]) -> Option<Self> {
                Some($name($($item::decode(bytes)?),*))
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
