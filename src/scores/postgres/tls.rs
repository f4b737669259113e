//! Connecting, encrypted and with the server's certificate looked at as the URL asks.
//!
//! `sslmode` and `sslrootcert` of a URL mean what they mean to PostgreSQL's own programs. Where an
//! authority is named and no mode, its certificates are looked at wholly, rather than not at all.

use std::error::Error;
use std::io;
use std::path::Path;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use postgres::config::SslMode;
use postgres::{Client, Config, NoTls};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::database::StoreError;

/// The value of `sslrootcert` that stands for the public authorities.
const PUBLIC: &str = "system";

/// What a URL says of encryption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tls {
    /// Whether the line is encrypted: never, if the server likes, or always.
    mode: SslMode,
    look: Look,
}

/// What of the server's certificate is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Look {
    /// Nothing: the line is private, and nobody knows with whom.
    Nothing,
    /// That one of these authorities made it.
    Authority(Authorities),
    /// That, and that it was made for this host.
    AuthorityAndHost(Authorities),
}

/// Who may make certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Authorities {
    /// Those that browsers trust.
    Public,
    /// Those whose certificates are in this file.
    In(String),
}

impl Tls {
    /// What a URL says of encryption, and the URL without that.
    ///
    /// # Errors
    /// The mode is unknown, or goes not together with the authorities.
    pub(super) fn of_url(url: &str) -> Result<(Self, String), StoreError> {
        let (mut mode, mut authorities, mut rest) = (None, None, Vec::new());
        // A password may hold a question mark.
        let after_password = url.find('@').unwrap_or(0);
        let (address, options) = match url[after_password..].find('?') {
            Some(at) => url.split_at(after_password + at),
            None => (url, ""),
        };
        for option in options.trim_start_matches('?').split('&') {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let value = || percent_decode_str(value).decode_utf8_lossy().into_owned();
            match name {
                "sslmode" => mode = Some(value()),
                "sslrootcert" if value() == PUBLIC => authorities = Some(Authorities::Public),
                "sslrootcert" => authorities = Some(Authorities::In(value())),
                "" => {}
                _ => rest.push(option),
            }
        }
        let tls = Self::of_options(mode.as_deref(), authorities)?;
        let address = address.to_owned();
        Ok(match rest.is_empty() {
            true => (tls, address),
            false => (tls, format!("{address}?{}", rest.join("&"))),
        })
    }

    fn of_options(mode: Option<&str>, given: Option<Authorities>) -> Result<Self, StoreError> {
        let looked = |given: Option<Authorities>| given.map_or(Look::Nothing, Look::Authority);
        let is_public = given == Some(Authorities::Public);
        let (mode, look) = match (mode, given) {
            (Some("disable"), _) => (SslMode::Disable, Look::Nothing),
            (Some("prefer" | "require" | "verify-ca"), _) if is_public => {
                let why = "sslrootcert=system wants sslmode=verify-full: anybody has a certificate \
                    of a public authority, for a host of their own";
                return Err(unusable(why));
            }
            (None, None) | (Some("prefer"), None) => (SslMode::Prefer, Look::Nothing),
            (Some("prefer"), given) => (SslMode::Prefer, looked(given)),
            (Some("require"), given) => (SslMode::Require, looked(given)),
            (Some("verify-ca"), Some(given)) => (SslMode::Require, Look::Authority(given)),
            (Some("verify-ca"), None) => {
                let why = "sslmode=verify-ca wants the authority: name the file with its \
                    certificate by sslrootcert=/path/to/ca.pem, or say sslmode=verify-full for a \
                    public one";
                return Err(unusable(why));
            }
            (Some("verify-full") | None, given) => {
                let given = given.unwrap_or(Authorities::Public);
                (SslMode::Require, Look::AuthorityAndHost(given))
            }
            // It is not quoted: who knows what somebody put there.
            (Some(_), _) => {
                let why = "the URL's sslmode is none of disable, prefer, require, verify-ca and \
                    verify-full";
                return Err(unusable(why));
            }
        };
        Ok(Self { mode, look })
    }

    /// What the driver needs to connect, with the authorities read from their file.
    ///
    /// # Errors
    /// The file is missing or holds no certificate.
    pub(super) fn ready(self, config: &mut Config) -> Result<Connector, StoreError> {
        config.ssl_mode(self.mode);
        if self.mode == SslMode::Disable {
            return Ok(Connector(None));
        }
        let provider = Arc::new(ring::default_provider());
        let (roots, is_host_looked_at) = match self.look {
            Look::Nothing => (None, false),
            Look::Authority(authorities) => (Some(authorities.read()?), false),
            Look::AuthorityAndHost(authorities) => (Some(authorities.read()?), true),
        };
        let verifier = Verifier {
            provider: Arc::clone(&provider),
            roots,
            is_host_looked_at,
        };
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| StoreError::Unavailable(Box::new(e)))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Connector(Some(MakeRustlsConnect::new(client))))
    }
}

/// What the driver needs to connect.
#[derive(Clone)]
pub(super) struct Connector(Option<MakeRustlsConnect>);

impl Connector {
    /// Connects. Where encryption is only preferred, an open line is taken where the server's does
    /// not come about.
    pub(super) fn connect(&self, config: &Config) -> Result<Client, StoreError> {
        let unavailable = |e: postgres::Error| StoreError::Unavailable(Box::new(e));
        let Some(tls) = &self.0 else {
            return config.connect(NoTls).map_err(unavailable);
        };
        match config.connect(tls.clone()) {
            Err(error) if config.get_ssl_mode() == SslMode::Prefer && is_about_tls(&error) => {
                config
                    .clone()
                    .ssl_mode(SslMode::Disable)
                    .connect(NoTls)
                    .map_err(unavailable)
            }
            connected => connected.map_err(unavailable),
        }
    }
}

impl Authorities {
    fn read(&self) -> Result<RootCertStore, StoreError> {
        let file = match self {
            Self::Public => {
                return Ok(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect());
            }
            Self::In(file) => file,
        };
        let bad = |why: String| {
            unusable(&format!(
                "sslrootcert={file} {why}; it must name a PEM file with the certificate of the \
                 authority that signed the server's"
            ))
        };
        let text = std::fs::read(Path::new(file));
        let text = text.map_err(|e| bad(format!("cannot be read: {e}")))?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&text) {
            let certificate = certificate.map_err(|_| bad("is not whole".to_owned()))?;
            roots
                .add(certificate)
                .map_err(|_| bad("holds a certificate that cannot be read".to_owned()))?;
        }
        match roots.is_empty() {
            true => Err(bad("holds no certificate".to_owned())),
            false => Ok(roots),
        }
    }
}

fn unusable(why: &str) -> StoreError {
    StoreError::Unavailable(why.into())
}

/// Looks at the server's certificate.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    /// None where anybody may be the server.
    roots: Option<RootCertStore>,
    is_host_looked_at: bool,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(roots) = &self.roots else {
            return Ok(ServerCertVerified::assertion());
        };
        let algorithms = self.provider.signature_verification_algorithms.all;
        let certificate = ParsedCertificate::try_from(certificate)?;
        verify_server_cert_signed_by_trust_anchor(
            &certificate,
            roots,
            intermediates,
            now,
            algorithms,
        )?;
        if self.is_host_looked_at {
            verify_server_name(&certificate, host)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(options: &str) -> (Tls, String) {
        Tls::of_url(&format!("postgres://bot:pass?word@db/scores{options}")).expect("options")
    }

    fn tls(options: &str) -> (SslMode, Look) {
        let (tls, _) = read(options);
        (tls.mode, tls.look)
    }

    fn said(error: &StoreError) -> String {
        error.source().expect("a reason").to_string()
    }

    #[test]
    fn modes_and_authorities_mean_what_they_mean_to_postgres() {
        let file = || Authorities::In("/etc/my ca.pem".to_owned());
        let public = || Authorities::Public;
        for (options, mode, look) in [
            ("", SslMode::Prefer, Look::Nothing),
            ("?sslmode=disable", SslMode::Disable, Look::Nothing),
            ("?sslmode=prefer", SslMode::Prefer, Look::Nothing),
            ("?sslmode=require", SslMode::Require, Look::Nothing),
            (
                "?sslmode=require&sslrootcert=/etc/my%20ca.pem",
                SslMode::Require,
                Look::Authority(file()),
            ),
            (
                "?sslrootcert=/etc/my%20ca.pem&sslmode=verify-ca",
                SslMode::Require,
                Look::Authority(file()),
            ),
            (
                "?sslmode=verify-full&sslrootcert=/etc/my ca.pem",
                SslMode::Require,
                Look::AuthorityAndHost(file()),
            ),
            (
                "?sslrootcert=/etc/my%20ca.pem",
                SslMode::Require,
                Look::AuthorityAndHost(file()),
            ),
            (
                "?sslmode=verify-full",
                SslMode::Require,
                Look::AuthorityAndHost(public()),
            ),
            (
                "?sslrootcert=system",
                SslMode::Require,
                Look::AuthorityAndHost(public()),
            ),
        ] {
            assert_eq!(tls(options), (mode, look), "{options}");
        }
    }

    #[test]
    fn what_is_not_about_encryption_stays_in_the_url() {
        let (_, rest) = read("?connect_timeout=3&sslmode=require&options=-c%20geqo%3Doff");
        let wanted = "postgres://bot:pass?word@db/scores?connect_timeout=3&options=-c%20geqo%3Doff";
        assert_eq!(rest, wanted);
        let (_, rest) = read("?sslmode=require");
        assert_eq!(rest, "postgres://bot:pass?word@db/scores");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_to_say_instead() {
        for (options, wanted) in [
            (
                "?sslmode=verify-all",
                "none of disable, prefer, require, verify-ca and verify-full",
            ),
            ("?sslmode=verify-ca", "sslrootcert=/path/to/ca.pem"),
            (
                "?sslmode=require&sslrootcert=system",
                "wants sslmode=verify-full",
            ),
        ] {
            let error = Tls::of_url(&format!("postgres://db/scores{options}"));
            let error = said(&error.expect_err("nonsense"));
            assert!(error.contains(wanted), "{options}: {error}");
            assert!(!error.contains("verify-all"), "{error}");
        }
    }

    #[test]
    fn a_file_without_an_authority_is_refused_by_its_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("empty.pem"), "no certificate").expect("a file");
        let cut = "-----BEGIN CERTIFICATE-----\nAAAA\n";
        std::fs::write(path("cut.pem"), cut).expect("a file");
        let odd = format!("{cut}-----END CERTIFICATE-----\n");
        std::fs::write(path("odd.pem"), odd).expect("a file");
        for (name, wanted) in [
            ("none.pem", "cannot be read"),
            ("empty.pem", "holds no certificate"),
            ("cut.pem", "is not whole"),
            ("odd.pem", "a certificate that cannot be read"),
        ] {
            let (tls, rest) = read(&format!("?sslrootcert={}", path(name)));
            let mut config: Config = rest.parse().expect("a URL");
            let error = tls.ready(&mut config).err().expect("no authority");
            let error = said(&error);
            assert!(
                error.contains(&path(name)) && error.contains(wanted),
                "{error}"
            );
            assert!(error.contains("must name a PEM file"), "{error}");
        }
    }
}
