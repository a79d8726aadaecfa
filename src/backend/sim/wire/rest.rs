//! restJson: which operation a method and a path stand for.

use hyper::Method;

use super::params::decoded;
use super::service::{Protocol, SERVICES};

/// A method and a path, and the operation they stand for.
#[derive(Debug, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path; a part in braces stands for any, and is the member of that name.
    pub path: &'static str,
    /// The operation.
    pub operation: &'static str,
}

/// Members that the path of a request gives, by name.
pub type Labels = Vec<(&'static str, String)>;

/// The operation that is asked for, and what its path says.
pub fn find(routes: &'static [Route], method: &Method, path: &str) -> Option<(&'static str, Labels)> {
    let mut fitting = routes.iter().filter(|route| route.method == method.as_str());
    fitting.find_map(|route| Some((route.operation, labels(route.path, path)?)))
}

/// Whether some service has such a path, whatever the method.
pub fn is_path(path: &str) -> bool {
    SERVICES.iter().any(|service| match service.protocol {
        Protocol::Rest { routes } => routes.iter().any(|route| labels(route.path, path).is_some()),
        _ => false,
    })
}

fn labels(template: &'static str, path: &str) -> Option<Labels> {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    let mut labels = Vec::new();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(labels),
            (Some(part), Some(value)) => match part.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) => labels.push((name, decoded(value.as_bytes()).ok().filter(|value| !value.is_empty())?)),
                None if part == value => {}
                None => return None,
            },
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: &[Route] = &[
        Route { method: "GET", path: "/detector", operation: "List" },
        Route { method: "GET", path: "/detector/{detectorId}", operation: "Get" },
        Route { method: "POST", path: "/detector/{detectorId}/findings", operation: "Findings" },
    ];

    #[test]
    fn a_method_and_a_path_name_the_operation_and_its_members() {
        let found = |method, path| find(ROUTES, &method, path);
        assert_eq!(found(Method::GET, "/detector"), Some(("List", Vec::new())));
        assert_eq!(found(Method::GET, "/detector/a%2fb"), Some(("Get", vec![("detectorId", "a/b".to_owned())])));
        let findings = found(Method::POST, "/detector/d1/findings");
        assert_eq!(findings, Some(("Findings", vec![("detectorId", "d1".to_owned())])));
        for (method, path) in [
            (Method::POST, "/detector"),
            (Method::GET, "/detector/"),
            (Method::GET, "/"),
            (Method::GET, "/detector/%f"),
        ] {
            assert_eq!(found(method, path), None, "{path}");
        }
        assert!(is_path("/detector/d1/findings/get") && !is_path("/") && !is_path("/service/x"));
    }
}
