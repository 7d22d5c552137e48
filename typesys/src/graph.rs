//! Types as one labelled graph, and its coarsest partition into structurally equal nodes
//! (Valmari's form of Hopcroft's algorithm: O(edges · log nodes), no recursion).

use std::collections::{BTreeMap, VecDeque};

use crate::types::{
    Constraint, Direction, Endpoint, Object, ObjectEndpoint, Parameter, TypeId, Types, Value,
};

/// A part of an arena, closed under reachability: value, endpoint and object nodes together.
pub(crate) struct Graph {
    /// The nodes; those that were asked for come first.
    pub(crate) nodes: Vec<TypeId>,
    /// What distinguishes a node apart from what it refers to.
    pub(crate) labels: Vec<Vec<u8>>,
    /// What a node refers to, in an order that its label determines.
    pub(crate) successors: Vec<Vec<u32>>,
}

impl Graph {
    /// Everything reachable from `roots`.
    pub(crate) fn reachable(types: &Types, roots: impl IntoIterator<Item = TypeId>) -> Graph {
        let mut index: BTreeMap<TypeId, u32> = BTreeMap::new();
        let mut graph = Graph {
            nodes: Vec::new(),
            labels: Vec::new(),
            successors: Vec::new(),
        };
        let mut waiting = VecDeque::new();
        let mut number = |id: TypeId, nodes: &mut Vec<TypeId>, waiting: &mut VecDeque<TypeId>| {
            *index.entry(id).or_insert_with(|| {
                nodes.push(id);
                waiting.push_back(id);
                nodes.len() as u32 - 1
            })
        };
        for root in roots {
            number(root, &mut graph.nodes, &mut waiting);
        }
        // Numbers are given in the order in which nodes are taken out again.
        while let Some(id) = waiting.pop_front() {
            let (label, successors) = describe(types, id);
            graph.labels.push(label);
            let successors = successors
                .into_iter()
                .map(|next| number(next, &mut graph.nodes, &mut waiting))
                .collect();
            graph.successors.push(successors);
        }
        graph
    }

    /// Class of each node: two nodes have the same class exactly if they are structurally equal.
    pub(crate) fn classes(&self) -> Vec<u32> {
        let mut interned: BTreeMap<&[u8], u32> = BTreeMap::new();
        let labels: Vec<u32> = self
            .labels
            .iter()
            .map(|label| {
                let next = interned.len() as u32;
                *interned.entry(label).or_insert(next)
            })
            .collect();
        let mut edges: Vec<(u32, u32, u32)> = Vec::new();
        for (from, successors) in self.successors.iter().enumerate() {
            for (position, to) in successors.iter().enumerate() {
                edges.push((from as u32, position as u32, *to));
            }
        }
        let positions: Vec<u32> = edges.iter().map(|edge| edge.1).collect();
        let mut incoming: Vec<Vec<u32>> = vec![Vec::new(); self.nodes.len()];
        for (number, edge) in edges.iter().enumerate() {
            incoming[edge.2 as usize].push(number as u32);
        }

        let mut blocks = Partition::new(&labels);
        let mut cords = Partition::new(&positions);
        let (mut block, mut cord) = (1, 0);
        while cord < cords.count() {
            for at in cords.range(cord) {
                blocks.mark(edges[cords.elements[at] as usize].0);
            }
            blocks.split();
            cord += 1;
            while block < blocks.count() {
                for at in blocks.range(block) {
                    for edge in &incoming[blocks.elements[at] as usize] {
                        cords.mark(*edge);
                    }
                }
                cords.split();
                block += 1;
            }
        }
        blocks.set_of
    }
}

/// A partition of 0..n that is refined by marking elements and splitting the sets that hold some.
struct Partition {
    /// The elements, set by set; marked ones first in each set.
    elements: Vec<u32>,
    /// Where each element stands in `elements`.
    location: Vec<u32>,
    /// The set of each element.
    set_of: Vec<u32>,
    first: Vec<u32>,
    past: Vec<u32>,
    marked: Vec<u32>,
    touched: Vec<u32>,
}

impl Partition {
    /// Elements with equal keys together; keys are dense, counted from 0.
    fn new(keys: &[u32]) -> Partition {
        let count = keys.iter().max().map_or(0, |max| *max as usize + 1);
        let mut past = vec![0; count];
        for key in keys {
            past[*key as usize] += 1;
        }
        let mut first = vec![0; count];
        let mut sum = 0;
        for (start, end) in first.iter_mut().zip(&mut past) {
            *start = sum;
            sum += *end;
            *end = sum;
        }
        let mut next = first.clone();
        let mut elements = vec![0; keys.len()];
        let mut location = vec![0; keys.len()];
        for (element, key) in keys.iter().enumerate() {
            let at = &mut next[*key as usize];
            elements[*at as usize] = element as u32;
            location[element] = *at;
            *at += 1;
        }
        let marked = vec![0; count];
        Partition {
            elements,
            location,
            set_of: keys.to_vec(),
            first,
            past,
            marked,
            touched: Vec::new(),
        }
    }

    fn count(&self) -> usize {
        self.first.len()
    }

    fn range(&self, set: usize) -> std::ops::Range<usize> {
        self.first[set] as usize..self.past[set] as usize
    }

    fn mark(&mut self, element: u32) {
        let set = self.set_of[element as usize] as usize;
        let from = self.location[element as usize];
        let to = self.first[set] + self.marked[set];
        if from < to {
            return;
        }
        let displaced = self.elements[to as usize];
        self.elements[from as usize] = displaced;
        self.location[displaced as usize] = from;
        self.elements[to as usize] = element;
        self.location[element as usize] = to;
        if self.marked[set] == 0 {
            self.touched.push(set as u32);
        }
        self.marked[set] += 1;
    }

    /// Makes a set of its own of the smaller part of each touched set.
    fn split(&mut self) {
        while let Some(set) = self.touched.pop() {
            let set = set as usize;
            let middle = self.first[set] + self.marked[set];
            let marked = std::mem::take(&mut self.marked[set]);
            if middle == self.past[set] {
                continue;
            }
            let new = self.count();
            if marked <= self.past[set] - middle {
                self.first.push(self.first[set]);
                self.past.push(middle);
                self.first[set] = middle;
            } else {
                self.first.push(middle);
                self.past.push(self.past[set]);
                self.past[set] = middle;
            }
            self.marked.push(0);
            for at in self.range(new) {
                self.set_of[self.elements[at] as usize] = new as u32;
            }
        }
    }
}

/// Label and successors of one node.
fn describe(types: &Types, id: TypeId) -> (Vec<u8>, Vec<TypeId>) {
    let mut node = Node {
        label: Vec::new(),
        successors: Vec::new(),
    };
    match id {
        TypeId::Value(id) => node.value(types.value(id)),
        TypeId::Endpoint(id) => node.endpoint(types.endpoint(id)),
        TypeId::Object(id) => node.object(types, types.object(id)),
    }
    (node.label, node.successors)
}

struct Node {
    label: Vec<u8>,
    successors: Vec<TypeId>,
}

impl Node {
    fn value(&mut self, value: &Value) {
        match value {
            Value::Basic(basic) => self.tag(&[b'b', *basic as u8]),
            Value::List(item) => {
                self.tag(b"l");
                self.successors.push(TypeId::Value(*item));
            }
            Value::Option(inner) => {
                self.tag(b"o");
                self.successors.push(TypeId::Value(*inner));
            }
            Value::Map(key, value) => {
                self.tag(b"m");
                self.successors
                    .extend([TypeId::Value(*key), TypeId::Value(*value)]);
            }
            Value::Tuple(items) => {
                self.tag(b"t");
                self.number(items.len());
                self.successors
                    .extend(items.iter().copied().map(TypeId::Value));
            }
            Value::Record { fields, open } => {
                self.tag(&[b'r', u8::from(*open)]);
                for (name, field) in fields {
                    self.text(name);
                    self.successors.push(TypeId::Value(*field));
                }
            }
            Value::Variant(cases) => {
                self.tag(b"v");
                for (name, payload) in cases {
                    self.text(name);
                    self.tag(&[u8::from(payload.is_some())]);
                    self.successors.extend(payload.map(TypeId::Value));
                }
            }
            Value::Reference(object) => {
                self.tag(b"R");
                self.successors.push(TypeId::Object(*object));
            }
            Value::External(endpoint) => {
                self.tag(b"X");
                self.successors.push(TypeId::Endpoint(*endpoint));
            }
            Value::Parameter(parameter) => {
                self.tag(b"p");
                self.parameter(parameter);
            }
        }
    }

    fn endpoint(&mut self, endpoint: &Endpoint) {
        match endpoint {
            Endpoint::Events {
                events,
                provides,
                requires,
            } => {
                self.tag(b"E");
                // Texts bind parameters by position; without texts the order means nothing.
                let ordered = !(provides.is_empty() && requires.is_empty());
                self.number(events.len());
                for (name, event) in events {
                    self.text(name);
                    self.tag(&[u8::from(event.direction == Direction::Out)]);
                    self.successors.push(TypeId::Value(event.payload));
                    if ordered {
                        self.texts(&event.order);
                    }
                }
                self.constraints(provides, &[]);
                self.constraints(requires, &[]);
            }
            Endpoint::Parameter {
                parameter,
                mirrored,
            } => {
                self.tag(&[b'P', u8::from(*mirrored)]);
                self.parameter(parameter);
            }
        }
    }

    fn object(&mut self, types: &Types, object: &Object) {
        match object {
            Object::Top => self.tag(b"T"),
            Object::Endpoints(body) => {
                self.tag(b"O");
                let ordered = !(body.provides.is_empty() && body.requires.is_empty());
                for endpoints in [&body.endpoints, &body.hidden] {
                    self.number(endpoints.len());
                    for (name, endpoint) in endpoints {
                        self.object_endpoint(types, name, endpoint, ordered);
                    }
                }
                let names: Vec<&String> = body.endpoints.keys().chain(body.hidden.keys()).collect();
                self.constraints(&body.provides, &names);
                self.constraints(&body.requires, &names);
            }
            Object::Parameter(parameter) => {
                self.tag(b"Q");
                self.parameter(parameter);
            }
        }
    }

    fn object_endpoint(
        &mut self,
        types: &Types,
        name: &str,
        endpoint: &ObjectEndpoint,
        ordered: bool,
    ) {
        self.text(name);
        self.tag(&[u8::from(endpoint.many), u8::from(endpoint.mandatory)]);
        self.successors.push(TypeId::Endpoint(endpoint.ty));
        if let (true, Endpoint::Events { events, .. }) = (ordered, types.endpoint(endpoint.ty)) {
            for event in events.values() {
                self.texts(&event.order);
            }
        }
    }

    fn parameter(&mut self, parameter: &Parameter) {
        self.text(&parameter.name);
        self.tag(&[u8::from(parameter.bound.is_some())]);
        self.successors.extend(parameter.bound);
    }

    /// Constraints of a type with endpoints of these names.
    fn constraints(&mut self, constraints: &[Constraint], names: &[&String]) {
        let encoded = constraints.iter();
        let mut encoded: Vec<Vec<u8>> =
            encoded.map(|each| encode_constraint(each, names)).collect();
        encoded.sort_unstable();
        encoded.dedup();
        self.number(encoded.len());
        for constraint in encoded {
            self.number(constraint.len());
            self.label.extend(constraint);
        }
    }

    fn tag(&mut self, bytes: &[u8]) {
        self.label.extend(bytes);
    }

    fn number(&mut self, number: usize) {
        self.label.extend((number as u64).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.label.extend(text.as_bytes());
    }

    fn texts(&mut self, texts: &[String]) {
        self.number(texts.len());
        for text in texts {
            self.text(text);
        }
    }
}

fn encode_constraint(constraint: &Constraint, names: &[&String]) -> Vec<u8> {
    let mut node = Node {
        label: Vec::new(),
        successors: Vec::new(),
    };
    node.text(&constraint.formalism);
    node.text(&constraint.text);
    node.tag(&[
        u8::from(constraint.dual),
        u8::from(constraint.given.is_some()),
    ]);
    node.text(constraint.given.as_deref().unwrap_or(""));
    // A list of all endpoints under their own names is as good as none. One that leaves some out
    // is not: what is converted with loss at those does not concern the constraint.
    let renamed = &constraint.renamed;
    let all = names.iter().all(|name| renamed.get(*name) == Some(*name));
    for (from, to) in renamed.iter().filter(|(from, to)| !all || from != to) {
        node.text(from);
        node.text(to);
    }
    if constraint.lossy {
        node.tag(&[1]);
    }
    node.label
}
