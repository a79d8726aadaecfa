//! Encryption: the driver's, with the files checked before it reads them, for it says less of what is wrong with them.

use mongodb::options::TlsOptions;

use crate::backend::aws::trust::usable;
use crate::error::Error;
use crate::file::{Trust, read, shown};
use crate::model::Fault;
use crate::model::mongo::Tls;

/// The most that is read of a file of certificates, in bytes: ten times the bundle that systems ship.
const MAX: u64 = 4 * 1024 * 1024;

/// The options for the driver. Certificates and the names in them are always checked.
///
/// # Errors
/// A file that cannot be read, that holds no usable certificate, or a key that others may read.
pub(super) fn options(tls: &Tls) -> Result<TlsOptions, Fault> {
    let mut options = TlsOptions::default();
    if let Some(path) = &tls.ca_file {
        let pem = read(path, MAX, Trust::Anyone).map_err(|error| wrong("tls_ca_file", error))?;
        usable(&pem).map_err(|what| wrong("tls_ca_file", Error::usage(what).from(shown(path))))?;
        options.ca_file_path = Some(path.clone());
    }
    if let Some(path) = &tls.certificate_key_file {
        let named = |error| wrong("tls_certificate_key_file", error);
        let pem = read(path, MAX, Trust::Private).map_err(named)?;
        for part in ["CERTIFICATE", "PRIVATE KEY"] {
            if !pem.contains(&format!("{part}-----")) {
                return Err(named(Error::usage(format!("there is no {part} in PEM form in it")).from(shown(path))));
            }
        }
        options.cert_key_file_path = Some(path.clone());
    }
    Ok(options)
}

fn wrong(key: &str, error: Error) -> Fault {
    Fault::misconfigured(format!("{key} {}: {}", error.origin.unwrap_or_default(), error.what), error.hint)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn files_that_cannot_be_used_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.pem");
        fs::write(&path, "nothing").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let told = |tls: &Tls| options(tls).unwrap_err().to_string();
        let authority = Tls { ca_file: Some(path.clone()), ..Tls::default() };
        assert!(told(&authority).contains("tls_ca_file") && told(&authority).contains("no certificate in PEM form"));
        let own = Tls { certificate_key_file: Some(path.clone()), ..Tls::default() };
        assert!(told(&own).contains("x.pem: anyone can use it (mode 0644)"), "{}", told(&own));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(told(&own).contains("there is no CERTIFICATE in PEM form in it"), "{}", told(&own));
        let absent = Tls { ca_file: Some(dir.path().join("absent")), ..Tls::default() };
        assert!(told(&absent).contains("absent: no such file"));
        assert_eq!(options(&Tls::default()).unwrap(), TlsOptions::default());
    }
}
