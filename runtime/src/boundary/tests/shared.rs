//! Payloads of one `bytes` field, for tests of who shares memory with whom.

use std::mem::ManuallyDrop;
use std::sync::Arc;

use liveobj_abi as abi;
use liveobj_types::layout::Layouts;
use liveobj_types::types::{Basic, Value};
use liveobj_types::{Types, ValueId};

use crate::boundary::block::{Block, block, drop_block, keep};
use crate::boundary::calls::Lent;
use crate::boundary::generate::add;
use crate::boundary::memory::Keeper;
use crate::boundary::{Payload, Viewed};

/// A record whose one field is a slice of bytes.
pub(crate) struct Shared {
    slice: Box<abi::Slice>,
    /// The block, whether or not the slice says so.
    block: *mut abi::Block,
}

impl Shared {
    /// So many bytes, in a block that the slice names as its owner.
    pub(crate) fn owned(len: u64) -> Shared {
        let mut write = std::ptr::null_mut();
        // SAFETY: NULL stands for bytes, and `write` is a place for a pointer.
        let slice = unsafe { block(std::ptr::null(), len, &raw mut write) };
        // SAFETY: `block` made room for so many bytes.
        unsafe { write.cast::<u8>().write_bytes(b'x', len as usize) };
        let block = slice.owner;
        let slice = Box::new(slice);
        Shared { slice, block }
    }

    /// The same without naming the owner: lent for the call only.
    pub(crate) fn lent(len: u64) -> Shared {
        let mut shared = Shared::owned(len);
        shared.slice.owner = std::ptr::null_mut();
        shared
    }

    /// The payload.
    pub(crate) fn payload(&self) -> Lent {
        Lent::new(std::ptr::from_ref(&*self.slice).cast())
    }

    /// Where the payload and its bytes lie.
    pub(crate) fn places(&self) -> [usize; 2] {
        places(self.payload())
    }

    /// How many count on the block.
    pub(crate) fn holders(&self) -> usize {
        // SAFETY: the block is counted until `self` is dropped, and this count is not given back.
        let block = unsafe { Arc::from_raw(self.block.cast::<Block>().cast_const()) };
        Arc::strong_count(&ManuallyDrop::new(block))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: the count that `block` gave.
        unsafe { drop_block(self.block) };
    }
}

/// Where a payload of one `bytes` field and its bytes lie.
pub(crate) fn places(payload: Lent) -> [usize; 2] {
    // SAFETY: the payloads of these tests are a `Shared` or what the host made of one.
    let slice = unsafe { payload.0.cast::<abi::Slice>().read() };
    [payload.0.addr(), slice.data.addr()]
}

const LONG: u64 = 100 << 10;

fn record(types: &mut Types) -> ValueId {
    let bytes = add(types, Value::Basic(Basic::Bytes));
    let fields = [("n".to_owned(), bytes)].into();
    add(
        types,
        Value::Record {
            fields,
            open: false,
        },
    )
}

fn keeper() -> Keeper {
    let mut types = Types::new();
    let ty = record(&mut types);
    Keeper::new(&types, Viewed::plain(ty)).expect("small")
}

#[test]
fn a_slice_that_a_block_owns_is_kept_and_any_other_is_copied() {
    let keeper = keeper();
    let owned = Shared::owned(LONG);
    let kept = keeper.keep(owned.payload()).expect("a payload");
    let [structure, bytes] = places(kept.lent());
    assert_ne!(structure, owned.places()[0], "the struct is copied");
    assert_eq!(bytes, owned.places()[1], "the bytes are not");
    assert_eq!(owned.holders(), 2);
    assert!(
        kept.size() as u64 >= LONG,
        "what is kept counts against a queue's limit"
    );
    let again = keeper.keep(kept.lent()).expect("a payload");
    assert_eq!(owned.holders(), 3);
    assert_eq!(keeper.read(again.lent()), keeper.read(owned.payload()));
    drop((kept, again));
    assert_eq!(owned.holders(), 1);
    let lent = Shared::lent(LONG);
    let copied = keeper.keep(lent.payload()).expect("a payload");
    assert_ne!(places(copied.lent())[1], lent.places()[1]);
    assert_eq!(lent.holders(), 1);
    assert_eq!(keeper.read(copied.lent()), keeper.read(lent.payload()));
}

#[test]
fn what_is_kept_outlives_the_one_who_made_it() {
    let keeper = keeper();
    let owned = Shared::owned(LONG);
    let before = keeper.read(owned.payload());
    let kept = keeper.keep(owned.payload()).expect("a payload");
    drop(owned);
    // On another thread, as in another domain.
    let elsewhere = std::thread::spawn(move || self::keeper().read(kept.lent()));
    assert_eq!(elsewhere.join().expect("read"), before);
}

#[test]
fn a_slice_that_lies_outside_of_its_owner_is_copied() {
    let keeper = keeper();
    let [here, there] = [Shared::owned(LONG), Shared::owned(LONG)];
    let mut mixed = *here.slice;
    mixed.owner = there.block;
    let kept = keeper
        .keep(Lent::new((&raw const mixed).cast()))
        .expect("a payload");
    assert_ne!(places(kept.lent())[1], here.places()[1]);
    assert_eq!([here.holders(), there.holders()], [1, 1]);
    // Part of a block is inside of it.
    let mut part = *here.slice;
    part.data = part.data.cast::<u8>().wrapping_add(8).cast();
    part.len -= 16;
    let kept = keeper
        .keep(Lent::new((&raw const part).cast()))
        .expect("a payload");
    assert_eq!(places(kept.lent())[1], here.places()[1] + 8);
}

#[test]
fn a_list_of_plain_elements_is_kept_and_one_of_texts_is_copied() {
    let mut types = Types::new();
    let word = add(&mut types, Value::Basic(Basic::U64));
    let words = add(&mut types, Value::List(word));
    let text = add(&mut types, Value::Basic(Basic::String));
    let texts = add(&mut types, Value::List(text));
    let shared = Shared::owned(48);
    for (list, count, kept_there) in [(words, 6, true), (texts, 2, false)] {
        let payload = Payload::new(&mut Layouts::new(&types), Viewed::plain(list)).expect("small");
        let mut slice = *shared.slice;
        slice.len = count;
        if !kept_there {
            // Two texts without characters: all zero.
            let block = shared.slice.data.cast_mut().cast::<u8>();
            // SAFETY: the block has 48 bytes, and nobody else looks at them.
            unsafe { block.write_bytes(0, 48) };
        }
        // SAFETY: a slice of so many elements, owned by a counted block.
        let copy = unsafe { payload.copy((&raw const slice).cast()) }.expect("a list");
        let place = places(Lent::new(copy.as_ptr()))[1];
        assert_eq!(place == shared.places()[1], kept_there);
        assert_eq!(shared.holders(), 1 + usize::from(kept_there));
    }
}

#[test]
fn keep_counts_what_is_owned_and_copies_what_is_lent() {
    for (shared, counted) in [(Shared::owned(LONG), true), (Shared::lent(LONG), false)] {
        // SAFETY: the slice is valid, and its owner is NULL or its block.
        let kept = unsafe { keep(*shared.slice, std::ptr::null()) };
        assert_eq!(kept.data.addr() == shared.places()[1], counted);
        assert_eq!(shared.holders(), 1 + usize::from(counted));
        assert!(!kept.owner.is_null(), "somebody owns what is kept");
        // SAFETY: the count that `keep` gave.
        unsafe { drop_block(kept.owner) };
        assert_eq!(shared.holders(), 1);
    }
}
