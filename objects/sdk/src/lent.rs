//! Values that lie behind a slice: lent for one call, or held by a counted block of the host.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::Deref;

use liveobj_abi as abi;

/// `lo_slice` with its element type: what every type of this module is made of.
#[repr(C)]
pub(crate) struct Lent<'a, T> {
    /// Points to `len` elements that stay as they are for `'a`; anything where `len` is 0.
    data: *const T,
    len: u64,
    /// Travels along, so that whoever keeps the value need not copy it.
    owner: *mut abi::Block,
    lent: PhantomData<&'a [T]>,
}

impl<T> Clone for Lent<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Lent<'_, T> {}

impl<'a, T> Lent<'a, T> {
    pub(crate) const fn new(elements: &'a [T]) -> Lent<'a, T> {
        Lent {
            data: elements.as_ptr(),
            len: elements.len() as u64,
            owner: std::ptr::null_mut(),
            lent: PhantomData,
        }
    }

    pub(crate) const fn get(self) -> &'a [T] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: made by `new` from a slice that lives for `'a`, or received from the host, which
        // lends `len` elements for the call, and `'a` does not outlive the call.
        unsafe { std::slice::from_raw_parts(self.data, self.len as usize) }
    }

    pub(crate) fn slice(self) -> abi::Slice {
        abi::Slice {
            data: self.data.cast(),
            len: self.len,
            owner: self.owner,
        }
    }
}

/// `string`: UTF-8 text. Behaves as a `&str`.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Str<'a>(Lent<'a, u8>);

impl<'a> Str<'a> {
    /// Lends a text.
    pub const fn new(text: &'a str) -> Str<'a> {
        Str(Lent::new(text.as_bytes()))
    }

    /// The text, for as long as it is lent.
    pub const fn as_str(self) -> &'a str {
        // SAFETY: made from a `str`, or received from the host as a `string`, which is UTF-8.
        unsafe { std::str::from_utf8_unchecked(self.0.get()) }
    }

    pub(crate) fn slice(self) -> abi::Slice {
        self.0.slice()
    }
}

impl Deref for Str<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl<'a> From<&'a str> for Str<'a> {
    fn from(text: &'a str) -> Str<'a> {
        Str::new(text)
    }
}

impl<'a> From<&'a String> for Str<'a> {
    fn from(text: &'a String) -> Str<'a> {
        Str::new(text)
    }
}

impl AsRef<str> for Str<'_> {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Default for Str<'_> {
    fn default() -> Self {
        Str::new("")
    }
}

impl fmt::Display for Str<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl PartialEq<str> for Str<'_> {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Str<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

/// `bytes`. Behaves as a `&[u8]`.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Bytes<'a>(Lent<'a, u8>);

impl<'a> Bytes<'a> {
    /// Lends bytes.
    pub const fn new(bytes: &'a [u8]) -> Bytes<'a> {
        Bytes(Lent::new(bytes))
    }

    /// The bytes, for as long as they are lent.
    pub const fn as_slice(self) -> &'a [u8] {
        self.0.get()
    }

    pub(crate) fn slice(self) -> abi::Slice {
        self.0.slice()
    }
}

/// `reference<…>` or `external<…>`: the canonical document.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Document<'a>(Lent<'a, u8>);

impl<'a> Document<'a> {
    /// Lends a document: the text of a reference, XML or JSON. Whoever receives it checks it.
    pub const fn new(bytes: &'a [u8]) -> Document<'a> {
        Document(Lent::new(bytes))
    }

    /// The document's bytes, for as long as they are lent.
    pub const fn as_slice(self) -> &'a [u8] {
        self.0.get()
    }

    pub(crate) fn slice(self) -> abi::Slice {
        self.0.slice()
    }
}

/// A value of a type parameter: its wire bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Opaque<'a> {
    wire: Lent<'a, u8>,
    ty: *const abi::Type,
}

impl<'a> Opaque<'a> {
    /// Lends the wire bytes of a value of the type parameter that stands here. Whoever receives
    /// them checks that they are such a value.
    pub const fn new(wire: &'a [u8]) -> Opaque<'a> {
        Opaque {
            wire: Lent::new(wire),
            ty: std::ptr::null(),
        }
    }

    /// The wire bytes, for as long as they are lent.
    pub const fn as_slice(self) -> &'a [u8] {
        self.wire.get()
    }
}

macro_rules! byte_slices {
    ($($name:ident)*) => {$(
        impl Deref for $name<'_> {
            type Target = [u8];

            fn deref(&self) -> &[u8] {
                self.as_slice()
            }
        }

        impl<'a> From<&'a [u8]> for $name<'a> {
            fn from(bytes: &'a [u8]) -> $name<'a> {
                $name::new(bytes)
            }
        }

        impl<'a> From<&'a Vec<u8>> for $name<'a> {
            fn from(bytes: &'a Vec<u8>) -> $name<'a> {
                $name::new(bytes)
            }
        }

        impl<'a, const N: usize> From<&'a [u8; N]> for $name<'a> {
            fn from(bytes: &'a [u8; N]) -> $name<'a> {
                $name::new(bytes)
            }
        }

        impl AsRef<[u8]> for $name<'_> {
            fn as_ref(&self) -> &[u8] {
                self
            }
        }

        impl Default for $name<'_> {
            fn default() -> Self {
                $name::new(&[])
            }
        }
    )*};
}

byte_slices!(Bytes Document Opaque);

/// `list<T>`. Behaves as a `&[T]`.
#[repr(transparent)]
pub struct List<'a, T>(Lent<'a, T>);

impl<T> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for List<'_, T> {}

impl<'a, T> List<'a, T> {
    /// Lends elements.
    pub const fn new(elements: &'a [T]) -> List<'a, T> {
        List(Lent::new(elements))
    }

    /// The elements, for as long as they are lent.
    pub const fn as_slice(self) -> &'a [T] {
        self.0.get()
    }
}

impl<T> Deref for List<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.as_slice()
    }
}

impl<'a, T> From<&'a [T]> for List<'a, T> {
    fn from(elements: &'a [T]) -> List<'a, T> {
        List::new(elements)
    }
}

impl<'a, T> From<&'a Vec<T>> for List<'a, T> {
    fn from(elements: &'a Vec<T>) -> List<'a, T> {
        List::new(elements)
    }
}

impl<'a, T, const N: usize> From<&'a [T; N]> for List<'a, T> {
    fn from(elements: &'a [T; N]) -> List<'a, T> {
        List::new(elements)
    }
}

impl<'a, T> IntoIterator for List<'a, T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.as_slice().iter()
    }
}

impl<T> Default for List<'_, T> {
    fn default() -> Self {
        List::new(&[])
    }
}

/// `map<K, V>`: entries in ascending order of their keys, each key once.
#[repr(transparent)]
pub struct Map<'a, K, V>(Lent<'a, Entry<K, V>>);

/// One entry of a [`Map`].
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<K, V> {
    /// Its key.
    pub key: K,
    /// Its value.
    pub value: V,
}

impl<K, V> Clone for Map<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V> Copy for Map<'_, K, V> {}

impl<'a, K, V> Map<'a, K, V> {
    /// Lends entries that are in strictly ascending order of their keys; `None` if they are not.
    pub fn from_sorted(entries: &'a [Entry<K, V>]) -> Option<Map<'a, K, V>>
    where
        K: Ord,
    {
        entries
            .is_sorted_by(|left, right| left.key < right.key)
            .then_some(Map(Lent::new(entries)))
    }

    pub(crate) fn new_unchecked(entries: &'a [Entry<K, V>]) -> Map<'a, K, V> {
        Map(Lent::new(entries))
    }

    /// The entries, for as long as they are lent.
    pub const fn as_slice(self) -> &'a [Entry<K, V>] {
        self.0.get()
    }

    /// The value under `key`.
    pub fn get(self, key: &K) -> Option<&'a V>
    where
        K: Ord,
    {
        let entries = self.as_slice();
        let index = entries.binary_search_by(|entry| entry.key.cmp(key)).ok()?;
        Some(&entries[index].value)
    }

    /// Keys and values in ascending order.
    pub fn iter(self) -> impl Iterator<Item = (&'a K, &'a V)> {
        self.as_slice()
            .iter()
            .map(|entry| (&entry.key, &entry.value))
    }
}

impl<K, V> Deref for Map<'_, K, V> {
    type Target = [Entry<K, V>];

    fn deref(&self) -> &[Entry<K, V>] {
        self.as_slice()
    }
}

impl<K, V> Default for Map<'_, K, V> {
    fn default() -> Self {
        Map(Lent::new(&[]))
    }
}

/// A value that contains itself: behind a slice of one element. Behaves as a `&T`.
#[repr(transparent)]
pub struct Boxed<'a, T>(Lent<'a, T>);

impl<T> Clone for Boxed<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Boxed<'_, T> {}

impl<'a, T> Boxed<'a, T> {
    /// Lends a value.
    pub const fn new(value: &'a T) -> Boxed<'a, T> {
        Boxed(Lent::new(std::slice::from_ref(value)))
    }
}

impl<T> Deref for Boxed<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.get()[0]
    }
}

impl<'a, T> From<&'a T> for Boxed<'a, T> {
    fn from(value: &'a T) -> Boxed<'a, T> {
        Boxed::new(value)
    }
}

/// An optional value that contains itself: behind a slice of one element or none.
#[repr(transparent)]
pub struct BoxedOpt<'a, T>(Lent<'a, T>);

impl<T> Clone for BoxedOpt<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for BoxedOpt<'_, T> {}

impl<'a, T> BoxedOpt<'a, T> {
    /// Lends a value, or none.
    pub const fn new(value: Option<&'a T>) -> BoxedOpt<'a, T> {
        BoxedOpt(Lent::new(match value {
            Some(value) => std::slice::from_ref(value),
            None => &[],
        }))
    }

    /// The value.
    pub fn get(self) -> Option<&'a T> {
        self.0.get().first()
    }
}

impl<'a, T> From<Option<&'a T>> for BoxedOpt<'a, T> {
    fn from(value: Option<&'a T>) -> BoxedOpt<'a, T> {
        BoxedOpt::new(value)
    }
}

impl<T> Default for BoxedOpt<'_, T> {
    fn default() -> Self {
        BoxedOpt::new(None)
    }
}

/// Compares, orders, hashes and shows each as the slice that it lends.
macro_rules! as_lent {
    ($([$($generic:ident),*] $name:ty, |$value:ident| $view:expr;)*) => {$(
        impl<$($generic: fmt::Debug),*> fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let $value = self;
                fmt::Debug::fmt($view, f)
            }
        }

        impl<$($generic: PartialEq),*> PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                let left = { let $value = self; $view };
                let right = { let $value = other; $view };
                left == right
            }
        }

        impl<$($generic: Eq),*> Eq for $name {}

        impl<$($generic: Ord),*> PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl<$($generic: Ord),*> Ord for $name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                let left = { let $value = self; $view };
                let right = { let $value = other; $view };
                left.cmp(right)
            }
        }

        impl<$($generic: Hash),*> Hash for $name {
            fn hash<Hasher_: Hasher>(&self, state: &mut Hasher_) {
                let $value = self;
                ($view).hash(state);
            }
        }
    )*};
}

as_lent! {
    [] Str<'_>, |value| value.as_str();
    [] Bytes<'_>, |value| value.as_slice();
    [] Document<'_>, |value| value.as_slice();
    [] Opaque<'_>, |value| value.as_slice();
    [T] List<'_, T>, |value| value.as_slice();
    [T] Boxed<'_, T>, |value| value.0.get();
    [T] BoxedOpt<'_, T>, |value| value.0.get();
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Map<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for Map<'_, K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl<K: Eq, V: Eq> Eq for Map<'_, K, V> {}
