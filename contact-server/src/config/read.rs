//! Reads keys from a file and the environment, and gathers what is wrong with them.
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

/// Read when no file is named and it exists.
pub const DEFAULT_FILE: &str = "ringside.toml";
const PREFIX: &str = "RINGSIDE_";
/// Variables behind the prefix that are no configuration: the log filter, and what the tests are told.
const NOT_CONFIG: [&str; 2] = ["LOG", "TEST"];

/// One thing that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub key: String,
    /// The file or the variable that holds it.
    pub place: String,
    pub what: String,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the configuration file {0} cannot be read")]
    Read(PathBuf, #[source] std::io::Error),
    #[error("the configuration file {0} is no TOML: {1}")]
    Toml(PathBuf, #[source] toml::de::Error),
    #[error("the configuration cannot be used:{}", Listed(.0))]
    Faults(Vec<Fault>),
}

struct Listed<'a>(&'a [Fault]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|fault| write!(f, "\n  `{}` ({}) {}", fault.key, fault.place, fault.what))
    }
}

/// Where a configuration is read from. Keys that nobody asked for are faults in the end.
#[derive(Debug, Default)]
pub struct Source {
    path: Option<PathBuf>,
    file: toml::Table,
    env: BTreeMap<String, String>,
    asked: BTreeSet<String>,
    faults: Vec<Fault>,
}

impl Source {
    /// Reads the file that was named, or else [`DEFAULT_FILE`] if there is one.
    pub fn open(named: Option<&Path>) -> Result<Self, ConfigError> {
        match named {
            Some(path) => Self::file(path),
            None if Path::new(DEFAULT_FILE).exists() => Self::file(Path::new(DEFAULT_FILE)),
            None => Ok(Self::default()),
        }
    }

    fn file(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|e| ConfigError::Read(path.to_owned(), e))?;
        Self::text_of(path, &text)
    }

    /// The text of a file that stands at `path`.
    pub fn text_of(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let file = text.parse().map_err(|e| ConfigError::Toml(path.to_owned(), e))?;
        Ok(Self { path: Some(path.to_owned()), file, ..Self::default() })
    }

    /// Lays environment variables over the file; only `RINGSIDE_*` count, and empty ones are not set.
    pub fn with_env(mut self, vars: impl Iterator<Item = (String, String)>) -> Self {
        for (name, value) in vars {
            let Some(key) = name.strip_prefix(PREFIX) else { continue };
            if !value.is_empty() && !NOT_CONFIG.iter().any(|other| key.starts_with(other)) {
                self.env.insert(key.to_ascii_lowercase(), value);
            }
        }
        self
    }

    /// Sets a key as a variable would: for command line flags.
    pub fn set(&mut self, key: &str, value: &str) {
        self.env.insert(key.to_owned(), value.to_owned());
    }

    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        self.asked.insert(key.to_owned());
        if let Some(value) = self.env.get(key) {
            return Some(value.clone());
        }
        match self.file.get(key)?.clone() {
            toml::Value::String(text) => Some(text),
            toml::Value::Boolean(on) => Some(on.to_string()),
            toml::Value::Integer(_)
            | toml::Value::Float(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_)
            | toml::Value::Table(_) => {
                self.fault(key, "must be a text in quotes");
                None
            }
        }
    }

    pub(super) fn parsed<T: FromStr>(&mut self, key: &str, shape: &str) -> Option<T> {
        let text = self.text(key)?;
        let parsed = text.trim().parse().ok();
        if parsed.is_none() {
            self.fault(key, format!("must be {shape}, and is `{text}`"));
        }
        parsed
    }

    pub(super) fn flag(&mut self, key: &str) -> bool {
        self.parsed(key, "true or false").unwrap_or(false)
    }

    /// A table of the file, whose absent keys have their defaults.
    pub(super) fn table<T: serde::de::DeserializeOwned + Default>(&mut self, key: &str) -> T {
        self.asked.insert(key.to_owned());
        let Some(value) = self.file.get(key).cloned() else { return T::default() };
        value.try_into().unwrap_or_else(|error: toml::de::Error| {
            self.fault(key, format!("cannot be used: {}", error.message()));
            T::default()
        })
    }

    /// A list of texts in the file, or texts between commas in a variable.
    pub(super) fn list(&mut self, key: &str) -> Option<Vec<String>> {
        self.asked.insert(key.to_owned());
        if let Some(value) = self.env.get(key) {
            return Some(
                value.split(',').map(|item| item.trim().to_owned()).filter(|i| !i.is_empty()).collect(),
            );
        }
        let items = self.file.get(key)?.as_array();
        let texts =
            items.and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect());
        if texts.is_none() {
            self.fault(key, "must be a list of texts in quotes");
        }
        texts
    }

    pub(super) fn parsed_list<T: FromStr>(&mut self, key: &str, shape: &str) -> Vec<T> {
        let mut parsed = Vec::new();
        for text in self.list(key).unwrap_or_default() {
            match text.parse() {
                Ok(item) => parsed.push(item),
                Err(_) => self.fault(key, format!("must be {shape}, and holds `{text}`")),
            }
        }
        parsed
    }

    pub(super) fn fault(&mut self, key: &str, what: impl Into<String>) {
        self.faults.push(Fault { key: key.to_owned(), place: self.place(key), what: what.into() });
    }

    /// Returns the configuration unless something was wrong, unknown keys included.
    pub(super) fn finish<T>(mut self, config: T) -> Result<T, ConfigError> {
        let known = |key: &&String| !self.asked.contains(*key);
        let unknown: Vec<String> =
            self.file.keys().filter(known).chain(self.env.keys().filter(known)).cloned().collect();
        for key in unknown {
            self.fault(&key, "is no key of this version: remove it, or look for a slip of the pen");
        }
        if self.faults.is_empty() { Ok(config) } else { Err(ConfigError::Faults(self.faults)) }
    }

    fn place(&self, key: &str) -> String {
        if self.env.contains_key(key) {
            return format!("{PREFIX}{}", key.to_ascii_uppercase());
        }
        match &self.path {
            Some(path) if self.file.contains_key(key) => path.display().to_string(),
            _ => "not set".into(),
        }
    }
}
