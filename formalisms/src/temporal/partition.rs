//! Which variables are equal: every way is tried.

/// A way to part things into groups, numbered in the order in which they first occur.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Partition {
    groups: Vec<usize>,
    limit: usize,
}

impl Partition {
    /// The finest partition of `count` things into at most `limit` groups, at least 1: all of
    /// them apart, as far as there are groups.
    pub fn finest(count: usize, limit: usize) -> Partition {
        let groups = (0..count).map(|thing| thing.min(limit - 1)).collect();
        Partition { groups, limit }
    }

    /// Goes on to the next one, in an order that ends with all things in one group; `false` if
    /// there is none, and then this is the finest one again.
    pub fn advance(&mut self) -> bool {
        let Some(last) = self.groups.iter().rposition(|group| *group > 0) else {
            *self = Partition::finest(self.groups.len(), self.limit);
            return false;
        };
        self.groups[last] -= 1;
        let mut used = self.groups[..=last].iter().max().map_or(0, |top| top + 1);
        for group in &mut self.groups[last + 1..] {
            *group = used.min(self.limit - 1);
            used = used.max(*group + 1);
        }
        true
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.groups.iter().max().map_or(0, |top| top + 1)
    }

    /// The group of each thing.
    pub fn groups(&self) -> &[usize] {
        &self.groups
    }
}

/// The next combination of digits, each below its base; `false` after the last one. The first is
/// all zeros, which needs every base to be at least 1.
pub(super) fn advance(digits: &mut [usize], bases: &[usize]) -> bool {
    for (digit, base) in digits.iter_mut().zip(bases).rev() {
        *digit += 1;
        if *digit < *base {
            return true;
        }
        *digit = 0;
    }
    false
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn all(count: usize, limit: usize) -> Vec<Vec<usize>> {
        let mut partition = Partition::finest(count, limit);
        let mut all = vec![partition.groups().to_vec()];
        while partition.advance() {
            all.push(partition.groups().to_vec());
        }
        assert_eq!(partition, Partition::finest(count, limit));
        all
    }

    #[test]
    fn partitions_are_counted_by_the_bell_numbers() {
        for (count, bell) in [1, 1, 2, 5, 15, 52, 203].into_iter().enumerate() {
            let all = all(count, count.max(1));
            assert_eq!(all.len(), bell);
            assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), bell);
        }
    }

    #[test]
    fn a_limit_bounds_the_groups() {
        assert_eq!(all(3, 1), [[0, 0, 0]]);
        assert_eq!(all(3, 2).len(), 4);
        assert_eq!(all(5, 2).len(), 16);
        assert!(all(5, 2).iter().flatten().all(|group| *group < 2));
    }

    #[test]
    fn digits_advance_through_all_combinations() {
        let (mut digits, bases) = (vec![0, 0], [2, 3]);
        let mut seen = vec![digits.clone()];
        while advance(&mut digits, &bases) {
            seen.push(digits.clone());
        }
        assert_eq!(seen.len(), 6);
        assert_eq!(seen.last().unwrap(), &[1, 2]);
    }
}
