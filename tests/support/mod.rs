//! What the tests against emulators stand on: a Python environment made on first use, servers on free loopback ports, and
//! boto3 as the second opinion. Without Python or network these tests are skipped with a visible line; with `CI=true` a skip
//! is a failure.

pub mod opinion;
pub mod python;
pub mod server;
