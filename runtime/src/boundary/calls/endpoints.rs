//! The endpoints of a proxy as the tables see them.

use std::cell::Cell;
use std::rc::Rc;

use liveobj_abi as abi;

use super::super::emit;
use super::super::peers::Peers;
use super::{EmitFunction, LinkCell};
use crate::engine::domain::Domain;

/// The link that an endpoint has while it is unconnected (a stub), or for good if it is `many` (a
/// fan).
#[repr(C)]
pub(crate) struct FixedCell {
    emit: EmitFunction,
    domain: *const Domain,
    /// For fans: one link per connection.
    peers: Option<Box<Peers>>,
    /// Emissions that went nowhere.
    pub(crate) lost: Cell<u64>,
}

impl FixedCell {
    fn new(domain: &Rc<Domain>, many: bool) -> FixedCell {
        FixedCell {
            emit: if many { emit::fan } else { emit::stub },
            domain: Rc::as_ptr(domain),
            peers: many.then(Box::default),
            lost: Cell::new(0),
        }
    }

    /// The links that it leads to; none unless it is a fan.
    pub(crate) fn peers(&self) -> Option<&Peers> {
        self.peers.as_deref()
    }

    /// Bytes that it has beside itself.
    fn bytes(&self) -> usize {
        self.peers().map_or(0, size_of_val)
    }

    pub(in crate::boundary) fn domain(&self) -> &Domain {
        // SAFETY: as in `ProxyCell::domain`.
        unsafe { &*self.domain }
    }

    /// The cell behind a link.
    ///
    /// # Safety
    ///
    /// `link` came from the context of a running function, and its `emit` is [`emit::stub`] or
    /// [`emit::fan`].
    pub(in crate::boundary) unsafe fn of<'a>(link: *mut abi::Link) -> &'a FixedCell {
        // SAFETY: links are the first words of cells, and no other cell has these functions.
        unsafe { &*link.cast::<FixedCell>() }
    }

    fn pointer(&self) -> *mut abi::Link {
        std::ptr::from_ref(self).cast_mut().cast()
    }
}

/// By endpoint, what it has while unconnected, and what the context points to.
pub(super) enum Endpoints {
    /// Of an object with one endpoint, in place.
    One([FixedCell; 1], [Cell<*mut abi::Link>; 1]),
    /// Counted, as other cells: a `Box` that is moved is nobody else's.
    Several(Rc<[FixedCell]>, Rc<[Cell<*mut abi::Link>]>),
}

impl Endpoints {
    /// Unconnected ones; `many` tells of each whether it is `many`. They point nowhere before
    /// [`Endpoints::settle`].
    pub(super) fn new(
        domain: &Rc<Domain>,
        mut many: impl ExactSizeIterator<Item = bool>,
    ) -> Endpoints {
        let link = || Cell::new(std::ptr::null_mut());
        if many.len() == 1 {
            let many = many.next().unwrap_or_default();
            return Endpoints::One([FixedCell::new(domain, many)], [link()]);
        }
        let fixed: Rc<[FixedCell]> = many.map(|many| FixedCell::new(domain, many)).collect();
        let links = fixed.iter().map(|_| link()).collect();
        Endpoints::Several(fixed, links)
    }

    /// Lets them point to what they have while unconnected; they are not moved any more. Answers
    /// where the context points to.
    pub(super) fn settle(&self) -> *const *mut abi::Link {
        for (link, fixed) in self.links().iter().zip(self.fixed()) {
            link.set(fixed.pointer());
        }
        // `Cell<T>` has the layout of `T`.
        self.links().as_ptr().cast()
    }

    pub(super) fn fixed(&self) -> &[FixedCell] {
        match self {
            Endpoints::One(fixed, _) => fixed,
            Endpoints::Several(fixed, _) => fixed,
        }
    }

    pub(super) fn links(&self) -> &[Cell<*mut abi::Link>] {
        match self {
            Endpoints::One(_, links) => links,
            Endpoints::Several(_, links) => links,
        }
    }

    /// Points one to `link`, or back to what it has while unconnected.
    pub(super) fn set(&self, endpoint: u32, link: Option<&Rc<LinkCell>>) {
        let endpoint = endpoint as usize;
        let fixed = || self.fixed()[endpoint].pointer();
        self.links()[endpoint].set(link.map_or_else(fixed, |link| link.pointer()));
    }

    /// Bytes that they have beside themselves.
    pub(super) fn bytes(&self) -> usize {
        let of_each: usize = self.fixed().iter().map(FixedCell::bytes).sum();
        let counted = match self {
            Endpoints::One(..) => 0,
            Endpoints::Several(fixed, links) => {
                2 * super::COUNTS + size_of_val(&**fixed) + size_of_val(&**links)
            }
        };
        of_each + counted
    }
}
