//! What a server must be before it is given anything (decision 8).

use std::collections::HashMap;

use super::settings::Durability;

/// Why a server may not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It may throw away marks and sessions when its memory is full.
    #[error(
        "Redis evicts keys when its memory is full (maxmemory-policy {0}); set maxmemory-policy noeviction"
    )]
    Evicts(String),
    /// A restart would lose everything.
    #[error(
        "Redis writes no append-only file; set appendonly yes, or store.redis.durability = \"none\" where everything may be lost at a restart"
    )]
    KeepsNothing,
    /// It is no primary.
    #[error("Redis is a {0} here, and only the primary may be written")]
    NotPrimary(String),
    /// It doesn't say.
    #[error("Redis doesn't tell its {0} in INFO; let the user run INFO")]
    Silent(&'static str),
}

/// The sections that are asked for; each is asked for apart, since Redis before version 7 takes one.
pub(super) const SECTIONS: [&str; 3] = ["memory", "persistence", "replication"];

/// What a primary says its role is.
const PRIMARY: &str = "master";

/// What a server says of itself.
#[derive(Debug, Default)]
pub(super) struct Facts(HashMap<String, String>);

impl Facts {
    /// Takes over the lines `name:value` of an answer to `INFO`.
    pub(super) fn add(&mut self, info: &str) {
        let lines = info.lines().filter_map(|line| line.split_once(':'));
        let facts = lines.map(|(name, value)| (name.to_owned(), value.trim_end().to_owned()));
        self.0.extend(facts);
    }

    /// Whether the server may be used.
    pub(super) fn judge(&self, durability: Durability) -> Result<(), Unfit> {
        let role = self.fact("role")?;
        if role != PRIMARY {
            return Err(Unfit::NotPrimary(role.to_owned()));
        }
        self.judge_keeping(durability)
    }

    /// Whether the server is no primary any more.
    pub(super) fn is_demoted(&self) -> bool {
        self.fact("role").is_ok_and(|role| role != PRIMARY)
    }

    /// Whether the server keeps what it is given, whether it is a primary or not.
    pub(super) fn judge_keeping(&self, durability: Durability) -> Result<(), Unfit> {
        let policy = self.fact("maxmemory_policy")?;
        if policy != "noeviction" {
            return Err(Unfit::Evicts(policy.to_owned()));
        }
        let writes_file = self.fact("aof_enabled")? == "1";
        match durability {
            Durability::AppendOnlyFile if !writes_file => Err(Unfit::KeepsNothing),
            Durability::AppendOnlyFile | Durability::None => Ok(()),
        }
    }

    fn fact(&self, name: &'static str) -> Result<&str, Unfit> {
        self.0
            .get(name)
            .map(String::as_str)
            .ok_or(Unfit::Silent(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# Memory\r\nused_memory:1\r\nmaxmemory_policy:noeviction\r\n# Persistence\r\nloading:0\r\naof_enabled:1\r\n# Replication\r\nrole:master\r\n";

    fn judge(from: &str, to: &str) -> Result<(), Unfit> {
        judge_with(from, to, Durability::AppendOnlyFile)
    }

    fn judge_with(from: &str, to: &str, durability: Durability) -> Result<(), Unfit> {
        let mut facts = Facts::default();
        facts.add(&GOOD.replace(from, to));
        facts.judge(durability)
    }

    #[test]
    fn a_primary_that_keeps_what_it_is_given_is_fit() {
        assert_eq!(judge("", ""), Ok(()));
    }

    #[test]
    fn every_policy_that_evicts_is_refused() {
        for policy in [
            "allkeys-lru",
            "volatile-ttl",
            "volatile-lru",
            "allkeys-random",
        ] {
            let evicts = Err(Unfit::Evicts(policy.to_owned()));
            assert_eq!(judge("noeviction", policy), evicts);
        }
    }

    #[test]
    fn no_append_only_file_is_refused_unless_nothing_need_be_kept() {
        let (with, without) = ("aof_enabled:1", "aof_enabled:0");
        assert_eq!(judge(with, without), Err(Unfit::KeepsNothing));
        assert_eq!(judge_with(with, without, Durability::None), Ok(()));
    }

    #[test]
    fn a_replica_is_refused() {
        let replica = Err(Unfit::NotPrimary("slave".to_owned()));
        assert_eq!(judge("role:master", "role:slave"), replica);
    }

    #[test]
    fn what_is_not_told_is_not_assumed() {
        for name in ["role", "maxmemory_policy", "aof_enabled"] {
            assert_eq!(judge(name, "other"), Err(Unfit::Silent(name)));
        }
    }
}
