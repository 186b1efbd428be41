//! Secrets that stand in a file of their own, all of them in one folder of the node.
//!
//! Who administers the directory names files; who runs the node says where they may be. So nobody
//! can have the node read a file of its own (its root key, `/proc/self/environ`) and send it to a
//! token endpoint as a client secret.

use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use crate::domain::{InvalidValue, Secret};

/// The longest file that is read, in bytes.
pub const MAX_BYTES: u64 = 64 * 1024;
/// The longest path, in bytes.
const MAX_PATH_BYTES: usize = 1024;

/// The path of a file that holds one secret: relative to the node's [`SecretFolder`], or absolute and
/// in it; without `..`, at most 1,024 bytes. The file is read each time the secret is needed, so that
/// a new one counts at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretFile(PathBuf);

/// Where secret files may be. Without a folder there are none.
#[derive(Debug, Clone, Default)]
pub struct SecretFolder(Option<PathBuf>);

/// Why a secret can't be read: whoever runs the node is to blame, or has not allowed it.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// The node has no folder for secrets.
    #[error(
        "secret files are not allowed on this node; set federation.secret_folder in its settings to the folder that holds them"
    )]
    NoFolder,
    /// The path, or what it links to, is outside the folder.
    #[error("the secret file {} is not in the folder that federation.secret_folder names", path.display())]
    Outside {
        /// The file.
        path: PathBuf,
    },
    /// The file can't be read.
    #[error("the secret file {} can't be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The file is no regular one, empty, too long or not UTF-8.
    #[error("the secret file {} must hold 1 to {most} bytes of text", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// How long it may be.
        most: u64,
    },
}

impl SecretFolder {
    /// This folder and those in it.
    pub const fn at(path: PathBuf) -> Self {
        Self(Some(path))
    }

    /// The secret that the file holds now, without line ends at its end.
    ///
    /// # Errors
    /// [`SecretFileError`]
    pub async fn read(&self, file: &SecretFile) -> Result<Secret<String>, SecretFileError> {
        let (folder, named) = (self.clone(), file.clone());
        let read = tokio::task::spawn_blocking(move || folder.read_now(&named));
        read.await
            .map_err(std::io::Error::other)
            .map_err(|source| file.unreadable(source))?
    }

    /// As [`Self::read`], for whoever may wait for the disk.
    ///
    /// # Errors
    /// [`SecretFileError`]
    pub fn read_now(&self, file: &SecretFile) -> Result<Secret<String>, SecretFileError> {
        let text = self.text(file, MAX_BYTES)?;
        let secret = text.expose().trim_end_matches(['\r', '\n']);
        if secret.is_empty() {
            return Err(file.unusable(MAX_BYTES));
        }
        Ok(Secret::new(secret.to_owned()))
    }

    /// The text of a file that is no secret and stands among them, at most `most` bytes, as it is;
    /// for whoever may wait for the disk.
    ///
    /// # Errors
    /// [`SecretFileError`]
    pub fn read_document_now(
        &self,
        file: &SecretFile,
        most: u64,
    ) -> Result<String, SecretFileError> {
        Ok(self.text(file, most)?.expose().clone())
    }

    fn text(&self, file: &SecretFile, most: u64) -> Result<Secret<String>, SecretFileError> {
        let opened = self.open(file, most)?;
        let mut bytes = Vec::new();
        let read = opened.take(most + 1).read_to_end(&mut bytes);
        let text = match String::from_utf8(bytes) {
            Ok(text) => Secret::new(text),
            Err(error) => {
                error.into_bytes().zeroize();
                return Err(file.unusable(most));
            }
        };
        read.map_err(|source| file.unreadable(source))?;
        if text.expose().is_empty() || text.expose().len() as u64 > most {
            return Err(file.unusable(most));
        }
        Ok(text)
    }

    /// Opens the file where it really is. What was opened is looked at once more, since something
    /// else may have taken the place; a pipe or a device is not opened at all.
    fn open(&self, file: &SecretFile, most: u64) -> Result<File, SecretFileError> {
        let unreadable = |source| file.unreadable(source);
        let place = self.locate(file)?;
        let found = std::fs::symlink_metadata(&place).map_err(unreadable)?;
        if !found.is_file() {
            return Err(file.unusable(most));
        }
        let opened = File::open(&place).map_err(unreadable)?;
        if !opened.metadata().map_err(unreadable)?.is_file() {
            return Err(file.unusable(most));
        }
        Ok(opened)
    }

    /// The file's place without links. A path outside is refused before anything is looked up, so
    /// that no answer tells which files the node has.
    fn locate(&self, file: &SecretFile) -> Result<PathBuf, SecretFileError> {
        let folder = self.0.as_deref().ok_or(SecretFileError::NoFolder)?;
        let unreadable = |source| file.unreadable(source);
        let real_folder = folder.canonicalize().map_err(unreadable)?;
        let named = folder.join(&file.0);
        if !named.starts_with(folder) && !named.starts_with(&real_folder) {
            return Err(file.outside());
        }
        let place = named.canonicalize().map_err(unreadable)?;
        if place.starts_with(&real_folder) {
            Ok(place)
        } else {
            Err(file.outside())
        }
    }
}

impl SecretFile {
    /// The file's path, as written.
    pub fn path(&self) -> &Path {
        &self.0
    }

    fn outside(&self) -> SecretFileError {
        SecretFileError::Outside {
            path: self.0.clone(),
        }
    }

    fn unreadable(&self, source: std::io::Error) -> SecretFileError {
        SecretFileError::Unreadable {
            path: self.0.clone(),
            source,
        }
    }

    fn unusable(&self, most: u64) -> SecretFileError {
        SecretFileError::Unusable {
            path: self.0.clone(),
            most,
        }
    }
}

impl TryFrom<String> for SecretFile {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let named =
            (1..=MAX_PATH_BYTES).contains(&text.len()) && !text.chars().any(char::is_control);
        let path = PathBuf::from(text);
        if named && !path.components().any(|part| part == Component::ParentDir) {
            Ok(Self(path))
        } else {
            Err(InvalidValue::new(
                "secret file",
                "a path of 1 to 1024 bytes without .. in federation.secret_folder",
            ))
        }
    }
}

impl std::str::FromStr for SecretFile {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.to_owned().try_into()
    }
}

impl From<SecretFile> for String {
    fn from(file: SecretFile) -> Self {
        file.0.to_string_lossy().into_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn file(path: &Path) -> SecretFile {
        path.to_str().unwrap().to_owned().try_into().unwrap()
    }

    /// A folder for secrets beside a file that is none.
    struct Setting {
        root: tempfile::TempDir,
        folder: SecretFolder,
    }

    impl Setting {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            std::fs::create_dir(root.path().join("secrets")).unwrap();
            std::fs::write(root.path().join("root.key"), "the node's own").unwrap();
            let folder = SecretFolder::at(root.path().join("secrets"));
            Self { root, folder }
        }

        fn place(&self, name: &str) -> PathBuf {
            self.root.path().join("secrets").join(name)
        }

        fn read(&self, path: impl AsRef<Path>) -> Result<Secret<String>, SecretFileError> {
            self.folder.read_now(&file(path.as_ref()))
        }
    }

    #[tokio::test]
    async fn a_new_secret_counts_at_once() {
        let setting = Setting::new();
        let named = file(Path::new("secret"));
        std::fs::write(setting.place("secret"), "first\r\n").unwrap();
        assert_eq!(setting.folder.read(&named).await.unwrap().expose(), "first");
        std::fs::write(setting.place("secret"), "later\n\n").unwrap();
        assert_eq!(setting.folder.read(&named).await.unwrap().expose(), "later");
    }

    #[test]
    fn a_file_in_the_folder_is_read_by_its_name_and_by_its_path() {
        let setting = Setting::new();
        std::fs::create_dir(setting.place("data")).unwrap();
        std::fs::write(setting.place("data/secret"), "s3cret").unwrap();
        symlink("data/secret", setting.place("link")).unwrap();
        for path in [
            PathBuf::from("data/secret"),
            PathBuf::from("link"),
            setting.place("data/secret"),
        ] {
            assert_eq!(setting.read(path).unwrap().expose(), "s3cret");
        }
    }

    #[test]
    fn a_document_is_read_as_it_is_and_up_to_its_own_bound() {
        let setting = Setting::new();
        let named = file(Path::new("idp.xml"));
        let read = |most| setting.folder.read_document_now(&named, most);
        std::fs::write(setting.place("idp.xml"), "<a/>\n").unwrap();
        assert_eq!(read(5).unwrap(), "<a/>\n");
        let longer = read(4);
        assert!(
            matches!(longer, Err(SecretFileError::Unusable { most: 4, .. })),
            "{longer:?}"
        );
    }

    #[test]
    fn no_file_outside_the_folder_is_read() {
        let setting = Setting::new();
        let own = setting.root.path().join("root.key");
        symlink(&own, setting.place("link")).unwrap();
        symlink("/proc/self", setting.place("process")).unwrap();
        for path in [
            own,
            setting.root.path().join("secrets-2/secret"),
            PathBuf::from("/proc/self/environ"),
            PathBuf::from("/no/such/file"),
            PathBuf::from("link"),
            PathBuf::from("process/environ"),
        ] {
            let read = setting.read(&path);
            assert!(
                matches!(read, Err(SecretFileError::Outside { .. })),
                "{}: {read:?}",
                path.display()
            );
        }
    }

    #[test]
    fn without_a_folder_no_file_is_read() {
        let setting = Setting::new();
        std::fs::write(setting.place("secret"), "s3cret").unwrap();
        for path in [setting.place("secret"), PathBuf::from("secret")] {
            let read = SecretFolder::default().read_now(&file(&path));
            assert!(matches!(read, Err(SecretFileError::NoFolder)), "{read:?}");
        }
    }

    #[test]
    fn an_empty_or_huge_or_binary_file_is_no_secret() {
        let setting = Setting::new();
        for content in [
            b"\n".to_vec(),
            b"".to_vec(),
            vec![b'x'; 64 * 1024 + 1],
            vec![0xff],
        ] {
            std::fs::write(setting.place("secret"), content).unwrap();
            assert!(matches!(
                setting.read("secret"),
                Err(SecretFileError::Unusable { .. })
            ));
        }
        std::fs::create_dir(setting.place("folder")).unwrap();
        assert!(matches!(
            setting.read("folder"),
            Err(SecretFileError::Unusable { .. })
        ));
        assert!(matches!(
            setting.read("none"),
            Err(SecretFileError::Unreadable { .. })
        ));
    }

    #[test]
    fn a_path_that_climbs_is_refused() {
        for bad in ["", "..", "../root.key", "/secrets/../root.key", "a\0b"] {
            assert!(SecretFile::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
