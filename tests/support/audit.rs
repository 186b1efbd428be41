//! What a node wrote into its audit log.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// Where a node keeps it, from its folder.
pub fn audit_file(folder: &Path) -> PathBuf {
    folder.join("audit/audit.jsonl")
}

/// One audit record.
#[derive(Debug, Clone)]
pub struct AuditRecord(pub Value);

impl AuditRecord {
    pub fn event(&self) -> &str {
        self.0["eventName"].as_str().unwrap_or_default()
    }

    /// The code of the refusal.
    pub fn code(&self) -> Option<&str> {
        self.0["errorCode"].as_str()
    }

    /// Why it was refused.
    pub fn reason(&self) -> Option<&str> {
        self.0["errorMessage"].as_str()
    }

    /// The name of the check that failed.
    pub fn failed_check(&self) -> Option<&str> {
        let checks = self.0["additionalEventData"]["checks"].as_array()?;
        let failed = checks.iter().find(|check| check["outcome"] == "failed")?;
        failed["name"].as_str()
    }
}
