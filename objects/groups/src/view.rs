//! Views as the machines see them.

use crate::fault::{self, Fault};
use crate::types::ViewId;

/// Who belongs to the group, as its members agreed.
///
/// A member is one run of a proxy: who starts again, or was excluded and comes back, has another
/// number. It sees every view from its first one on; the numbers of the views that a proxy sees grow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    /// The group; one that is founded anew is another.
    pub(crate) group: u64,
    pub(crate) number: u64,
    /// Oldest first.
    pub(crate) members: Vec<u64>,
    /// The member that sees it.
    pub(crate) me: u64,
}

/// Whether some members of a view, oldest first, may decide for all of them: more than half, or exactly
/// half with the oldest. Two quorums of a view have a member in common.
pub(crate) fn is_quorum(members: &[u64], these: impl Fn(u64) -> bool) -> bool {
    let count = members.iter().filter(|member| these(**member)).count();
    if fault::is(Fault::HalfIsEnough) {
        return 2 * count >= members.len();
    }
    let oldest = members.first().is_some_and(|oldest| these(*oldest));
    2 * count > members.len() || (oldest && 2 * count == members.len())
}

impl View {
    /// A view as an event shows it.
    pub(crate) fn shown(id: ViewId, members: &[u64], me: u64) -> View {
        View {
            group: id.group,
            number: id.number,
            members: members.to_vec(),
            me,
        }
    }

    /// Its name, as events show it.
    pub(crate) fn id(&self) -> ViewId {
        ViewId {
            group: self.group,
            number: self.number,
        }
    }

    pub(crate) fn has(&self, member: u64) -> bool {
        self.members.contains(&member)
    }

    /// The view of this member before it comes into this one: it has been excluded from an earlier one,
    /// and is alone. Nobody else has a view of this name.
    pub(crate) fn alone(&self) -> View {
        View {
            group: self.me,
            number: self.number.saturating_sub(1),
            members: vec![self.me],
            me: self.me,
        }
    }

    pub(crate) fn is_alone(&self) -> bool {
        self.group == self.me
    }

    /// Whether those of whom `these` is true are a quorum of it: [`is_quorum`].
    pub(crate) fn is_quorum(&self, these: impl Fn(u64) -> bool) -> bool {
        is_quorum(&self.members, these)
    }

    /// All other members, oldest first.
    pub(crate) fn others(&self) -> impl Iterator<Item = u64> {
        let others = self.members.iter().copied();
        others.filter(|member| *member != self.me)
    }
}
