//! Calls into the formalisms of libraries: what they answer is copied, checked as far as it can be,
//! and told apart from what they should not have answered.

mod answer;
mod tables;

use std::ptr::NonNull;
use std::sync::Arc;

use liveobj_abi as abi;
use liveobj_types::Span;
use liveobj_types::formalism::{Events, ParseError, Structure};
use liveobj_types::verdict::{Reason, Verdict, Witness};

use self::answer::Sink;
use self::tables::{EventTables, StructureTables, slice};
use crate::loading::Loaded;

/// The code of a formalism; its library stays loaded as long as this.
#[derive(Debug)]
pub(crate) struct FormalismCode {
    table: abi::Formalism,
    library: Arc<Loaded>,
}

/// A formula that a library made.
#[derive(Debug)]
pub(crate) struct FormulaHandle {
    formula: NonNull<abi::Formula>,
    code: Arc<FormalismCode>,
}

// SAFETY: the ABI says that formulas are never changed, and that all functions may be called on any
// thread, by several at once.
unsafe impl Send for FormulaHandle {}
// SAFETY: as above.
unsafe impl Sync for FormulaHandle {}

impl Drop for FormulaHandle {
    fn drop(&mut self) {
        // SAFETY: made by this code, and not used again. One that panics is leaked.
        unsafe { (self.code.table.release)(self.formula.as_ptr()) };
    }
}

impl FormulaHandle {
    /// Whether it was made by this code.
    pub(crate) fn is_of(&self, code: &Arc<FormalismCode>) -> bool {
        Arc::ptr_eq(&self.code, code)
    }
}

/// What a formalism did in place of answering, as a clause that its name stands before.
pub(crate) type Misbehaviour = String;

/// Why a text has no formula.
#[derive(Debug)]
pub(crate) enum NotRead {
    /// The text is at fault.
    Text(ParseError),
    /// The formalism is.
    Misbehaved(Misbehaviour),
}

impl FormalismCode {
    /// The code behind a verified table of a library.
    pub(crate) fn new(table: abi::Formalism, library: Arc<Loaded>) -> FormalismCode {
        FormalismCode { table, library }
    }

    /// SHA-256 of its library's file in lower-case hexadecimal, if it has one.
    pub(crate) fn library_sha256(&self) -> Option<&str> {
        self.library.types().sha256.as_deref()
    }

    /// Reads a text.
    pub(crate) fn parse(
        self: &Arc<Self>,
        text: &str,
        structure: &Structure,
    ) -> Result<FormulaHandle, NotRead> {
        let tables = StructureTables::new(structure);
        let mut sink = Sink::new();
        let mut formula = std::ptr::null_mut();
        let mut fault = abi::Fault { start: 0, end: 0 };
        // SAFETY: the table was verified; what is passed is what the ABI says, and outlives the call.
        let status = unsafe {
            (self.table.parse)(
                slice(text.as_bytes()),
                &tables.structure(),
                &mut formula,
                &mut fault,
                sink.answer(),
            )
        };
        if status == abi::INVALID {
            let said = sink.text().map_err(NotRead::Misbehaved)?;
            return Err(not_read(text, &fault, &said));
        }
        sink.done(status).map_err(NotRead::Misbehaved)?;
        self.handle(formula)
            .ok_or_else(|| NotRead::Misbehaved("read a text and answered no formula".to_owned()))
    }

    fn handle(self: &Arc<Self>, formula: *mut abi::Formula) -> Option<FormulaHandle> {
        Some(FormulaHandle {
            formula: NonNull::new(formula)?,
            code: self.clone(),
        })
    }

    /// The canonical text.
    pub(crate) fn print(&self, formula: &FormulaHandle) -> Result<String, Misbehaviour> {
        let mut sink = Sink::new();
        // SAFETY: as for `parse`; the formula is one of this code, as for all others.
        let status = unsafe { (self.table.print)(formula.formula.as_ptr(), sink.answer()) };
        sink.done(status)?;
        sink.text()
    }

    /// Whether something satisfies all of them.
    pub(crate) fn satisfiable(
        &self,
        formulas: &[&FormulaHandle],
        budget: u64,
    ) -> Result<Verdict, Misbehaviour> {
        let formulas = pointers(formulas);
        let mut sink = Sink::new();
        let mut verdict = u32::MAX;
        // SAFETY: as for `parse`.
        let status = unsafe {
            (self.table.satisfiable)(
                formulas.as_ptr(),
                formulas.len() as u64,
                budget,
                &mut verdict,
                sink.answer(),
            )
        };
        sink.done(status)?;
        read_verdict(verdict, &sink)
    }

    /// Whether the premises imply the conclusion, as the code says; a refutation is not replayed.
    pub(crate) fn implies(
        &self,
        premises: &[&FormulaHandle],
        events: &Events,
        conclusion: &FormulaHandle,
        budget: u64,
    ) -> Result<Verdict, Misbehaviour> {
        let (premises, tables) = (pointers(premises), EventTables::new(events));
        let mut sink = Sink::new();
        let mut verdict = u32::MAX;
        // SAFETY: as for `parse`.
        let status = unsafe {
            (self.table.implies)(
                premises.as_ptr(),
                premises.len() as u64,
                &tables.events(),
                conclusion.formula.as_ptr(),
                budget,
                &mut verdict,
                sink.answer(),
            )
        };
        sink.done(status)?;
        read_verdict(verdict, &sink)
    }

    /// Whether the code confirms a refutation.
    pub(crate) fn replay(
        &self,
        premises: &[&FormulaHandle],
        events: &Events,
        conclusion: &FormulaHandle,
        witness: &Witness,
    ) -> Result<bool, Misbehaviour> {
        let Some(witness) = witness.to_bytes() else {
            return Ok(false);
        };
        let (premises, tables) = (pointers(premises), EventTables::new(events));
        let mut sink = Sink::new();
        let mut confirmed = u32::MAX;
        // SAFETY: as for `parse`.
        let status = unsafe {
            (self.table.replay)(
                premises.as_ptr(),
                premises.len() as u64,
                &tables.events(),
                conclusion.formula.as_ptr(),
                slice(&witness),
                &mut confirmed,
                sink.answer(),
            )
        };
        sink.done(status)?;
        match confirmed {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(format!(
                "replayed a witness and answered {other}, which is neither 0 nor 1"
            )),
        }
    }

    /// The dual.
    pub(crate) fn dual(
        self: &Arc<Self>,
        formula: &FormulaHandle,
    ) -> Result<Option<FormulaHandle>, Misbehaviour> {
        let Some(dual) = self.table.dual else {
            return Ok(None);
        };
        self.derived(|derived, answer| {
            // SAFETY: as for `parse`.
            unsafe { dual(formula.formula.as_ptr(), derived, answer) }
        })
    }

    /// What is left of a guarantee after lossy conversions.
    pub(crate) fn surviving(
        self: &Arc<Self>,
        formula: &FormulaHandle,
    ) -> Result<Option<FormulaHandle>, Misbehaviour> {
        let Some(surviving) = self.table.surviving else {
            return Ok(None);
        };
        self.derived(|derived, answer| {
            // SAFETY: as for `parse`.
            unsafe { surviving(formula.formula.as_ptr(), derived, answer) }
        })
    }

    /// A formula of an endpoint as one of an object.
    pub(crate) fn at_endpoint(
        self: &Arc<Self>,
        formula: &FormulaHandle,
        endpoint: &str,
    ) -> Result<Option<FormulaHandle>, Misbehaviour> {
        let Some(at_endpoint) = self.table.at_endpoint else {
            return Ok(None);
        };
        self.derived(|derived, answer| {
            let endpoint = slice(endpoint.as_bytes());
            // SAFETY: as for `parse`.
            unsafe { at_endpoint(formula.formula.as_ptr(), endpoint, derived, answer) }
        })
    }

    fn derived(
        self: &Arc<Self>,
        call: impl FnOnce(*mut *mut abi::Formula, *mut abi::Answer) -> abi::Status,
    ) -> Result<Option<FormulaHandle>, Misbehaviour> {
        let mut sink = Sink::new();
        let mut derived = std::ptr::null_mut();
        let status = call(&mut derived, sink.answer());
        sink.done(status)?;
        Ok(self.handle(derived))
    }

    /// What a refutation shows.
    pub(crate) fn explain(
        &self,
        premises: &[&FormulaHandle],
        conclusion: &FormulaHandle,
        witness: &Witness,
    ) -> Option<String> {
        let (explain, witness) = (self.table.explain?, witness.to_bytes()?);
        let premises = pointers(premises);
        let mut sink = Sink::new();
        // SAFETY: as for `parse`.
        let status = unsafe {
            explain(
                premises.as_ptr(),
                premises.len() as u64,
                conclusion.formula.as_ptr(),
                slice(&witness),
                sink.answer(),
            )
        };
        sink.done(status).ok()?;
        let text = sink.text().ok()?;
        (!text.is_empty()).then_some(text)
    }
}

fn pointers(formulas: &[&FormulaHandle]) -> Vec<*const abi::Formula> {
    let formulas = formulas.iter();
    formulas
        .map(|handle| handle.formula.as_ptr().cast_const())
        .collect()
}

fn read_verdict(verdict: u32, sink: &Sink) -> Result<Verdict, Misbehaviour> {
    match verdict {
        abi::VERDICT_HOLDS => Ok(Verdict::Holds),
        abi::VERDICT_BUDGET => Ok(Verdict::Unknown(Reason::Budget)),
        abi::VERDICT_UNKNOWN => {
            let why = sink.text()?;
            let why = if why.is_empty() {
                "did not decide it".to_owned()
            } else {
                format!("did not decide it: {why}")
            };
            Err(why)
        }
        abi::VERDICT_FAILS => match Witness::from_bytes(sink.bytes()) {
            Ok(witness) => Ok(Verdict::Fails(witness)),
            Err(reason) => Err(format!("wrote a witness that cannot be read: {reason}")),
        },
        other => Err(format!("answered verdict number {other}, which is none")),
    }
}

/// What is wrong with a text: the place and the words, if these make sense.
fn not_read(text: &str, fault: &abi::Fault, said: &str) -> NotRead {
    let [start, end] = [fault.start, fault.end].map(|at| usize::try_from(at).unwrap_or(usize::MAX));
    if text.get(start..end).is_none() {
        let place = "refused a text and named a place that is not in it";
        return NotRead::Misbehaved(place.to_owned());
    }
    let (message, help) = match said.split_once('\n') {
        Some((message, help)) => (message, Some(help.to_owned())),
        None => (said, None),
    };
    if message.is_empty() {
        return NotRead::Misbehaved("refused a text without saying why".to_owned());
    }
    NotRead::Text(ParseError {
        span: Span::new(start, end),
        message: message.to_owned(),
        help,
    })
}
