//! Views as the machines see them.

/// Who belongs to the group, as its members agreed.
///
/// A member is one run of a proxy: who starts again, or was excluded and comes back, has another
/// number. It sees every view from its first one on; the numbers of the views that a proxy sees grow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) number: u64,
    /// Oldest first.
    pub(crate) members: Vec<u64>,
    /// The member that sees it.
    pub(crate) me: u64,
}

impl View {
    pub(crate) fn has(&self, member: u64) -> bool {
        self.members.contains(&member)
    }

    /// All other members, oldest first.
    pub(crate) fn others(&self) -> impl Iterator<Item = u64> {
        let others = self.members.iter().copied();
        others.filter(|member| *member != self.me)
    }
}
