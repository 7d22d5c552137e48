//! Faults that tests put into the protocols, to see that the judges of histories notice.
//!
//! Outside of tests [`is`] is a constant, and nothing of a fault is left in what is built.

/// A way in which a protocol is broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(test), allow(dead_code, reason = "no fault is ever set"))]
pub(crate) enum Fault {
    /// `reliable` never asks for what it lacks.
    NoRequests,
    /// `reliable` takes a frame that it already had for the next one.
    NoDuplicates,
    /// `reliable` sends on whatever others have received.
    NoWindow,
    /// `reliable` answers requests with what it has of another sender.
    WrongSender,
    /// `reliable` gives joiners what was sent in the view before theirs.
    EarlyStart,
    /// `reliable` forgets those who left at once, whatever others have of them.
    NoFlush,
    /// `reliable` passes messages of those who joined before those of who left are complete.
    NoBarrier,
    /// `reliable` frees what only it itself has received.
    FreesEarly,
    /// `causal` passes on whatever comes.
    NoCauses,
    /// `causal` does not wait for what those who have just left had sent.
    NoPatience,
    /// `causal` takes nothing more of those who have just left.
    SettlesAtOnce,
    /// `causal` waits for causes from before it joined.
    WaitsForEarlier,
    /// `causal` forgets, when it comes back as another member, what it had received.
    ForgetsPast,
    /// `membership`: half of the members decide, whichever half.
    HalfIsEnough,
    /// `membership`: who promises does not tell what it accepted.
    SilentPromise,
    /// `membership`: what was proposed before a later promise is accepted.
    StaleBallot,
    /// `membership`: who starts again goes on as the same member, whatever it had promised.
    SameAgain,
    /// `membership`: who seems dead is removed without agreement.
    NoAgreement,
    /// `membership`: who joins enters a view of a number that it has passed.
    NoFloor,
    /// `membership`: a decided view is entered whatever was missed before it.
    Skips,
    /// `membership`: who was excluded before it knew that it was in is let in under the same number.
    TakesBack,
    /// `membership`: who was excluded before it knew that it was in is let in by members that came later.
    ForgetsGone,
    /// `membership`: who leaves does not stay until the others have agreed.
    LeavesAtOnce,
    /// `membership`: who leaves says so once.
    SaysOnce,
    /// `membership`: who leaves last waits for others that leave, too.
    LastOneWaits,
    /// `reliable` sends as another member what was bound to an earlier view.
    NeverBound,
    /// `reliable` leaves before others have what it has sent.
    LeavesUnheard,
    /// `reliable` shows views before all is here of those who have left.
    ShowsEarly,
    /// `reliable` believes members that are in a later view.
    LaterCounts,
    /// `reliable` keeps for a member what was sent in views that it has missed.
    KeepsForNobody,
    /// `virtual_synchrony` does not wait for the marker of the last member.
    OpensEarly,
    /// `virtual_synchrony` sends on in a view after its marker.
    NeverCloses,
    /// `virtual_synchrony` shows no view of its own where it was excluded.
    NeverAlone,
    /// `ordered` receives what it holds alone.
    NoQuorum,
    /// `ordered` sends again what may have been received.
    SendsAgain,
    /// `ordered` takes what was meant for another view.
    AnyView,
    /// `ordered` lets every member give places.
    AllOrder,
    /// `ordered` goes on without the seals of those who have left.
    NoSeals,
    /// `ordered` goes on with seals at places up to which it does not hold the log.
    AnySeal,
    /// `ordered` receives, and counts what members hold, behind seals.
    VotesSealed,
    /// `ordered` leaves before others hold what it holds.
    SealsUnheld,
    /// `checkpointed` goes on as in step where it was excluded.
    StaysInStep,
    /// `checkpointed` passes on, behind the state that it takes over, what that has seen.
    KeepsEarlier,
    /// `checkpointed` forgets what comes while the state is on its way.
    ForgetsKept,
    /// `checkpointed` leaves before it has sent, and passed on, what it has.
    LeavesUnfinished,
    /// `checkpointed` begins with the state of the oldest member, however old that is.
    OldestWins,
}

/// Whether the protocols of this thread have the fault.
#[cfg(not(test))]
pub(crate) const fn is(_: Fault) -> bool {
    false
}

#[cfg(test)]
pub(crate) use tests::{is, with};

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::Fault;

    thread_local! {
        static FAULT: Cell<Option<Fault>> = const { Cell::new(None) };
    }

    pub(crate) fn is(fault: Fault) -> bool {
        FAULT.get() == Some(fault)
    }

    /// Runs `act` with a fault.
    pub(crate) fn with<T>(fault: Fault, act: impl FnOnce() -> T) -> T {
        /// So that a panic takes the fault away as well.
        struct Reset;
        impl Drop for Reset {
            fn drop(&mut self) {
                FAULT.set(None);
            }
        }
        let _reset = Reset;
        FAULT.set(Some(fault));
        act()
    }
}
