//! Request: what proxies ask of the outside, under tokens of their own choice.

use liveobj_abi as abi;
use liveobj_types::{Mismatch, Relations, Verdict};

use super::connect::End;
use super::deliver::Delivery;
use super::domain::Domain;
use super::inbox::Outside;
use crate::boundary::calls::{ProxyCell, Wake};
use crate::edge::{Request, Stage, Ticket};
use crate::object::Ended;
use crate::verdicts::Question;

/// What a token stands for.
pub(crate) struct Token {
    pub(super) ticket: u64,
    pub(super) kind: TokenKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    Timer,
    Udp,
    Listener,
    /// A stream: whether it is open, and whether it was asked for bytes that have not come yet.
    Stream {
        open: bool,
        asked: bool,
    },
    Terminal,
    File,
    /// A dereferenced object: its instance, once there is one. It can be connected with once it
    /// is `opened`.
    Child {
        instance: Option<u64>,
        opened: bool,
    },
    /// A connection made on request.
    Connection(u64),
    /// An endpoint that is lent to other nodes, or a connection with one that is being made.
    Link,
    Farewell(Stage),
    Stay,
}

impl TokenKind {
    /// A stream that is not open yet.
    const CLOSED_STREAM: TokenKind = TokenKind::Stream {
        open: false,
        asked: false,
    };
}

impl Domain {
    /// Takes a request of a proxy.
    pub(crate) fn request(&self, proxy: &ProxyCell, token: u64, request: Request) -> abi::Status {
        let kind = match &request {
            Request::UdpSend { .. } => return self.forward(proxy, token, TokenKind::Udp, request),
            Request::TerminalShow(_) => {
                return self.forward(proxy, token, TokenKind::Terminal, request);
            }
            Request::TcpSend(_) | Request::TcpReceive => {
                return self.use_stream(proxy, token, request);
            }
            Request::TcpAccept { listener, .. } => {
                return self.accept(proxy, token, *listener);
            }
            Request::Connect {
                proxy: child,
                endpoint,
                own,
            } => {
                self.trace_request(proxy, token, &request);
                return self.connect_child(proxy, token, *child, endpoint, *own);
            }
            Request::DereferenceAs { document, ty } => {
                return match self.cast(proxy, document, ty) {
                    Ok(document) => self.request(proxy, token, Request::Dereference(document)),
                    Err(reason) => self.answer_failed(proxy, token, reason),
                };
            }
            Request::Export(export) => return self.export(proxy, token, export),
            Request::Farewell(stage) => return self.ask_farewell(proxy, token, *stage),
            Request::Stay => return self.ask_stay(proxy, token),
            Request::ConnectExternal { external, own } => {
                return self.connect_external(proxy, token, external, *own);
            }
            Request::Timer(_) => TokenKind::Timer,
            Request::UdpOpen(_) => TokenKind::Udp,
            Request::TcpListen(_) => TokenKind::Listener,
            Request::TcpConnect(_) => TokenKind::CLOSED_STREAM,
            Request::TerminalOpen => TokenKind::Terminal,
            Request::FileRead { .. } => TokenKind::File,
            Request::Dereference(_) => TokenKind::Child {
                instance: None,
                opened: false,
            },
        };
        self.ask_anew(proxy, token, kind, request)
    }

    /// Passes a request on under a new token.
    fn ask_anew(
        &self,
        proxy: &ProxyCell,
        token: u64,
        kind: TokenKind,
        request: Request,
    ) -> abi::Status {
        let key = (proxy.number, token);
        let known = self.tokens.borrow().get(&key).map(|token| token.kind);
        match known {
            // A timer is set again.
            Some(TokenKind::Timer) if kind == TokenKind::Timer => {
                self.close_token(proxy, token);
            }
            Some(_) => return abi::INVALID,
            None => {}
        }
        let ticket = self.number();
        self.tokens.borrow_mut().insert(key, Token { ticket, kind });
        let ticket = Ticket {
            proxy: proxy.number,
            token,
            ticket,
        };
        self.ask(proxy, ticket, request);
        abi::OK
    }

    /// Answers a request with `failed`.
    pub(super) fn answer_failed(
        &self,
        proxy: &ProxyCell,
        token: u64,
        reason: String,
    ) -> abi::Status {
        // Given back as soon as the proxy has heard of it.
        let kind = TokenKind::File;
        self.answer_now(proxy, token, kind, Wake::Failed(reason))
    }

    /// Answers a request at once.
    fn answer_now(
        &self,
        proxy: &ProxyCell,
        token: u64,
        kind: TokenKind,
        wake: Wake,
    ) -> abi::Status {
        let key = (proxy.number, token);
        if self.tokens.borrow().contains_key(&key) {
            return abi::INVALID;
        }
        let ticket = self.number();
        self.tokens.borrow_mut().insert(key, Token { ticket, kind });
        let ticket = Ticket {
            proxy: proxy.number,
            token,
            ticket,
        };
        self.answer(ticket, wake);
        abi::OK
    }

    /// Passes a request on to a resource that is open.
    fn forward(
        &self,
        proxy: &ProxyCell,
        token: u64,
        kind: TokenKind,
        request: Request,
    ) -> abi::Status {
        let tokens = self.tokens.borrow();
        match tokens.get(&(proxy.number, token)) {
            Some(known) if known.kind == kind => {
                let ticket = Ticket {
                    proxy: proxy.number,
                    token,
                    ticket: known.ticket,
                };
                drop(tokens);
                self.ask(proxy, ticket, request);
                abi::OK
            }
            Some(_) => abi::INVALID,
            None => abi::STALE,
        }
    }

    /// The next stream of a listener becomes that of a token.
    fn accept(&self, proxy: &ProxyCell, token: u64, listener: u64) -> abi::Status {
        let tokens = self.tokens.borrow();
        let ticket = match tokens.get(&(proxy.number, listener)) {
            Some(known) if known.kind == TokenKind::Listener => known.ticket,
            Some(_) => return abi::INVALID,
            None => return abi::STALE,
        };
        drop(tokens);
        let request = Request::TcpAccept { listener, ticket };
        self.ask_anew(proxy, token, TokenKind::CLOSED_STREAM, request)
    }

    /// Sends through a stream, or asks it for bytes.
    fn use_stream(&self, proxy: &ProxyCell, token: u64, request: Request) -> abi::Status {
        let mut tokens = self.tokens.borrow_mut();
        let ticket = match tokens.get_mut(&(proxy.number, token)) {
            Some(Token {
                ticket,
                kind: TokenKind::Stream { open: true, asked },
            }) => {
                if request == Request::TcpReceive && std::mem::replace(asked, true) {
                    return abi::INVALID;
                }
                *ticket
            }
            Some(_) => return abi::INVALID,
            None => return abi::STALE,
        };
        drop(tokens);
        let ticket = Ticket {
            proxy: proxy.number,
            token,
            ticket,
        };
        if let Request::TcpSend(bytes) = &request
            && !self.host.has_room(ticket, bytes.len())
        {
            return abi::REFUSED;
        }
        self.ask(proxy, ticket, request);
        abi::OK
    }

    fn ask(&self, proxy: &ProxyCell, ticket: Ticket, request: Request) {
        self.trace_request(proxy, ticket.token, &request);
        self.host.request(ticket, request);
    }

    /// Gives up a token of a proxy. No wake follows.
    pub(crate) fn close_token(&self, proxy: &ProxyCell, token: u64) -> abi::Status {
        let key = (proxy.number, token);
        let Some(known) = self.tokens.borrow_mut().remove(&key) else {
            return abi::STALE;
        };
        self.give_up(
            Ticket {
                proxy: proxy.number,
                token,
                ticket: known.ticket,
            },
            known.kind,
        );
        abi::OK
    }

    /// Gives up all tokens of a proxy, the last opened first.
    pub(super) fn close_tokens(&self, proxy: u64) {
        let mut given_up: Vec<(u64, u64, TokenKind)> = self
            .tokens
            .borrow()
            .range((proxy, 0)..=(proxy, u64::MAX))
            .map(|((_, token), known)| (known.ticket, *token, known.kind))
            .collect();
        given_up.sort_unstable_by_key(|(ticket, ..)| std::cmp::Reverse(*ticket));
        for (ticket, token, kind) in given_up {
            self.tokens.borrow_mut().remove(&(proxy, token));
            self.give_up(
                Ticket {
                    proxy,
                    token,
                    ticket,
                },
                kind,
            );
        }
    }

    fn give_up(&self, ticket: Ticket, kind: TokenKind) {
        match kind {
            TokenKind::Connection(number) => self.drop_connection(number),
            TokenKind::Child {
                instance: Some(instance),
                ..
            } if self.is_leaving(ticket.proxy) => self.end_unheard(instance),
            TokenKind::Child {
                instance: Some(instance),
                ..
            } => self.end(instance, Ended::Closed),
            TokenKind::Farewell(stage) => self.inbox.remove_farewell(stage),
            TokenKind::Stay => {
                if let Some(proxy) = self.proxy(ticket.proxy) {
                    self.release(proxy.instance);
                }
            }
            _ => self.host.close(ticket),
        }
    }

    /// Whether a wake is still wanted. What is answered once gives its token back.
    pub(super) fn redeem(&self, proxy: &ProxyCell, token: u64, ticket: u64, wake: &Wake) -> bool {
        let mut tokens = self.tokens.borrow_mut();
        let key = (proxy.number, token);
        let known = tokens.get_mut(&key).filter(|known| known.ticket == ticket);
        let Some(known) = known else {
            return false;
        };
        if let TokenKind::Stream { open, asked } = &mut known.kind {
            *open = true;
            *asked &= !matches!(wake, Wake::Data(_) | Wake::End);
        }
        if let (Wake::Farewell, TokenKind::Farewell(stage)) = (wake, known.kind) {
            self.inbox.remove_farewell(stage);
        }
        if matches!(
            wake,
            Wake::Timer | Wake::File(_) | Wake::Missing | Wake::Failed(_) | Wake::Farewell
        ) {
            tokens.remove(&key);
        }
        true
    }

    /// The instances that a proxy owns through its tokens.
    pub(super) fn children(&self, proxy: u64) -> Vec<u64> {
        let tokens = self.tokens.borrow();
        let tokens = tokens.range((proxy, 0)..=(proxy, u64::MAX));
        tokens
            .filter_map(|(_, token)| match token.kind {
                TokenKind::Child { instance, .. } => instance,
                _ => None,
            })
            .collect()
    }

    /// The object that a proxy asked for is about to be made as `instance`, which belongs to the
    /// proxy's token from now on. Answers whether it is still wanted.
    pub(crate) fn adopt(&self, ticket: Ticket, instance: u64) -> bool {
        let wanted = self.set_child(ticket, instance, false);
        if wanted {
            self.set_owner(instance, ticket.proxy);
        }
        wanted
    }

    /// The object that a proxy asked for is there, as `instance`. Answers whether it is still
    /// wanted.
    pub(crate) fn child_opened(&self, ticket: Ticket, instance: u64) -> bool {
        let wanted = self.set_child(ticket, instance, true);
        if wanted {
            self.answer(ticket, Wake::Opened);
        }
        wanted
    }

    fn set_child(&self, ticket: Ticket, instance: u64, opened: bool) -> bool {
        let mut tokens = self.tokens.borrow_mut();
        match tokens.get_mut(&(ticket.proxy, ticket.token)) {
            Some(known) if known.ticket == ticket.ticket => {
                known.kind = TokenKind::Child {
                    instance: Some(instance),
                    opened,
                };
                true
            }
            _ => false,
        }
    }

    /// Wakes a proxy with the answer to a request, behind what already waits for it.
    pub(crate) fn answer(&self, ticket: Ticket, wake: Wake) {
        if let Some(proxy) = self.proxy(ticket.proxy) {
            let path = self.path.get();
            let Ticket { token, ticket, .. } = ticket;
            self.offer(Delivery::Wake {
                proxy,
                token,
                ticket,
                wake,
                path,
            });
        }
    }

    /// Connects an endpoint of a dereferenced object with one of the asking proxy's own. The
    /// answer is a wake.
    fn connect_child(
        &self,
        proxy: &ProxyCell,
        token: u64,
        child: u64,
        endpoint: &str,
        own: u32,
    ) -> abi::Status {
        if self.holds(proxy, token) {
            return abi::INVALID;
        }
        let own = End {
            proxy: proxy.number,
            endpoint: own,
        };
        match self.child_end(proxy, child, endpoint) {
            Err(status) => status,
            Ok(Err(reason)) => self.answer_failed(proxy, token, reason),
            Ok(Ok(end)) => self.connect_own(proxy, token, own, end),
        }
    }

    /// Connects an endpoint of the asking proxy's own with another of this domain. The answer is a
    /// wake.
    pub(super) fn connect_own(
        &self,
        proxy: &ProxyCell,
        token: u64,
        own: End,
        end: End,
    ) -> abi::Status {
        match self.match_and_connect(own, end) {
            Ok(connection) => {
                self.start_ready();
                self.notify_connected(connection);
                let kind = TokenKind::Connection(connection);
                self.answer_now(proxy, token, kind, Wake::Connected(connection))
            }
            Err(reason) => self.answer_failed(proxy, token, reason),
        }
    }

    /// Whether a token of a proxy is in use.
    pub(super) fn holds(&self, proxy: &ProxyCell, token: u64) -> bool {
        self.tokens.borrow().contains_key(&(proxy.number, token))
    }

    /// Whether a proxy still waits for the answer to a request.
    pub(super) fn awaits(&self, ticket: Ticket) -> bool {
        let tokens = self.tokens.borrow();
        let known = tokens.get(&(ticket.proxy, ticket.token));
        known.is_some_and(|known| known.ticket == ticket.ticket)
    }

    /// An endpoint of the object that a proxy dereferenced under a token.
    pub(super) fn child_end(
        &self,
        proxy: &ProxyCell,
        child: u64,
        endpoint: &str,
    ) -> Result<Result<End, String>, abi::Status> {
        let tokens = self.tokens.borrow();
        let instance = match tokens.get(&(proxy.number, child)).map(|token| token.kind) {
            Some(TokenKind::Child {
                instance: Some(instance),
                opened: true,
            }) => instance,
            Some(_) => return Err(abi::INVALID),
            None => return Err(abi::STALE),
        };
        let instances = self.instances.borrow();
        let Some(instance) = instances.get(instance) else {
            return Ok(Err("the object is gone".to_owned()));
        };
        let end = instance.endpoints.get(endpoint).copied();
        Ok(end.ok_or_else(|| format!("the object has no endpoint `{endpoint}`")))
    }

    /// A token for something that the host does with another node.
    pub(super) fn link_token(&self, proxy: &ProxyCell, token: u64) -> Ticket {
        let ticket = self.number();
        let kind = TokenKind::Link;
        let key = (proxy.number, token);
        self.tokens.borrow_mut().insert(key, Token { ticket, kind });
        Ticket {
            proxy: proxy.number,
            token,
            ticket,
        }
    }

    /// A connection with another node is there. Answers whether it is still wanted.
    pub(crate) fn link_connected(&self, ticket: Ticket, connection: u64) -> bool {
        let mut tokens = self.tokens.borrow_mut();
        match tokens.get_mut(&(ticket.proxy, ticket.token)) {
            Some(known) if known.ticket == ticket.ticket => {
                known.kind = TokenKind::Connection(connection);
            }
            _ => return false,
        }
        drop(tokens);
        self.answer(ticket, Wake::Connected(connection));
        true
    }

    pub(super) fn match_and_connect(&self, own: End, end: End) -> Result<u64, String> {
        let ty = |end: End| {
            let proxy = self.proxy(end.proxy)?;
            proxy
                .endpoints
                .get(end.endpoint as usize)
                .map(|endpoint| endpoint.ty)
        };
        let (Some(left), Some(right)) = (ty(own), ty(end)) else {
            return Err("there is no such endpoint".to_owned());
        };
        let verdict = {
            let mut types = self.types.borrow_mut();
            let question = Question::Match(left, right);
            let (verdicts, formalisms) = (self.host.verdicts(), self.host.formalisms());
            verdicts.on(question, &mut types, formalisms)
        };
        let shown = verdict.holds() || (self.host.policy().allow_unknown && !verdict.fails());
        if !shown {
            let names = [own, end].map(|end| self.end_name(&end));
            let judgement = {
                let mut types = self.types.borrow_mut();
                Relations::new(&mut types, self.host.formalisms()).endpoints_match(left, right)
            };
            let what = "the endpoints do not match";
            return Err(why_not(what, &verdict, &judgement.mismatches, &names));
        }
        self.connect(own, end)
    }

    /// Hands a wake to the domain's inbox as another thread would.
    pub(crate) fn wake_from_outside(ticket: Ticket, wake: Wake) -> Outside {
        Outside::Wake {
            proxy: ticket.proxy,
            token: ticket.token,
            ticket: ticket.ticket,
            wake,
        }
    }
}

/// Why something does not hold between two types, in words: `left` and `right` are what the sides
/// are called.
pub(crate) fn why_not(
    what: &str,
    verdict: &Verdict,
    mismatches: &[Mismatch],
    [left, right]: &[String; 2],
) -> String {
    let reasons: Vec<String> = mismatches
        .iter()
        .map(|mismatch| mismatch.to_sentence(left, right))
        .collect();
    if reasons.is_empty() {
        format!("{what}: {verdict}")
    } else {
        format!("{what}: {}", reasons.join("; "))
    }
}
