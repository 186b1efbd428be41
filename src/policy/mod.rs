//! The IAM policy language: parse, evaluate, say why. Pure, total, deny by default.
