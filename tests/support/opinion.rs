//! boto3 as the second opinion.

use serde_json::Value;

use super::python::Testbed;

/// Asks boto3; see `second_opinion.py` for what it can be asked.
pub fn second_opinion(testbed: &Testbed, arguments: &[&str]) -> Value {
    let output = testbed.script("second_opinion.py").args(arguments).output().expect("Python runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {}", said.trim().lines().last().unwrap_or_default());
    serde_json::from_slice(&output.stdout).expect("JSON")
}
