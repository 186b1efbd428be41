use super::super::{Endpoint, LogoutEndpoint};
use super::*;
use crate::federation::saml::vocabulary::Binding;

const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);
const DAY: i64 = 24 * 60 * 60;

/// A certificate of the key that lasts so long.
fn certificate(key: &rcgen::KeyPair, lasts: i64) -> Certificate {
    let end = u64::try_from(NOW.plus(lasts).seconds()).unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.not_after = rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(end);
    Certificate::from_der(params.self_signed(key).unwrap().der()).unwrap()
}

fn key() -> rcgen::KeyPair {
    rcgen::KeyPair::generate().unwrap()
}

fn lasting() -> Certificate {
    certificate(&key(), 1000 * DAY)
}

fn metadata(certificates: &[&Certificate]) -> IdpMetadata {
    let certificates: Vec<_> = certificates.iter().map(|it| (*it).clone()).collect();
    IdpMetadata {
        entity_id: "urn:idp".parse().unwrap(),
        signing_certificates: certificates.try_into().unwrap(),
        single_sign_on: vec![Endpoint {
            binding: Binding::Redirect,
            location: "https://idp.example/sso".parse().unwrap(),
        }],
        single_logout: vec![LogoutEndpoint {
            binding: Binding::Redirect,
            location: "https://idp.example/slo".parse().unwrap(),
            response_location: None,
        }],
        wants_signed_requests: false,
        valid_until: None,
        name_id_formats: vec![],
    }
}

/// Without an admin who accepts new keys.
fn replace(
    old: &IdpMetadata,
    new: &IdpMetadata,
    now: UnixTime,
) -> Result<Vec<RefreshWarning>, RefreshRefusal> {
    super::replace(old, new, now, NewKeys::Refuse)
}

#[test]
fn the_same_again_is_taken_in_silence() {
    let known = metadata(&[&lasting()]);
    assert_eq!(replace(&known, &known, NOW), Ok(vec![]));
}

#[test]
fn keys_roll_over_one_beside_the_other() {
    let (old, new) = (lasting(), lasting());
    let both = metadata(&[&old, &new]);
    assert_eq!(
        replace(&metadata(&[&old]), &both, NOW),
        Ok(vec![RefreshWarning::Added(new.fingerprint())])
    );
    assert_eq!(
        replace(&both, &metadata(&[&new]), NOW),
        Ok(vec![RefreshWarning::Removed(old.fingerprint())])
    );
}

#[test]
fn a_swap_of_every_key_is_refused() {
    let (old, new) = (metadata(&[&lasting()]), metadata(&[&lasting()]));
    assert_eq!(replace(&old, &new, NOW), Err(RefreshRefusal::DropsEveryKey));
}

#[test]
fn a_new_certificate_of_a_known_key_is_no_new_key() {
    let key = key();
    let (old, new) = (certificate(&key, 100 * DAY), certificate(&key, 1000 * DAY));
    assert_ne!(old, new);
    assert_eq!(
        replace(&metadata(&[&old]), &metadata(&[&new]), NOW),
        Ok(vec![])
    );
}

#[test]
fn another_entity_is_refused() {
    let known = metadata(&[&lasting()]);
    let other = IdpMetadata {
        entity_id: "urn:other".parse().unwrap(),
        ..known.clone()
    };
    assert_eq!(
        replace(&known, &other, NOW),
        Err(RefreshRefusal::OtherEntity {
            found: other.entity_id.clone(),
            expected: known.entity_id.clone(),
        })
    );
}

#[test]
fn what_counts_no_more_is_refused() {
    let known = metadata(&[&lasting()]);
    let until = |end| IdpMetadata {
        valid_until: Some(end),
        ..known.clone()
    };
    assert_eq!(
        replace(&known, &until(NOW), NOW),
        Err(RefreshRefusal::Expired(NOW))
    );
    assert_eq!(replace(&known, &until(NOW.plus(1)), NOW), Ok(vec![]));
}

#[test]
fn a_provider_does_not_shrink_to_nothing() {
    let known = metadata(&[&lasting()]);
    let without_sign_on = IdpMetadata {
        single_sign_on: vec![],
        ..known.clone()
    };
    let refused = replace(&known, &without_sign_on, NOW);
    assert_eq!(refused, Err(RefreshRefusal::DropsSignOn));
    let without_logout = IdpMetadata {
        single_logout: vec![],
        ..known.clone()
    };
    let taken = replace(&known, &without_logout, NOW);
    assert_eq!(taken, Ok(vec![RefreshWarning::DropsLogout]));
}

#[test]
fn an_expired_certificate_is_told_and_used() {
    let certificates = [-1, 0, 30 * DAY - 1, 30 * DAY].map(|lasts| certificate(&key(), lasts));
    let [expired, last_moment, soon, later] = &certificates;
    let known = metadata(&[expired, last_moment, soon, later]);
    let at = Certificate::not_after;
    let expected = vec![
        RefreshWarning::Expired {
            certificate: expired.fingerprint(),
            at: at(expired),
        },
        RefreshWarning::ExpiresSoon {
            certificate: last_moment.fingerprint(),
            at: at(last_moment),
        },
        RefreshWarning::ExpiresSoon {
            certificate: soon.fingerprint(),
            at: at(soon),
        },
    ];
    assert_eq!(expiry(&known, NOW), expected);
    assert_eq!(replace(&known, &known, NOW), Ok(expected));
}

fn until(metadata: &IdpMetadata, end: UnixTime) -> IdpMetadata {
    IdpMetadata {
        valid_until: Some(end),
        ..metadata.clone()
    }
}

#[test]
fn an_admin_may_accept_that_every_key_is_new_and_nothing_else() {
    let (old, new) = (metadata(&[&lasting()]), metadata(&[&lasting()]));
    let taken = decide(Some(&old), &new, NOW, NewKeys::Accept).unwrap();
    assert!(matches!(taken, Decision::Take(told) if told.len() == 2));
    let other = IdpMetadata {
        entity_id: "urn:other".parse().unwrap(),
        ..new.clone()
    };
    let refused = decide(Some(&old), &other, NOW, NewKeys::Accept);
    assert!(matches!(refused, Err(RefreshRefusal::OtherEntity { .. })));
    let refused = decide(Some(&old), &until(&new, NOW), NOW, NewKeys::Accept);
    assert_eq!(refused, Err(RefreshRefusal::Expired(NOW)));
}

#[test]
fn the_first_metadata_is_taken_unless_it_is_over() {
    let first = metadata(&[&lasting()]);
    let taken = decide(None, &first, NOW, NewKeys::Refuse);
    assert_eq!(taken, Ok(Decision::Take(vec![])));
    let refused = decide(None, &until(&first, NOW), NOW, NewKeys::Refuse);
    assert_eq!(refused, Err(RefreshRefusal::Expired(NOW)));
}

#[test]
fn what_is_known_already_changes_nothing() {
    let known = metadata(&[&lasting()]);
    let kept = decide(Some(&known), &known, NOW, NewKeys::Refuse);
    assert_eq!(kept, Ok(Decision::Keep));
    let known = until(&known, NOW);
    let refused = decide(Some(&known), &known, NOW, NewKeys::Refuse);
    assert_eq!(refused, Err(RefreshRefusal::Expired(NOW)));
}

#[test]
fn an_end_that_moves_on_with_the_clock_counts_once_half_of_the_time_is_over() {
    let known = until(&metadata(&[&lasting()]), NOW.plus(100));
    for (seconds, decision) in [
        (0, Decision::Keep),
        (49, Decision::Keep),
        (51, Decision::Take(vec![])),
    ] {
        let now = NOW.plus(seconds);
        let moved = until(&known, now.plus(100));
        let decided = decide(Some(&known), &moved, now, NewKeys::Refuse);
        assert_eq!(decided, Ok(decision), "{seconds}");
    }
}

#[test]
fn an_earlier_end_counts_at_once_and_so_does_none() {
    let known = until(&metadata(&[&lasting()]), NOW.plus(100));
    let endless = IdpMetadata {
        valid_until: None,
        ..known.clone()
    };
    let take = Ok(Decision::Take(vec![]));
    for (known, new) in [
        (&known, &until(&known, NOW.plus(99))),
        (&known, &endless),
        (&endless, &known),
    ] {
        assert_eq!(decide(Some(known), new, NOW, NewKeys::Refuse), take);
    }
}
