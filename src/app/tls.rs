//! TLS for incoming connections, with certificates that can be replaced while the node runs.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem};

use crate::config::Tls;
use crate::domain::UnixTime;
use crate::metrics::Metrics;

/// Why a certificate can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read, or holds no PEM.
    #[error("{path} can't be read: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// The key can't be used, or belongs to another certificate.
    #[error("the certificate and its key can't be used together: {0}")]
    Key(#[source] rustls::Error),
    /// The TLS library does not accept the settings.
    #[error("the settings are not accepted: {0}")]
    Settings(#[source] rustls::Error),
}

/// A certificate and its key, as their files have them.
#[derive(Debug, Clone)]
pub(super) struct Certificates(Arc<Files>);

#[derive(Debug)]
struct Files {
    tls: Tls,
    current: ArcSwap<CertifiedKey>,
    seen: Mutex<Seen>,
    /// Where it is told when the certificate ends.
    metrics: Arc<Metrics>,
}

/// When the certificate's and the key's file were changed last.
type Seen = (Option<SystemTime>, Option<SystemTime>);

impl Certificates {
    pub(super) fn load(tls: &Tls, metrics: &Arc<Metrics>) -> Result<Self, TlsError> {
        let seen = seen(tls);
        let key = read(tls)?;
        tell_end(&key, metrics);
        Ok(Self(Arc::new(Files {
            tls: tls.clone(),
            current: ArcSwap::from_pointee(key),
            seen: Mutex::new(seen),
            metrics: Arc::clone(metrics),
        })))
    }

    /// TLS 1.2 and 1.3.
    pub(super) fn server_config(&self) -> Result<ServerConfig, TlsError> {
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Settings)?;
        let resolver: Arc<dyn ResolvesServerCert> =
            Arc::clone(&self.0) as Arc<dyn ResolvesServerCert>;
        Ok(builder.with_no_client_auth().with_cert_resolver(resolver))
    }

    /// Takes over changed files; as long as they can't be used, the old certificate stays.
    pub(super) fn reload_if_changed(&self) {
        let now = seen(&self.0.tls);
        let mut last = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *last == now {
            return;
        }
        match read(&self.0.tls) {
            Ok(key) => {
                tell_end(&key, &self.0.metrics);
                self.0.current.store(Arc::new(key));
                *last = now;
                tracing::info!("the certificate was replaced");
            }
            Err(error) => {
                tracing::error!(%error, "the new certificate can't be used; the old one stays");
            }
        }
    }
}

impl ResolvesServerCert for Files {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

/// Tells when the first certificate of the chain, the listeners' own, ends.
fn tell_end(key: &CertifiedKey, metrics: &Metrics) {
    let own = key.cert.first();
    let parsed = own.and_then(|own| x509_parser::parse_x509_certificate(own).ok());
    if let Some((_, certificate)) = parsed {
        let end = certificate.validity().not_after.timestamp();
        metrics.certificate_ends(UnixTime::from_seconds(end));
    }
}

fn seen(tls: &Tls) -> Seen {
    let changed = |path: &PathBuf| {
        std::fs::metadata(path)
            .and_then(|file| file.modified())
            .ok()
    };
    (changed(&tls.certificate_file), changed(&tls.key_file))
}

fn read(tls: &Tls) -> Result<CertifiedKey, TlsError> {
    let failed = |path: &PathBuf| {
        let path = path.clone();
        move |source| TlsError::File { path, source }
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(&tls.certificate_file)
        .map_err(failed(&tls.certificate_file))?
        .collect();
    let chain = chain.map_err(failed(&tls.certificate_file))?;
    let key = PrivateKeyDer::from_pem_file(&tls.key_file).map_err(failed(&tls.key_file))?;
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map_err(TlsError::Key)
}
