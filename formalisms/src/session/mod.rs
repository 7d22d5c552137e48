//! `session` and `async_session`: what is sent and received at one endpoint, in order.
//!
//! # Notation
//!
//! `end`; `!a; T` (the provider emits `a`, then T); `?a; T` (it handles `a`, then T);
//! `+{!a; T, !b; T}` (the provider chooses), `&[?a; T, ?b; T]` (the peer chooses); `rec X . T` and
//! `X`. The signs `+` and `&` may be left out, and either kind of bracket is accepted. Events that
//! a protocol does not mention do not happen. A session begins when the endpoint is connected, and
//! a disconnect ends it anywhere.
//!
//! # Meaning
//!
//! A premise implies a conclusion if it is a subtype of it: a provider that follows the premise may
//! stand where one is expected that follows the conclusion. `session` is about connections that
//! deliver at once, `async_session` about those that buffer; see `synchronous` and `asynchronous`
//! for the two relations and how they are decided.
//!
//! A refutation is a run that a provider can do, and that goes wrong with a peer which expects the
//! conclusion: [`Witness::Trace`], whose events are `!a` (emitted), `?b` (handled) and `(?b)` (sent
//! by the peer, not handled yet). Who promises no session at all may do anything: the empty run.

mod asynchronous;
mod buffer;
mod cover;
mod history;
mod monitor;
mod parse;
mod protocol;
mod run;
mod safety;
mod synchronous;

use liveobj_types::Monitor;
use liveobj_types::formalism::{
    Events, Fidelity, Formalism, Formula, ParseError, Structure, Translated,
};
use liveobj_types::verdict::{Reason, Verdict, Witness};

use crate::watch::{Letters, PerConnection, one_endpoint};
use crate::{BUILD, Budget, foreign};
use monitor::Following;
use protocol::Protocol;
use run::{Fault, Run};

/// The id of `session`.
pub const SYNCHRONOUS_ID: u128 = 0x6c6f_7365_7373_8a1d_9c40_5be2_71f3_2f03;

/// The id of `async_session`.
pub const ASYNCHRONOUS_ID: u128 = 0x6c6f_6173_796e_8f6e_a7d5_0c94_3e18_2f04;

/// The two formalisms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Session {
    /// `session`: what is emitted is handled at once.
    Synchronous,
    /// `async_session`: what is emitted is handled later, in order.
    Asynchronous,
}

impl Session {
    fn protocol<'f>(&self, formula: &'f Formula) -> Result<&'f Protocol, Reason> {
        formula.get().ok_or_else(|| foreign(self.name()))
    }

    /// A run that refutes `left ≤ right`; none if that holds.
    fn refute(
        self,
        left: &Protocol,
        right: &Protocol,
        budget: &mut Budget,
    ) -> Result<Option<Run>, Reason> {
        match self {
            Session::Synchronous => synchronous::refute(left, right, budget),
            Session::Asynchronous => asynchronous::refute(left, right, budget),
        }
    }

    fn decide(
        self,
        premises: &[&Formula],
        conclusion: &Formula,
        budget: &mut Budget,
    ) -> Result<Verdict, Reason> {
        budget.take(1 + premises.len())?;
        let wanted = self.protocol(conclusion)?;
        for premise in premises {
            if self.protocol(premise)? == wanted {
                return Ok(Verdict::Holds);
            }
        }
        let mut refuted = Verdict::Fails(Run::default().witness());
        for premise in premises {
            match self.refute(self.protocol(premise)?, wanted, budget)? {
                None => return Ok(Verdict::Holds),
                Some(run) => refuted = Verdict::Fails(run.witness()),
            }
        }
        // What several protocols forbid together may be more than what each of them forbids.
        match premises {
            [] | [_] => Ok(refuted),
            _ => Err(Reason::Undecided(
                "several protocols are promised at once, and none of them alone suffices"
                    .to_owned(),
            )),
        }
    }

    /// What goes wrong in a refutation.
    fn fault(
        self,
        premises: &[&Formula],
        conclusion: &Formula,
        witness: &Witness,
    ) -> Option<Fault> {
        let [premise] = premises else {
            return None;
        };
        let (left, right) = (
            self.protocol(premise).ok()?,
            self.protocol(conclusion).ok()?,
        );
        Run::of(witness)?.confirm(left, right, self == Session::Asynchronous)
    }
}

impl Formalism for Session {
    fn name(&self) -> &str {
        match self {
            Session::Synchronous => "session",
            Session::Asynchronous => "async_session",
        }
    }

    fn id(&self) -> u128 {
        match self {
            Session::Synchronous => SYNCHRONOUS_ID,
            Session::Asynchronous => ASYNCHRONOUS_ID,
        }
    }

    /// Without queues the answer is found as quickly as it would be looked up.
    fn identity(&self) -> Option<String> {
        match self {
            Session::Synchronous => None,
            Session::Asynchronous => Some(format!("{self:?} {BUILD}")),
        }
    }

    /// All of its automaton.
    fn encode(&self, formula: &Formula) -> Option<Vec<u8>> {
        let protocol = self.protocol(formula).ok()?;
        Some(format!("{protocol:?}").into_bytes())
    }

    fn parse(&self, text: &str, structure: &Structure) -> Result<Formula, ParseError> {
        parse::parse(text, structure).map(Formula::new)
    }

    fn print(&self, formula: &Formula) -> String {
        self.protocol(formula)
            .map_or_else(|_| String::new(), Protocol::print)
    }

    fn dual(&self, formula: &Formula) -> Option<Formula> {
        Some(Formula::new(self.protocol(formula).ok()?.dual()))
    }

    /// One protocol can be followed. Several are not decided, unless they are one.
    fn satisfiable(&self, formulas: &[&Formula], budget: u64) -> Verdict {
        let decide = || {
            Budget(budget).take(1 + formulas.len())?;
            let protocols = formulas.iter().map(|formula| self.protocol(formula));
            let protocols = protocols.collect::<Result<Vec<_>, _>>()?;
            match protocols.windows(2).all(|pair| pair[0] == pair[1]) {
                true => Ok(Verdict::Holds),
                false => Err(Reason::Undecided(
                    "several protocols are promised at once".to_owned(),
                )),
            }
        };
        decide().unwrap_or_else(Verdict::Unknown)
    }

    /// What may be emitted is said by the protocols themselves.
    fn implies(
        &self,
        premises: &[&Formula],
        events: &Events,
        conclusion: &Formula,
        budget: u64,
    ) -> Verdict {
        self.implies_counting(premises, events, conclusion, budget)
            .0
    }

    fn implies_counting(
        &self,
        premises: &[&Formula],
        _: &Events,
        conclusion: &Formula,
        budget: u64,
    ) -> (Verdict, Option<u64>) {
        let mut left = Budget(budget);
        let verdict = self.decide(premises, conclusion, &mut left);
        let verdict = verdict.unwrap_or_else(Verdict::Unknown);
        (verdict, Some(budget - left.0))
    }

    fn replay(
        &self,
        premises: &[&Formula],
        _: &Events,
        conclusion: &Formula,
        witness: &Witness,
    ) -> bool {
        match premises {
            [] => Run::of(witness) == Some(Run::default()) && self.protocol(conclusion).is_ok(),
            _ => self.fault(premises, conclusion, witness).is_some(),
        }
    }

    fn explain(
        &self,
        premises: &[&Formula],
        conclusion: &Formula,
        witness: &Witness,
    ) -> Option<String> {
        Some(match self.fault(premises, conclusion, witness)? {
            Fault::Unexpected(event) => format!("the peer does not expect `{event}` there"),
            Fault::Unhandled(event) => format!("`{event}` cannot be handled there"),
            Fault::Deadlock => "then each side waits for the other".to_owned(),
            Fault::Ended => "then it ends, and the peer waits for more".to_owned(),
            Fault::Orphan(event) => format!("`{event}`, which the peer has sent, is never handled"),
            Fault::Postponed(event) => {
                format!("the peer may send these for ever before it expects `{event}`")
            }
        })
    }

    fn monitor(
        &self,
        formula: &Formula,
        structure: &Structure,
    ) -> Result<Box<dyn Monitor>, String> {
        let endpoint = one_endpoint(structure).ok_or("sessions are of one endpoint")?;
        let buffered = *self == Session::Asynchronous;
        let protocol = self
            .protocol(formula)
            .map_err(|reason| reason.to_string())?;
        let following = Following::new(protocol, endpoint, buffered);
        let letters = Letters::of(endpoint);
        Ok(Box::new(PerConnection::new(following, letters, 0, false)))
    }

    /// What is handled at once may stand where buffers are allowed for; and the order of events
    /// follows (see `safety`). Neither is all that is meant.
    fn translations(&self) -> Vec<(String, Fidelity)> {
        match self {
            Session::Synchronous => ["async_session", "temporal"]
                .map(|target| (target.to_owned(), Fidelity::Implied))
                .to_vec(),
            Session::Asynchronous => Vec::new(),
        }
    }

    fn translate(
        &self,
        formula: &Formula,
        target: &str,
        structure: &Structure,
    ) -> Option<Translated> {
        let protocol = self.protocol(formula).ok()?;
        let texts = match (self, target, structure) {
            (Session::Synchronous, "async_session", _) => vec![protocol.print()],
            (Session::Synchronous, "temporal", Structure::Endpoint(endpoint)) => {
                safety::formulas(protocol, endpoint)
            }
            _ => Vec::new(),
        };
        (!texts.is_empty()).then_some(Translated {
            texts,
            fidelity: Fidelity::Implied,
        })
    }

    fn narrowed(
        &self,
        formula: &Formula,
        target: &str,
        structure: &Structure,
    ) -> Option<Vec<String>> {
        let protocol = self.protocol(formula).ok()?;
        match (self, target, structure) {
            (Session::Synchronous, "temporal", Structure::Endpoint(endpoint)) => {
                safety::runs(protocol, endpoint)
            }
            _ => None,
        }
    }

    fn is_satisfied(&self, formula: &Formula, target: &str, witness: &Witness) -> bool {
        let protocol = self.protocol(formula);
        *self == Session::Synchronous
            && target == "temporal"
            && protocol.is_ok_and(|protocol| history::follows(protocol, witness))
    }

    /// Protocols are not about the contents of messages.
    fn surviving(&self, formula: &Formula) -> Option<Formula> {
        Some(formula.clone())
    }
}

#[cfg(test)]
mod tests;
