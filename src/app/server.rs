//! The listeners, and what is served on them.

use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use actix_service::IntoServiceFactory as _;
use actix_web::dev::ServerHandle;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{App, HttpRequest, HttpResponse};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::compose::Flows;
use super::listen::{Listening, listen};
use super::open::StartError;
use super::tls::Certificates;
use crate::config::{Config, Limits, Network, PublicUrl};
use crate::http::admin::{self, AdminApi};
use crate::http::authorize::{self, AuthorizeApi};
use crate::http::aws::{AwsApi, PATHS};
use crate::http::edge::{
    Answers, ConnectionLimits, Edge, Hosts, Queue, Transport, TrustedProxies, Wall,
    tell_connection, wall,
};
use crate::http::iam::{Documents, IamApi};
use crate::http::ops::{self, Audience, OpsApi};
use crate::http::portal::{self, CONTENT_SECURITY_POLICY, PortalApi};
use crate::http::sts::StsApi;
use crate::metrics::{Metrics, Open};
use crate::throttle::{Rates, Throttle};

/// The sockets, bound before anything else so that a taken port is known at once.
pub(super) struct Listeners {
    main: TcpListener,
    ops: Option<TcpListener>,
}

impl Listeners {
    pub(super) fn bind(network: &Network) -> Result<Self, StartError> {
        let bind = |address: SocketAddr| {
            let failed = |source| StartError::Listen { address, source };
            TcpListener::bind(address).map_err(failed)
        };
        Ok(Self {
            main: bind(network.listen)?,
            ops: network.ops_listen.map(bind).transpose()?,
        })
    }

    pub(super) fn main_address(&self) -> Result<SocketAddr, StartError> {
        address(&self.main)
    }

    pub(super) fn ops_address(&self) -> Result<Option<SocketAddr>, StartError> {
        self.ops.as_ref().map(address).transpose()
    }
}

fn address(listener: &TcpListener) -> Result<SocketAddr, StartError> {
    let unspecified = SocketAddr::from(([0, 0, 0, 0], 0));
    listener.local_addr().map_err(|source| StartError::Listen {
        address: unspecified,
        source,
    })
}

/// Who may speak to a listener without TLS.
type PlainHttp = fn(SocketAddr, &Arc<TrustedProxies>) -> Transport;

type Serving = (ServerHandle, JoinHandle<std::io::Result<()>>);

/// Serves everything. With a listener of their own, the admin API and the ops routes are on no
/// other.
pub(super) fn serve(
    config: &Config,
    listeners: Listeners,
    flows: &Flows,
    certificates: Option<&Certificates>,
) -> Result<Vec<Serving>, StartError> {
    let has_ops = listeners.ops.is_some();
    let metrics = flows.recorder.metrics();
    let main = Apis::new(flows, config.limits);
    let ops_hosts = listeners
        .ops_address()?
        .map(|address| flows.edge.hosts.with_operators(address));
    let mut apis = main.clone();
    if let Some(hosts) = ops_hosts {
        let clock = Arc::clone(&flows.edge.clock);
        let no_rates = Throttle::new(&Rates::OFF, clock, Arc::clone(metrics));
        apis.answer_operators_at(hosts, &Arc::new(no_rates), metrics);
    }
    let mut servers = vec![server(
        config,
        (listeners.main, &metrics.connections, Transport::plain),
        certificates,
        &flows.edge,
        move |routes| {
            main.public(routes);
            if !has_ops {
                main.operator(routes);
            }
        },
    )?];
    if let Some(listener) = listeners.ops {
        let edge = apis.admin.edge.clone();
        servers.push(server(
            config,
            (
                listener,
                &metrics.operator_connections,
                Transport::plain_for_operators,
            ),
            certificates,
            &edge,
            move |routes| {
                apis.operator(routes);
                ops::operators_routes(routes);
            },
        )?);
    }
    Ok(servers)
}

fn server(
    config: &Config,
    (listener, open, plain): (TcpListener, &Arc<Open>, PlainHttp),
    certificates: Option<&Certificates>,
    edge: &Edge,
    routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> Result<Serving, StartError> {
    let is_https = config
        .network
        .public_url
        .as_ref()
        .is_some_and(PublicUrl::is_https);
    let address = address(&listener)?;
    let transport = match certificates {
        Some(_) => Transport::Private,
        None => plain(address, &edge.proxies),
    };
    let wall_of_listener = Wall {
        transport,
        headers: headers_of_every_answer(is_https),
    };
    let app = move || {
        let app = App::new()
            .app_data(Data::new(wall_of_listener.clone()))
            .wrap(from_fn(wall))
            .wrap(from_fn(tell_connection))
            .configure(routes.clone());
        app.into_factory()
    };
    let failed = |source| StartError::Listen { address, source };
    let tls = certificates.map(Certificates::server_config).transpose()?;
    let server = listen(
        (listener, Arc::clone(open)),
        listening(config, &edge.queue),
        tls,
        app,
    )
    .map_err(failed)?;
    Ok((server.handle(), tokio::spawn(server)))
}

fn listening(config: &Config, queue: &Queue) -> Listening {
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    let workers = config.workers.unwrap_or_else(processors);
    Listening {
        workers,
        connections: connections_of_a_worker(config.limits.connections, workers),
        limits: ConnectionLimits {
            head: seconds(config.limits.header_seconds),
            idle: seconds(config.limits.keep_alive_seconds),
            taking: seconds(config.limits.body_seconds),
        },
        queue: queue.clone(),
        drain: seconds(config.drain_seconds),
    }
}

/// One worker a processor, where nothing else is said.
fn processors() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// The setting bounds a listener's connections; the HTTP library counts those of each worker.
fn connections_of_a_worker(connections: usize, workers: NonZeroUsize) -> usize {
    (connections / workers).max(1)
}

/// What every answer carries, errors and redirects included; a page may say more precisely.
fn headers_of_every_answer(is_https: bool) -> Vec<(HeaderName, HeaderValue)> {
    let security = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
        (
            header::PERMISSIONS_POLICY,
            "camera=(), geolocation=(), microphone=()",
        ),
    ];
    let strict = is_https.then_some((header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"));
    let headers = security.into_iter().chain(strict);
    headers
        .map(|(name, value)| (name, HeaderValue::from_static(value)))
        .collect()
}

/// The handlers' state, shared by all workers.
#[derive(Clone)]
struct Apis {
    aws: Data<AwsApi>,
    portal: Data<PortalApi>,
    admin: Data<AdminApi>,
    authorize: Data<AuthorizeApi>,
    ops: Data<OpsApi>,
}

impl Apis {
    fn new(flows: &Flows, limits: Limits) -> Self {
        Self {
            aws: Data::new(AwsApi {
                edge: flows.edge.clone(),
                sts: StsApi {
                    assume_role_with_saml: flows.assume_role_with_saml.clone(),
                    assume_role_with_web_identity: flows.assume_role_with_web_identity.clone(),
                    assume_role: flows.assume_role.clone(),
                    assume_root: flows.assume_root.clone(),
                    user_sessions: flows.user_sessions.clone(),
                    get_caller_identity: flows.get_caller_identity.clone(),
                    get_web_identity_token: flows.get_web_identity_token.clone(),
                },
                iam: IamApi {
                    flow: flows.iam.clone(),
                    documents: Documents::beside(&flows.edge.bodies),
                },
                recorder: Arc::clone(&flows.recorder),
                answers: Answers::default(),
                max_body_bytes: limits.body_bytes,
            }),
            portal: Data::new(PortalApi {
                edge: flows.edge.clone(),
                sign_in: flows.sign_in.clone(),
                portal: flows.portal.clone(),
                organisation: flows.organisation.clone(),
                contact: flows.contact.clone(),
                sign_out: flows.sign_out.clone(),
                own_metadata: flows.own_metadata.clone(),
                issuers: flows.issuers.clone(),
                public_url: Arc::clone(&flows.public_url),
            }),
            admin: Data::new(AdminApi {
                edge: flows.edge.clone(),
                authenticator: flows.authenticator.clone(),
                administration: flows.administration.clone(),
                recorder: Arc::clone(&flows.recorder),
                directories: flows.edge.bodies.apart(admin::DIRECTORIES_BUDGET),
                large_bodies: Arc::new(Semaphore::new(admin::MAX_LARGE_BODIES)),
            }),
            authorize: Data::new(AuthorizeApi {
                edge: flows.edge.clone(),
                authorize: flows.authorize.clone(),
            }),
            ops: Data::new(OpsApi {
                audience: Audience::Everybody,
                edge: flows.edge.clone(),
                readiness: flows.readiness.clone(),
                observe: flows.observe.clone(),
            }),
        }
    }

    /// An operators' listener is asked by its own address too, and tells more. Neither a rate nor
    /// a queue keeps an administrator out of it.
    fn answer_operators_at(
        &mut self,
        hosts: Hosts,
        no_rates: &Arc<Throttle>,
        metrics: &Arc<Metrics>,
    ) {
        let edge = Edge {
            hosts: Arc::new(hosts),
            queue: Queue::new(usize::MAX, Arc::clone(metrics)),
            throttle: Arc::clone(no_rates),
            ..self.admin.edge.clone()
        };
        self.admin = Data::new(AdminApi {
            edge,
            ..AdminApi::clone(&self.admin)
        });
        self.ops = Data::new(OpsApi {
            audience: Audience::Operators,
            ..OpsApi::clone(&self.ops)
        });
    }

    fn public(&self, config: &mut ServiceConfig) {
        config
            .app_data(of_this_worker(&self.aws))
            .app_data(of_this_worker(&self.portal))
            .app_data(of_this_worker(&self.authorize))
            .route("/", web::post().to(aws))
            .route("/", web::get().to(root))
            .route("/", web::method(Method::OPTIONS).to(preflight))
            // Before the paths with a region in them, each of which costs a regular expression.
            .configure(authorize::routes)
            .configure(aws_routes)
            .configure(portal::routes)
            .default_service(web::to(not_found));
    }

    fn operator(&self, config: &mut ServiceConfig) {
        config
            .app_data(of_this_worker(&self.admin))
            .app_data(of_this_worker(&self.ops))
            .configure(admin::routes)
            .configure(ops::routes);
    }
}

/// The same state, counted by this worker alone: a count that two processors change at each request
/// is a slow one.
fn of_this_worker<T: Clone>(state: &Data<T>) -> Data<T> {
    Data::new(T::clone(state))
}

fn aws_routes(config: &mut ServiceConfig) {
    for path in PATHS {
        config
            .route(path, web::post().to(aws))
            .route(path, web::get().to(aws))
            .route(path, web::method(Method::OPTIONS).to(preflight));
    }
}

async fn preflight(api: Data<AwsApi>, request: HttpRequest) -> HttpResponse {
    api.preflight(&request)
}

async fn aws(api: Data<AwsApi>, request: HttpRequest, payload: Payload) -> HttpResponse {
    api.answer(&request, payload).await
}

/// A GET that names an action is a call to STS or IAM; any other is a person's browser (decision 13).
async fn root(
    aws: Data<AwsApi>,
    portal: Data<PortalApi>,
    request: HttpRequest,
    payload: Payload,
) -> HttpResponse {
    let names_action = request.query_string().split('&').any(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        matches!(
            name,
            "Action" | "Version" | "X-Amz-Algorithm" | "X-Amz-Signature"
        )
    });
    if names_action {
        aws.answer(&request, payload).await
    } else {
        portal.home(&request).await
    }
}

async fn not_found(portal: Data<PortalApi>, request: HttpRequest) -> HttpResponse {
    portal.not_found(&request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_a_worker(connections: usize, workers: usize) -> usize {
        connections_of_a_worker(connections, NonZeroUsize::new(workers).unwrap())
    }

    #[test]
    fn all_workers_together_have_no_more_connections_than_are_set() {
        assert_eq!(of_a_worker(10_000, 1), 10_000);
        assert_eq!(of_a_worker(10_000, 4), 2_500);
        assert_eq!(of_a_worker(10_000, 3), 3_333);
    }

    #[test]
    fn each_worker_has_a_connection() {
        assert_eq!(of_a_worker(16, 1_024), 1);
    }
}
