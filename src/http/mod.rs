//! Bytes to typed input, one flow called, an answer rendered. Decides nothing.

pub mod portal;
