//! The portal: the pages on which a person signs in, chooses a role and takes its keys.

pub mod assets;
pub mod formats;
pub mod local_path;
pub mod pages;
pub mod shown;
