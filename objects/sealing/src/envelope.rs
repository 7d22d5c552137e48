//! What a message looks like on its way.
//!
//! ```text
//! seal:          01  nonce (24)  ciphertext (as long as the message)  tag (16)
//! authenticate:  02  nonce (24)  tag (16)  message
//! ```
//!
//! The tag also covers the first byte and the identity of the reference that made the proxy, so
//! that a message of one sealed channel is none of another under the same key.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};

/// Bytes that an envelope adds.
pub(crate) const OVERHEAD: usize = 1 + NONCE + TAG;
const NONCE: usize = 24;
const TAG: usize = 16;

/// What is done to messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protection {
    /// They are encrypted and authenticated.
    Sealed,
    /// They are authenticated.
    Authenticated,
}

impl Protection {
    fn first_byte(self) -> u8 {
        match self {
            Protection::Sealed => 1,
            Protection::Authenticated => 2,
        }
    }
}

/// Puts messages into envelopes and takes them out.
pub(crate) struct Envelope {
    cipher: XChaCha20Poly1305,
    protection: Protection,
    identity: [u8; 32],
}

impl Envelope {
    pub(crate) fn new(key: &[u8; 32], protection: Protection, identity: [u8; 32]) -> Envelope {
        Envelope {
            cipher: XChaCha20Poly1305::new(key.into()),
            protection,
            identity,
        }
    }

    /// The message in its envelope; `nonce` must never have been used under this key. `None` for
    /// a message that is too long for the cipher, 256 GiB.
    pub(crate) fn wrap(&self, nonce: [u8; NONCE], message: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(message.len() + OVERHEAD);
        out.push(self.protection.first_byte());
        out.extend_from_slice(&nonce);
        let (secret, open) = self.split(message);
        let covered = self.covered(open);
        let payload = Payload {
            msg: secret,
            aad: &covered,
        };
        let nonce = XNonce::from(nonce);
        out.extend(self.cipher.encrypt(&nonce, payload).ok()?);
        out.extend_from_slice(open);
        Some(out)
    }

    /// The message in an envelope that was made under this key, and not changed since.
    pub(crate) fn open(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let (first, rest) = bytes.split_first()?;
        if *first != self.protection.first_byte() {
            return None;
        }
        let (nonce, rest) = rest.split_first_chunk::<NONCE>()?;
        let (sealed, open) = match self.protection {
            Protection::Sealed => (rest, &[][..]),
            Protection::Authenticated => rest.split_at_checked(TAG)?,
        };
        let covered = self.covered(open);
        let payload = Payload {
            msg: sealed,
            aad: &covered,
        };
        let secret = self.cipher.decrypt(&XNonce::from(*nonce), payload).ok()?;
        Some(match self.protection {
            Protection::Sealed => secret,
            Protection::Authenticated => open.to_vec(),
        })
    }

    /// The part of a message that is encrypted, and the part that is not.
    fn split<'m>(&self, message: &'m [u8]) -> (&'m [u8], &'m [u8]) {
        match self.protection {
            Protection::Sealed => (message, &[]),
            Protection::Authenticated => (&[], message),
        }
    }

    /// What the tag covers beside the ciphertext.
    fn covered(&self, open: &[u8]) -> Vec<u8> {
        let mut covered = Vec::with_capacity(33 + open.len());
        covered.push(self.protection.first_byte());
        covered.extend_from_slice(&self.identity);
        covered.extend_from_slice(open);
        covered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Protection; 2] = [Protection::Sealed, Protection::Authenticated];

    fn envelope(protection: Protection) -> Envelope {
        Envelope::new(&[7; 32], protection, [1; 32])
    }

    fn bytes(hexadecimal: &str) -> Vec<u8> {
        let digits: Vec<u8> = hexadecimal
            .chars()
            .filter_map(|c| c.to_digit(16))
            .map(|digit| u8::try_from(digit).unwrap())
            .collect();
        digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect()
    }

    #[test]
    fn the_cipher_is_the_one_of_its_specification() {
        // draft-irtf-cfrg-xchacha-03, A.3.1.
        let key: [u8; 32] = std::array::from_fn(|index| 0x80 + u8::try_from(index).unwrap());
        let nonce: [u8; 24] = std::array::from_fn(|index| 0x40 + u8::try_from(index).unwrap());
        let payload = Payload {
            msg:
                b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for \
                   the future, sunscreen would be it.",
            aad: &bytes("50515253c0c1c2c3c4c5c6c7"),
        };
        let cipher = XChaCha20Poly1305::new(&key.into());
        let found = cipher.encrypt(&nonce.into(), payload).unwrap();
        let expected = bytes(
            "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb
             731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452
             2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9
             21f9664c97637da9768812f615c68b13b52e
             c0875924c1c7987947deafd8780acf49",
        );
        assert_eq!(found, expected);
    }

    #[test]
    fn envelopes_look_as_they_are_described() {
        let sealed = envelope(Protection::Sealed).wrap([9; 24], b"abc").unwrap();
        assert_eq!((sealed[0], &sealed[1..25]), (1, &[9; 24][..]));
        assert_eq!(sealed.len(), 3 + OVERHEAD);
        assert!(!sealed.windows(3).any(|window| window == b"abc"));
        let open = envelope(Protection::Authenticated)
            .wrap([9; 24], b"abc")
            .unwrap();
        assert_eq!((open[0], &open[1..25]), (2, &[9; 24][..]));
        assert_eq!((&open[41..], open.len()), (&b"abc"[..], 3 + OVERHEAD));
    }

    #[test]
    fn what_was_wrapped_comes_out_and_no_other_bytes_do() {
        for protection in BOTH {
            let envelope = envelope(protection);
            for message in [&b""[..], b"x", b"a longer message with several words"] {
                let wrapped = envelope.wrap([3; 24], message).unwrap();
                assert_eq!(envelope.open(&wrapped).as_deref(), Some(message));
                for length in 0..wrapped.len() {
                    assert_eq!(envelope.open(&wrapped[..length]), None, "cut at {length}");
                }
                for bit in 0..wrapped.len() * 8 {
                    let mut changed = wrapped.clone();
                    changed[bit / 8] ^= 1 << (bit % 8);
                    assert_eq!(envelope.open(&changed), None, "bit {bit} flipped");
                }
                let longer = [&wrapped[..], &[0]].concat();
                assert_eq!(envelope.open(&longer), None);
            }
        }
    }

    #[test]
    fn other_keys_references_and_protections_open_nothing() {
        for protection in BOTH {
            let wrapped = envelope(protection).wrap([3; 24], b"hello").unwrap();
            let others = [
                Envelope::new(&[8; 32], protection, [1; 32]),
                Envelope::new(&[7; 32], protection, [2; 32]),
            ];
            for other in others {
                assert_eq!(other.open(&wrapped), None);
            }
        }
        let open = envelope(Protection::Authenticated)
            .wrap([3; 24], b"hello")
            .unwrap();
        // The same bytes under the other first byte.
        let mut taken = open;
        taken[0] = 1;
        assert_eq!(envelope(Protection::Sealed).open(&taken), None);
    }
}
