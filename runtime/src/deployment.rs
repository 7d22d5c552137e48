//! Deployments: which parts of a reference run in which domain. A reference says what an object is
//! and not where it runs, so that this is a document of its own.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use liveobj_types::nearest;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use crate::error::DeploymentError;

/// The one version of the form.
const VERSION: u64 = 1;
/// Stands for all parts that nothing else names.
const REST: &str = "*";

/// Says which parts of an object run in which domain: see `docs/deployment.md` for the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// What messages call it.
    name: String,
    /// Name of each domain, and the paths of its parts.
    domains: Vec<(String, Vec<String>)>,
}

/// The document.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    deployment: u64,
    domains: Entries,
}

/// The entries of an object, none of them twice.
struct Entries(Vec<(String, Vec<String>)>);

impl Deployment {
    /// Reads a deployment out of a text; `name` is what messages call it.
    ///
    /// # Errors
    ///
    /// It is not in the form, or says two things of one part.
    pub fn parse(name: &str, text: &str) -> Result<Deployment, DeploymentError> {
        let malformed = |reason: String| DeploymentError::Malformed {
            deployment: name.to_owned(),
            reason,
        };
        let document: Document =
            serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?;
        if document.deployment != VERSION {
            return Err(malformed(format!(
                "it is of version {}, and {VERSION} is known",
                document.deployment
            )));
        }
        let Entries(domains) = document.domains;
        let mut seen = BTreeMap::new();
        for (domain, parts) in &domains {
            if parts.is_empty() {
                return Err(malformed(format!(
                    "domain `{domain}` has no parts: name some, or leave it out"
                )));
            }
            for part in parts {
                if let Some(other) = seen.insert(part, domain) {
                    return Err(malformed(format!(
                        "`{part}` is named twice, in `{other}` and in `{domain}`"
                    )));
                }
            }
        }
        Ok(Deployment {
            name: name.to_owned(),
            domains,
        })
    }

    /// Reads a deployment out of a file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or as with [`Deployment::parse`].
    pub fn read(path: &Path) -> Result<Deployment, DeploymentError> {
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Deployment::parse(&name, &text),
            Err(error) => Err(DeploymentError::Read {
                deployment: name,
                reason: error.to_string(),
            }),
        }
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of the domain of each part, given by its path. What names a composite is about
    /// all parts inside; what names more of a path counts more.
    ///
    /// # Errors
    ///
    /// Something is named that is not there, or a part is not named.
    pub(crate) fn places(&self, parts: &[String]) -> Result<Vec<usize>, DeploymentError> {
        let mut named = BTreeMap::new();
        for (number, (domain, paths)) in self.domains.iter().enumerate() {
            for path in paths {
                named.insert(path.as_str(), (number, domain));
            }
        }
        let mut used = Vec::new();
        let mut places = Vec::new();
        let mut missing = Vec::new();
        for part in parts {
            let found = prefixes(part)
                .rev()
                .chain([REST])
                .find_map(|path| named.get_key_value(path));
            match found {
                Some((path, (number, _))) => {
                    used.push(*path);
                    places.push(*number);
                }
                None => missing.push(part.clone()),
            }
        }
        // What only stands for what others name more exactly is there all the same.
        let known: Vec<&str> = parts.iter().flat_map(|part| prefixes(part)).collect();
        for (path, (_, domain)) in &named {
            if *path != REST && !used.contains(path) && !known.contains(path) {
                return Err(DeploymentError::Unknown {
                    deployment: self.name.clone(),
                    domain: (*domain).clone(),
                    part: (*path).to_owned(),
                    nearest: nearest(path, known.iter().copied()).map(str::to_owned),
                });
            }
        }
        if missing.is_empty() {
            Ok(places)
        } else {
            Err(DeploymentError::Unplaced {
                deployment: self.name.clone(),
                parts: missing,
            })
        }
    }
}

/// `a`, `a/b`, `a/b/c` of `a/b/c`.
fn prefixes(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    let ends = path.match_indices('/').map(|(at, _)| at);
    let ends: Vec<usize> = ends.chain([path.len()]).collect();
    ends.into_iter().map(|end| &path[..end])
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entries, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("domains by name, each a list of paths of parts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries: Vec<(String, Vec<String>)> = Vec::new();
        while let Some(entry) = map.next_entry::<String, Vec<String>>()? {
            if entries.iter().any(|(known, _)| *known == entry.0) {
                return Err(A::Error::custom(format!(
                    "domain `{}` is there twice",
                    entry.0
                )));
            }
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Deployment, String> {
        Deployment::parse("d.json", text).map_err(|error| error.to_string())
    }

    fn places(text: &str, parts: &[&str]) -> Result<Vec<usize>, String> {
        let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
        let deployment = parse(text)?;
        deployment.places(&parts).map_err(|error| error.to_string())
    }

    const DEPLOYMENT: &str = r#"{"deployment": 1, "domains": {
        "front": ["console"], "back": ["channel", "note"], "net": ["channel/udp"]
    }}"#;

    #[test]
    fn what_names_more_of_a_path_counts_more() {
        let parts = ["console", "channel/fifo", "channel/udp", "note"];
        assert_eq!(places(DEPLOYMENT, &parts), Ok(vec![0, 1, 2, 1]));
        let rest = r#"{"deployment": 1, "domains": {"a": ["*"], "b": ["note"]}}"#;
        assert_eq!(places(rest, &parts), Ok(vec![0, 0, 0, 1]));
    }

    #[test]
    fn what_is_not_there_is_named_with_what_was_probably_meant() {
        let parts = ["consle", "channel/fifo", "channel/udp", "note"];
        let refused = places(DEPLOYMENT, &parts).expect_err("there is no `console`");
        assert_eq!(
            refused,
            "deployment `d.json`: domain `front` names `console`, and there is no such part; \
             did you mean `consle`?"
        );
        // A name stands for whole components.
        let parts = ["console", "channel/fifo", "channel/udp", "notes"];
        assert!(places(DEPLOYMENT, &parts).is_err_and(|it| it.contains("`note`")));
    }

    #[test]
    fn parts_without_a_domain_are_named() {
        let parts = ["console", "channel/udp", "log", "note"];
        assert_eq!(
            places(DEPLOYMENT, &parts).expect_err("`log` is nowhere"),
            "deployment `d.json` has no domain for `log`: name it in one, or `*` for all the rest"
        );
    }

    #[test]
    fn what_is_not_in_the_form_says_where_and_why() {
        let refused = |text: &str| parse(text).expect_err("it is wrong");
        assert!(refused("{\n  \"deployment\": 1,\n}").contains("line 3"));
        let of = |domains: &str| format!("{{\"deployment\": 1, \"domains\": {domains}}}");
        assert!(refused(&of(r#"{"a": ["x"], "a": ["y"]}"#)).contains("domain `a` is there twice"));
        assert!(refused(&of(r#"{"a": ["x"], "b": ["x"]}"#)).contains("in `a` and in `b`"));
        assert!(refused(&of(r#"{"a": []}"#)).contains("domain `a` has no parts"));
        let later = r#"{"deployment": 2, "domains": {}}"#;
        assert!(refused(later).contains("version 2"));
        assert!(refused(r#"{"deployment": 1, "domain": {}}"#).contains("unknown field `domain`"));
    }
}
