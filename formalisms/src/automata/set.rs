//! Sets of small numbers.

/// A set of small numbers. The first 128 need no memory of their own.
///
/// `tail` does not end in zeros, so that equal sets are equal as data.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Set {
    head: u128,
    tail: Vec<u64>,
}

const HEAD: usize = 128;
const WORD: usize = 64;

impl Set {
    /// All numbers below `count`.
    pub(super) fn below(count: usize) -> Set {
        let mut set = Set::default();
        if let Some(rest) = count.checked_sub(HEAD) {
            set.head = u128::MAX;
            set.tail = vec![u64::MAX; rest / WORD];
            if rest % WORD > 0 {
                set.tail.push((1 << (rest % WORD)) - 1);
            }
        } else {
            set.head = (1 << count) - 1;
        }
        set
    }

    /// Whether `number` is an element.
    pub fn contains(&self, number: usize) -> bool {
        match number.checked_sub(HEAD) {
            None => self.head >> number & 1 == 1,
            Some(rest) => match self.tail.get(rest / WORD) {
                Some(word) => word >> (rest % WORD) & 1 == 1,
                None => false,
            },
        }
    }

    /// Adds `number`; whether it is new.
    pub(super) fn insert(&mut self, number: usize) -> bool {
        if self.contains(number) {
            return false;
        }
        match number.checked_sub(HEAD) {
            None => self.head |= 1 << number,
            Some(rest) => {
                if self.tail.len() <= rest / WORD {
                    self.tail.resize(rest / WORD + 1, 0);
                }
                self.tail[rest / WORD] |= 1 << (rest % WORD);
            }
        }
        true
    }

    pub(super) fn add_all(&mut self, other: &Set) {
        self.head |= other.head;
        if self.tail.len() < other.tail.len() {
            self.tail.resize(other.tail.len(), 0);
        }
        for (word, other) in self.tail.iter_mut().zip(&other.tail) {
            *word |= other;
        }
    }

    pub(super) fn retain_all(&mut self, other: &Set) {
        self.head &= other.head;
        self.tail.truncate(other.tail.len());
        for (word, other) in self.tail.iter_mut().zip(&other.tail) {
            *word &= other;
        }
        self.trim();
    }

    pub(super) fn remove_all(&mut self, other: &Set) {
        self.head &= !other.head;
        for (word, other) in self.tail.iter_mut().zip(&other.tail) {
            *word &= !other;
        }
        self.trim();
    }

    fn trim(&mut self) {
        while self.tail.last() == Some(&0) {
            self.tail.pop();
        }
    }

    pub(super) fn is_subset(&self, other: &Set) -> bool {
        self.head & !other.head == 0
            && self.tail.len() <= other.tail.len()
            && self.tail.iter().zip(&other.tail).all(|(a, b)| a & !b == 0)
    }

    /// Whether it has no element.
    pub fn is_empty(&self) -> bool {
        self.head == 0 && self.tail.is_empty()
    }

    /// The elements, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        let mut head = self.head;
        let low = std::iter::from_fn(move || {
            (head != 0).then(|| {
                let first = head.trailing_zeros() as usize;
                head &= head - 1;
                first
            })
        });
        let high = self.tail.iter().enumerate().flat_map(|(index, word)| {
            let mut word = *word;
            std::iter::from_fn(move || {
                (word != 0).then(|| {
                    let first = word.trailing_zeros() as usize;
                    word &= word - 1;
                    HEAD + index * WORD + first
                })
            })
        });
        low.chain(high)
    }

    /// What an operation on it costs, in steps.
    pub(super) fn cost(&self) -> usize {
        1 + self.tail.len() / 4
    }
}

impl FromIterator<usize> for Set {
    fn from_iter<T: IntoIterator<Item = usize>>(numbers: T) -> Set {
        let mut set = Set::default();
        for number in numbers {
            set.insert(number);
        }
        set
    }
}
