//! The engine's view of payload memory: lent pointers, what is kept while it waits, conversions.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use liveobj_types::layout::Layouts;
use liveobj_types::{Data, Types};

use super::calls::Lent;
use super::moves::{Moves, Place};
use super::{Misfit, OwnedPayload, Payload, PayloadFault, Scratch, Trust, Viewed};

/// Knows one payload type: copies, reads and writes its memory.
#[derive(Clone, Debug)]
pub(crate) struct Keeper(Rc<Payload>);

impl Keeper {
    /// Prepares a type; none where it cannot be laid out.
    pub(crate) fn new(types: &Types, ty: Viewed) -> Option<Keeper> {
        Payload::new(&mut Layouts::new(types), ty).map(|payload| Keeper(Rc::new(payload)))
    }

    /// Copies a payload with all that it points to, except that what blocks own is counted once
    /// more and stays where it is. Checks what has to be followed.
    pub(crate) fn keep(&self, lent: Lent) -> Result<Kept, PayloadFault> {
        // SAFETY: a `Lent` is a payload that is valid now; whoever has this keeper for it took
        // both from the same event.
        unsafe { self.0.copy(lent.0) }.map(Kept)
    }

    /// Reads a payload, checking it.
    pub(crate) fn read(&self, lent: Lent) -> Result<Data, PayloadFault> {
        // SAFETY: as in `keep`.
        unsafe { self.0.read(lent.0) }
    }

    /// Whether a payload is a value of the type; `trust` tells whether memory is probed.
    pub(crate) fn check(&self, lent: Lent, trust: Trust) -> Result<(), Misfit> {
        // SAFETY: as in `keep`.
        unsafe { self.0.check(lent.0, trust == Trust::Probed) }
    }

    /// Lays a value out; none where it is not one of the type.
    pub(crate) fn write(&self, data: &Data) -> Option<Kept> {
        self.0.write(data).map(Kept)
    }
}

/// A payload in memory of its own.
#[derive(Debug)]
pub(crate) struct Kept(OwnedPayload);

impl Kept {
    /// Lends it.
    pub(crate) fn lent(&self) -> Lent {
        Lent::new(self.0.as_ptr())
    }

    /// Bytes it takes, those of blocks included.
    pub(crate) fn size(&self) -> usize {
        self.0.size()
    }
}

/// From one layout to another, with the memory that it reuses.
#[derive(Debug)]
pub(crate) struct Conversion(How);

#[derive(Debug)]
enum How {
    /// Between fixed places.
    Moves(Rc<Moves>, Place),
    /// Part by part.
    Program(Box<(super::Conversion, RefCell<Scratch>)>),
}

impl Conversion {
    /// The conversion from a sender's type to a receiver's.
    ///
    /// # Errors
    ///
    /// There is none, which the check would have found, or a type cannot be laid out.
    pub(crate) fn build(
        types: &Types,
        source: Viewed,
        target: Viewed,
    ) -> Result<Option<Conversion>, NoConversion> {
        let known = Known::build(types, source, target).ok_or(NoConversion)?;
        Ok(known.with_memory())
    }

    /// The converted payload, where that takes no more than moves; it is lent until the next one is
    /// converted.
    ///
    /// # Errors
    ///
    /// The payload is not a value of the sender's type.
    #[inline(always)]
    pub(super) fn moved(&self, lent: Lent) -> Option<Result<Lent, PayloadFault>> {
        match &self.0 {
            How::Moves(moves, place) => Some(How::moved(moves, place, lent)),
            How::Program(_) => None,
        }
    }

    /// Converts a payload and lends the result to `call`.
    ///
    /// # Errors
    ///
    /// The payload is not a value of the sender's type; `call` is not called.
    pub(crate) fn with<R>(
        &self,
        lent: Lent,
        call: impl FnOnce(Lent) -> R,
    ) -> Result<R, PayloadFault> {
        match &self.0 {
            How::Moves(moves, place) => How::moved(moves, place, lent).map(call),
            How::Program(program) => {
                let (conversion, scratch) = &**program;
                let mut scratch = scratch.borrow_mut();
                // The target of a connection never runs twice at once, so its memory is free.
                // SAFETY: as in `moved`.
                let converted = unsafe { conversion.apply(&mut scratch, lent.0) }?;
                Ok(call(Lent::new(converted)))
            }
        }
    }
}

impl How {
    #[inline(always)]
    fn moved(moves: &Moves, place: &Place, lent: Lent) -> Result<Lent, PayloadFault> {
        // The target of a connection never runs twice at once, so its memory is free.
        // SAFETY: a `Lent` is valid now, and is of the sender's type: links are made of the
        // conversions of their own events. The place is that of these moves.
        unsafe { moves.run(lent.0.cast(), place) }?;
        Ok(Lent::new(place.as_ptr().cast()))
    }
}

/// What was laid out before, of one arena of types, which only grows: the same type again costs
/// nothing but another count.
#[derive(Default)]
pub(crate) struct Prepared {
    keepers: RefCell<BTreeMap<Viewed, Option<Keeper>>>,
    conversions: RefCell<BTreeMap<(Viewed, Viewed), Option<Known>>>,
}

/// A conversion without memory of its own.
#[derive(Clone)]
enum Known {
    Lend,
    Moves(Rc<Moves>),
    Program(super::Conversion),
}

impl Prepared {
    /// As [`Keeper::new`].
    pub(crate) fn keeper(&self, types: &Types, ty: Viewed) -> Option<Keeper> {
        let mut keepers = self.keepers.borrow_mut();
        let keeper = keepers.entry(ty).or_insert_with(|| Keeper::new(types, ty));
        keeper.clone()
    }

    /// As [`Conversion::build`].
    ///
    /// # Errors
    ///
    /// As [`Conversion::build`].
    pub(crate) fn conversion(
        &self,
        types: &Types,
        source: Viewed,
        target: Viewed,
    ) -> Result<Option<Conversion>, NoConversion> {
        let mut conversions = self.conversions.borrow_mut();
        let known = conversions
            .entry((source, target))
            .or_insert_with(|| Known::build(types, source, target));
        known.clone().map(Known::with_memory).ok_or(NoConversion)
    }
}

impl Known {
    fn build(types: &Types, source: Viewed, target: Viewed) -> Option<Known> {
        let conversion = super::Conversion::build(&mut Layouts::new(types), source, target)?;
        Some(match conversion {
            super::Conversion::Lend => Known::Lend,
            conversion => match conversion.moves() {
                Some(moves) => Known::Moves(Rc::new(moves)),
                None => Known::Program(conversion),
            },
        })
    }

    /// With memory for one connection; none where a payload is lent as it is.
    fn with_memory(self) -> Option<Conversion> {
        Some(Conversion(match self {
            Known::Lend => return None,
            Known::Moves(moves) => {
                let place = moves.place();
                How::Moves(moves, place)
            }
            Known::Program(conversion) => {
                How::Program(Box::new((conversion, RefCell::new(Scratch::new()))))
            }
        }))
    }
}

/// Two payload types between which there is no conversion.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoConversion;
