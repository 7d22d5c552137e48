//! "Did you mean": the name nearest to one that is not there.

/// The candidate that `name` was probably meant to be: the one with the smallest edit distance
/// (exchanged neighbours count once, letter case counts half), the first one of several; none
/// where even the best is too far off. Only the first ten thousand are looked at.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = letters(name);
    if name.is_empty() || name.len() > MAX_LENGTH {
        return None;
    }
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in candidates.into_iter().take(MAX_CANDIDATES) {
        let letters = letters(candidate);
        let longer = name.len().max(letters.len());
        // Twice the distance, so that letter case can count half.
        let allowed = 2 * (longer / 3).max(1);
        if letters.len() > MAX_LENGTH
            || 2 * name.len().abs_diff(letters.len()) > allowed
            || letters == name
        {
            continue;
        }
        let distance = distance(&name, &letters);
        if distance <= allowed
            && distance < 2 * longer
            && best.is_none_or(|(smallest, _)| distance < smallest)
        {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// A letter as it stands, and in lower case.
type Letter = (char, char);

fn letters(name: &str) -> Vec<Letter> {
    let letters = name.chars().take(MAX_LENGTH + 1);
    letters
        .map(|letter| (letter, letter.to_lowercase().next().unwrap_or(letter)))
        .collect()
}

/// Longer names are not compared: the cost is quadratic.
const MAX_LENGTH: usize = 64;
/// So many candidates are looked at: a text may misspell many names where many are known.
const MAX_CANDIDATES: usize = 10_000;

/// Twice the optimal string alignment distance.
fn distance(left: &[Letter], right: &[Letter]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=right.len()).map(|j| 2 * j).collect();
    for i in 1..=left.len() {
        let mut current = vec![2 * i];
        for j in 1..=right.len() {
            let (a, b) = (left[i - 1], right[j - 1]);
            let exchange = if a == b {
                0
            } else if a.1 == b.1 {
                1
            } else {
                2
            };
            let mut best = (previous[j - 1] + exchange)
                .min(previous[j] + 2)
                .min(current[j - 1] + 2);
            if i > 1 && j > 1 && a == right[j - 2] && left[i - 2] == b {
                best = best.min(before[j - 2] + 2);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut previous, current);
    }
    previous[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelling_finds_its_name() {
        let names = ["Channel", "Console", "Folder", "Text"];
        assert_eq!(nearest("Chanel", names), Some("Channel"));
        assert_eq!(nearest("Chnanel", names), Some("Channel"));
        assert_eq!(nearest("channel", names), Some("Channel"));
        assert_eq!(nearest("Txet", names), Some("Text"));
    }

    #[test]
    fn something_else_finds_nothing() {
        assert_eq!(nearest("Banana", ["Channel", "Text"]), None);
        assert_eq!(nearest("x", ["y"]), None);
        assert_eq!(nearest("", ["y"]), None);
    }

    #[test]
    fn the_first_of_equally_near_names_wins() {
        assert_eq!(nearest("part_c", ["part_a", "part_b"]), Some("part_a"));
    }

    #[test]
    fn endless_names_are_not_compared() {
        let long = "a".repeat(1_000_000);
        assert_eq!(nearest(&long, ["a"]), None);
        assert_eq!(nearest("a", [long.as_str()]), None);
    }
}
