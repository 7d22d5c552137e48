//! Adapters: objects that stand in a connection whose ends do not match by themselves (thesis
//! 2.1.4 F).

mod candidates;
mod insert;
mod search;
mod written;

use std::collections::{BTreeMap, BTreeSet};

use liveobj_types::resolve::Environment;
use liveobj_types::types::ObjectEndpoint;
use liveobj_types::{Diagnostic, EndpointId, TypeId, codes, nearest};

use super::Checker;
use super::advice::Around;
use super::libraries::LibraryName;
use super::relate;
use crate::model::{Adapt, Argument, Connection, EndpointName};

use candidates::Adapter;
pub(super) use insert::{Adapted, Inserted, Insertion, named};
pub(super) use search::MAX_ALL_STEPS;
use search::{Chain, Found, MAX_LINKS, Wanted};
pub(crate) use written::written_out;

/// So many connections that do not match get advice on adapters.
pub(super) const MAX_ADVICE: usize = 16;
/// Most choices that a message lists.
const MAX_LISTED: usize = 8;

/// The adapters that the connections of a composite may use.
pub(super) struct Candidates {
    adapters: Vec<Adapter>,
    /// What was chosen for the same question before.
    chosen: BTreeMap<Question, Chain>,
}

/// The ends, what is asked for, and the names of the parameters that are given.
type Question = ([EndpointId; 2], String, Vec<String>);

/// A connection that asks for adapters.
#[derive(Clone, Copy)]
struct Asked<'d> {
    around: Around<'d>,
    connection: &'d Connection,
    adapt: &'d Adapt,
    /// Whether the ends as written are in canonical order.
    straight: bool,
    /// The types of the ends in canonical order.
    ends: [EndpointId; 2],
}

impl Asked<'_> {
    /// The ends in canonical order, for sentences.
    fn names(&self) -> [String; 2] {
        let [left, right] = &self.connection.ends;
        if self.straight {
            [written(left), written(right)]
        } else {
            [written(right), written(left)]
        }
    }
}

fn written(end: &EndpointName) -> String {
    format!("{}.{}", end.of.text, end.name.text)
}

/// The ends of a connection in canonical order, and whether that is the order written.
pub(super) fn in_order(connection: &Connection) -> ([&EndpointName; 2], bool) {
    let [left, right] = &connection.ends;
    let key = |end: &'_ EndpointName| (end.of.text.clone(), end.name.text.clone());
    let straight = key(left) <= key(right);
    (
        if straight {
            [left, right]
        } else {
            [right, left]
        },
        straight,
    )
}

impl Checker<'_> {
    /// What is to be inserted into a connection; what hinders it is reported. `candidates` are
    /// those of the composite, once they were looked up.
    pub(super) fn adapt(
        &mut self,
        around: Around<'_>,
        connection: &Connection,
        types: [&ObjectEndpoint; 2],
        candidates: &mut Option<Option<Candidates>>,
    ) -> Option<Adapted> {
        let adapt = connection.adapt.as_ref()?;
        let (_, straight) = in_order(connection);
        let ends = types.map(|endpoint| endpoint.ty);
        let asked = Asked {
            around,
            connection,
            adapt,
            straight,
            ends: if straight { ends } else { [ends[1], ends[0]] },
        };
        let given = self.type_arguments(asked);
        let candidates = candidates.get_or_insert_with(|| {
            let adapters = self.adapters(around)?;
            let chosen = BTreeMap::new();
            Some(Candidates { adapters, chosen })
        });
        let Candidates { adapters, chosen } = candidates.as_mut()?;
        let given = given?;
        let parameters = adapt.parameters.iter().map(|(name, _)| name.text.clone());
        let question = (asked.ends, adapt.name.text.clone(), parameters.collect());
        let known = chosen.get(&question).filter(|_| given.is_empty());
        let chain = match known {
            Some(chain) => chain.clone(),
            None if adapt.name.text == Adapt::AUTO => self.shortest(asked, adapters, &given)?,
            None => self.one(asked, adapters, &given)?,
        };
        if given.is_empty() {
            chosen.entry(question).or_insert_with(|| chain.clone());
        }
        self.inserted(asked, adapters, chain)
    }

    /// The types that the connection assigns to parameters.
    fn type_arguments(&mut self, asked: Asked<'_>) -> Option<Environment> {
        let mut given = Environment::new();
        let mut complete = true;
        for (name, argument) in &asked.adapt.parameters {
            if let Argument::Type(text) = argument {
                match self.any_type(asked.around.scope, text) {
                    Some(id) => _ = given.insert(name.text.clone(), id),
                    None => complete = false,
                }
            }
        }
        complete.then_some(given)
    }

    /// The shortest chain that makes the ends match.
    fn shortest(
        &mut self,
        asked: Asked<'_>,
        adapters: &[Adapter],
        given: &Environment,
    ) -> Option<Chain> {
        let names = asked.names();
        let assigned = |name: &str| {
            let mut parameters = asked.adapt.parameters.iter();
            parameters.any(|(given, _)| given.text == name)
        };
        let direct = self.ask(relate::Question::Match(asked.ends[0], asked.ends[1]));
        let parameters = &asked.adapt.parameters;
        if direct.verdict.holds() && parameters.is_empty() {
            return Some(Chain::new());
        }
        // Adapters that lack a value cannot be made.
        let (usable, lacking): (Vec<usize>, Vec<usize>) =
            (0..adapters.len()).partition(|index| adapters[*index].required().all(assigned));
        let counts = |chain: &Chain| {
            parameters.iter().all(|(name, _)| {
                let mut links = chain.iter();
                links.any(|link| adapters[link.adapter].declares(&name.text))
            })
        };
        let found = self.chains(&Wanted {
            ends: asked.ends,
            adapters,
            among: &usable,
            given,
            links: MAX_LINKS,
            counts: &counts,
        });
        let undecided = !direct.verdict.holds() && !direct.verdict.fails();
        if undecided && self.follows(&direct) {
            return None;
        }
        if undecided || found.open.is_some() || found.exhausted {
            self.undecided(asked, adapters, &found, undecided);
            return None;
        }
        match found.chains.as_slice() {
            [] => {}
            [_] => return found.chains.into_iter().next(),
            chains => {
                self.ambiguous(asked, adapters, chains);
                return None;
            }
        }
        let message = format!(
            "no chain of up to {MAX_LINKS} adapters makes `{}` and `{}` match",
            names[0], names[1]
        );
        let mut report = self.refused(asked, message);
        if let Some(mismatch) = direct.mismatches.first() {
            let sentence = mismatch.to_sentence(&names[0], &names[1]);
            report = report.with_note(format!("without one, {sentence}"));
        }
        for (name, _) in parameters {
            if !adapters.iter().any(|adapter| adapter.declares(&name.text)) {
                report = report.with_note(format!("no adapter has a parameter `{}`", name.text));
            }
        }
        // With a value, one of the others would do.
        let would = self.chains(&Wanted {
            ends: asked.ends,
            adapters,
            among: &lacking,
            given: &Environment::new(),
            links: 1,
            counts: &|_| true,
        });
        report.help = match would.chains.first() {
            Some(chain) => {
                let adapter = &adapters[chain[0].adapter];
                let lacks: Vec<&str> = adapter.required().filter(|name| !assigned(name)).collect();
                Some(format!(
                    "{} would, with a value for `{}`: add `<parameter name=\"{}\">` to the \
                     connection",
                    adapter.described(),
                    lacks.join("` and `"),
                    lacks.first().unwrap_or(&"")
                ))
            }
            None => Some(self.elsewhere(asked, adapters).unwrap_or_else(|| {
                "write what stands between the two as components of its own".to_owned()
            })),
        };
        self.report(report);
        None
    }

    /// An adapter of a library that the document does not name.
    fn elsewhere(&mut self, asked: Asked<'_>, here: &[Adapter]) -> Option<String> {
        let place = self.at(asked.around.scope, asked.adapt.name.span);
        let mut adapters = self.all_adapters(&place);
        let named = |adapter: &Adapter| {
            let mut here = here.iter();
            here.any(|other| other.library.name == adapter.library.name)
        };
        adapters.retain(|adapter| !named(adapter));
        let among: Vec<usize> = (0..adapters.len()).collect();
        let found = self.chains(&Wanted {
            ends: asked.ends,
            adapters: &adapters,
            among: &among,
            given: &Environment::new(),
            links: 1,
            counts: &|_| true,
        });
        let adapter = &adapters[found.chains.first()?[0].adapter];
        Some(format!(
            "{} would: name its library, with `use \"{}\";` in `<types>`",
            adapter.described(),
            adapter.library.name
        ))
    }

    /// The adapter that the connection names.
    fn one(
        &mut self,
        asked: Asked<'_>,
        adapters: &[Adapter],
        given: &Environment,
    ) -> Option<Chain> {
        let wanted = asked.adapt.name.text.as_str();
        if adapters.iter().all(|adapter| adapter.name() != wanted) {
            let message = format!("there is no adapter `{wanted}` in the libraries named here");
            let mut report = self.refused(asked, message);
            let names: Vec<&str> = adapters.iter().map(Adapter::name).collect();
            if let Some(similar) = nearest(wanted, names.iter().copied().chain([Adapt::AUTO])) {
                report = report.did_you_mean(wanted, similar);
            } else {
                let place = self.at(asked.around.scope, asked.adapt.name.span);
                let others = self.all_adapters(&place);
                let other = others.iter().find(|adapter| adapter.name() == wanted);
                report.help = other.map(|adapter| {
                    format!(
                        "`{}` has it: name that library, with `use \"{}\";` in `<types>`",
                        adapter.library.name, adapter.library.name
                    )
                });
            }
            self.report(report);
            return None;
        }
        let chosen: Vec<usize> = (0..adapters.len())
            .filter(|index| adapters[*index].name() == wanted)
            .collect();
        let found = self.chains(&Wanted {
            ends: asked.ends,
            adapters,
            among: &chosen,
            given,
            links: 1,
            counts: &|_| true,
        });
        if found.open.is_some() || found.exhausted {
            self.undecided(asked, adapters, &found, false);
            return None;
        }
        if found.chains.len() > 1 {
            self.ambiguous(asked, adapters, &found.chains);
            return None;
        }
        if let Some(chain) = found.chains.into_iter().next() {
            return Some(chain);
        }
        let names = asked.names();
        let message = format!(
            "adapter `{wanted}` does not make `{}` and `{}` match",
            names[0], names[1]
        );
        let mut report = self.refused(asked, message);
        for adapter in chosen.into_iter().map(|index| &adapters[index]) {
            let ends = adapter.ends.clone().map(|(name, ty)| {
                let ty = self.types.describe(TypeId::Endpoint(ty));
                format!("`{name}` (`{ty}`)")
            });
            report = report.with_note(format!(
                "{} has {} and {}",
                adapter.described(),
                ends[0],
                ends[1]
            ));
        }
        let help = "each end of the connection has to match one endpoint of the adapter; where \
                    its type parameters do not follow from that, assign them in the connection";
        self.report(report.with_help(help));
        None
    }

    fn refused(&self, asked: Asked<'_>, message: String) -> Diagnostic {
        let mut found = Diagnostic::error(codes::ADAPTER_NOT_FOUND, message)
            .at(self.at(asked.around.scope, asked.adapt.name.span), "");
        let mut types = asked.ends;
        if !asked.straight {
            types.reverse();
        }
        for (end, ty) in asked.connection.ends.iter().zip(types) {
            let ty = self.types.describe(TypeId::Endpoint(ty));
            found = found.at(self.at(asked.around.scope, end.span), format!("`{ty}`"));
        }
        found
    }

    fn undecided(&mut self, asked: Asked<'_>, adapters: &[Adapter], found: &Found, without: bool) {
        let names = asked.names();
        let ends = format!("`{}` and `{}`", names[0], names[1]);
        let what = match &found.open {
            _ if without => format!("whether {ends} match without an adapter"),
            Some(chain) => {
                let chain = described(adapters, chain);
                format!("whether {chain} would make {ends} match")
            }
            None => format!("which adapters make {ends} match, the search having taken too long"),
        };
        let report = self
            .refused(asked, format!("it is not decided {what}"))
            .with_note("what is not decided here could turn out otherwise where more is known")
            .with_help("write the adapter that you mean as a component of its own");
        self.report(report);
    }

    fn ambiguous(&mut self, asked: Asked<'_>, adapters: &[Adapter], chains: &[Chain]) {
        let names = asked.names();
        let listed = || chains.iter().take(MAX_LISTED);
        let mut choices: Vec<String> = listed().map(|chain| described(adapters, chain)).collect();
        if choices
            .iter()
            .any(|one| choices.iter().filter(|other| *other == one).count() > 1)
        {
            let first = listed().map(|chain| {
                let link = &chain[0];
                &adapters[link.adapter].ends[link.near].0
            });
            for (choice, first) in choices.iter_mut().zip(first) {
                choice.push_str(&format!(" with `{first}` at `{}`", names[0]));
            }
        }
        if chains.len() > MAX_LISTED {
            choices.push(format!("{} more", chains.len() - MAX_LISTED));
        }
        let message = format!(
            "{} choices would make `{}` and `{}` match: {}",
            chains.len(),
            names[0],
            names[1],
            choices.join(", or ")
        );
        let mut report = self.refused(asked, message);
        report.code = codes::ADAPTER_AMBIGUOUS;
        let single = |chain: &Chain| chain.len() == 1;
        let by_name = |chain: &Chain| adapters[chain[0].adapter].name().to_owned();
        let mut different: Vec<String> = chains.iter().map(by_name).collect();
        different.sort();
        different.dedup();
        let named = chains.iter().all(single) && different.len() == chains.len();
        self.report(report.with_help(match named {
            true => {
                let named = different.iter().map(|name| format!("`adapt=\"{name}\"`"));
                let named: Vec<String> = named.collect();
                format!("name the one that you mean: {}", named.join(" or "))
            }
            false => "write the one that you mean as components of their own".to_owned(),
        }));
    }

    /// What adapters would do about a connection that asks for none.
    pub(super) fn adapters_would(
        &mut self,
        around: Around<'_>,
        connection: &Connection,
        types: [EndpointId; 2],
    ) -> Option<String> {
        self.adapter_advice = self.adapter_advice.checked_sub(1)?;
        let place = self.at(around.scope, connection.span);
        let mut named = BTreeMap::new();
        self.named_libraries(around.scope, around.composite, &mut named);
        let none = Environment::new();
        // What the document can use as it stands comes first.
        for here in [true, false] {
            let mut adapters = self.all_adapters(&place);
            adapters.retain(|adapter| !here || named.contains_key(&adapter.library.name));
            let among: Vec<usize> = (0..adapters.len()).collect();
            let found = self.chains(&Wanted {
                ends: types,
                adapters: &adapters,
                among: &among,
                given: &none,
                links: MAX_LINKS,
                counts: &|_| true,
            });
            if !found.chains.is_empty() {
                return Some(advice(&adapters, &found.chains, &named));
            }
        }
        None
    }
}

/// `` `seal` of `liveobj:sealing` ``
fn described(adapters: &[Adapter], chain: &Chain) -> String {
    let links = chain.iter();
    let links: Vec<String> = links
        .map(|link| adapters[link.adapter].described())
        .collect();
    links.join(" and ")
}

/// What to write so that one of `chains` is inserted.
fn advice(adapters: &[Adapter], chains: &[Chain], named: &BTreeMap<String, LibraryName>) -> String {
    let listed = chains.iter().take(MAX_LISTED);
    let mut listed: Vec<String> = listed.map(|chain| described(adapters, chain)).collect();
    listed.dedup();
    let first = &chains[0];
    let adapt = match first.as_slice() {
        [link] => adapters[link.adapter].name(),
        _ => Adapt::AUTO,
    };
    let mut text = format!(
        "{} between them would do: write `<connection adapt=\"{adapt}\">`",
        listed.join(" or ")
    );
    let links = || first.iter().map(|link| &adapters[link.adapter]);
    let required: BTreeMap<&str, &str> = links()
        .flat_map(|adapter| {
            let library = adapter.library.name.as_str();
            adapter.required().map(move |name| (name, library))
        })
        .collect();
    for (parameter, library) in required {
        text.push_str(&format!(
            ", with `<parameter name=\"{parameter}\"><value>…</value></parameter>` in it (`liveobj \
             describe {library}` says what `{parameter}` may be)"
        ));
    }
    let libraries: BTreeSet<&str> = links()
        .map(|adapter| adapter.library.name.as_str())
        .filter(|library| !named.contains_key(*library))
        .collect();
    for library in libraries {
        text.push_str(&format!(", and `use \"{library}\";` in `<types>`"));
    }
    text
}
