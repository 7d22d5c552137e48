//! Which request belongs to what.

use liveobj_sdk::{BTreeMap, Connection, Token};

/// Requests on their way. Each has a token of its own, so that several can be under way, and
/// belongs to the connection that its answer goes to.
pub struct Requests<T> {
    next: u64,
    pending: BTreeMap<Token, (Connection, T)>,
}

impl<T> Requests<T> {
    /// Nothing is on its way.
    pub fn new() -> Requests<T> {
        Requests {
            next: 0,
            pending: BTreeMap::new(),
        }
    }

    /// Remembers what is about to be asked for; answers the token to ask with.
    pub fn add(&mut self, connection: Connection, about: T) -> Token {
        let token = Token(self.next);
        self.next += 1;
        self.pending.insert(token, (connection, about));
        token
    }

    /// Takes what was asked for with `token`.
    pub fn take(&mut self, token: Token) -> Option<(Connection, T)> {
        self.pending.remove(&token)
    }

    /// Takes the tokens of one connection for which `of` holds.
    pub fn take_tokens(&mut self, connection: Connection, of: impl Fn(&T) -> bool) -> Vec<Token> {
        self.pending
            .extract_if(.., |_, (owner, about)| *owner == connection && of(about))
            .map(|(token, _)| token)
            .collect()
    }
}
