//! Which regions there are: AWS's, by partition, and names of the operator's own ("AWS Regions", AWS
//! account management guide; `endpoints.json` of botocore 1.44.5).

use serde::{Deserialize, Serialize};

use super::text::text_type;
use super::{InvalidValue, Partition, Region};

/// How an account comes by a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enabling {
    /// Every account has it from the beginning.
    Default,
    /// An account has it once it says so.
    OptIn,
}

/// A region that STS can be asked in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRegion {
    /// The region.
    pub region: Region,
    /// How an account comes by it.
    pub enabling: Enabling,
}

/// Which endpoint of STS a request was sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// The one that belongs to no region.
    Global,
    /// A region's own.
    Regional(Enabling),
}

/// The regions of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regions {
    partition: Partition,
    own: Box<[Region]>,
    base: Region,
}

impl Regions {
    /// AWS's regions of this partition, and `own`, the first of which is the base.
    pub fn new(partition: Partition, own: &[Region]) -> Self {
        Self {
            partition,
            base: own.first().cloned().unwrap_or_else(Region::us_east_1),
            own: own.into(),
        }
    }

    /// The region that a request to the global endpoint is made in.
    pub const fn base(&self) -> &Region {
        &self.base
    }

    /// The region of this name. A name of the operator's own is like one of those that every account has.
    pub fn find(&self, name: &str) -> Option<KnownRegion> {
        let is_own = || self.own.iter().any(|own| own.as_str() == name);
        let enabling = match enabling(self.partition, name) {
            Some(enabling) => enabling,
            None if is_own() => Enabling::Default,
            None => return None,
        };
        let region = name.parse().ok()?;
        Some(KnownRegion { region, enabling })
    }
}

/// Those that accounts have from the beginning, and those that they switch on.
const AWS: ([&str; 17], [&str; 17]) = (
    [
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        US_EAST_1,
        "us-east-2",
        "us-west-1",
        "us-west-2",
    ],
    [
        "af-south-1",
        "ap-east-1",
        "ap-east-2",
        "ap-south-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-west-1",
        "eu-central-2",
        "eu-south-1",
        "eu-south-2",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "mx-central-1",
    ],
);
const AWS_CN: [&str; 2] = ["cn-north-1", "cn-northwest-1"];
const AWS_US_GOV: [&str; 2] = ["us-gov-east-1", "us-gov-west-1"];
/// Its STS can't be deactivated ("Manage AWS STS in an AWS Region", IAM user guide).
const US_EAST_1: &str = "us-east-1";

fn enabling(partition: Partition, name: &str) -> Option<Enabling> {
    let (default, opt_in): (&[&str], &[&str]) = match partition {
        Partition::Aws => (&AWS.0, &AWS.1),
        Partition::AwsCn => (&AWS_CN, &[]),
        Partition::AwsUsGov => (&AWS_US_GOV, &[]),
    };
    if default.contains(&name) {
        Some(Enabling::Default)
    } else {
        opt_in.contains(&name).then_some(Enabling::OptIn)
    }
}

text_type!(
    /// A region that an account has once it says so.
    OptInRegion,
    "region to switch on",
    "one that accounts don't have from the beginning, e.g. ap-east-1",
    |text| AWS.1.contains(&text)
);

text_type!(
    /// A region that an account has from the beginning, and in which its STS can be deactivated.
    DefaultRegion,
    "region to deactivate",
    "one that accounts have from the beginning, e.g. eu-west-3, and not us-east-1",
    |text| text != US_EAST_1
        && [&AWS.0[..], &AWS_CN[..], &AWS_US_GOV[..]].iter().any(|known| known.contains(&text))
);

/// How far a session token reaches (`SetSecurityTokenServicePreferences`, IAM API reference).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum TokenVersion {
    /// In regions that every account has from the beginning.
    #[default]
    One,
    /// In all regions.
    Two,
}

impl TokenVersion {
    /// Whether it is what is meant where nothing is said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl TryFrom<u8> for TokenVersion {
    type Error = InvalidValue;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            _ => Err(InvalidValue::new("token version", "1 or 2")),
        }
    }
}

impl From<TokenVersion> for u8 {
    fn from(version: TokenVersion) -> Self {
        match version {
            TokenVersion::One => 1,
            TokenVersion::Two => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_one_of_the_partition_or_of_the_operator_s_own() {
        let own = ["home-1".parse().unwrap(), "ap-east-1".parse().unwrap()];
        let regions = Regions::new(Partition::Aws, &own);
        let enabling = |name: &str| regions.find(name).map(|known| known.enabling);
        assert_eq!(regions.base().as_str(), "home-1");
        assert_eq!(enabling("home-1"), Some(Enabling::Default));
        assert_eq!(enabling("eu-west-1"), Some(Enabling::Default));
        // Naming it in the configuration gives it to no account.
        assert_eq!(enabling("ap-east-1"), Some(Enabling::OptIn));
        for name in ["cn-north-1", "eu-west-9", "", "EU-WEST-1", "home-2"] {
            assert_eq!(enabling(name), None, "{name}");
        }
    }

    #[test]
    fn what_is_always_there_is_neither_switched_on_nor_off() {
        assert!("ap-east-1".parse::<OptInRegion>().is_ok());
        assert!("eu-west-3".parse::<DefaultRegion>().is_ok());
        for name in ["us-east-1", "eu-west-9"] {
            assert!(name.parse::<OptInRegion>().is_err(), "{name}");
            assert!(name.parse::<DefaultRegion>().is_err(), "{name}");
        }
        assert!("eu-west-3".parse::<OptInRegion>().is_err());
        assert!("ap-east-1".parse::<DefaultRegion>().is_err());
    }
}
