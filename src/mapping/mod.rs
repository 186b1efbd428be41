//! Claims to grants, with a trace of every rule. Pure.
