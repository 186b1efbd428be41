//! A grant in, an access key, a secret and a sealed session token out.
