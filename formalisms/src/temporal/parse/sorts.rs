//! The variables of a sentence: what they range over, and the order of their quantifiers.

use std::collections::{BTreeMap, BTreeSet};

use liveobj_types::Span;
use liveobj_types::formalism::{Domain, ParseError};

use super::super::formula::{Atom, Binding, Node, Place, Quantifier, Sentence, Sort, Variable};
use super::reader::fault;
use super::syntax::SortWord;

/// What a variable is used for.
#[derive(Clone, Debug)]
pub(super) enum Use {
    /// As the place of an event of this endpoint.
    Place(String),
    /// As an argument.
    Argument {
        event: String,
        parameter: String,
        domain: Domain,
    },
}

/// All variables, numbered as they were met.
#[derive(Default)]
pub(super) struct Variables {
    known: Vec<Known>,
    /// The order of the quantifiers.
    order: Vec<Item>,
    /// By frame: variables that nothing binds.
    free: Vec<Vec<Variable>>,
    /// The one connection that events without a place speak of, and the first of them.
    bare: Option<(Variable, Span)>,
    uses: Vec<(Variable, Use, Span)>,
    /// Pairs that are compared.
    compared: Vec<[(Variable, Span); 2]>,
}

struct Known {
    name: String,
    span: Span,
    quantifier: Quantifier,
    sort: Option<SortWord>,
    /// Whether the text binds it.
    bound: bool,
    /// Variables whose quantifiers follow directly.
    followers: Vec<Variable>,
}

enum Item {
    /// The variables that nothing binds in a frame.
    Free(usize),
    Variable(Variable),
}

/// What is known of variables that are compared with each other.
#[derive(Default)]
struct Evidence {
    declared: Option<(SortWord, Variable)>,
    place: Option<(String, Span)>,
    /// A place at another endpoint.
    elsewhere: Option<(String, Span)>,
    argument: Option<(Use, Span)>,
}

impl Variables {
    fn add(&mut self, name: &str, span: Span, quantifier: Quantifier) -> Variable {
        self.known.push(Known {
            name: name.to_owned(),
            span,
            quantifier,
            sort: None,
            bound: false,
            followers: Vec::new(),
        });
        self.known.len() - 1
    }

    /// Begins another frame. Variables that nothing binds in it have their quantifiers here.
    pub(super) fn open(&mut self) {
        self.order.push(Item::Free(self.free.len()));
        self.free.push(Vec::new());
    }

    /// A variable that the text binds.
    pub(super) fn bind(
        &mut self,
        name: &str,
        span: Span,
        quantifier: Quantifier,
        sort: Option<SortWord>,
    ) -> Variable {
        let variable = self.add(name, span, quantifier);
        self.known[variable].sort = sort;
        self.known[variable].bound = true;
        self.order.push(Item::Variable(variable));
        variable
    }

    /// A variable that nothing binds.
    pub(super) fn free(
        &mut self,
        frame: usize,
        name: &str,
        span: Span,
        quantifier: Quantifier,
    ) -> Variable {
        let variable = self.add(name, span, quantifier);
        self.free[frame].push(variable);
        variable
    }

    /// `variable + plus`
    pub(super) fn follow(&mut self, variable: Variable, plus: u64, span: Span) -> Variable {
        let name = format!("{}_plus_{plus}", self.known[variable].name);
        let follower = self.add(&name, span, self.known[variable].quantifier);
        self.known[variable].followers.push(follower);
        follower
    }

    /// The one connection that events without a place speak of.
    pub(super) fn bare(&mut self, span: Span) -> Variable {
        match self.bare {
            Some((variable, _)) => variable,
            None => {
                let variable = self.add("", span, Quantifier::ForAll);
                self.known[variable].sort = Some(SortWord::Instance);
                self.known[variable].bound = true;
                self.bare = Some((variable, span));
                variable
            }
        }
    }

    pub(super) fn quantifier(&self, variable: Variable) -> Quantifier {
        self.known[variable].quantifier
    }

    pub(super) fn span(&self, variable: Variable) -> Span {
        self.known[variable].span
    }

    pub(super) fn note(&mut self, variable: Variable, what: Use, span: Span) {
        self.uses.push((variable, what, span));
    }

    pub(super) fn compare(&mut self, left: Variable, right: Variable, first: Span, second: Span) {
        self.compared.push([(left, first), (right, second)]);
    }

    /// The sentence with this body, whose variables are those noted here.
    pub(super) fn finish(self, mut body: Node, object: bool) -> Result<Sentence, ParseError> {
        let mut used = vec![false; self.known.len()];
        body.visit(&mut |node| match node {
            Node::Event(atom) => {
                if let Place::Instance(variable) | Place::Proxy(variable) = atom.place {
                    used[variable] = true;
                }
                atom.arguments
                    .iter()
                    .for_each(|it| used[it.variable] = true);
            }
            Node::Same(left, right) => (used[*left], used[*right]) = (true, true),
            _ => {}
        });
        let sorts = self.sorts(&used, object)?;
        let mut prefix = Vec::new();
        let mut position = vec![0; self.known.len()];
        let mut names = Names::default();
        for variable in self.in_order() {
            if let Some(sort) = &sorts[variable] {
                position[variable] = prefix.len();
                prefix.push(Binding {
                    quantifier: self.known[variable].quantifier,
                    name: names.unique(&self.known[variable].name),
                    sort: sort.clone(),
                });
            }
        }
        renumber(&mut body, &position, &prefix);
        Ok(Sentence { prefix, body })
    }

    fn in_order(&self) -> Vec<Variable> {
        let mut order: Vec<Variable> = self.bare.iter().map(|(variable, _)| *variable).collect();
        let mut add = |variable: Variable| {
            order.push(variable);
            order.extend(&self.known[variable].followers);
        };
        for item in &self.order {
            match item {
                Item::Free(frame) => self.free[*frame].iter().for_each(|it| add(*it)),
                Item::Variable(variable) => add(*variable),
            }
        }
        order
    }

    /// The sort of each variable that is used.
    fn sorts(&self, used: &[bool], object: bool) -> Result<Vec<Option<Sort>>, ParseError> {
        // Variables that are compared have one sort: each leads to another such, or is the first.
        let mut leader: Vec<Variable> = (0..self.known.len()).collect();
        fn first(leader: &mut [Variable], mut variable: Variable) -> Variable {
            while leader[variable] != variable {
                leader[variable] = leader[leader[variable]];
                variable = leader[variable];
            }
            variable
        }
        for [(left, _), (right, _)] in &self.compared {
            let (left, right) = (first(&mut leader, *left), first(&mut leader, *right));
            leader[left.max(right)] = left.min(right);
        }
        let mut evidence: BTreeMap<Variable, Evidence> = BTreeMap::new();
        for (variable, known) in self.known.iter().enumerate() {
            let Some(sort) = known.sort.filter(|_| used[variable]) else {
                continue;
            };
            let known = evidence.entry(first(&mut leader, variable)).or_default();
            let (other, earlier) = *known.declared.get_or_insert((sort, variable));
            if other != sort {
                let (one, two) = (&self.known[earlier].name, &self.known[variable].name);
                return Err(fault(
                    self.known[variable].span,
                    format!("`{one}` and `{two}` are compared, and have different sorts"),
                    "compare variables of one sort",
                ));
            }
        }
        for (variable, what, span) in &self.uses {
            let known = evidence.entry(first(&mut leader, *variable)).or_default();
            self.weigh(known, *variable, what, *span)?;
        }
        let mut sorts = Vec::with_capacity(self.known.len());
        for (variable, used) in used.iter().enumerate() {
            sorts.push(match used {
                false => None,
                true => {
                    let known = evidence.get(&first(&mut leader, variable));
                    Some(self.sort(variable, known, object)?)
                }
            });
        }
        let quantified = |variable: Variable| {
            let place = matches!(sorts[variable], Some(Sort::Instance(_) | Sort::Proxy));
            place && self.bare.is_some_and(|(bare, _)| bare != variable)
        };
        if let Some((variable, span)) = self.bare
            && used[variable]
            && (0..self.known.len()).any(quantified)
        {
            return Err(fault(
                span,
                "where instances are quantified, every event says at which it happens".to_owned(),
                "write `event@i` for an instance `i`, `event@*` for some instance; in English, \
                 `at any instance` or `at the same instance`",
            ));
        }
        Ok(sorts)
    }

    /// Adds one use to what is known.
    fn weigh(
        &self,
        known: &mut Evidence,
        variable: Variable,
        what: &Use,
        span: Span,
    ) -> Result<(), ParseError> {
        let name = &self.known[variable].name;
        match what {
            Use::Place(endpoint) => match &known.place {
                None => known.place = Some((endpoint.clone(), span)),
                Some((other, _)) if other != endpoint => {
                    known.elsewhere.get_or_insert((endpoint.clone(), span));
                }
                Some(_) => {}
            },
            Use::Argument {
                event,
                parameter,
                domain,
            } => match &known.argument {
                None => known.argument = Some((what.clone(), span)),
                Some((other, place)) => {
                    let Use::Argument {
                        event: first,
                        parameter: of,
                        domain: expected,
                    } = other
                    else {
                        unreachable!("only arguments are noted as such");
                    };
                    if domain.key != expected.key {
                        return Err(fault(
                            span,
                            format!(
                                "`{name}` is `{parameter}` of `{event}` here and `{of}` of \
                                 `{first}` at characters {} to {}: these have different types",
                                place.start, place.end
                            ),
                            "use different variables",
                        ));
                    }
                }
            },
        }
        if let (Some((_, place)), Some((_, argument))) = (&known.place, &known.argument) {
            let (place, argument) = (*place, *argument);
            return Err(fault(
                span,
                format!(
                    "`{name}` is an argument at characters {} to {} and the place of an event at \
                     characters {} to {}",
                    argument.start, argument.end, place.start, place.end
                ),
                "use different variables",
            ));
        }
        Ok(())
    }

    fn sort(
        &self,
        variable: Variable,
        known: Option<&Evidence>,
        object: bool,
    ) -> Result<Sort, ParseError> {
        let Known {
            name, span, bound, ..
        } = &self.known[variable];
        let none = Evidence::default();
        let known = known.unwrap_or(&none);
        let sort = match (known.declared, &known.place, &known.argument) {
            (Some((sort, _)), ..) => sort,
            (None, Some(_), _) if known.elsewhere.is_some() => SortWord::Proxy,
            (None, Some(_), _) => SortWord::Instance,
            (None, None, Some(_)) => SortWord::Message,
            (None, None, None) => {
                return Err(fault(
                    *span,
                    format!("nothing tells what `{name}` stands for"),
                    "use it as an argument or as the place of an event, or write its sort: \
                     `forall i, j: instance.`",
                ));
            }
        };
        if sort != SortWord::Message && !bound {
            return Err(fault(
                *span,
                format!("nothing binds `{name}`, and only messages may be left open"),
                &format!("write `forall {name}.` in front of the formula"),
            ));
        }
        let wrong = |place: Span, message: String, help: &str| Err(fault(place, message, help));
        match (sort, &known.place, &known.argument) {
            (SortWord::Message, Some((_, place)), _) => wrong(
                *place,
                format!("`{name}` is a message, and no place of an event"),
                "bind another variable: `forall i: instance.`",
            ),
            (SortWord::Instance | SortWord::Proxy, _, Some((_, argument))) => wrong(
                *argument,
                format!("`{name}` is no message, and cannot be an argument"),
                "bind another variable: `forall m: message.`",
            ),
            (SortWord::Message, None, Some((Use::Argument { domain, .. }, _))) => {
                Ok(Sort::Message(domain.clone()))
            }
            (SortWord::Message, None, _) => wrong(
                *span,
                format!("nothing tells which parameter the message `{name}` stands for"),
                "use it as an argument of an event",
            ),
            (SortWord::Proxy, ..) => Ok(Sort::Proxy),
            (SortWord::Instance, Some((endpoint, _)), _) => match &known.elsewhere {
                None => Ok(Sort::Instance(endpoint.clone())),
                Some((other, place)) if name.is_empty() => wrong(
                    *place,
                    format!("the formula speaks of the endpoints `{endpoint}` and `{other}`"),
                    "say where each event happens: `@i` for an instance, `@p` for a proxy, `@*` \
                     for some instance",
                ),
                Some((other, place)) => wrong(
                    *place,
                    format!("`{name}` is an instance of `{endpoint}` and of `{other}`"),
                    &format!("a proxy has instances of both: write `{name}: proxy`"),
                ),
            },
            (SortWord::Instance, None, _) if object => wrong(
                *span,
                format!("nothing tells of which endpoint `{name}` is an instance"),
                "use it as the place of an event",
            ),
            (SortWord::Instance, None, _) => Ok(Sort::Instance(String::new())),
        }
    }
}

/// Writes positions in the prefix for variables.
fn renumber(node: &mut Node, position: &[usize], prefix: &[Binding]) {
    match node {
        Node::Constant(_) | Node::Proposition(_) => {}
        Node::Same(left, right) => (*left, *right) = (position[*left], position[*right]),
        Node::Event(Atom {
            place, arguments, ..
        }) => {
            if let Place::Instance(variable) | Place::Proxy(variable) = *place {
                let variable = position[variable];
                *place = match prefix[variable].sort {
                    Sort::Proxy => Place::Proxy(variable),
                    _ => Place::Instance(variable),
                };
            }
            for argument in arguments {
                argument.variable = position[argument.variable];
            }
        }
        Node::Unary(_, inner) => renumber(inner, position, prefix),
        Node::Binary(_, left, right) => {
            renumber(left, position, prefix);
            renumber(right, position, prefix);
        }
    }
}

/// Gives each variable a name of its own.
#[derive(Default)]
struct Names {
    taken: BTreeSet<String>,
    /// A name → the number that is tried next.
    next: BTreeMap<String, u64>,
}

impl Names {
    fn unique(&mut self, name: &str) -> String {
        if self.taken.insert(name.to_owned()) {
            return name.to_owned();
        }
        let next = self.next.entry(name.to_owned()).or_insert(2);
        loop {
            let candidate = format!("{name}{next}");
            *next += 1;
            if self.taken.insert(candidate.clone()) {
                return candidate;
            }
        }
    }
}
