//! What can go wrong in a call to the host, and what an object can say.

use std::fmt;

use liveobj_abi as abi;

/// Why an event was not emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EmitError {
    /// The endpoint has no connection.
    NotConnected,
    /// A queue is full, and the event is `refusable`.
    Refused,
    /// The connection is gone.
    Stale,
    /// There is no such event, or the payload is not one of it.
    Invalid,
    /// The host could not take it.
    Failed,
}

impl EmitError {
    pub(crate) fn result(status: abi::Status) -> Result<(), EmitError> {
        match status {
            abi::OK => Ok(()),
            abi::NOT_CONNECTED => Err(EmitError::NotConnected),
            abi::REFUSED => Err(EmitError::Refused),
            abi::STALE => Err(EmitError::Stale),
            abi::INVALID => Err(EmitError::Invalid),
            _ => Err(EmitError::Failed),
        }
    }
}

impl fmt::Display for EmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            EmitError::NotConnected => "the endpoint is not connected",
            EmitError::Refused => "the event was refused: a queue is full",
            EmitError::Stale => "the connection is gone",
            EmitError::Invalid => "there is no such event, or the payload is not one of it",
            EmitError::Failed => "the event could not be delivered",
        })
    }
}

impl std::error::Error for EmitError {}

/// Why a request was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// The token names nothing that is open.
    Stale,
    /// The arguments make no sense, or the token is in use.
    Invalid,
    /// There is no room; the request says what tells that there is again.
    Refused,
    /// The host does not do such things, or could not.
    Failed,
}

impl RequestError {
    pub(crate) fn result(status: abi::Status) -> Result<(), RequestError> {
        match status {
            abi::OK => Ok(()),
            abi::STALE => Err(RequestError::Stale),
            abi::INVALID => Err(RequestError::Invalid),
            abi::REFUSED => Err(RequestError::Refused),
            _ => Err(RequestError::Failed),
        }
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RequestError::Stale => "the token names nothing that is open",
            RequestError::Invalid => "the arguments make no sense, or the token is in use",
            RequestError::Refused => "there is no room",
            RequestError::Failed => "the host did not take the request",
        })
    }
}

impl std::error::Error for RequestError {}

/// Why a proxy was not created: one sentence for people, lower case, no final period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateError {
    reason: String,
}

impl CreateError {
    /// Says why.
    pub fn new(reason: impl fmt::Display) -> CreateError {
        CreateError {
            reason: reason.to_string(),
        }
    }
}

impl fmt::Display for CreateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for CreateError {}

impl From<String> for CreateError {
    fn from(reason: String) -> CreateError {
        CreateError { reason }
    }
}

impl From<&str> for CreateError {
    fn from(reason: &str) -> CreateError {
        CreateError::new(reason)
    }
}

impl From<RequestError> for CreateError {
    fn from(error: RequestError) -> CreateError {
        CreateError::new(error)
    }
}
