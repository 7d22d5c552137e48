//! The version number that follows from what changed (docs/evolution.md).

use liveobj_types::evolution::Impact;
use semver::{Prerelease, Version};

/// What the new version has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Needed {
    /// Any that is not lower than the old one.
    NotLower,
    /// Any that is higher than the old one, which is a pre-release.
    Higher,
    /// This one, or a higher one.
    AtLeast(Version),
}

/// What follows from the old version.
pub fn needed(old: &Version, impact: Impact) -> Needed {
    if impact == Impact::None {
        return Needed::NotLower;
    }
    if !old.pre.is_empty() {
        return Needed::Higher;
    }
    let breaking = impact > Impact::Compatible;
    Needed::AtLeast(match (old.major, old.minor, breaking) {
        (0, 0, _) | (0, _, false) => Version::new(0, old.minor, old.patch.saturating_add(1)),
        (0, _, true) => Version::new(0, old.minor.saturating_add(1), 0),
        (_, _, false) => Version::new(old.major, old.minor.saturating_add(1), 0),
        (_, _, true) => Version::new(old.major.saturating_add(1), 0, 0),
    })
}

impl Needed {
    /// Whether the new version is that. A pre-release of what is needed is enough.
    pub fn is_met(&self, old: &Version, new: &Version) -> bool {
        let order = new.cmp_precedence(old);
        match self {
            Needed::NotLower => order.is_ge(),
            Needed::Higher => order.is_gt(),
            Needed::AtLeast(needed) => {
                let mut released = new.clone();
                released.pre = Prerelease::EMPTY;
                order.is_gt() && released.cmp_precedence(needed).is_ge()
            }
        }
    }

    /// It in words, without an article.
    pub fn describe(&self, old: &Version) -> String {
        match self {
            Needed::NotLower => format!("{old} or higher"),
            Needed::Higher => format!("higher than {old}"),
            Needed::AtLeast(version) => format!("{version} or higher"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).expect("tests write versions")
    }

    /// The first version that is enough, and whether some are.
    fn check(old: &str, impact: Impact, described: &str, enough: &[&str], too_low: &[&str]) {
        let old = version(old);
        let needed = needed(&old, impact);
        assert_eq!(needed.describe(&old), described);
        for new in enough {
            assert!(needed.is_met(&old, &version(new)), "{old} {new}");
        }
        for new in too_low {
            assert!(!needed.is_met(&old, &version(new)), "{old} {new}");
        }
    }

    #[test]
    fn from_1_on_what_breaks_is_major_and_what_is_added_minor() {
        let enough = ["2.0.0", "2.0.0-alpha", "3.1.0"];
        let too_low = ["1.2.3", "1.3.0", "1.99.0", "0.9.0"];
        check(
            "1.2.3",
            Impact::Breaking,
            "2.0.0 or higher",
            &enough,
            &too_low,
        );
        check(
            "1.2.3",
            Impact::NotShown,
            "2.0.0 or higher",
            &enough,
            &too_low,
        );
        let enough = ["1.3.0", "1.3.0-rc.1", "2.0.0"];
        check(
            "1.2.3",
            Impact::Compatible,
            "1.3.0 or higher",
            &enough,
            &["1.2.4", "1.2.3"],
        );
    }

    #[test]
    fn before_1_everything_is_one_place_lower() {
        let too_low = ["0.2.3", "0.2.4"];
        check(
            "0.2.3",
            Impact::Breaking,
            "0.3.0 or higher",
            &["0.3.0", "1.0.0"],
            &too_low,
        );
        check(
            "0.2.3",
            Impact::Compatible,
            "0.2.4 or higher",
            &["0.2.4"],
            &["0.2.3"],
        );
        check(
            "0.0.3",
            Impact::Breaking,
            "0.0.4 or higher",
            &["0.0.4"],
            &["0.0.3"],
        );
        check(
            "0.0.3",
            Impact::Compatible,
            "0.0.4 or higher",
            &["0.0.4"],
            &["0.0.3"],
        );
    }

    #[test]
    fn where_nothing_changed_the_version_may_stay() {
        let enough = ["1.2.3", "1.2.3+build", "1.2.4"];
        check(
            "1.2.3",
            Impact::None,
            "1.2.3 or higher",
            &enough,
            &["1.2.2", "1.2.3-rc.1"],
        );
    }

    #[test]
    fn a_pre_release_promises_nothing() {
        let enough = ["1.0.0-alpha.2", "1.0.0"];
        let too_low = ["1.0.0-alpha.1", "0.9.0"];
        check(
            "1.0.0-alpha.1",
            Impact::Breaking,
            "higher than 1.0.0-alpha.1",
            &enough,
            &too_low,
        );
    }

    #[test]
    fn the_last_version_has_no_successor_and_that_is_no_fault() {
        let old = Version::new(u64::MAX, 0, 0);
        assert!(!needed(&old, Impact::Breaking).is_met(&old, &old));
    }
}
