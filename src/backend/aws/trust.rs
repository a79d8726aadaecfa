//! Which authorities vouch for the other side of a TLS connection: the system's, or instead of them those of a bundle.

use std::env;

use aws_config::profile::ProfileSet;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::sources::path_of;
use crate::error::Error;
use crate::file::{Trust, read, shown};

/// The most that is read of a bundle, in bytes: ten times the one that systems ship.
const MAX_BUNDLE: u64 = 4 * 1024 * 1024;
const VARIABLE: &str = "AWS_CA_BUNDLE";

/// The certificates, as PEM, that `AWS_CA_BUNDLE` or else the profile's `ca_bundle` names. Every one of them can be used.
///
/// # Errors
/// A file that cannot be read, or that holds no certificate, or one that is none; with what named it.
pub(super) fn bundle(profiles: Option<&ProfileSet>) -> Result<Option<String>, Error> {
    let variable = env::var(VARIABLE).ok().filter(|path| !path.is_empty()).map(|path| (path, VARIABLE));
    let profile = || Some((profiles?.get("ca_bundle")?.to_owned(), "the profile's ca_bundle"));
    let Some((path, origin)) = variable.or_else(profile) else { return Ok(None) };
    let named = |error: Error| Error { hint: Some(format!("named by {origin}")), ..error };
    let pem = read(&path_of(&path), MAX_BUNDLE, Trust::Anyone).map_err(named)?;
    match usable(&pem) {
        Ok(()) => Ok(Some(pem)),
        Err(what) => Err(named(Error::usage(what).from(shown(&path_of(&path))))),
    }
}

/// Whether there are certificates and all of them can be used.
pub(in crate::backend) fn usable(pem: &str) -> Result<(), String> {
    let mut roots = RootCertStore::empty();
    for (found, nth) in CertificateDer::pem_slice_iter(pem.as_bytes()).zip(1..) {
        let certificate = found.map_err(|error| format!("certificate {nth} is not PEM: {error}"))?;
        roots.add(certificate).map_err(|error| format!("certificate {nth} cannot be used: {error}"))?;
    }
    if roots.is_empty() { Err("no certificate in PEM form is in it".to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_without_usable_certificates_is_refused() {
        let pem = |inside: &str| format!("-----BEGIN CERTIFICATE-----\n{inside}\n-----END CERTIFICATE-----\n");
        for (bundle, why) in [
            ("", "no certificate in PEM form is in it"),
            ("rounds", "no certificate in PEM form is in it"),
            (pem("????").as_str(), "certificate 1 is not PEM: "),
            (pem("AAAA").as_str(), "certificate 1 cannot be used: "),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n", "certificate 1 is not PEM: "),
        ] {
            let told = usable(bundle).unwrap_err();
            assert!(told.starts_with(why), "{told}");
        }
    }
}
