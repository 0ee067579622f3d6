// SPDX-License-Identifier: GPL-2.0

//! One value for each algorithm that may identify the content of files.

use crate::hash_algo::HashAlgo;

/// One value per algorithm, in the order of [`HashAlgo::STRONG`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerAlgo<T>(pub [T; HashAlgo::STRONG.len()]);

impl<T> PerAlgo<T> {
    /// The value of `algo`; [`None`] for an algorithm that is too weak.
    pub fn get(&self, algo: HashAlgo) -> Option<&T> {
        self.0.get(Self::place(algo)?)
    }

    /// As [`Self::get`], to be changed.
    pub fn get_mut(&mut self, algo: HashAlgo) -> Option<&mut T> {
        self.0.get_mut(Self::place(algo)?)
    }

    /// Every algorithm with its value.
    pub fn iter(&self) -> impl Iterator<Item = (HashAlgo, &T)> {
        HashAlgo::STRONG.into_iter().zip(&self.0)
    }

    /// Every algorithm with its value, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (HashAlgo, &mut T)> {
        HashAlgo::STRONG.into_iter().zip(&mut self.0)
    }

    /// What `make` makes for each algorithm.
    ///
    /// # Errors
    ///
    /// The first of `make`.
    pub fn try_new<E>(mut make: impl FnMut(HashAlgo) -> Result<T, E>) -> Result<Self, E> {
        let [a, b, c] = HashAlgo::STRONG;
        Ok(Self([make(a)?, make(b)?, make(c)?]))
    }

    /// The algorithm before the strong ones is SHA-1.
    const fn place(algo: HashAlgo) -> Option<usize> {
        algo.index().checked_sub(1)
    }
}
