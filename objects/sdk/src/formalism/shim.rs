//! What the table of a formalism calls: from the C ABI to an author's functions, catching panics.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use liveobj_abi as abi;
use liveobj_types::formalism::{Domain, EndpointStructure, Events, Parameter, Structure};
use liveobj_types::verdict::{Reason, Verdict, Witness};

use super::Formalism;
use crate::shim::{discard, enter, panic_text};

/// The table of a formalism.
pub const fn table<F: Formalism>() -> abi::Formalism {
    abi::Formalism {
        size: size_of::<abi::Formalism>() as u32,
        id: F::ID.to_be_bytes(),
        parse: parse::<F>,
        print: print::<F>,
        release: release::<F>,
        satisfiable: satisfiable::<F>,
        implies: implies::<F>,
        replay: replay::<F>,
        dual: Some(dual::<F>),
        surviving: Some(surviving::<F>),
        at_endpoint: Some(at_endpoint::<F>),
        explain: Some(explain::<F>),
    }
}

/// Why a call is not answered, before or after an author's function ran.
enum Refusal {
    /// What the host passed makes no sense.
    Invalid,
    /// In words.
    Failed(String),
}

/// # Safety
///
/// As the ABI says of `parse`; so for all functions of the table.
unsafe extern "C" fn parse<F: Formalism>(
    text: abi::Slice,
    structure: *const abi::Structure,
    formula: *mut *mut abi::Formula,
    fault: *mut abi::Fault,
    answer: *mut abi::Answer,
) -> abi::Status {
    // SAFETY: the host passes what the ABI says, lent for the call.
    unsafe {
        guard(answer, |answer| {
            let (text, structure) = (str_of(text)?, read_structure(structure)?);
            match F::parse(text, &structure) {
                Ok(read) => {
                    *formula = made::<F>(Some(read));
                    Ok(abi::OK)
                }
                Err(error) => {
                    *fault = abi::Fault {
                        start: error.span.start as u64,
                        end: error.span.end as u64,
                    };
                    let message = error.message.replace('\n', " ");
                    let help = error.help.map(|help| format!("\n{help}"));
                    write(answer, (message + &help.unwrap_or_default()).as_bytes());
                    Ok(abi::INVALID)
                }
            }
        })
    }
}

unsafe extern "C" fn print<F: Formalism>(
    formula: *const abi::Formula,
    answer: *mut abi::Answer,
) -> abi::Status {
    // SAFETY: as for `parse`.
    unsafe {
        guard(answer, |answer| {
            write(answer, F::print(formula_of::<F>(formula)).as_bytes());
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn release<F: Formalism>(formula: *mut abi::Formula) -> abi::Status {
    enter();
    let dropped = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: made by `made` for the same formalism, and not used again.
        drop(unsafe { Box::from_raw(formula.cast::<F::Formula>()) });
    }));
    match dropped {
        Ok(()) => abi::OK,
        Err(payload) => {
            drop(panic_text(&*payload));
            discard(payload);
            abi::PANIC
        }
    }
}

unsafe extern "C" fn satisfiable<F: Formalism>(
    formulas: *const *const abi::Formula,
    count: u64,
    budget: u64,
    verdict: *mut u32,
    answer: *mut abi::Answer,
) -> abi::Status {
    // SAFETY: as for `parse`.
    unsafe {
        guard(answer, |answer| {
            let formulas = formulas_of::<F>(formulas, count);
            *verdict = write_verdict(answer, &F::satisfiable(&formulas, budget))?;
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn implies<F: Formalism>(
    premises: *const *const abi::Formula,
    count: u64,
    events: *const abi::Events,
    conclusion: *const abi::Formula,
    budget: u64,
    verdict: *mut u32,
    answer: *mut abi::Answer,
) -> abi::Status {
    // SAFETY: as for `parse`.
    unsafe {
        guard(answer, |answer| {
            let premises = formulas_of::<F>(premises, count);
            let (events, conclusion) = (read_events(events)?, formula_of::<F>(conclusion));
            let decided = F::implies(&premises, &events, conclusion, budget);
            *verdict = write_verdict(answer, &decided)?;
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn replay<F: Formalism>(
    premises: *const *const abi::Formula,
    count: u64,
    events: *const abi::Events,
    conclusion: *const abi::Formula,
    witness: abi::Slice,
    confirmed: *mut u32,
    answer: *mut abi::Answer,
) -> abi::Status {
    // SAFETY: as for `parse`.
    unsafe {
        guard(answer, |_| {
            let premises = formulas_of::<F>(premises, count);
            let (events, conclusion) = (read_events(events)?, formula_of::<F>(conclusion));
            let witness = witness_of(witness)?;
            *confirmed = u32::from(F::replay(&premises, &events, conclusion, &witness));
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn dual<F: Formalism>(
    formula: *const abi::Formula,
    dual: *mut *mut abi::Formula,
    answer: *mut abi::Answer,
) -> abi::Status {
    // SAFETY: as for `parse`.
    unsafe { derive::<F>(F::dual, formula, dual, answer) }
}

unsafe extern "C" fn surviving<F: Formalism>(
    formula: *const abi::Formula,
    left: *mut *mut abi::Formula,
    answer: *mut abi::Answer,
) -> abi::Status {
    // SAFETY: as for `parse`.
    unsafe { derive::<F>(F::surviving, formula, left, answer) }
}

/// Makes a formula of another one; NULL where there is none.
///
/// # Safety
///
/// As for `parse`.
unsafe fn derive<F: Formalism>(
    how: fn(&F::Formula) -> Option<F::Formula>,
    formula: *const abi::Formula,
    derived: *mut *mut abi::Formula,
    answer: *mut abi::Answer,
) -> abi::Status {
    // SAFETY: by contract.
    unsafe {
        guard(answer, |_| {
            *derived = made::<F>(how(formula_of::<F>(formula)));
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn at_endpoint<F: Formalism>(
    formula: *const abi::Formula,
    endpoint: abi::Slice,
    lifted: *mut *mut abi::Formula,
    answer: *mut abi::Answer,
) -> abi::Status {
    // SAFETY: as for `parse`.
    unsafe {
        guard(answer, |_| {
            let endpoint = str_of(endpoint)?;
            *lifted = made::<F>(F::at_endpoint(formula_of::<F>(formula), endpoint));
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn explain<F: Formalism>(
    premises: *const *const abi::Formula,
    count: u64,
    conclusion: *const abi::Formula,
    witness: abi::Slice,
    answer: *mut abi::Answer,
) -> abi::Status {
    // SAFETY: as for `parse`.
    unsafe {
        guard(answer, |answer| {
            let premises = formulas_of::<F>(premises, count);
            let witness = witness_of(witness)?;
            let words = F::explain(&premises, formula_of::<F>(conclusion), &witness);
            write(answer, words.unwrap_or_default().as_bytes());
            Ok(abi::OK)
        })
    }
}

/// Runs an author's function: a panic ends here.
///
/// # Safety
///
/// `answer` is the host's, for this call.
unsafe fn guard(
    answer: *mut abi::Answer,
    call: impl FnOnce(*mut abi::Answer) -> Result<abi::Status, Refusal>,
) -> abi::Status {
    enter();
    let result = catch_unwind(AssertUnwindSafe(|| call(answer)));
    // SAFETY: says the caller.
    let say = |text: &str| unsafe { write(answer, text.as_bytes()) };
    match result {
        Ok(Ok(status)) => status,
        Ok(Err(Refusal::Invalid)) => {
            say("the host passed what makes no sense");
            abi::FAILED
        }
        Ok(Err(Refusal::Failed(why))) => {
            say(&why);
            abi::FAILED
        }
        Err(payload) => {
            panicked(payload, say);
            abi::PANIC
        }
    }
}

#[cold]
fn panicked(payload: Box<dyn Any + Send>, say: impl FnOnce(&str)) {
    say(&panic_text(&*payload));
    discard(payload);
}

/// # Safety
///
/// `answer` is the host's, for this call.
unsafe fn write(answer: *mut abi::Answer, bytes: &[u8]) {
    // SAFETY: says the caller. What a host does not take, it tells of itself.
    unsafe { ((*answer).write)(answer, bytes.as_ptr().cast(), bytes.len() as u64) };
}

/// # Safety
///
/// As for [`write`].
unsafe fn write_verdict(answer: *mut abi::Answer, verdict: &Verdict) -> Result<u32, Refusal> {
    let (number, bytes) = match verdict {
        Verdict::Holds => (abi::VERDICT_HOLDS, Vec::new()),
        Verdict::Unknown(Reason::Budget) => (abi::VERDICT_BUDGET, Vec::new()),
        Verdict::Unknown(reason) => (abi::VERDICT_UNKNOWN, reason.to_string().into_bytes()),
        Verdict::Fails(witness) => {
            let too_long = || Refusal::Failed("the witness is too long".to_owned());
            let bytes = witness.to_bytes().ok_or_else(too_long)?;
            (abi::VERDICT_FAILS, bytes)
        }
    };
    // SAFETY: says the caller.
    unsafe { write(answer, &bytes) };
    Ok(number)
}

/// A formula for the host to keep.
fn made<F: Formalism>(formula: Option<F::Formula>) -> *mut abi::Formula {
    match formula {
        // Formulas without a size are boxed, too: a dangling pointer, and not NULL.
        Some(formula) => Box::into_raw(Box::new(formula)).cast(),
        None => std::ptr::null_mut(),
    }
}

/// # Safety
///
/// Made by [`made`] for the same formalism, and not released.
unsafe fn formula_of<'a, F: Formalism>(formula: *const abi::Formula) -> &'a F::Formula {
    // SAFETY: says the caller.
    unsafe { &*formula.cast::<F::Formula>() }
}

/// # Safety
///
/// As for [`formula_of`], for each of `count`.
unsafe fn formulas_of<'a, F: Formalism>(
    formulas: *const *const abi::Formula,
    count: u64,
) -> Vec<&'a F::Formula> {
    // SAFETY: says the caller.
    let formulas = unsafe { items(formulas, count) };
    let formulas = formulas.iter();
    // SAFETY: says the caller.
    formulas.map(|it| unsafe { formula_of::<F>(*it) }).collect()
}

/// # Safety
///
/// There are `count` items, lent for the call; none where it is 0.
unsafe fn items<'a, T>(items: *const T, count: u64) -> &'a [T] {
    match count {
        0 => &[],
        // SAFETY: says the caller.
        count => unsafe { std::slice::from_raw_parts(items, count as usize) },
    }
}

/// The items of a table whose entries may be longer than this SDK knows.
///
/// # Safety
///
/// There are `count` entries of `size` bytes, lent for the call.
unsafe fn entries<'a, T: 'a>(
    first: *const T,
    count: u64,
    size: u32,
) -> Result<impl Iterator<Item = &'a T>, Refusal> {
    if (size as usize) < size_of::<T>() {
        return Err(Refusal::Invalid);
    }
    // SAFETY: each lies inside of the table, says the caller.
    Ok((0..count as usize).map(move |index| unsafe { &*first.byte_add(index * size as usize) }))
}

/// # Safety
///
/// The slice is what it says, lent for the call.
unsafe fn bytes_of<'a>(slice: abi::Slice) -> &'a [u8] {
    // SAFETY: says the caller.
    unsafe { items(slice.data.cast::<u8>(), slice.len) }
}

/// # Safety
///
/// As for [`bytes_of`].
unsafe fn str_of<'a>(slice: abi::Slice) -> Result<&'a str, Refusal> {
    // SAFETY: says the caller.
    str::from_utf8(unsafe { bytes_of(slice) }).map_err(|_| Refusal::Invalid)
}

/// # Safety
///
/// As for [`bytes_of`].
unsafe fn witness_of(slice: abi::Slice) -> Result<Witness, Refusal> {
    // SAFETY: says the caller.
    Witness::from_bytes(unsafe { bytes_of(slice) }).map_err(|_| Refusal::Invalid)
}

/// # Safety
///
/// The host's structure, lent for the call.
unsafe fn read_structure(structure: *const abi::Structure) -> Result<Structure, Refusal> {
    // SAFETY: the size comes first in every table, and is read before the rest.
    if (unsafe { (*structure).size } as usize) < size_of::<abi::Structure>() {
        return Err(Refusal::Invalid);
    }
    // SAFETY: it is as large as it has to be.
    let structure = unsafe { &*structure };
    let sizes = [structure.event_size, structure.parameter_size];
    let mut endpoints = BTreeMap::new();
    // SAFETY: the tables are what they say.
    for endpoint in unsafe {
        entries(
            structure.endpoints,
            structure.count,
            structure.endpoint_size,
        )
    }? {
        // SAFETY: as above.
        let (written, read) =
            unsafe { (str_of(endpoint.written)?, read_endpoint(endpoint, sizes)?) };
        endpoints.insert(written.to_owned(), read);
    }
    match structure.kind {
        abi::STRUCTURE_UNDECLARED => Ok(Structure::Undeclared),
        abi::STRUCTURE_ENDPOINT => {
            let only = endpoints.into_values().next();
            only.map(Structure::Endpoint).ok_or(Refusal::Invalid)
        }
        abi::STRUCTURE_OBJECT => Ok(Structure::Object(endpoints)),
        _ => Err(Refusal::Failed(
            "the host is newer than the SDK of this library: it asks of a kind of structure that \
             the SDK does not know"
                .to_owned(),
        )),
    }
}

/// # Safety
///
/// An entry of the host's structure; `sizes` are those of its events and parameters.
unsafe fn read_endpoint(
    endpoint: &abi::StructureEndpoint,
    [event_size, parameter_size]: [u32; 2],
) -> Result<EndpointStructure, Refusal> {
    let mut read = EndpointStructure {
        // SAFETY: says the caller.
        name: unsafe { str_of(endpoint.name) }?.to_owned(),
        ..EndpointStructure::default()
    };
    // SAFETY: says the caller.
    for event in unsafe { entries(endpoint.events, endpoint.count, event_size) }? {
        let mut parameters = Vec::new();
        // SAFETY: says the caller.
        for parameter in unsafe { entries(event.parameters, event.count, parameter_size) }? {
            // SAFETY: says the caller.
            let (name, key) = unsafe { (str_of(parameter.name)?, str_of(parameter.domain)?) };
            parameters.push(Parameter {
                name: name.to_owned(),
                domain: Domain {
                    key: key.to_owned(),
                    size: Some(parameter.domain_size).filter(|size| *size > 0),
                },
            });
        }
        let events = match event.emitted {
            0 => &mut read.received,
            _ => &mut read.emitted,
        };
        // SAFETY: says the caller.
        events.insert(unsafe { str_of(event.name) }?.to_owned(), parameters);
    }
    Ok(read)
}

/// # Safety
///
/// The host's events, lent for the call.
unsafe fn read_events(events: *const abi::Events) -> Result<Events, Refusal> {
    // SAFETY: the size comes first in every table, and is read before the rest.
    if (unsafe { (*events).size } as usize) < size_of::<abi::Events>() {
        return Err(Refusal::Invalid);
    }
    // SAFETY: it is as large as it has to be.
    let events = unsafe { &*events };
    let mut endpoints = BTreeMap::new();
    // SAFETY: the tables are what they say.
    for endpoint in unsafe { entries(events.endpoints, events.count, events.endpoint_size) }? {
        // SAFETY: as above.
        let (name, listed) = unsafe {
            (
                str_of(endpoint.name)?,
                items(endpoint.events, endpoint.count),
            )
        };
        let mut names = BTreeSet::new();
        for event in listed {
            // SAFETY: as above.
            names.insert(unsafe { str_of(*event) }?.to_owned());
        }
        endpoints.insert(name.to_owned(), names);
    }
    match events.kind {
        abi::EVENTS_ALL => Ok(Events::All),
        abi::EVENTS_ENDPOINT => Ok(Events::Endpoint(
            endpoints.into_values().next().unwrap_or_default(),
        )),
        abi::EVENTS_OBJECT => Ok(Events::Object(endpoints)),
        _ => Err(Refusal::Failed(
            "the host is newer than the SDK of this library: it restricts events in a way that the \
             SDK does not know"
                .to_owned(),
        )),
    }
}
