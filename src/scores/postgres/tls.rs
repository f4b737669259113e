//! Connecting, encrypted where the URL or the server asks for it.

use std::error::Error;
use std::io;
use std::sync::Arc;

use postgres::config::SslMode;
use postgres::{Client, Config, NoTls};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::database::StoreError;

/// Connects. `sslmode=require` wants a certificate of a public authority; `prefer`, which is what
/// a URL without one says, takes an open line where the server's certificate does not convince.
pub(super) fn connect(config: &Config) -> Result<Client, StoreError> {
    let unavailable = |e: postgres::Error| StoreError::Unavailable(Box::new(e));
    match config.get_ssl_mode() {
        SslMode::Disable => config.connect(NoTls).map_err(unavailable),
        SslMode::Prefer => match config.connect(rustls()?) {
            Err(error) if is_about_tls(&error) => config
                .clone()
                .ssl_mode(SslMode::Disable)
                .connect(NoTls)
                .map_err(unavailable),
            connected => connected.map_err(unavailable),
        },
        _ => config.connect(rustls()?).map_err(unavailable),
    }
}

fn rustls() -> Result<MakeRustlsConnect, StoreError> {
    let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| StoreError::Unavailable(Box::new(e)))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// Whether the server was reached and its TLS is what failed.
fn is_about_tls(error: &postgres::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = cause {
        let io = error.downcast_ref::<io::Error>();
        if io
            .and_then(io::Error::get_ref)
            .is_some_and(|e| e.is::<rustls::Error>())
        {
            return true;
        }
        cause = error.source();
    }
    false
}
