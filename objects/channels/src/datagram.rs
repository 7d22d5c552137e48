//! The header of a datagram, and which datagrams are for this proxy.

use super::seen::Seen;

/// First bytes: the protocol and its version.
const MAGIC: [u8; 4] = *b"loc1";
const HEADER: usize = MAGIC.len() + 8 + 8 + 4;
/// Largest datagram: fits every path that carries IPv6, with room for tunnels.
pub(crate) const MAX_DATAGRAM: usize = 1_200;
/// Largest message, in its wire form.
pub(crate) const MAX_MESSAGE: usize = MAX_DATAGRAM - HEADER;

/// What this proxy writes at the beginning of its datagrams, and looks for in those of others.
#[derive(Debug)]
pub(crate) struct Envelope {
    channel: [u8; 8],
    sender: [u8; 8],
    counter: u32,
    seen: Seen,
}

/// Why a datagram is not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unwanted {
    /// It belongs to something else, or is not a datagram of a channel.
    Foreign,
    /// It came before, or so long after others of its sender that it may have.
    Repeated,
    /// This proxy sent it.
    Own,
}

impl Envelope {
    /// Makes the header of a channel with this identity and a proxy with this random number.
    pub(crate) fn new(identity: &[u8; 32], random: u64) -> Self {
        let mut channel = [0; 8];
        channel.copy_from_slice(&identity[..8]);
        Envelope {
            channel,
            sender: random.to_le_bytes(),
            counter: 0,
            seen: Seen::default(),
        }
    }

    /// Makes a datagram; `None` if the message is larger than [`MAX_MESSAGE`].
    pub(crate) fn wrap(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        if message.len() > MAX_MESSAGE {
            return None;
        }
        self.counter = self.counter.wrapping_add(1);
        let mut datagram = Vec::with_capacity(HEADER + message.len());
        datagram.extend(MAGIC);
        datagram.extend(self.channel);
        datagram.extend(self.sender);
        datagram.extend(self.counter.to_le_bytes());
        datagram.extend(message);
        Some(datagram)
    }

    /// The message in a datagram.
    pub(crate) fn open<'a>(&mut self, datagram: &'a [u8]) -> Result<&'a [u8], Unwanted> {
        let (sender, counter, message) = self.split(datagram).ok_or(Unwanted::Foreign)?;
        if sender == self.sender {
            return Err(Unwanted::Own);
        }
        match self.seen.insert(sender, counter) {
            true => Ok(message),
            false => Err(Unwanted::Repeated),
        }
    }

    fn split<'a>(&self, datagram: &'a [u8]) -> Option<([u8; 8], u32, &'a [u8])> {
        if datagram.len() > MAX_DATAGRAM {
            return None;
        }
        let (magic, rest) = datagram.split_first_chunk()?;
        let (channel, rest) = rest.split_first_chunk()?;
        let (sender, rest) = rest.split_first_chunk()?;
        let (counter, message) = rest.split_first_chunk()?;
        let ours = *magic == MAGIC && *channel == self.channel;
        ours.then_some((*sender, u32::from_le_bytes(*counter), message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(identity: u8, random: u64) -> Envelope {
        Envelope::new(&[identity; 32], random)
    }

    #[test]
    fn another_proxy_of_the_channel_gets_the_message_once() {
        let (mut left, mut right) = (envelope(1, 1), envelope(1, 2));
        let datagram = left.wrap(b"hello").unwrap();
        assert_eq!(right.open(&datagram), Ok(&b"hello"[..]));
        assert_eq!(right.open(&datagram), Err(Unwanted::Repeated));
    }

    #[test]
    fn own_datagrams_are_told_from_repeated_ones() {
        let mut proxy = envelope(1, 1);
        let datagram = proxy.wrap(b"hello").unwrap();
        assert_eq!(proxy.open(&datagram), Err(Unwanted::Own));
    }

    #[test]
    fn other_channels_versions_and_noise_are_foreign() {
        let mut proxy = envelope(1, 1);
        let other_channel = envelope(2, 2).wrap(b"hello").unwrap();
        let mut other_version = envelope(1, 2).wrap(b"hello").unwrap();
        other_version[3] ^= 1;
        let too_long = [envelope(1, 2).wrap(b"").unwrap(), vec![0; MAX_DATAGRAM]].concat();
        for datagram in [&other_channel[..], &other_version, &too_long, b"", b"loc1"] {
            assert_eq!(proxy.open(datagram), Err(Unwanted::Foreign));
        }
    }

    #[test]
    fn a_message_that_does_not_fit_is_refused() {
        let mut proxy = envelope(1, 1);
        assert_eq!(proxy.wrap(&[0; MAX_MESSAGE]).unwrap().len(), MAX_DATAGRAM);
        assert_eq!(proxy.wrap(&[0; MAX_MESSAGE + 1]), None);
    }

    #[test]
    fn reordered_datagrams_are_new_and_repeated_ones_are_not() {
        let (mut left, mut right) = (envelope(1, 1), envelope(1, 2));
        let datagrams: Vec<_> = (0..200_u8).map(|n| left.wrap(&[n]).unwrap()).collect();
        let mut pass = |index: usize| right.open(&datagrams[index]).is_ok();
        assert!(pass(3) && pass(1) && pass(2) && !pass(1) && !pass(3));
        assert!(pass(199) && pass(0) && !pass(2) && !pass(199));
    }
}
