//! Identity providers: their messages in, proven identities out.
