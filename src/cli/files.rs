//! A directory's files on disk.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::directory::DirectoryFiles;

/// The longest file, in bytes: a metadata document.
const MAX_BYTES: u64 = 10_000_000;
/// Folders may lie so deep in each other.
const MAX_DEPTH: usize = 8;

/// Why files can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// One of them.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder to write to holds something.
    #[error("{0} is not empty; name a new folder")]
    NotEmpty(PathBuf),
    /// A name that is no UTF-8, or leads out of the folder.
    #[error("{0}: the name can't be used")]
    Name(PathBuf),
    /// Longer than any file of a directory.
    #[error("{0}: the file is longer than {MAX_BYTES} bytes, which no file of a directory is")]
    TooLong(PathBuf),
    /// No text.
    #[error("{0}: the file is no text in UTF-8")]
    NotText(PathBuf),
    /// Too deep.
    #[error("{0}: folders lie more than 8 deep")]
    TooDeep(PathBuf),
}

/// Reads every `.toml`, `.json` and `.metadata.xml` file below `root`, by its path with `/`. Names that begin with a
/// dot are passed over.
///
/// # Errors
/// [`FilesError`] of the first file that can't be read.
pub fn read(root: &Path) -> Result<DirectoryFiles, FilesError> {
    let mut files = DirectoryFiles::new();
    read_folder(root, "", 0, &mut files)?;
    Ok(files)
}

fn read_folder(
    folder: &Path,
    prefix: &str,
    depth: usize,
    files: &mut DirectoryFiles,
) -> Result<(), FilesError> {
    if depth > MAX_DEPTH {
        return Err(FilesError::TooDeep(folder.to_owned()));
    }
    let failed = |source| FilesError::Io {
        path: folder.to_owned(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| FilesError::Name(path.clone()))?;
        let relative = if prefix.is_empty() {
            name.to_owned()
        } else {
            [prefix, "/", name].concat()
        };
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            read_folder(&path, &relative, depth + 1, files)?;
        } else if is_resource(name) {
            files.insert(relative, read_text(&path)?);
        }
    }
    Ok(())
}

fn read_text(path: &Path) -> Result<String, FilesError> {
    let failed = |source| FilesError::Io {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(failed)?;
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(FilesError::TooLong(path.to_owned()));
    }
    String::from_utf8(bytes).map_err(|_| FilesError::NotText(path.to_owned()))
}

/// A README beside the resources is welcome.
fn is_resource(name: &str) -> bool {
    [".toml", ".json", ".metadata.xml"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Writes the files below `root`, which must be new or empty.
///
/// # Errors
/// [`FilesError`]
pub fn write(root: &Path, files: &DirectoryFiles) -> Result<(), FilesError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| FilesError::Io { path, source }
    };
    fs::create_dir_all(root).map_err(failed(root))?;
    if fs::read_dir(root).map_err(failed(root))?.next().is_some() {
        return Err(FilesError::NotEmpty(root.to_owned()));
    }
    for (name, text) in files {
        let path = place(root, name)?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed(folder))?;
        }
        fs::write(&path, text).map_err(failed(&path))?;
    }
    Ok(())
}

/// Where a file goes: below `root`, whatever its name says.
fn place(root: &Path, name: &str) -> Result<PathBuf, FilesError> {
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    if name.split('/').all(plain) && !name.contains('\\') {
        Ok(root.join(name))
    } else {
        Err(FilesError::Name(PathBuf::from(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let root = tempfile::tempdir().unwrap();
        let files = DirectoryFiles::from([
            ("rules/a.toml".to_owned(), "a = 1\n".to_owned()),
            ("accounts/1/roles/R.trust.json".to_owned(), "{}".to_owned()),
            ("connections/a.metadata.xml".to_owned(), "<a/>".to_owned()),
        ]);
        write(&root.path().join("new"), &files).unwrap();
        assert_eq!(read(&root.path().join("new")).unwrap(), files);
    }

    #[test]
    fn a_folder_with_something_in_it_is_not_written_to() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("mine.txt"), "x").unwrap();
        assert!(matches!(
            write(root.path(), &DirectoryFiles::new()),
            Err(FilesError::NotEmpty(_))
        ));
    }
}
