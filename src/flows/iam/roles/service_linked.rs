//! Roles that a service has made for itself: nothing but their description and tags is the account's to
//! change.

use std::collections::{BTreeMap, BTreeSet};

use super::{OF_SERVICES, RoleView, is_service_linked};
use crate::directory::{Change, Named, Role};
use crate::domain::{
    IamPath, OwnTags, RoleName, ServiceName, SessionDuration, UniqueId, UniqueIdKind,
};
use crate::flows::iam::{Action, Done, IamCode, Question, Refusal, Scene};

/// How AWS writes services in the names of their roles, where that is more than a capital letter.
const SPELLINGS: [(&str, &str); 10] = [
    ("autoscaling", "AutoScaling"),
    ("cloudtrail", "CloudTrail"),
    ("ecs", "ECS"),
    ("eks", "AmazonEKS"),
    ("elasticache", "ElastiCache"),
    ("elasticbeanstalk", "ElasticBeanstalk"),
    ("elasticloadbalancing", "ElasticLoadBalancing"),
    ("guardduty", "AmazonGuardDuty"),
    ("rds", "RDS"),
    ("sso", "SSO"),
];

fn spelling(service: &ServiceName) -> String {
    let label = service.as_str().split('.').next().unwrap_or_default();
    let known = SPELLINGS.iter().find(|(known, _)| *known == label);
    if let Some((_, spelling)) = known {
        return (*spelling).to_owned();
    }
    let mut letters = label.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn invalid(text: impl Into<String>) -> Refusal {
    Refusal::new(IamCode::InvalidInput, text)
}

/// `CreateServiceLinkedRole`
#[derive(Debug)]
pub struct CreateServiceLinkedRole {
    /// Which service may assume it.
    pub service: ServiceName,
    /// For people.
    pub description: String,
    /// What its name ends with, so that the service can have another.
    pub suffix: Option<String>,
}

impl CreateServiceLinkedRole {
    fn name(&self) -> Result<RoleName, Refusal> {
        let mut name = ["AWSServiceRoleFor", &spelling(&self.service)].concat();
        if let Some(suffix) = &self.suffix {
            name.extend(["_", suffix.as_str()]);
        }
        let too_long = |_| invalid("The name of the role would have more than 64 characters.");
        name.parse().map_err(too_long)
    }

    fn path(&self) -> Result<IamPath, Refusal> {
        let path = [OF_SERVICES, self.service.as_str(), "/"].concat();
        path.parse()
            .map_err(|_| invalid("The name of the service is too long."))
    }

    fn role(&self, scene: &Scene<'_>) -> Result<Role, Refusal> {
        let trust = serde_json::json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": [self.service.as_str()] },
            "Action": ["sts:AssumeRole"],
        }]});
        Ok(Role {
            path: self.path()?,
            unique_id: scene.draw_unique_id(UniqueIdKind::Role)?,
            description: self.description.clone(),
            max_session_duration: SessionDuration::DEFAULT,
            trust: scene.trust_of(&trust.to_string())?,
            tags: OwnTags::default(),
            policies: BTreeMap::new(),
            attached: BTreeSet::new(),
            boundary: None,
            created_at: scene.now,
        })
    }
}

impl Action for CreateServiceLinkedRole {
    type Answer = RoleView;
    const NAME: &'static str = "CreateServiceLinkedRole";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let arn = scene.role_arn(Some(&self.path()?), &self.name()?);
        let question = Question::new(Self::NAME, arn);
        Ok(vec![
            question.with("iam:AWSServiceName", self.service.to_string()),
        ])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<RoleView>, Refusal> {
        let name = self.name()?;
        if scene.is_taken(Named::Role, name.as_str()) {
            return Err(invalid(format!(
                "Service role name {name} has been taken in this account, please try a different suffix."
            )));
        }
        super::check_room(scene, &name)?;
        let role = self.role(scene)?;
        let view = RoleView::of(scene, &name, &role);
        Ok(scene.with_role(&name, role, view))
    }
}

/// Whose role it is.
fn service_of(path: &IamPath) -> Option<&str> {
    path.as_str().strip_prefix(OF_SERVICES)?.strip_suffix('/')
}

/// `DeleteServiceLinkedRole`: it is gone at once.
#[derive(Debug)]
pub struct DeleteServiceLinkedRole {
    /// Which.
    pub name: RoleName,
}

impl Action for DeleteServiceLinkedRole {
    /// What the deletion can be asked about by.
    type Answer = String;
    const NAME: &'static str = "DeleteServiceLinkedRole";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let question = scene.ask_of_role(Self::NAME, &self.name);
        let role = scene.account.roles.get(&self.name);
        let service = role.and_then(|role| service_of(&role.path));
        Ok(vec![match service {
            Some(service) => question.with("iam:AWSServiceName", service.to_owned()),
            None => question,
        }])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<String>, Refusal> {
        let role = scene.role(&self.name)?;
        let (true, Some(service)) = (is_service_linked(&role.path), service_of(&role.path)) else {
            return Err(Refusal::no_such("service-linked role", self.name.as_str()));
        };
        let (name, id) = (self.name.as_str(), role.unique_id.as_str());
        let task = ["task", OF_SERVICES, service, "/", name, "/", id].concat();
        let change = Change::RemoveRole(scene.account_id, self.name.clone());
        Ok(Done::changed(task, vec![change]))
    }
}

/// `GetServiceLinkedRoleDeletionStatus`: a role that was deleted is gone.
#[derive(Debug)]
pub struct GetServiceLinkedRoleDeletionStatus {
    /// `task/aws-service-role/<service>/<role>/<id>`
    pub task: String,
}

/// The service, the role's name and its unique id, of a deletion.
fn parts_of(task: &str) -> Option<(&str, RoleName, UniqueId)> {
    let rest = task.strip_prefix("task")?.strip_prefix(OF_SERVICES)?;
    let (rest, id) = rest.rsplit_once('/')?;
    let (service, name) = rest.rsplit_once('/')?;
    Some((service, name.parse().ok()?, id.parse().ok()?))
}

impl GetServiceLinkedRoleDeletionStatus {
    fn parts(&self) -> Result<(&str, RoleName, UniqueId), Refusal> {
        parts_of(&self.task)
            .ok_or_else(|| invalid("DeletionTaskId is none that DeleteServiceLinkedRole gave."))
    }
}

impl Action for GetServiceLinkedRoleDeletionStatus {
    type Answer = ();
    const NAME: &'static str = "GetServiceLinkedRoleDeletionStatus";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let (service, name, _) = self.parts()?;
        let path = [OF_SERVICES, service, "/"].concat().parse().ok();
        let question = Question::new(Self::NAME, scene.role_arn(path.as_ref(), &name));
        Ok(vec![
            question.with("iam:AWSServiceName", service.to_owned()),
        ])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let (_, name, id) = self.parts()?;
        let role = scene.account.roles.get(&name);
        if role.is_some_and(|role| role.unique_id == id) {
            return Err(Refusal::no_such("deletion task", &self.task));
        }
        Ok(Done::told(()))
    }
}
