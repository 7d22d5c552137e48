//! Why constraints are met, for programs (docs/json.md).

use liveobj_references::{CastGrounds, CompositeGrounds, ConnectionGrounds, Explanation};
use liveobj_types::Place;
use liveobj_types::formalism::Law;
use liveobj_types::relation::{
    Composition, Derivation, Discharge, Grounds, Met, Provided, Rule, Side, Stated,
};
use serde::Serialize;

use super::Names;
use crate::report::{JsonPosition, position, range};

/// Why the constraints of a document are met.
#[derive(Serialize)]
pub struct JsonExplanation<'a> {
    composites: Vec<JsonComposite<'a>>,
    casts: Vec<JsonCast<'a>>,
}

#[derive(Serialize)]
struct JsonComposite<'a> {
    path: &'a [String],
    place: JsonPlace<'a>,
    connections: Vec<JsonConnection<'a>>,
    composition: Option<JsonComposition<'a>>,
}

#[derive(Serialize)]
struct JsonConnection<'a> {
    ends: [JsonEnd<'a>; 2],
    verdict: String,
    #[serde(flatten)]
    grounds: JsonGrounds<'a>,
}

#[derive(Serialize)]
struct JsonEnd<'a> {
    component: &'a str,
    endpoint: &'a str,
}

#[derive(Serialize)]
struct JsonCast<'a> {
    path: &'a [String],
    place: JsonPlace<'a>,
    derived: &'a str,
    declared: &'a str,
    verdict: String,
    #[serde(flatten)]
    grounds: JsonGrounds<'a>,
}

/// Why the constraints of one question are met.
#[derive(Serialize)]
pub struct JsonGrounds<'a> {
    met: Vec<JsonMet<'a>>,
    discharged: Vec<JsonDischarge<'a>>,
    cut: bool,
}

#[derive(Serialize)]
struct JsonComposition<'a> {
    met: Vec<JsonMet<'a>>,
    discharged: Vec<JsonDischarge<'a>>,
    left: Vec<JsonDerivation<'a>>,
    provides: Vec<JsonProvided<'a>>,
}

#[derive(Serialize)]
struct JsonProvided<'a> {
    endpoint: Option<&'a str>,
    derivation: JsonDerivation<'a>,
}

#[derive(Serialize)]
struct JsonMet<'a> {
    trail: Vec<String>,
    by: String,
    side: &'static str,
    place: Option<JsonPlace<'a>>,
    derivation: JsonDerivation<'a>,
}

#[derive(Serialize)]
struct JsonDischarge<'a> {
    by: String,
    formalism: &'a str,
    text: &'a str,
    assumption: JsonDerivation<'a>,
    circle: &'a [usize],
}

/// Why a constraint is met.
#[derive(Serialize)]
pub struct JsonDerivation<'a> {
    formalism: &'a str,
    text: &'a str,
    rule: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stated: Option<JsonStated<'a>>,
    from: Vec<JsonDerivation<'a>>,
    laws: Vec<JsonLaw<'a>>,
    library: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonStated<'a> {
    by: String,
    side: &'static str,
    place: Option<JsonPlace<'a>>,
    assumption: Option<&'a str>,
    discharged: Option<usize>,
}

/// A law of a formalism.
#[derive(Serialize)]
pub struct JsonLaw<'a> {
    premises: &'a [String],
    conclusion: &'a str,
    axiom: Option<&'a str>,
    place: Option<JsonPlace<'a>>,
}

#[derive(Serialize)]
struct JsonPlace<'a> {
    source: &'a str,
    start: JsonPosition,
    end: JsonPosition,
}

impl<'a> JsonPlace<'a> {
    fn new(place: &'a Place) -> JsonPlace<'a> {
        let range = range(place);
        JsonPlace {
            source: &place.source.name,
            start: position(place, range.start),
            end: position(place, range.end),
        }
    }
}

impl<'a> JsonExplanation<'a> {
    pub fn new(explanation: &'a Explanation) -> JsonExplanation<'a> {
        let Explanation { composites, casts } = explanation;
        JsonExplanation {
            composites: composites.iter().map(composite).collect(),
            casts: casts.iter().map(cast).collect(),
        }
    }
}

fn composite(composite: &CompositeGrounds) -> JsonComposite<'_> {
    let CompositeGrounds {
        path,
        place,
        connections,
        composition,
    } = composite;
    let names = Names::of_parts(path);
    let connections = connections.iter().map(|it| connection(it, path));
    JsonComposite {
        path,
        place: JsonPlace::new(place),
        connections: connections.collect(),
        composition: composition.as_ref().map(|it| {
            let Composition {
                met,
                discharged,
                left,
                provides,
            } = it;
            JsonComposition {
                met: all(met, &names, self::met),
                discharged: all(discharged, &names, discharge),
                left: left.iter().map(|it| derivation(it, &names)).collect(),
                provides: all(provides, &names, provided),
            }
        }),
    }
}

fn connection<'a>(connection: &'a ConnectionGrounds, path: &[String]) -> JsonConnection<'a> {
    let names = Names::of_ends(connection, path);
    let ends = connection.ends.each_ref();
    JsonConnection {
        ends: ends.map(|(component, endpoint)| JsonEnd {
            component,
            endpoint,
        }),
        verdict: connection.verdict.to_string(),
        grounds: JsonGrounds::new(&connection.grounds, &names),
    }
}

fn cast(cast: &CastGrounds) -> JsonCast<'_> {
    JsonCast {
        path: &cast.path,
        place: JsonPlace::new(&cast.place),
        derived: &cast.derived,
        declared: &cast.declared,
        verdict: cast.verdict.to_string(),
        grounds: JsonGrounds::new(&cast.grounds, &Names::of_cast(cast)),
    }
}

impl<'a> JsonGrounds<'a> {
    /// `names`: what the two sides are called.
    pub fn new(grounds: &'a Grounds, names: &Names) -> JsonGrounds<'a> {
        JsonGrounds {
            met: all(&grounds.met, names, met),
            discharged: all(&grounds.discharged, names, discharge),
            cut: grounds.cut,
        }
    }
}

fn all<'a, T, U>(all: &'a [T], names: &Names, each: impl Fn(&'a T, &Names) -> U) -> Vec<U> {
    all.iter().map(|it| each(it, names)).collect()
}

fn provided<'a>(provided: &'a Provided, names: &Names) -> JsonProvided<'a> {
    JsonProvided {
        endpoint: provided.endpoint.as_deref(),
        derivation: derivation(&provided.derivation, names),
    }
}

fn met<'a>(met: &'a Met, names: &Names) -> JsonMet<'a> {
    JsonMet {
        trail: met.trail.iter().map(ToString::to_string).collect(),
        by: names.of(&met.by),
        side: side(met.asked),
        place: met.place.as_ref().map(JsonPlace::new),
        derivation: derivation(&met.derivation, names),
    }
}

fn discharge<'a>(discharge: &'a Discharge, names: &Names) -> JsonDischarge<'a> {
    JsonDischarge {
        by: names.of(&discharge.by),
        formalism: &discharge.formalism,
        text: &discharge.text,
        assumption: derivation(&discharge.assumption, names),
        circle: &discharge.circle,
    }
}

fn side(side: Side) -> &'static str {
    match side {
        Side::Provides => "provides",
        Side::Requires => "requires",
    }
}

/// A derivation for programs.
fn derivation<'a>(derivation: &'a Derivation, names: &Names) -> JsonDerivation<'a> {
    let Derivation {
        formalism,
        text,
        rule,
    } = derivation;
    let mut json = JsonDerivation {
        formalism,
        text,
        rule: "",
        stated: None,
        from: Vec::new(),
        laws: Vec::new(),
        library: None,
    };
    json.rule = match rule {
        Rule::Stated(stated) => {
            json.stated = Some(json_stated(stated, names));
            "stated"
        }
        Rule::Assumed => "assumed",
        Rule::Repeated { .. } => "repeated",
        Rule::Implied { laws, library, .. } => {
            json.laws = laws.iter().map(JsonLaw::new).collect();
            json.library = library.as_deref();
            "implied"
        }
        Rule::Translated { .. } => "translated",
        Rule::Defined { .. } => "defined",
        Rule::Surviving { .. } => "surviving",
        Rule::Weakened { .. } => "weakened",
        _ => "other",
    };
    let from = rule.from().into_iter();
    json.from = from.map(|from| self::derivation(from, names)).collect();
    json
}

fn json_stated<'a>(stated: &'a Stated, names: &Names) -> JsonStated<'a> {
    JsonStated {
        by: names.of(&stated.by),
        side: side(stated.side),
        place: stated.place.as_ref().map(JsonPlace::new),
        assumption: stated.assumption.as_deref(),
        discharged: stated.met,
    }
}

impl<'a> JsonLaw<'a> {
    pub fn new(law: &'a Law) -> JsonLaw<'a> {
        JsonLaw {
            premises: &law.premises,
            conclusion: &law.conclusion,
            axiom: law.axiom.as_deref(),
            place: law.place.as_ref().map(JsonPlace::new),
        }
    }
}
