//! Why constraints are met, for people (`docs/constraints.md` shows how to read it).
//!
//! Each line tells what the line above follows from; where that is several things, they are
//! indented below it. Assumptions have numbers, and are told at the end of what they are about.

pub mod json;

use std::collections::BTreeSet;

use liveobj_references::{CastGrounds, CompositeGrounds, ConnectionGrounds, Explanation};
use liveobj_types::diagnostic::shortened;
use liveobj_types::formalism::Law;
use liveobj_types::relation::{
    Composition, Derivation, Discharge, Grounds, Met, Owner, Provided, Rule, Side, Stated,
};

/// Connections at which nothing is required that are named.
const MAX_NAMED: usize = 8;

/// What the sides of a question and the parts of a composite are called.
pub struct Names {
    left: String,
    right: String,
    /// What stands in front of the names of components.
    path: String,
}

impl Names {
    /// Of the two sides of a question.
    pub fn of_sides([left, right]: [&str; 2]) -> Names {
        Names {
            left: left.to_owned(),
            right: right.to_owned(),
            path: String::new(),
        }
    }

    /// Of the parts of a composite to which these names of components lead.
    fn of_parts(path: &[String]) -> Names {
        Names {
            left: String::new(),
            right: String::new(),
            path: path.iter().map(|name| format!("{name}/")).collect(),
        }
    }

    /// Of the two ends of a connection there.
    fn of_ends(connection: &ConnectionGrounds, path: &[String]) -> Names {
        let mut names = Names::of_parts(path);
        let path = &names.path;
        let [left, right] = connection
            .ends
            .each_ref()
            .map(|(component, endpoint)| format!("{path}{component}.{endpoint}"));
        (names.left, names.right) = (left, right);
        names
    }

    fn of_cast(cast: &CastGrounds) -> Names {
        let object = match &cast.path[..] {
            [] => "the object".to_owned(),
            path => path.join("/"),
        };
        Names::of_sides([&object, &cast.declared])
    }

    /// What somebody is called.
    fn of(&self, owner: &Owner) -> String {
        let path = &self.path;
        match owner {
            Owner::Left => self.left.clone(),
            Owner::Right => self.right.clone(),
            Owner::Component(component) => format!("{path}{component}"),
            Owner::Endpoint {
                component,
                endpoint,
            } => format!("{path}{component}.{endpoint}"),
        }
    }
}

/// Why the constraints of a document are met.
pub fn explanation(explanation: &Explanation) -> String {
    let mut text = String::new();
    let Explanation { composites, casts } = explanation;
    for composite in composites {
        text += &of_composite(composite);
        let casts = casts.iter().filter(|cast| cast.path == composite.path);
        text.extend(casts.map(of_cast));
    }
    let is_composite = |cast: &&CastGrounds| composites.iter().any(|it| it.path == cast.path);
    let casts = casts.iter().filter(|cast| !is_composite(cast));
    text.extend(casts.map(of_cast));
    match text.as_str() {
        "" => "no part of it requires anything\n".to_owned(),
        _ => text,
    }
}

/// Why the constraints of a question are met, as lines below what it is; none where there are none.
pub fn of_question(grounds: &Grounds, names: &Names) -> String {
    let mut lines = Lines::new(names, &grounds.discharged);
    for met in &grounds.met {
        lines.met(met);
    }
    lines.assumptions(&grounds.met);
    if grounds.cut {
        lines.line(1, "and so on: there is more than is told");
    }
    lines.text
}

/// The laws that were used, a line each.
pub fn laws(laws: &[Law]) -> String {
    let lines = laws.iter().map(|it| format!("  {}\n", law(it)));
    lines.collect()
}

/// The same under a title; nothing where there are none. `holds`: whether the answer is yes.
fn titled(title: &str, holds: bool, grounds: &Grounds, names: &Names) -> String {
    let lines = of_question(grounds, names);
    match (lines.is_empty(), holds) {
        (true, _) => lines,
        (false, true) => format!("{}\n{lines}", shortened(title.to_owned())),
        (false, false) => format!(
            "{}, as far as it holds\n{lines}",
            shortened(title.to_owned())
        ),
    }
}

fn of_cast(cast: &CastGrounds) -> String {
    let names = Names::of_cast(cast);
    let title = match &cast.path[..] {
        [] => format!("the object as `{}`", names.right),
        _ => format!("`{}` as `{}`", names.left, names.right),
    };
    titled(&title, cast.verdict.holds(), &cast.grounds, &names)
}

fn of_composite(composite: &CompositeGrounds) -> String {
    let mut text = String::new();
    let mut without = Vec::new();
    for connection in &composite.connections {
        let names = Names::of_ends(connection, &composite.path);
        let ends = format!("`{}` and `{}`", names.left, names.right);
        let title = format!("connection of {ends}");
        let holds = connection.verdict.holds();
        let told = titled(&title, holds, &connection.grounds, &names);
        if told.is_empty() && holds {
            without.push(ends);
        }
        text += &told;
    }
    let title = match &composite.path[..] {
        [] => "the composite".to_owned(),
        path => format!("the composite `{}`", path.join("/")),
    };
    if let Some(composition) = &composite.composition {
        text += &of_composition(&title, composition, &Names::of_parts(&composite.path));
    }
    if !text.is_empty() && !without.is_empty() {
        let more = without.len().saturating_sub(MAX_NAMED);
        without.truncate(MAX_NAMED);
        let more = match more {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        text += &format!("nothing is required between {}{more}\n", without.join(", "));
    }
    text
}

fn of_composition(title: &str, composition: &Composition, names: &Names) -> String {
    let Composition {
        met,
        discharged,
        left,
        provides,
    } = composition;
    if met.is_empty() && left.is_empty() && provides.is_empty() {
        return String::new();
    }
    let mut lines = Lines::new(names, discharged);
    for met in met {
        lines.met(met);
    }
    for Provided {
        endpoint,
        derivation,
    } in provides
    {
        let at = endpoint.iter().map(|name| format!("at `{name}` "));
        let at: String = at.collect();
        let said = lines.source(derivation);
        lines.line(1, &format!("{at}it provides {said}"));
    }
    for left in left {
        let said = lines.source(left);
        lines.line(1, &format!("it leaves to its peers {said}"));
    }
    lines.assumptions(met);
    format!("{}\n{}", shortened(title.to_owned()), lines.text)
}

/// Lines that grow.
struct Lines<'a> {
    text: String,
    names: &'a Names,
    discharged: &'a [Discharge],
    /// Which of these have been mentioned.
    mentioned: BTreeSet<usize>,
}

impl<'a> Lines<'a> {
    fn new(names: &'a Names, discharged: &'a [Discharge]) -> Lines<'a> {
        Lines {
            text: String::new(),
            names,
            discharged,
            mentioned: BTreeSet::new(),
        }
    }

    fn line(&mut self, depth: usize, line: &str) {
        self.text += &"  ".repeat(depth);
        self.text += &shortened(line.to_owned());
        self.text.push('\n');
    }

    /// A constraint, and if a type states it, whose.
    fn source(&mut self, derivation: &Derivation) -> String {
        let said = said(derivation);
        match &derivation.rule {
            Rule::Stated(stated) => format!("{said}, which {}", self.stated(stated)),
            Rule::Assumed => format!("{said}, which is assumed"),
            _ => said,
        }
    }

    /// Who states a constraint.
    fn stated(&mut self, stated: &Stated) -> String {
        let by = self.names.of(&stated.by);
        let verb = match stated.side {
            Side::Provides => "provides",
            Side::Requires => "requires",
        };
        let given = match (&stated.assumption, stated.met) {
            (Some(_), Some(at)) => {
                self.mentioned.insert(at);
                format!(" given ({})", at + 1)
            }
            (Some(assumption), None) => format!(" given \"{assumption}\""),
            (None, _) => String::new(),
        };
        format!("`{by}` {verb}{given}")
    }

    /// A constraint that is asked for, and why it is met.
    fn met(&mut self, met: &Met) {
        let by = self.names.of(&met.by);
        let verb = match met.asked {
            Side::Requires => "requires",
            Side::Provides => "has to provide",
        };
        let steps: Vec<String> = met.trail.iter().map(ToString::to_string).collect();
        let at = match steps.is_empty() {
            true => String::new(),
            false => format!("at {}: ", steps.join(" > ")),
        };
        let asked = format!("{at}`{by}` {verb} {}", said(&met.derivation));
        self.told(1, &asked, &met.derivation);
    }

    /// The assumptions that have been mentioned, and those on which they rest, in the order in which
    /// they are met. What is assumed is often required as well, and has been told then: it is in `told`.
    fn assumptions(&mut self, told: &[Met]) {
        let mut open: Vec<usize> = self.mentioned.iter().copied().collect();
        while let Some(at) = open.pop() {
            let Some(discharge) = self.discharged.get(at) else {
                continue;
            };
            let mut rests_on: BTreeSet<usize> = discharge.circle.iter().copied().collect();
            mentions(&discharge.assumption, &mut rests_on);
            open.extend(rests_on.into_iter().filter(|at| self.mentioned.insert(*at)));
        }
        let mut circles = BTreeSet::new();
        for at in self.mentioned.clone() {
            let Some(discharge) = self.discharged.get(at) else {
                continue;
            };
            let Discharge {
                by,
                formalism,
                text,
                assumption,
                circle,
            } = discharge;
            let is_told = |met: &Met| {
                self.names.of(&met.by) == self.names.of(by) && met.derivation == *assumption
            };
            let is_told = circle.is_empty() && told.iter().any(is_told);
            let by = self.names.of(by);
            let assumes = format!(
                "({}) is met: for {formalism} \"{text}\" `{by}` assumes \"{}\"",
                at + 1,
                assumption.text
            );
            match is_told {
                true => self.line(1, &format!("{assumes}, which it also requires, as above")),
                false => self.told(1, &assumes, assumption),
            }
            let last = circle.last().is_none_or(|last| *last == at);
            if !circle.is_empty() && last && circles.insert(circle) {
                let all: Vec<String> = circle.iter().map(|at| format!("({})", at + 1)).collect();
                let line = format!(
                    "{} wait for each other, and nobody can be the first to break anything: only \
                     who provides it can, and not before something else was broken",
                    all.join(" and ")
                );
                self.line(1, &line);
            }
        }
    }

    /// What was just named, and what it follows from.
    fn told(&mut self, depth: usize, named: &str, derivation: &Derivation) {
        match &derivation.rule {
            Rule::Stated(stated) => {
                let stated = self.stated(stated);
                self.line(depth, &format!("{named}: {stated} it"));
            }
            Rule::Repeated { from } => match &from.rule {
                Rule::Stated(stated) if stated.met.is_none() && stated.assumption.is_none() => {
                    let stated = self.stated(stated);
                    self.line(depth, &format!("{named}: {stated} it"));
                }
                Rule::Stated(_) => {
                    self.line(depth, named);
                    self.chain(depth + 1, "from", from);
                }
                _ => self.told(depth, named, from),
            },
            Rule::Assumed => self.line(depth, &format!("{named}: it is assumed")),
            rule => {
                self.line(depth, named);
                self.rule(depth + 1, rule);
            }
        }
    }

    /// What the line above follows from.
    fn rule(&mut self, depth: usize, rule: &Rule) {
        match rule {
            Rule::Implied {
                from,
                laws,
                library,
            } => {
                let how = match library {
                    Some(library) => format!("on the word of library `{library}` from"),
                    None => "from".to_owned(),
                };
                match &from[..] {
                    [] => self.line(
                        depth,
                        &format!("{how} nothing: every behaviour satisfies it"),
                    ),
                    [one] => self.by_laws(depth, &how, one, laws),
                    several => {
                        self.line(depth, &format!("{how} these together{}", by(laws)));
                        for one in several {
                            self.chain(depth + 1, "", one);
                        }
                    }
                }
            }
            Rule::Repeated { from } => match from.rule {
                Rule::Stated(_) | Rule::Assumed => self.chain(depth, "from", from),
                _ => self.rule(depth, &from.rule),
            },
            Rule::Translated { from } => self.chain(depth, "translated from", from),
            Rule::Defined { from } => self.chain(depth, "which is defined as", from),
            Rule::Surviving { from } => {
                self.chain(
                    depth,
                    "which is left by a conversion that drops fields of",
                    from,
                );
            }
            Rule::Weakened {
                assumption,
                guarantee,
            } => {
                self.chain(depth, "from the guarantee", guarantee);
                self.chain(depth, "which assumes no more than", assumption);
            }
            _ => {}
        }
    }

    /// A line for what something follows from, and then what that follows from.
    fn chain(&mut self, depth: usize, how: &str, from: &Derivation) {
        self.by_laws(depth, how, from, &[]);
    }

    fn by_laws(&mut self, depth: usize, how: &str, from: &Derivation, laws: &[Law]) {
        let space = if how.is_empty() { "" } else { " " };
        let source = self.source(from);
        self.line(depth, &format!("{how}{space}{source}{}", by(laws)));
        // What is one of several has its own lines below it.
        let below = depth + usize::from(how.is_empty());
        self.rule(below, &from.rule);
    }
}

/// A constraint.
fn said(derivation: &Derivation) -> String {
    format!("{} \"{}\"", derivation.formalism, derivation.text)
}

/// The laws that were used, as the end of a line.
fn by(laws: &[Law]) -> String {
    if laws.is_empty() {
        return String::new();
    }
    let laws: Vec<String> = laws.iter().map(law).collect();
    format!(": {}", laws.join(", "))
}

fn law(law: &Law) -> String {
    let Law {
        premises,
        conclusion,
        axiom,
        place,
    } = law;
    let verb = match premises.len() {
        1 => "gives",
        _ => "give",
    };
    let mut text = format!("{} {verb} {conclusion}", premises.join(" and "));
    if let Some(reason) = axiom {
        let of = place.iter().map(|place| format!(" of {place}"));
        let of: String = of.collect();
        text += &format!(" (an axiom{of}: {reason})");
    }
    text
}

/// The assumptions that are mentioned in a derivation.
fn mentions(derivation: &Derivation, found: &mut BTreeSet<usize>) {
    if let Rule::Stated(stated) = &derivation.rule {
        found.extend(stated.met);
    }
    for from in derivation.rule.from() {
        mentions(from, found);
    }
}
