//! `[limits.rates]`: how often anybody may ask.

use super::reader::{NumberOrOff, Reader};
use crate::throttle::{Rate, Rates};

/// The most tokens that a bucket gains a second.
const MAX_PER_SECOND: u32 = 1_000_000;
/// The most tokens that a bucket holds.
const MAX_BURST: u32 = 10_000_000;
/// Without a burst of its own a bucket holds the tokens of so many seconds.
const BURST_SECONDS: u32 = 2;

/// The two settings of a rate, and what it is where they are not set.
struct Names {
    per_second: &'static str,
    burst: &'static str,
    default: u32,
}

pub(super) fn read(section: &mut Reader<'_>) -> Rates {
    let mut rate = |per_second, burst, default| {
        let names = Names {
            per_second,
            burst,
            default,
        };
        read_rate(section, &names)
    };
    Rates {
        address: rate("address_per_second", "address_burst", 1_000),
        sign_in: rate("sign_in_per_second", "sign_in_burst", 50),
        failed_proof: rate("failed_proof_per_second", "failed_proof_burst", 100),
        principal: rate("principal_per_second", "principal_burst", 500),
        account: rate("account_per_second", "account_burst", 5_000),
    }
}

fn read_rate(section: &mut Reader<'_>, names: &Names) -> Rate {
    let per_second = section.number_or_off(names.per_second, 1..=MAX_PER_SECOND);
    let burst = section.number(names.burst, 1..=MAX_BURST);
    let per_second = match per_second {
        None => names.default,
        Some(NumberOrOff::Number(number)) => number,
        Some(NumberOrOff::Off) => {
            if burst.is_some() {
                let per_second = section.path(names.per_second);
                let text = format_args!("says nothing while {per_second} is \"off\"");
                section.problem(names.burst, text);
            }
            return Rate::Off;
        }
    };
    Rate::Limited {
        per_second,
        burst: burst.unwrap_or(per_second * BURST_SECONDS),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Config, Environment};

    fn rates(text: &str) -> Result<Rates, String> {
        let text = ["[limits.rates]\n", text].concat();
        let config = Config::from_toml(&text, Path::new(""), &Environment::default());
        let config = config.map_err(|problems| problems.to_string())?;
        Ok(config.limits.rates)
    }

    const fn limited(per_second: u32, burst: u32) -> Rate {
        Rate::Limited { per_second, burst }
    }

    #[test]
    fn every_rate_is_limited_where_nothing_is_said() {
        let rates = rates("").unwrap();
        assert_eq!(rates.address, limited(1_000, 2_000));
        assert_eq!(rates.sign_in, limited(50, 100));
        assert_eq!(rates.failed_proof, limited(100, 200));
        assert_eq!(rates.principal, limited(500, 1_000));
        assert_eq!(rates.account, limited(5_000, 10_000));
    }

    #[test]
    fn a_rate_has_a_burst_of_two_seconds_or_the_one_that_is_set() {
        let set = rates("address_per_second = 7\naccount_burst = 3").unwrap();
        assert_eq!(set.address, limited(7, 14));
        assert_eq!(set.account, limited(5_000, 3));
    }

    #[test]
    fn a_rate_is_switched_off_by_the_word_alone() {
        assert_eq!(
            rates("principal_per_second = 'off'").unwrap().principal,
            Rate::Off
        );
        for value in ["0", "-1", "1.5", "'none'", "false", "1000001"] {
            assert_eq!(
                rates(&["address_per_second = ", value].concat()),
                Err("limits.rates.address_per_second: must be a whole number from 1 to 1000000, or \"off\"".to_owned()),
            );
        }
        assert_eq!(
            rates("sign_in_burst = 0"),
            Err("limits.rates.sign_in_burst: must be a whole number from 1 to 10000000".to_owned())
        );
        assert_eq!(
            rates("account_per_second = 'off'\naccount_burst = 5"),
            Err("limits.rates.account_burst: says nothing while limits.rates.account_per_second is \"off\"".to_owned())
        );
    }
}
