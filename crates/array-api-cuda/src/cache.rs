//! Compiled kernels on disk, so that a program compiles nothing when it is started again.

use std::{
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::{Read as _, Write as _},
    path::PathBuf,
    process,
};

/// The first bytes of an entry. A new format of entries gets a new mark.
const MARK: &[u8; 8] = b"aapicu01";

/// A folder of entries. An entry's name is the hash of its key, and it holds the whole key, so no two keys are mistaken
/// for each other. Any failure of the folder only means that a kernel is compiled.
#[derive(Debug)]
pub(super) struct Cache(Option<PathBuf>);

impl Cache {
    /// The user's cache: in the folder that `ARRAY_API_CACHE` names, else in the system's folder for caches. If the
    /// variable is empty, there is no cache.
    pub(super) fn of_user() -> Self {
        let set = |name: &str| env::var_os(name).map(PathBuf::from);
        let folder = match set("ARRAY_API_CACHE") {
            Some(folder) if folder.as_os_str().is_empty() => None,
            Some(folder) => Some(folder),
            None if cfg!(windows) => set("LOCALAPPDATA").map(|f| f.join("array-api")),
            None => set("XDG_CACHE_HOME")
                .or_else(|| set("HOME").map(|home| home.join(".cache")))
                .map(|f| f.join("array-api")),
        };
        Self(folder.map(|f| f.join("cuda")))
    }

    #[cfg(test)]
    fn at(folder: &std::path::Path) -> Self {
        Self(Some(folder.to_owned()))
    }

    fn file(&self, key: &str) -> Option<PathBuf> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        Some(self.0.as_ref()?.join(format!("{:016x}", hasher.finish())))
    }

    /// The code stored for a key.
    pub(super) fn get(&self, key: &str) -> Option<Vec<u8>> {
        let mut entry = Vec::new();
        fs::File::open(self.file(key)?)
            .ok()?
            .read_to_end(&mut entry)
            .ok()?;
        let rest = entry.strip_prefix(MARK)?;
        let (lengths, rest) = rest.split_at_checked(16)?;
        let length =
            |i: usize| u64::from_le_bytes(lengths[i..i + 8].try_into().unwrap_or_default());
        let (stored, code) = rest.split_at_checked(usize::try_from(length(0)).ok()?)?;
        (stored == key.as_bytes() && code.len() as u64 == length(8)).then(|| code.to_vec())
    }

    /// Stores code for a key, atomically: another process sees all of it or nothing.
    pub(super) fn put(&self, key: &str, code: &[u8]) {
        let Some(file) = self.file(key) else {
            return;
        };
        let draft = file.with_extension(process::id().to_string());
        let write = || {
            if let Some(folder) = file.parent() {
                fs::create_dir_all(folder)?;
            }
            let mut out = fs::File::create(&draft)?;
            out.write_all(MARK)?;
            out.write_all(&(key.len() as u64).to_le_bytes())?;
            out.write_all(&(code.len() as u64).to_le_bytes())?;
            out.write_all(key.as_bytes())?;
            out.write_all(code)?;
            drop(out);
            fs::rename(&draft, &file)
        };
        if write().is_err() {
            // A full or read-only disk costs time, not results.
            let _ = fs::remove_file(&draft);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("room");
        let cache = Cache::at(&folder.path().join("deep"));
        assert_eq!(cache.get("kernel"), None);
        cache.put("kernel", b"code");
        assert_eq!(cache.get("kernel").as_deref(), Some(&b"code"[..]));
        assert_eq!(cache.get("other"), None);

        let file = cache.file("kernel").expect("a folder");
        let whole = fs::read(&file).expect("written");
        for cut in 0..whole.len() {
            fs::write(&file, &whole[..cut]).expect("room");
            assert_eq!(cache.get("kernel"), None, "cut at {cut}");
        }
        let mut hostile = whole;
        hostile[8..16].fill(0xff);
        fs::write(&file, hostile).expect("room");
        assert_eq!(cache.get("kernel"), None);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_no_error() {
        let cache = Cache::at(std::path::Path::new("/dev/null/cache"));
        cache.put("kernel", b"code");
        assert_eq!(cache.get("kernel"), None);
        let none = Cache(None);
        none.put("kernel", b"code");
        assert_eq!(none.get("kernel"), None);
    }
}
