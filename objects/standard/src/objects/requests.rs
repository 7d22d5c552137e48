//! Which request belongs to what.

use liveobj_sdk::{BTreeMap, Connection, Context, Level, Template, Token, Wake};

/// Requests on their way. Each has a token of its own, so that several can be under way, and
/// belongs to the connection that its answer goes to.
pub struct Requests<A> {
    next: u64,
    pending: BTreeMap<Token, (Connection, A)>,
}

impl<A> Requests<A> {
    /// Nothing is on its way.
    pub fn new() -> Requests<A> {
        Requests {
            next: 0,
            pending: BTreeMap::new(),
        }
    }

    /// Remembers what is about to be asked for; answers the token to ask with.
    pub fn add(&mut self, connection: Connection, about: A) -> Token {
        let token = Token(self.next);
        self.next += 1;
        self.pending.insert(token, (connection, about));
        token
    }

    /// Takes what was asked for with `token`.
    pub fn take(&mut self, token: Token) -> Option<(Connection, A)> {
        self.pending.remove(&token)
    }

    /// Gives up the requests of a connection.
    pub fn close<T: Template>(&mut self, context: &mut Context<'_, T>, connection: Connection) {
        self.pending.retain(|token, (owner, _)| {
            if *owner == connection {
                // The host may know the token no more: then there is nothing to give up.
                let _ = context.close(*token);
            }
            *owner != connection
        });
    }
}

impl Requests<String> {
    /// Takes the answer to a request for the file of an entry: who asked, for which name, and what
    /// the file holds. One that cannot be read is reported, and is as good as none.
    pub fn take_file<'a, T: Template>(
        &mut self,
        context: &mut Context<'_, T>,
        token: Token,
        wake: Wake<'a>,
    ) -> Option<(Connection, String, Option<&'a [u8]>)> {
        let (connection, name) = self.take(token)?;
        let text = match wake {
            Wake::File(text) => Some(text),
            Wake::Failed(reason) => {
                let text = format!("entry `{name}` cannot be read: {reason}");
                context.report(Level::Warning, &text);
                None
            }
            _ => None,
        };
        Some((connection, name, text))
    }
}
