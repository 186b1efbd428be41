//! Secrets that stand in a file of their own.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use crate::domain::{InvalidValue, Secret};

/// The longest file that is read, in bytes.
pub const MAX_BYTES: u64 = 64 * 1024;

/// The path of a file that holds one secret. The file is read each time the secret is needed, so
/// that a new one counts at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretFile(PathBuf);

/// Why a secret can't be read: whoever runs the node is to blame.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// The file can't be read.
    #[error("the secret file {} can't be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The file is empty, longer than [`MAX_BYTES`] or not UTF-8.
    #[error("the secret file {} must hold 1 to {MAX_BYTES} bytes of text", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
    },
}

impl SecretFile {
    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The secret that the file holds now, without line ends at its end.
    pub async fn read(&self) -> Result<Secret<String>, SecretFileError> {
        let unreadable = |source| SecretFileError::Unreadable {
            path: self.0.clone(),
            source,
        };
        let unusable = || SecretFileError::Unusable {
            path: self.0.clone(),
        };
        let metadata = tokio::fs::metadata(&self.0).await.map_err(unreadable)?;
        if !metadata.is_file() || metadata.len() > MAX_BYTES {
            return Err(unusable());
        }
        let bytes = tokio::fs::read(&self.0).await.map_err(unreadable)?;
        let text = Secret::new(String::from_utf8(bytes).map_err(|error| {
            error.into_bytes().zeroize();
            unusable()
        })?);
        let secret = text.expose().trim_end_matches(['\r', '\n']);
        if secret.is_empty() {
            return Err(unusable());
        }
        Ok(Secret::new(secret.to_owned()))
    }
}

impl TryFrom<String> for SecretFile {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let path = PathBuf::from(text);
        if path.is_absolute() {
            Ok(Self(path))
        } else {
            Err(InvalidValue::new("secret file", "an absolute path"))
        }
    }
}

impl From<SecretFile> for String {
    fn from(file: SecretFile) -> Self {
        file.0.to_string_lossy().into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &Path) -> SecretFile {
        path.to_str().unwrap().to_owned().try_into().unwrap()
    }

    #[tokio::test]
    async fn a_new_secret_counts_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "first\r\n").unwrap();
        assert_eq!(file(&path).read().await.unwrap().expose(), "first");
        std::fs::write(&path, "later\n\n").unwrap();
        assert_eq!(file(&path).read().await.unwrap().expose(), "later");
    }

    #[tokio::test]
    async fn an_empty_or_huge_or_binary_file_is_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        for content in [
            b"\n".to_vec(),
            b"".to_vec(),
            vec![b'x'; 64 * 1024 + 1],
            vec![0xff],
        ] {
            std::fs::write(&path, content).unwrap();
            assert!(matches!(
                file(&path).read().await,
                Err(SecretFileError::Unusable { .. })
            ));
        }
        assert!(matches!(
            file(folder.path()).read().await,
            Err(SecretFileError::Unusable { .. })
        ));
        assert!(matches!(
            file(&folder.path().join("none")).read().await,
            Err(SecretFileError::Unreadable { .. })
        ));
    }

    #[test]
    fn a_relative_path_is_refused() {
        assert!(SecretFile::try_from("secret".to_owned()).is_err());
    }
}
