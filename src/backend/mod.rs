//! Where facts come from: AWS and MongoDB, or a simulated world. All stand behind the same [`ports`];
//! what changes something passes through [`change`].

pub mod aws;
pub mod change;
pub mod mongo;
pub mod nothing;
pub mod ports;
pub mod sim;
