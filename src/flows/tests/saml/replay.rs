use super::*;

#[tokio::test]
async fn a_response_may_be_used_again_until_the_portal_has_used_it() {
    let node = Node::with(&files()).await;
    let response = good_response();
    for _ in 0..2 {
        assert!(run(&node, request(&response)).await.is_ok());
    }
    redeem_in_the_browser(&node, &response).await;
    let refused = run(&node, request(&response)).await.unwrap_err();
    assert!(matches!(refused, AssumeRoleError::Consumed), "{refused:?}");
    assert_eq!(refused.code(), "InvalidIdentityToken");
}

/// Proves a response as the portal does, and uses it up.
async fn redeem_in_the_browser(node: &Node, response: &str) {
    use crate::federation::saml::checks::Request;
    use crate::federation::saml::prove::{Presented, SamlIdentityProvider, UnverifiedResponse};
    use crate::federation::saml::service_provider::ServiceProviderKeys;
    use crate::federation::saml::testing::REQUEST;

    let flow = node.saml();
    let snapshot = node.directory.snapshot(NOW).unwrap();
    let provider = snapshot.saml_provider(&PROVIDER.parse().unwrap()).unwrap();
    let provider = SamlIdentityProvider {
        reference: crate::domain::ProviderRef::Connection("partners".parse().unwrap()),
        ..SamlIdentityProvider::of_account(
            PROVIDER.parse().unwrap(),
            provider.metadata.metadata(),
            &provider.settings,
            &flow.own,
            Vec::new(),
        )
    };
    let keys = ServiceProviderKeys::default();
    let response = UnverifiedResponse::decode(response).unwrap();
    let presented = Presented {
        response: &response,
        request: Request::Exactly(REQUEST),
        keys: &keys,
        now: NOW,
    };
    let proven = flow.verifier.prove(&presented, &provider).await.unwrap();
    let (identity, _) = proven.into_parts();
    identity.redeem(node.store.as_ref(), NOW).await.unwrap();
}

#[tokio::test]
async fn where_a_response_is_good_once_it_is_used_up_by_a_session_and_by_no_refusal() {
    let once = files_with(SETTINGS, "second_opinion = false\nreplay = 'once'\n");
    let plain = good_response();
    let restriction = "</saml:AudienceRestriction>";
    let one_time = [restriction, "<saml:OneTimeUse/>"].concat();
    let by_itself = response_of(&[pair(), name()], &[(restriction, &one_time)]);
    for (files, response) in [(&once, plain), (&files(), by_itself)] {
        let node = Node::with(files).await;
        let longer = SamlRequest {
            duration: SessionDuration::MAX,
            ..request(&response)
        };
        assert!(run(&node, longer).await.is_err());
        assert!(run(&node, request(&response)).await.is_ok());
        let again = run(&node, request(&response)).await.unwrap_err();
        assert!(matches!(again, AssumeRoleError::Consumed), "{again:?}");
    }
}

#[tokio::test]
async fn without_the_store_no_response_is_taken() {
    for settings in [
        "second_opinion = false\n",
        "second_opinion = false\nreplay = 'once'\n",
    ] {
        let node = Node::with(&files_with(SETTINGS, settings)).await;
        let mut flow = node.saml();
        flow.marks = Arc::new(MarksDown);
        let response = good_response();
        let refused = flow.run(request(&response), &meta()).await.unwrap_err();
        assert!(
            matches!(refused, AssumeRoleError::Unavailable(Unavailable::Store(_))),
            "{refused:?}"
        );
    }
}
