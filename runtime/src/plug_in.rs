//! Formalisms that trusted libraries add (docs/formalisms.md).
//!
//! Nothing is mapped before a text is to be read. Whatever goes wrong then makes constraints
//! `unknown`, with a reason that names the formalism and its library: a plug-in can fail to answer,
//! but it cannot end a check. What it does answer is its word; a refutation is replayed first.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use liveobj_types::Formalism;
use liveobj_types::formalism::{Events, Formula, ParseError, Structure};
use liveobj_types::verdict::{Reason, Verdict, Witness};
use sha2::{Digest, Sha256};

use crate::boundary::{FormalismCode, FormulaHandle, NotRead};
use crate::loading::LibraryCatalog;

/// A formalism of a library.
struct PlugIn {
    name: String,
    id: u128,
    library: String,
    /// Other libraries that add one of this name.
    rivals: Vec<String>,
    catalog: Arc<LibraryCatalog>,
    code: OnceLock<Result<Arc<FormalismCode>, String>>,
}

/// A text that a plug-in was asked to read.
enum Held {
    Read {
        handle: FormulaHandle,
        printed: String,
        /// A digest of what it was made of: the text, what that could speak of, and what was done
        /// with it since. Two formulas that print alike may have different ones.
        made_of: [u8; 32],
    },
    /// It could not be asked, or misbehaved: equal to what was as equal before it was read.
    Broken { printed: String, reason: String },
}

/// The formalisms that the trusted libraries of a catalog add.
pub(crate) fn find(catalog: &Arc<LibraryCatalog>) -> Vec<Arc<dyn Formalism>> {
    let mut found: BTreeMap<String, PlugIn> = BTreeMap::new();
    for (library, entry) in catalog.formalisms() {
        match found.get_mut(&entry.name) {
            Some(known) => known.rivals.push(library),
            None => {
                let plug_in = PlugIn {
                    name: entry.name.clone(),
                    id: entry.id,
                    library,
                    rivals: Vec::new(),
                    catalog: catalog.clone(),
                    code: OnceLock::new(),
                };
                found.insert(entry.name, plug_in);
            }
        }
    }
    let found = found.into_values();
    found.map(|it| Arc::new(it) as Arc<dyn Formalism>).collect()
}

impl PlugIn {
    /// The code, loaded when it is first asked for.
    fn code(&self) -> Result<&Arc<FormalismCode>, &String> {
        let code = self.code.get_or_init(|| {
            let name = &self.name;
            if !self.rivals.is_empty() {
                let rivals = self.rivals.iter();
                let rivals: Vec<_> = rivals.map(|rival| format!("`{rival}`")).collect();
                return Err(format!(
                    "formalism `{name}` is added by library `{}` and by {}; trust only one of them",
                    self.library,
                    rivals.join(", ")
                ));
            }
            let host = crate::boundary::host::table();
            let loaded = self.catalog.load(&self.library, None, host);
            let loaded =
                loaded.map_err(|error| format!("formalism `{name}` cannot be loaded: {error}"))?;
            let code = loaded.formalism(name);
            code.map(Arc::new).ok_or_else(|| {
                let library = &self.library;
                format!("library `{library}` does not add formalism `{name}` any more")
            })
        });
        code.as_ref()
    }

    /// A misbehaviour as a sentence.
    fn blame(&self, did: &str) -> String {
        let (name, library) = (&self.name, &self.library);
        format!("formalism `{name}` of library `{library}` {did}")
    }

    fn unknown(&self, did: &str) -> Verdict {
        Verdict::Unknown(Reason::Undecided(self.blame(did)))
    }

    fn held(
        &self,
        code: &Arc<FormalismCode>,
        handle: FormulaHandle,
        made_of: [u8; 32],
    ) -> Result<Held, String> {
        let printed = code.print(&handle);
        let printed = printed.map_err(|did| self.blame(&did))?;
        Ok(Held::Read {
            handle,
            printed,
            made_of,
        })
    }

    fn read(&self, text: &str, structure: &Structure) -> Result<Held, NotRead> {
        let code = self.code();
        let code = code.map_err(|reason| NotRead::Misbehaved(reason.clone()))?;
        match code.parse(text, structure) {
            Ok(handle) => {
                let structure = format!("{structure:?}");
                let made_of = made_of("text", &[text.as_bytes(), structure.as_bytes()]);
                self.held(code, handle, made_of)
                    .map_err(NotRead::Misbehaved)
            }
            Err(NotRead::Text(error)) => Err(NotRead::Text(error)),
            Err(NotRead::Misbehaved(did)) => Err(NotRead::Misbehaved(self.blame(&did))),
        }
    }

    /// The code and the handles of formulas of this plug-in; the reason if one is none.
    fn handles<'f>(
        &self,
        formulas: &[&'f Formula],
    ) -> Result<(&Arc<FormalismCode>, Vec<&'f FormulaHandle>), Verdict> {
        let undecided = |reason: &String| Verdict::Unknown(Reason::Undecided(reason.clone()));
        let mut handles = Vec::new();
        for formula in formulas {
            match formula.get::<Held>() {
                Some(Held::Read { handle, .. }) => handles.push(handle),
                Some(Held::Broken { reason, .. }) => return Err(undecided(reason)),
                None => return Err(self.unknown("was asked about a formula that it did not read")),
            }
        }
        let code = self.code().map_err(undecided)?;
        if handles.iter().all(|handle| handle.is_of(code)) {
            Ok((code, handles))
        } else {
            Err(self.unknown("was asked about a formula that it did not read"))
        }
    }

    /// A formula made of another one, in the way that `how` tells: none if there is none, or the code
    /// misbehaves.
    fn derived(
        &self,
        formula: &Formula,
        (how, with): (&str, &str),
        make: impl FnOnce(&Arc<FormalismCode>, &FormulaHandle) -> Option<FormulaHandle>,
    ) -> Option<Formula> {
        let (code, handles) = self.handles(&[formula]).ok()?;
        let handle = make(code, handles[0])?;
        let Some(Held::Read { made_of: of, .. }) = formula.get() else {
            return None;
        };
        let made_of = made_of(how, &[of, with.as_bytes()]);
        Some(Formula::new(self.held(code, handle, made_of).ok()?))
    }
}

/// A digest of what a formula is made of, and how.
fn made_of(how: &str, of: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in [how.as_bytes()].iter().chain(of) {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

impl Formalism for PlugIn {
    fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> u128 {
        self.id
    }

    fn library(&self) -> Option<&str> {
        Some(&self.library)
    }

    /// The library's file, and who asks it.
    fn identity(&self) -> Option<String> {
        let code = self.code().ok()?;
        let (library, id) = (code.library_sha256()?, self.id);
        Some(format!("{library} {id:032x} {}", liveobj_formalisms::BUILD))
    }

    /// What it was made of: what it is, only the library knows.
    fn encode(&self, formula: &Formula) -> Option<Vec<u8>> {
        match formula.get()? {
            Held::Read { made_of, .. } => Some(made_of.to_vec()),
            Held::Broken { .. } => None,
        }
    }

    /// What is wrong with the plug-in is told where the formula is needed, as for one that is missing.
    fn parse(&self, text: &str, structure: &Structure) -> Result<Formula, ParseError> {
        match self.read(text, structure) {
            Ok(held) => Ok(Formula::new(held)),
            Err(NotRead::Text(error)) => Err(error),
            Err(NotRead::Misbehaved(reason)) => Ok(Formula::new(Held::Broken {
                printed: format!("unread: {text}\n{structure:?}"),
                reason,
            })),
        }
    }

    fn print(&self, formula: &Formula) -> String {
        match formula.get::<Held>() {
            Some(Held::Read { printed, .. } | Held::Broken { printed, .. }) => printed.clone(),
            None => String::new(),
        }
    }

    fn dual(&self, formula: &Formula) -> Option<Formula> {
        let broken = |printed: &str, reason: String| {
            Some(Formula::new(Held::Broken {
                printed: format!("dual of {printed}"),
                reason,
            }))
        };
        let (handle, printed, of) = match formula.get::<Held>()? {
            Held::Broken { printed, reason } => return broken(printed, reason.clone()),
            Held::Read {
                handle,
                printed,
                made_of,
            } => (handle, printed, made_of),
        };
        let code = self.code().ok().filter(|code| handle.is_of(code))?;
        let dual = match code.dual(handle) {
            Ok(dual) => self.held(code, dual?, made_of("dual", &[of])),
            Err(did) => Err(self.blame(&did)),
        };
        match dual {
            Ok(held) => Some(Formula::new(held)),
            Err(reason) => broken(&format!("unread: {printed}"), reason),
        }
    }

    fn satisfiable(&self, formulas: &[&Formula], budget: u64) -> Verdict {
        let (code, formulas) = match self.handles(formulas) {
            Ok(handles) => handles,
            Err(verdict) => return verdict,
        };
        let verdict = code.satisfiable(&formulas, budget);
        verdict.unwrap_or_else(|did| self.unknown(&did))
    }

    fn implies(
        &self,
        premises: &[&Formula],
        events: &Events,
        conclusion: &Formula,
        budget: u64,
    ) -> Verdict {
        let (asked, handles) = match (self.handles(premises), self.handles(&[conclusion])) {
            (Ok((_, premises)), Ok((code, conclusion))) => (code, (premises, conclusion[0])),
            (Err(verdict), _) | (_, Err(verdict)) => return verdict,
        };
        let (premises, conclusion) = handles;
        let verdict = match asked.implies(&premises, events, conclusion, budget) {
            Ok(verdict) => verdict,
            Err(did) => return self.unknown(&did),
        };
        let Verdict::Fails(witness) = &verdict else {
            return verdict;
        };
        match asked.replay(&premises, events, conclusion, witness) {
            Ok(true) => verdict,
            Ok(false) => self.unknown("refutes it, but its witness does not replay"),
            Err(did) => self.unknown(&format!(
                "refutes it, but when it was to replay that, it {did}"
            )),
        }
    }

    fn replay(
        &self,
        premises: &[&Formula],
        events: &Events,
        conclusion: &Formula,
        witness: &Witness,
    ) -> bool {
        let (Ok((_, premises)), Ok((code, conclusion))) =
            (self.handles(premises), self.handles(&[conclusion]))
        else {
            return false;
        };
        let confirmed = code.replay(&premises, events, conclusion[0], witness);
        confirmed.unwrap_or(false)
    }

    fn explain(
        &self,
        premises: &[&Formula],
        conclusion: &Formula,
        witness: &Witness,
    ) -> Option<String> {
        let (_, premises) = self.handles(premises).ok()?;
        let (code, conclusion) = self.handles(&[conclusion]).ok()?;
        code.explain(&premises, conclusion[0], witness)
    }

    fn at_endpoint(&self, formula: &Formula, endpoint: &str) -> Option<Formula> {
        self.derived(formula, ("endpoint", endpoint), |code, handle| {
            code.at_endpoint(handle, endpoint).ok()?
        })
    }

    fn surviving(&self, formula: &Formula) -> Option<Formula> {
        self.derived(formula, ("surviving", ""), |code, handle| {
            code.surviving(handle).ok()?
        })
    }
}
