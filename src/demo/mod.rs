//! The demo identity provider and the demo's directory. Nothing that `serve` runs can reach it.
