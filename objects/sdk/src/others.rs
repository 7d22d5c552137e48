//! What an object does with other objects, through its context: looks at references, casts and
//! dereferences them, connects what runs, and lends endpoints.

use liveobj_abi as abi;

use crate::context::Context;
use crate::error::RequestError;
use crate::lent::{Document, Str};
use crate::reflection::{ObjectType, OwnedDocument, ReferenceError, Reflection, text};
use crate::template::Template;
use crate::wake::Token;

impl<T: Template> Context<'_, T> {
    /// Runs a proxy of `reference`: wakes with [`crate::Wake::Opened`] or [`crate::Wake::Failed`].
    /// The token owns the proxy.
    ///
    /// # Errors
    ///
    /// The request was not taken.
    pub fn dereference(
        &mut self,
        token: Token,
        reference: Document<'_>,
    ) -> Result<(), RequestError> {
        let arguments = abi::DereferenceArguments {
            reference: reference.slice(),
        };
        self.request(token, abi::REQUEST_DEREFERENCE, &arguments)
    }

    /// What a reference refers to. Nothing runs for it, and the answer comes at once; documents of
    /// more than 256 KiB are not looked at.
    ///
    /// # Errors
    ///
    /// The document is no well-typed reference, and why.
    pub fn inspect(&mut self, reference: Document<'_>) -> Result<Reflection, ReferenceError> {
        let mut found = abi::Reflection {
            owner: std::ptr::null_mut(),
            name: abi::Slice::EMPTY,
            declaration: abi::Slice::EMPTY,
            endpoints: abi::Slice::EMPTY,
        };
        // SAFETY: `raw` is the context of this call; the document outlives it.
        let status = unsafe { (self.host().inspect)(self.raw, reference.slice(), &raw mut found) };
        // SAFETY: filled in by the host, or empty.
        let reflection = unsafe { Reflection::from_raw(&found) };
        // SAFETY: the block came with the answer, and is given back once.
        unsafe { (self.host().drop_block)(found.owner) };
        if status == abi::OK {
            Ok(reflection)
        } else {
            Err(ReferenceError::new(reflection.name))
        }
    }

    /// Whether a reference may be cast to an `O`: it refers to one, or to an object of a subtype. What
    /// is not shown is a no, unless whoever runs this node accepts what is unknown.
    pub fn is_a<O: ObjectType>(&mut self, reference: Document<'_>) -> bool {
        self.cast::<O>(reference).is_ok()
    }

    /// The same object as an `O`: endpoints that an `O` does not have are hidden; the proxy that
    /// runs when the answer is dereferenced is the same. What counts is what the object is, not what
    /// it was cast to before, so that it can be cast down again. The answer comes at once, as for
    /// [`Context::inspect`].
    ///
    /// # Errors
    ///
    /// The document is no well-typed reference, or the object is not shown to be an `O`, and why.
    pub fn cast<O: ObjectType>(
        &mut self,
        reference: Document<'_>,
    ) -> Result<OwnedDocument, ReferenceError> {
        let (ty, mut answer) = (Str::new(O::NAME).slice(), abi::Slice::EMPTY);
        // SAFETY: `raw` is the context of this call; document and type outlive it.
        let status =
            unsafe { (self.host().cast)(self.raw, reference.slice(), ty, &raw mut answer) };
        // SAFETY: filled in by the host, or empty.
        let text = unsafe { text(&answer) };
        // SAFETY: the block came with the answer, and is given back once.
        unsafe { (self.host().drop_block)(answer.owner) };
        if status == abi::OK {
            Ok(OwnedDocument::new(text))
        } else {
            Err(ReferenceError::new(text))
        }
    }

    /// Casts `reference` to an `O` and runs a proxy of it: wakes with [`crate::Wake::Opened`], or
    /// with [`crate::Wake::Failed`], also where the object is no `O`. The token owns the proxy.
    ///
    /// # Errors
    ///
    /// The request was not taken.
    pub fn dereference_as<O: ObjectType>(
        &mut self,
        token: Token,
        reference: Document<'_>,
    ) -> Result<(), RequestError> {
        let arguments = abi::DereferenceAsArguments {
            reference: reference.slice(),
            ty: Str::new(O::NAME).slice(),
        };
        self.request(token, abi::REQUEST_DEREFERENCE_AS, &arguments)
    }

    /// Connects `endpoint` of the proxy that the token `proxy` owns with this object's endpoint
    /// `own`, a private one as a rule: wakes with [`crate::Wake::Connected`] or
    /// [`crate::Wake::Failed`]. The token owns the connection.
    ///
    /// # Errors
    ///
    /// The request was not taken.
    pub fn connect(
        &mut self,
        token: Token,
        proxy: Token,
        endpoint: &str,
        own: T::Endpoint,
    ) -> Result<(), RequestError> {
        let arguments = abi::ConnectArguments {
            proxy: proxy.0,
            endpoint: Str::new(endpoint).slice(),
            own: T::endpoint_index(own),
        };
        self.request(token, abi::REQUEST_CONNECT, &arguments)
    }

    /// Lends `endpoint` of the proxy that the token `proxy` owns to other nodes: wakes with
    /// [`crate::Wake::Exported`], whose document is a value of an `external<τ>`, or with
    /// [`crate::Wake::Failed`], also later when nobody was connected for too long. The token owns
    /// what is lent: closing it disconnects whoever is connected.
    ///
    /// Whoever has the document can connect with this endpoint, as far as the types match, and learns
    /// this node's address. What goes over the link is not encrypted.
    ///
    /// # Errors
    ///
    /// The request was not taken.
    pub fn export(
        &mut self,
        token: Token,
        proxy: Token,
        endpoint: &str,
    ) -> Result<(), RequestError> {
        let arguments = abi::ExportArguments {
            proxy: proxy.0,
            endpoint: Str::new(endpoint).slice(),
        };
        self.request(token, abi::REQUEST_EXPORT, &arguments)
    }

    /// As [`Context::export`], for an endpoint of this object's own type; a private one is refused
    /// with [`crate::Wake::Failed`].
    ///
    /// # Errors
    ///
    /// The request was not taken.
    pub fn export_own(&mut self, token: Token, own: T::Endpoint) -> Result<(), RequestError> {
        let arguments = abi::ExportOwnArguments {
            own: T::endpoint_index(own),
        };
        self.request(token, abi::REQUEST_EXPORT_OWN, &arguments)
    }

    /// Connects an endpoint that somebody exported, on this node or another, with this object's
    /// endpoint `own`: wakes with [`crate::Wake::Connected`] or [`crate::Wake::Failed`]. The token
    /// owns the connection. When the link with the other node dies, both sides are told with
    /// [`crate::Disconnect::LinkLost`].
    ///
    /// # Errors
    ///
    /// The request was not taken.
    pub fn connect_external(
        &mut self,
        token: Token,
        external: Document<'_>,
        own: T::Endpoint,
    ) -> Result<(), RequestError> {
        let arguments = abi::ConnectExternalArguments {
            external: external.slice(),
            own: T::endpoint_index(own),
        };
        self.request(token, abi::REQUEST_CONNECT_EXTERNAL, &arguments)
    }
}
