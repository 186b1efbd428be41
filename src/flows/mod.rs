//! The use cases, each a straight line.
