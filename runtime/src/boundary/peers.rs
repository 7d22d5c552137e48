//! The connections of a `many` endpoint, as its fan goes through them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::calls::LinkCell;

/// Up to so many links, those that are closed are taken out at once.
const FEW: usize = 16;

/// One link per connection, in the order of connecting.
#[derive(Default)]
pub(crate) struct Peers {
    /// Shared with emissions that are under way: they go through the list as it was when they
    /// began.
    list: RefCell<Rc<Vec<Rc<LinkCell>>>>,
    /// How many of them are not closed; the list is empty if none is.
    open: Cell<usize>,
}

impl Peers {
    /// The links of now. Those that are closed answer `stale`.
    pub(super) fn now(&self) -> Rc<Vec<Rc<LinkCell>>> {
        self.list.borrow().clone()
    }

    /// Links in the list, closed or not.
    #[cfg(test)]
    pub(crate) fn length(&self) -> usize {
        self.list.borrow().len()
    }

    /// A new connection.
    pub(crate) fn add(&self, link: Rc<LinkCell>) {
        Rc::make_mut(&mut *self.list.borrow_mut()).push(link);
        self.open.set(self.open.get() + 1);
    }

    /// One of the links was closed. In a long list it stays, unless it is the last, until half of the list
    /// is closed: n connections come and go in a time that is linear in n.
    pub(crate) fn closed_one(&self) {
        self.open.set(self.open.get() - 1);
        let mut list = self.list.borrow_mut();
        if list.len() <= FEW || self.open.get() * 2 < list.len() {
            Rc::make_mut(&mut *list).retain(|link| !link.is_closed());
        } else if let Some(list) = Rc::get_mut(&mut *list) {
            while list.pop_if(|link| link.is_closed()).is_some() {}
        }
    }
}
