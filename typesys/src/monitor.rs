//! Monitors: whether what happens keeps a constraint (semantics, "What a history is").

mod given;

pub use given::given;

/// Watches one constraint, which [`crate::Formalism::monitor`] has compiled.
///
/// `Violated` is certain: no history that begins like this one satisfies the constraint. What is
/// told late or never is allowed, and what only an infinite history can break is never violated.
pub trait Monitor: Send {
    /// Takes what happens next, and answers what that decides.
    fn observe(&mut self, happening: &Happening<'_>) -> Outcome;

    /// Whether it looks at the values of parameters: else [`Happening::arguments`] may be empty.
    fn compares_values(&self) -> bool {
        false
    }

    /// Whether it has to be told of everything, at all connections on all nodes. What others break
    /// is certain also where they are told of only some of the connections.
    fn needs_everything(&self) -> bool {
        false
    }

    /// Whether it has to be told of everything at all connections of a proxy, wherever they lead.
    fn needs_whole_proxies(&self) -> bool {
        false
    }

    /// Whether it still watches: one that would need more memory than it may have gives up, and
    /// answers `Open` from then on. So does one that cannot tell what [`Occurred::Gone`] means.
    fn watches(&self) -> bool {
        true
    }

    /// Whether nothing that may follow can break the constraint, at whatever connection. An answer
    /// of `false` is always allowed.
    fn is_satisfied(&self) -> bool {
        false
    }

    /// Whether it overlooks no violation: as long as it has told none and watches, the constraint is kept
    /// if nothing more happens. An answer of `false` is always allowed.
    fn is_safety(&self) -> bool {
        false
    }

    /// What led to the last violation: the numbers of happenings in their order, the one that broke
    /// the constraint at the end. Empty where it remembers none; it may forget the first ones.
    fn trail(&self) -> &[u64] {
        &[]
    }

    /// The parts of the constraint that it does not watch, each with the reason.
    fn left_out(&self) -> &[String] {
        &[]
    }

    /// Whether it says something of several connections together. Else each connection is judged
    /// by itself, by what happens there.
    fn relates_connections(&self) -> bool {
        true
    }

    /// The same constraint, watched on what several nodes have recorded: each in its own order, and
    /// with no more of an order between them than [`Happening::after`] says. What it answers is then
    /// true of every order in which all of that may have happened. Asked for before anything is told.
    ///
    /// # Errors
    ///
    /// It cannot be watched so: why.
    fn of_several_nodes(self: Box<Self>) -> Result<Box<dyn Monitor>, String> {
        Err(
            "it depends on the order of what happens at several nodes, which nobody recorded"
                .into(),
        )
    }

    /// All was told; at the nodes that were `cut_off` more may have happened in the end. Answers what
    /// that decides: one violation each time it is asked, with its trail, and `Open` if there is no
    /// other one.
    fn conclude(&mut self, cut_off: &[u32]) -> Outcome {
        _ = cut_off;
        Outcome::Open
    }

    /// Once it has concluded: of how many connections, messages or combinations of them an order that
    /// nobody recorded decides, or what nodes that were cut off did in the end.
    fn undecided(&self) -> u64 {
        0
    }
}

/// One thing that happens at an endpoint of the structure that a constraint was read in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Happening<'a> {
    /// What [`Monitor::trail`] calls it: larger for each that follows.
    pub number: u64,
    /// Position of the endpoint in the structure, in the order of its keys; 0 at endpoint level.
    pub endpoint: usize,
    /// The connection: a number of its own for each.
    pub instance: u64,
    /// The proxy that the connection belongs to.
    pub proxy: u64,
    /// The node where it happens. What is told of one node happens in that order.
    pub node: u32,
    /// Of each node by its number, up to which [`Happening::number`] what happens there is known to
    /// come before. Of nodes that are missing nothing is known.
    pub after: &'a [u64],
    /// What happens.
    pub event: Occurred,
    /// The parameters in the order declared, each as bytes that are equal exactly where the
    /// values are.
    pub arguments: &'a [Vec<u8>],
}

/// What happens, seen from the provider of the constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Occurred {
    /// The connection begins.
    Connect,
    /// The connection ends.
    Disconnect,
    /// The provider emits the event at this position of
    /// [`crate::formalism::EndpointStructure::emitted`], in the order of names.
    Emitted(usize),
    /// The provider handles the event at this position of
    /// [`crate::formalism::EndpointStructure::received`], in the order of names.
    Handled(usize),
    /// Nothing more happens at the connection, and nobody can tell whether it has ended, as where a
    /// node crashed. It is none of the history's events.
    Gone,
}

/// What a monitor says of what has just happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is decided by it.
    Open,
    /// Nothing can break the constraint any more for those whom it concerns: the connection, or
    /// the messages. See also [`Monitor::is_satisfied`].
    Satisfied,
    /// The constraint is broken. What is broken by one connection or message is told once, and
    /// the others are watched on.
    Violated {
        /// Who broke it.
        by: Culprit,
    },
}

/// Who broke a constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Culprit {
    /// Its provider, which emitted the event.
    Provider,
    /// The other side, whose event the provider has handled.
    Peer,
    /// That cannot be told from the event: a connection began or ended.
    Untold,
}

impl Outcome {
    /// Broken by who did this.
    pub fn violated(event: Occurred) -> Outcome {
        Outcome::Violated {
            by: match event {
                Occurred::Emitted(_) => Culprit::Provider,
                Occurred::Handled(_) => Culprit::Peer,
                Occurred::Connect | Occurred::Disconnect | Occurred::Gone => Culprit::Untold,
            },
        }
    }
}
