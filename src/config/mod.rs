//! Node settings: file and environment to a validated configuration, every problem reported at once.
