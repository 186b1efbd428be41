//! Policies that are given with the call.

use super::{
    EvaluationResult, Setting, SimulatedCaller, Simulation, boundary, context_keys, invalid,
    sources,
};
use crate::domain::{IamPath, InvalidValue, UniqueId, UserArn, UserName};
use crate::flows::iam::{Action, Done, Page, Question, Refusal, Scene};

/// `SimulateCustomPolicy`
#[derive(Debug)]
pub struct SimulateCustomPolicy {
    /// The policies.
    pub policies: Vec<String>,
    /// What bounds them: at most one.
    pub boundary: Vec<String>,
    /// What is asked.
    pub setting: Setting,
}

/// Somebody of the account who is nobody.
const STRANGER: (&str, &str) = ("simulated-user", "AIDAAAAAAAAAAAAAAAAAA");

impl Scene<'_> {
    /// Who calls, by ARN: with the id of who has it now, or one that nobody has.
    ///
    /// # Errors
    /// `InvalidInput`
    pub(super) fn simulated_user(&self, arn: &UserArn) -> Result<SimulatedCaller, Refusal> {
        let nobody = STRANGER.1.parse::<UniqueId>();
        let nobody = nobody.map_err(|error| invalid(error.to_string()))?;
        let accounts = &self.snapshot.directory().accounts;
        let user = accounts.get(&arn.account());
        let user = user.and_then(|account| account.users.get(arn.name()));
        let user = user.filter(|user| user.path == *arn.path());
        let id = user.map_or(nobody, |user| user.unique_id.clone());
        Ok(SimulatedCaller::user(arn, id))
    }

    /// Somebody of the account who is nobody.
    ///
    /// # Errors
    /// `InvalidInput` if the name and the id were none; they are.
    pub(super) fn stranger(&self) -> Result<SimulatedCaller, Refusal> {
        let (name, id) = (
            STRANGER.0.parse::<UserName>(),
            STRANGER.1.parse::<UniqueId>(),
        );
        let invalid = |error: InvalidValue| invalid(error.to_string());
        Ok(SimulatedCaller::User {
            partition: self.partition,
            account: self.account_id,
            path: IamPath::root(),
            name: name.map_err(invalid)?,
            id: id.map_err(invalid)?,
        })
    }
}

impl Action for SimulateCustomPolicy {
    type Answer = Page<EvaluationResult>;
    const NAME: &'static str = "SimulateCustomPolicy";
    const WRITES: bool = false;

    /// It is about nobody.
    fn asks(&self, _: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![Question::new(Self::NAME, "*")])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let setting = &self.setting;
        let caller = match &setting.caller {
            Some(arn) => scene.simulated_user(arn)?,
            None if setting.resource_policy.is_some() => {
                return Err(invalid(
                    "CallerArn is required where there is a ResourcePolicy",
                ));
            }
            None => scene.stranger()?,
        };
        let policies = sources("PolicyInputList", &self.policies)?;
        let simulation = Simulation::new(setting, caller, policies, boundary(&self.boundary)?)?;
        Ok(Done::told(simulation.page(setting)))
    }
}

/// `GetContextKeysForCustomPolicy`
#[derive(Debug)]
pub struct GetContextKeysForCustomPolicy {
    /// The policies.
    pub policies: Vec<String>,
}

impl Action for GetContextKeysForCustomPolicy {
    type Answer = Vec<String>;
    const NAME: &'static str = "GetContextKeysForCustomPolicy";
    const WRITES: bool = false;

    /// It is about nobody.
    fn asks(&self, _: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![Question::new(Self::NAME, "*")])
    }

    fn run(&self, _: &Scene<'_>) -> Result<Done<Vec<String>>, Refusal> {
        let sources = sources("PolicyInputList", &self.policies)?;
        let policies = sources.iter().map(|source| &source.policy);
        Ok(Done::told(context_keys(policies)))
    }
}
