//! Randomness, as a value that a flow is given.

use std::cell::RefCell;

/// A source of random bytes.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// [`EntropyError`] where the system gives none; nothing may be issued then.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError>;

    /// Fills `bytes` for an id: never the same twice, and no secret. Keys, salts and whatever else
    /// must not be guessed take [`Self::fill`].
    ///
    /// # Errors
    /// As [`Self::fill`].
    fn fill_id(&self, id: &mut [u8; 16]) -> Result<(), EntropyError> {
        self.fill(id)
    }
}

/// Draws `N` random bytes.
///
/// # Errors
/// As [`Entropy::fill`].
pub fn draw<const N: usize>(entropy: &dyn Entropy) -> Result<[u8; N], EntropyError> {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes)?;
    Ok(bytes)
}

/// Draws the random bytes of an id (a UUID).
///
/// # Errors
/// As [`Entropy::fill`].
pub fn draw_id(entropy: &dyn Entropy) -> Result<[u8; 16], EntropyError> {
    let mut id = [0; 16];
    entropy.fill_id(&mut id)?;
    Ok(id)
}

/// The system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gave no random bytes")]
pub struct EntropyError;

/// The cryptographic generator of aws-lc: the only place that asks it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that draws random bytes"
    )]
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| EntropyError)
    }

    /// Takes ids from a stock of this thread's own: the generator takes as long for many as for one,
    /// and every request needs two.
    fn fill_id(&self, id: &mut [u8; 16]) -> Result<(), EntropyError> {
        STOCK.with_borrow_mut(|stock| {
            if stock.is_empty() {
                let drawn: [u8; 16 * STOCKED_IDS] = draw(self)?;
                stock.extend(drawn.as_chunks::<16>().0);
            }
            *id = stock.pop().ok_or(EntropyError)?;
            Ok(())
        })
    }
}

/// Ids that are drawn at once.
const STOCKED_IDS: usize = 64;

thread_local! {
    static STOCK: RefCell<Vec<[u8; 16]>> = const { RefCell::new(Vec::new()) };
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_id_comes_twice() {
        const IDS: usize = 3 * STOCKED_IDS;
        let ids: BTreeSet<_> = (0..IDS).map(|_| draw_id(&SystemEntropy).unwrap()).collect();
        assert_eq!(ids.len(), IDS);
    }
}
