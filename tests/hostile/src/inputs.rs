//! Inputs that cost a careless reader too much, of any size.

/// A document whose `<types>` are these.
pub fn declaring(types: &str) -> String {
    document(&format!(
        "<types>{types}</types><external name=\"timer\" library=\"liveobj:standard\"/>"
    ))
}

/// A document with this inside.
pub fn document(inside: &str) -> String {
    format!("<liveobject xmlns=\"urn:liveobj:reference:1\">{inside}</liveobject>")
}

/// `part(0)`, `part(1)`, … with something between them.
fn many(count: usize, between: &str, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect::<Vec<_>>().join(between)
}

/// A document and how it is told in one line: what the first finding says; none where the document
/// is read.
pub struct Input {
    /// What it is.
    pub name: &'static str,
    /// Makes one of a size.
    pub make: fn(usize) -> String,
    /// The size at which it is tested.
    pub size: usize,
    /// Part of the message of the first finding.
    pub refusal: Option<&'static str>,
}

const fn input(
    name: &'static str,
    size: usize,
    refusal: Option<&'static str>,
    make: fn(usize) -> String,
) -> Input {
    Input {
        name,
        make,
        size,
        refusal,
    }
}

const DEEP: usize = 1_000_000;
const LONG: usize = 10_000_000;
const MANY: usize = 100_000;

const TOO_DEEP: Option<&str> = Some("nested more than 272 levels deep");
const TOO_LONG: Option<&str> = Some("is longer than 256 bytes");
const TOO_MANY: Option<&str> = Some("the rest is not listed");

const TIMER: &str = "<external name=\"timer\" library=\"liveobj:standard\"/>";

/// All of them.
pub const INPUTS: &[Input] = &[
    // Nesting.
    input("elements in elements", DEEP, TOO_DEEP, |n| "<a>".repeat(n)),
    input("composites in composites", DEEP / 2, TOO_DEEP, |n| {
        document(&"<composite><component name=\"a\">".repeat(n))
    }),
    input("lists in JSON", DEEP, TOO_DEEP, |n| {
        format!("{{\"liveobj\":1,\"about\":{}", "[".repeat(n))
    }),
    input(
        "types in types",
        DEEP,
        Some("nested more than 64 deep"),
        |n| declaring(&format!("type A = {}u8;", "list[".repeat(n))),
    ),
    input(
        "mirrors of mirrors",
        DEEP,
        Some("nested more than 64 deep"),
        |n| declaring(&format!("type A = {}B;", "mirror ".repeat(n))),
    ),
    input(
        "lists in a default",
        DEEP,
        Some("nested more than 64 deep"),
        |n| declaring(&format!("template t(a: u8 = {}): Timer;", "[".repeat(n))),
    ),
    input(
        "parentheses in a constraint",
        DEEP,
        Some("cannot be read"),
        |n| {
            let text = "(".repeat(n);
            declaring(&format!(
                "endpoint E {{ provides cardinality \"{text}\"; }}"
            ))
        },
    ),
    input("lists in a value", DEEP, TOO_DEEP, |n| {
        valued("u8", &"[".repeat(n))
    }),
    input("records in a value", DEEP, TOO_DEEP, |n| {
        valued("R", &"{\"next\":".repeat(n))
    }),
    // Names.
    input(
        "a long element",
        LONG,
        Some("expected `<liveobject>`"),
        |n| format!("<{}/>", "a".repeat(n)),
    ),
    input("a long attribute", LONG, Some("holds no reference"), |n| {
        format!(
            "<liveobject xmlns=\"urn:liveobj:reference:1\" {}=\"\"/>",
            "a".repeat(n)
        )
    }),
    input("a long key", LONG, Some("is not expected"), |n| {
        format!(
            "{{\"liveobj\":1,\"{}\":1,\"primitive\":{{\"id\":\"registry\"}}}}",
            "a".repeat(n)
        )
    }),
    input("a long component", LONG, TOO_LONG, |n| {
        let name = "a".repeat(n);
        document(&format!(
            "<composite><component name=\"{name}\">{TIMER}</component></composite>"
        ))
    }),
    input("a long endpoint", LONG, TOO_LONG, |n| {
        let name = "a".repeat(n);
        document(&format!(
            "<composite><component name=\"a\">{TIMER}</component>\
             <export of=\"a\" name=\"{name}\"/></composite>"
        ))
    }),
    input("a long parameter", LONG, TOO_LONG, |n| {
        let name = "a".repeat(n);
        assigned(&format!(
            "<parameter name=\"{name}\"><value>1</value></parameter>"
        ))
    }),
    input(
        "a long library",
        LONG,
        Some("is longer than 4096 bytes"),
        |n| {
            document(&format!(
                "<external name=\"timer\" library=\"{}\"/>",
                "a".repeat(n)
            ))
        },
    ),
    input(
        "a long type",
        LONG,
        Some("a name is longer than 256"),
        |n| declaring(&format!("record {} {{}}", "a".repeat(n))),
    ),
    input(
        "a long cast",
        LONG,
        Some("a name is longer than 256"),
        |n| {
            let name = "a".repeat(n);
            document(&format!(
                "<external name=\"timer\" library=\"liveobj:standard\" as=\"{name}\"/>"
            ))
        },
    ),
    input(
        "a long property",
        LONG,
        Some("the ontology has no property"),
        |n| {
            let text = "a".repeat(n);
            declaring(&format!("endpoint E {{ provides properties \"{text}\"; }}"))
        },
    ),
    input(
        "a long number in a constraint",
        LONG,
        Some("is too large"),
        |n| {
            let text = "1".repeat(n);
            declaring(&format!(
                "endpoint E {{ provides cardinality \"at most {text} instances connected\"; }}"
            ))
        },
    ),
    input("a long number in a value", LONG, Some("expected"), |n| {
        valued("u8", &"1".repeat(n))
    }),
    // Many of something.
    input("doubled aliases", 1_000, None, |n| {
        let aliases = many(n, " ", |i| format!("type A{} = tuple[A{i}, A{i}];", i + 1));
        declaring(&format!("type A0 = u8; {aliases}"))
    }),
    input(
        "doubled aliases with parameters",
        64,
        Some("these types expand to more than"),
        |n| {
            let aliases = many(n, " ", |i| {
                format!("type A{}[T: value] = A{i}[A{i}[T]];", i + 1)
            });
            declaring(&format!(
                "type A0[T: value] = tuple[T, T]; {aliases} type X = A{n}[u8];"
            ))
        },
    ),
    input("parameters of an event", MANY, None, |n| {
        let parameters = many(n, ", ", |i| format!("p{i}: u8"));
        declaring(&format!("endpoint E {{ in send({parameters}); }}"))
    }),
    input(
        "one parameter of an event many times",
        MANY,
        Some("is declared twice"),
        |n| {
            let parameters = many(n, ", ", |_| "p: u8".to_owned());
            declaring(&format!("endpoint E {{ in send({parameters}); }}"))
        },
    ),
    input("parameters of a template", MANY, None, |n| {
        let parameters = many(n, ", ", |i| format!("p{i}: u8 = 0"));
        declaring(&format!("template t({parameters}): Timer;"))
    }),
    input("type parameters", MANY, None, |n| {
        let parameters = many(n, ", ", |i| format!("P{i}: value"));
        declaring(&format!("record R[{parameters}] {{ a: P0 }}"))
    }),
    input("cases of a variant", MANY, None, |n| {
        declaring(&format!(
            "variant V {{ {} }}",
            many(n, ", ", |i| format!("c{i}(u8)"))
        ))
    }),
    input("doc comments", MANY, None, |n| {
        declaring(&format!("{}record R {{}}", "/// a line\n".repeat(n)))
    }),
    input("comments in XML", MANY, None, |n| {
        document(&format!("{}{TIMER}", "<!-- -->".repeat(n)))
    }),
    input("constraints of an endpoint", MANY, None, |n| {
        let constraints = many(n, " ", |i| {
            let most = i + 1;
            format!(
                "provides properties \"fifo\"; \
                 requires cardinality \"at most {most} instances connected\";"
            )
        });
        declaring(&format!("endpoint E {{ in a(); {constraints} }}"))
    }),
    input("bounds in a constraint", MANY, None, |n| {
        let clauses = many(n, ", ", |_| {
            "at most 5 instances of 'b' connected".to_owned()
        });
        declaring(&format!(
            "endpoint E {{}} object O {{ endpoint b: E many; provides cardinality \"{clauses}\"; }}"
        ))
    }),
    input("arguments that no template has", MANY, TOO_MANY, |n| {
        let arguments = many(n, "", |i| {
            format!("<parameter name=\"p{i}\"><value>1</value></parameter>")
        });
        assigned(&arguments)
    }),
    input("one argument many times", MANY, TOO_MANY, |n| {
        assigned(&"<parameter name=\"p\"><value>1</value></parameter>".repeat(n))
    }),
    input("elements that are not known", MANY, TOO_MANY, |n| {
        document(&many(n, "", |i| format!("<x{i}/>")))
    }),
    input("elements that are misspelt", MANY, TOO_MANY, |n| {
        document(&format!("{}<types/>", "<typess/>".repeat(n)))
    }),
    input(
        "a composite with components that cannot be read",
        MANY,
        Some("holds no reference"),
        |n| {
            let broken = many(900.min(n), "", |i| format!("<component name=\"b{i}\"/>"));
            let components = many(n, "", |i| {
                format!("<component name=\"a{i}\">{TIMER}</component>")
            });
            let ends = many(n, "", |i| {
                let broken = i % 900;
                format!(
                    "<connection><endpoint of=\"b{broken}\" name=\"x\"/>\
                     <endpoint of=\"a{i}\" name=\"timer\"/></connection>"
                )
            });
            document(&format!(
                "<composite>{broken}{components}{ends}</composite>"
            ))
        },
    ),
    input(
        "declarations that cannot be read",
        MANY,
        Some("expected `:`"),
        |n| declaring(&many(n, " ", |i| format!("record R{i} {{ a Q{i} }}"))),
    ),
    input(
        "declarations in one that is not closed",
        MANY,
        Some("expected"),
        |n| {
            let inside = many(n, " ", |i| format!("record R{i} {{ a: Q{i} }}"));
            declaring(&format!("record R {{ {inside}"))
        },
    ),
    input("templates that no library has", MANY, TOO_MANY, |n| {
        composite(n, |i| {
            format!("<external name=\"timr{i}\" library=\"liveobj:standard\"/>")
        })
    }),
    input("components that are not there", MANY / 2, TOO_MANY, |n| {
        let components = many(n, "", |i| {
            format!("<component name=\"a{i}\">{TIMER}</component>")
        });
        let connections = many(n, "", |i| {
            format!(
                "<connection><endpoint of=\"b{i}\" name=\"timer\"/>\
                 <endpoint of=\"a{i}\" name=\"timr\"/></connection>"
            )
        });
        document(&format!("<composite>{components}{connections}</composite>"))
    }),
    input("components of one name", MANY, TOO_MANY, |n| {
        document(&format!(
            "<composite>{}</composite>",
            format!("<component name=\"a\">{TIMER}</component>").repeat(n)
        ))
    }),
    input("types that are not declared", MANY, TOO_MANY, |n| {
        declaring(&many(n, " ", |i| format!("record R{i} {{ a: Q{i} }}")))
    }),
    input(
        "types that are not declared, among character references",
        MANY,
        TOO_MANY,
        |n| declaring(&many(n, "&#32;", |i| format!("record R{i} {{ a: Q{i} }}"))),
    ),
    input(
        "items that are not of their type",
        MANY,
        Some("expected `u8`"),
        |n| {
            valued(
                "list[u8]",
                &format!("[{}]", many(n, ",", |_| "300".to_owned())),
            )
        },
    ),
    // Others.
    input(
        "entities in entities",
        20,
        Some("document types are not accepted"),
        |n| {
            let entities = many(n, "", |i| format!("<!ENTITY a{} \"&a{i};&a{i};\">", i + 1));
            format!("<!DOCTYPE l [<!ENTITY a0 \"ha\">{entities}]><l>&a{n};</l>")
        },
    ),
];

/// A document that assigns these parameters to a template that has none.
fn assigned(parameters: &str) -> String {
    document(&format!(
        "<parameterized><template>{TIMER}</template>{parameters}</parameterized>"
    ))
}

/// A document that assigns this text to a parameter of this type.
fn valued(ty: &str, text: &str) -> String {
    document(&format!(
        "<types>record R {{ next: option[R] }} object O {{}} template t(a: {ty}): O;</types>\
         <parameterized as=\"O\"><template><external name=\"t\" library=\"example:none\" as=\"t\"/>\
         </template><parameter name=\"a\"><value>{text}</value></parameter></parameterized>"
    ))
}

/// A composite with so many components.
fn composite(count: usize, component: impl Fn(usize) -> String) -> String {
    let components = many(count, "", |i| {
        format!("<component name=\"a{i}\">{}</component>", component(i))
    });
    document(&format!("<composite>{components}</composite>"))
}
