//! Accounts, roles, policies, providers, connections and mapping rules: a versioned log, read from one compiled snapshot.
