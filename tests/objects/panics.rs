//! A formalism that panics where its texts say so.

#![allow(missing_docs, reason = "an object library exports nothing else")]

use liveobj_sdk::formalism::{Events, Formalism, ParseError, Structure, Verdict, Witness};

liveobj_sdk::library!(
    "objects/panics.lot",
    name = "test:panics",
    formalisms = [Panics]
);

struct Panics;

/// What panics when it is dropped, if it is to.
struct Text(String);

impl Drop for Text {
    fn drop(&mut self) {
        self.at("drop");
    }
}

impl Text {
    fn at(&self, place: &str) {
        if self.0 == place {
            panic!("in {place}, on purpose");
        }
    }
}

impl Formalism for Panics {
    const NAME: &'static str = "panics";
    const ID: u128 = 0x0bad_0bad_0bad_0bad_0bad_0bad_0bad_0001;
    type Formula = Text;

    fn parse(text: &str, _: &Structure) -> Result<Text, ParseError> {
        assert!(text != "parse", "in parse, on purpose");
        Ok(Text(text.to_owned()))
    }

    fn print(text: &Text) -> String {
        text.at("print");
        text.0.clone()
    }

    fn satisfiable(texts: &[&Text], _: u64) -> Verdict {
        texts.iter().for_each(|text| text.at("satisfiable"));
        Verdict::Holds
    }

    fn implies(_: &[&Text], _: &Events, text: &Text, _: u64) -> Verdict {
        text.at("implies");
        match &*text.0 {
            "no" | "replay" | "explain" => Verdict::Fails(Witness::Structure),
            _ => Verdict::Holds,
        }
    }

    fn replay(_: &[&Text], _: &Events, text: &Text, _: &Witness) -> bool {
        text.at("replay");
        true
    }

    fn dual(text: &Text) -> Option<Text> {
        text.at("dual");
        None
    }

    fn surviving(text: &Text) -> Option<Text> {
        text.at("surviving");
        None
    }

    fn explain(_: &[&Text], text: &Text, _: &Witness) -> Option<String> {
        text.at("explain");
        None
    }
}
