//! Formalisms that a library adds: languages of constraints over the events of endpoints.
//!
//! A type that implements [`Formalism`] and is named in `library!` becomes one that constraints can
//! use, wherever the library is trusted. Here, one with three words in it, each of which implies
//! those before it:
//!
//! ```
//! use liveobj_sdk::formalism::{
//!     Events, Formalism, ParseError, Reason, Span, Structure, Verdict, Witness,
//! };
//!
//! liveobj_sdk::library!("examples/levels.lot", name = "example:levels", formalisms = [Levels]);
//!
//! /// How secret messages are kept.
//! struct Levels;
//!
//! const LEVELS: [&str; 3] = ["public", "internal", "secret"];
//!
//! impl Formalism for Levels {
//!     const NAME: &'static str = "levels";
//!     // 16 random bytes, chosen once.
//!     const ID: u128 = 0x5d0f_61b6_7a1c_43f0_8e25_9a4b_c3d7_1e06;
//!     type Formula = usize;
//!
//!     fn parse(text: &str, _: &Structure) -> Result<usize, ParseError> {
//!         let level = LEVELS.iter().position(|level| *level == text.trim());
//!         level.ok_or_else(|| ParseError {
//!             span: Span::new(0, text.len()),
//!             message: "this is no level".to_owned(),
//!             help: Some(format!("the levels are {}", LEVELS.join(", "))),
//!         })
//!     }
//!
//!     fn print(level: &usize) -> String {
//!         LEVELS[*level].to_owned()
//!     }
//!
//!     fn satisfiable(_: &[&usize], budget: u64) -> Verdict {
//!         match budget {
//!             0 => Verdict::Unknown(Reason::Budget),
//!             _ => Verdict::Holds,
//!         }
//!     }
//!
//!     fn implies(premises: &[&usize], _: &Events, wanted: &usize, budget: u64) -> Verdict {
//!         if budget <= premises.len() as u64 {
//!             return Verdict::Unknown(Reason::Budget);
//!         }
//!         let kept = premises.iter().map(|level| **level).max().unwrap_or(0);
//!         if kept >= *wanted {
//!             return Verdict::Holds;
//!         }
//!         // What shows it: messages that are kept so.
//!         let kept = ("kept".to_owned(), LEVELS[kept].to_owned());
//!         Verdict::Fails(Witness::Assignment(vec![kept]))
//!     }
//!
//!     fn replay(premises: &[&usize], _: &Events, wanted: &usize, witness: &Witness) -> bool {
//!         let Witness::Assignment(pairs) = witness else { return false };
//!         let [(_, kept)] = &pairs[..] else { return false };
//!         let Some(kept) = LEVELS.iter().position(|level| level == kept) else { return false };
//!         premises.iter().all(|level| kept >= **level) && kept < *wanted
//!     }
//! }
//!
//! // A test needs no runtime.
//! use liveobj_sdk::testing::conforms;
//!
//! # fn main() {
//! let texts = ["public", "secret", "internal"].map(str::to_owned);
//! conforms::<Levels>(&Structure::Undeclared, &texts);
//! # }
//! ```
//!
//! `examples/rates-formalism` of the liveobj project is a whole library; `docs/formalisms.md` says
//! what becomes of the answers.
//!
//! # What an author promises
//!
//! - **`holds` is true.** Nobody can confirm it. Checks print it as the word of the formalism and of
//!   its library. Where the answer is not known, it is [`Verdict::Unknown`].
//! - **`fails` has a witness that [`Formalism::replay`] confirms**, which shares no reasoning with
//!   [`Formalism::implies`]: it evaluates all formulas on the witness. What it does not confirm counts
//!   as `unknown`.
//! - **The same question has the same answer**, on every machine, whatever was asked before: no
//!   clocks, no randomness, no order of hash maps, no files.
//! - **Budgets are steps.** Where they run out, the answer is [`Reason::Budget`]. No host can enforce
//!   that: a formalism that does not count takes the time it takes.
//! - **Panics are caught**, and the answer is `unknown`. An endless loop, a stack overflow and an
//!   abort are not: they end the process that asked.
//!
//! Functions are called on any thread, by several at once. What a formalism needs besides its texts,
//! such as an ontology, is a `static` of the library.

mod local;
mod shim;

pub use liveobj_types::formalism::{
    Domain, EndpointStructure, Events, Parameter, ParseError, Structure,
};
pub use liveobj_types::source::Span;
pub use liveobj_types::verdict::{Reason, Verdict, Witness};
pub(crate) use local::Local;

/// A formalism of a library.
pub trait Formalism: 'static {
    /// The name that constraints use: letters, digits and `_`. Not one of a formalism that is built
    /// in.
    const NAME: &'static str;
    /// The 128-bit id: random, chosen once, the same in all versions.
    const ID: u128;
    /// A constraint that was read. Never changed.
    type Formula: Send + Sync + 'static;

    /// Reads a text.
    ///
    /// # Errors
    ///
    /// The place in `text` and what was expected there.
    fn parse(text: &str, structure: &Structure) -> Result<Self::Formula, ParseError>;

    /// Prints canonically: two formulas that print alike are equal, and a printed formula parses
    /// to an equal one (in the same structure).
    fn print(formula: &Self::Formula) -> String;

    /// Whether something satisfies all of `formulas` at once: [`Verdict::Fails`] means that nothing
    /// does; its witness is not looked at.
    fn satisfiable(formulas: &[&Self::Formula], budget: u64) -> Verdict;

    /// Whether every behaviour that satisfies all `premises`, the provider emitting only `events`,
    /// satisfies `conclusion`.
    fn implies(
        premises: &[&Self::Formula],
        events: &Events,
        conclusion: &Self::Formula,
        budget: u64,
    ) -> Verdict;

    /// Confirms a refutation: under `witness` all `premises` hold and `conclusion` does not.
    fn replay(
        premises: &[&Self::Formula],
        events: &Events,
        conclusion: &Self::Formula,
        witness: &Witness,
    ) -> bool;

    /// The dual text of a protocol, for `follows`; none where the formalism has no duals.
    fn dual(formula: &Self::Formula) -> Option<Self::Formula> {
        let _ = formula;
        None
    }

    /// What is left of a guarantee after conversions that drop fields: a consequence of `formula`
    /// that says nothing about the contents of messages; none where there is none.
    fn surviving(formula: &Self::Formula) -> Option<Self::Formula> {
        let _ = formula;
        None
    }

    /// A formula of an endpoint as one of an object that has the endpoint under this name; none
    /// where that cannot be said.
    fn at_endpoint(formula: &Self::Formula, endpoint: &str) -> Option<Self::Formula> {
        let _ = (formula, endpoint);
        None
    }

    /// What a refutation shows, as a clause without a period, for people to read behind the witness
    /// itself; none if there is nothing to add.
    fn explain(
        premises: &[&Self::Formula],
        conclusion: &Self::Formula,
        witness: &Witness,
    ) -> Option<String> {
        let _ = (premises, conclusion, witness);
        None
    }
}

/// What generated code uses; not for authors.
#[doc(hidden)]
pub mod generated {
    use super::Formalism;
    pub use super::shim::table;

    /// The name of a formalism, checked when the library is compiled.
    pub const fn name<F: Formalism>() -> &'static str {
        let bytes = F::NAME.as_bytes();
        assert!(
            !bytes.is_empty() && !bytes[0].is_ascii_digit(),
            "the name of a formalism starts with a letter or `_`"
        );
        let mut index = 0;
        while index < bytes.len() {
            assert!(
                bytes[index].is_ascii_alphanumeric() || bytes[index] == b'_',
                "the name of a formalism has letters, digits and `_`"
            );
            index += 1;
        }
        F::NAME
    }

    /// The id of a formalism in 32 hexadecimal digits.
    pub const fn id<F: Formalism>() -> [u8; 32] {
        let mut digits = [0; 32];
        let mut index = 0;
        while index < 32 {
            digits[index] = b"0123456789abcdef"[((F::ID >> (124 - 4 * index)) & 15) as usize];
            index += 1;
        }
        digits
    }

    /// Digits as a text.
    pub const fn text(digits: &'static [u8; 32]) -> &'static str {
        match core::str::from_utf8(digits) {
            Ok(text) => text,
            Err(_) => panic!("digits are ASCII"),
        }
    }
}
