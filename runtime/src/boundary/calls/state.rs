//! The calls that have to do with state.

use liveobj_abi as abi;

use super::{Lent, ProxyCell, Table};
use crate::boundary::block::drop_block;
use crate::boundary::{Trust, probe};

/// Longest state that is taken.
const LIMIT: u64 = 1 << 30;

impl Table {
    /// Whether its proxies are saved and loaded.
    pub(crate) fn is_stateful(&self) -> bool {
        self.object.load.is_some() && self.object.save.is_some()
    }
}

impl ProxyCell {
    /// Calls `load`, in place of `create`. On success the proxy exists, and must be destroyed.
    pub(crate) fn load(&self, parameters: Lent, state: Lent) -> abi::Status {
        let Some(load) = self.table.load else {
            return abi::INVALID;
        };
        let mut this = self.this.get();
        let status = self.run(0, |_, context| {
            // SAFETY: the table is valid; `parameters` and `state` are what the memory of this
            // crate laid out for this template.
            unsafe { load(context, parameters.0, state.0, &raw mut this) }
        });
        self.made(status, this);
        status
    }

    /// Calls `save`: the state in wire form, as the proxy says.
    ///
    /// # Errors
    ///
    /// What the proxy answered; `INVALID` also where what it gave cannot be read, as far as that is
    /// looked at.
    pub(crate) fn save(&self) -> Result<Vec<u8>, abi::Status> {
        let Some(save) = self.table.save.filter(|_| !self.gone.get()) else {
            return Err(abi::STALE);
        };
        let mut wire = abi::Slice::EMPTY;
        let status = self.run(0, |this, context| {
            // SAFETY: between `create` and `destroy`.
            unsafe { save(this, context, &raw mut wire) }
        });
        self.ran.set(false);
        self.saved_event.set(self.event.get());
        if status != abi::OK {
            return Err(status);
        }
        let bytes = if wire.len == 0 {
            Some(Vec::new())
        } else if wire.data.is_null() || wire.len > LIMIT {
            None
        } else if self.trust == Trust::Probed
            && !probe::is_mapped(wire.data.addr(), wire.len as usize)
        {
            return Err(abi::INVALID);
        } else {
            let (data, length) = (wire.data.cast::<u8>(), wire.len as usize);
            // SAFETY: by the contract of `lo_object.save`, valid until the proxy is called again,
            // or held by the owner, which is given back below.
            Some(unsafe { std::slice::from_raw_parts(data, length) }.to_vec())
        };
        // SAFETY: by the same contract, the count is the host's now.
        unsafe { drop_block(wire.owner) };
        bytes.ok_or(abi::INVALID)
    }

    /// Calls `digest`; none where the table has no such function.
    pub(crate) fn digest(&self) -> Option<Result<[u8; 32], abi::Status>> {
        let digest = self.table.digest?;
        if self.gone.get() {
            return Some(Err(abi::STALE));
        }
        let mut out = [0; 32];
        let ran = self.has_run();
        let status = self.run(0, |this, context| {
            // SAFETY: between `create` and `destroy`; there is room for 32 bytes.
            unsafe { digest(this, context, out.as_mut_ptr()) }
        });
        // It changes nothing.
        self.ran.set(ran);
        self.saved_event.set(self.event.get());
        Some(if status == abi::OK {
            Ok(out)
        } else {
            Err(status)
        })
    }

    /// Whether any function of the proxy ran since it was saved.
    pub(crate) fn has_run(&self) -> bool {
        self.ran.get() || self.event.get() != self.saved_event.get()
    }
}
