//! Where facts come from: AWS, or a simulated world. Both stand behind the same [`ports`];
//! what changes something passes through [`change`].

pub mod aws;
pub mod change;
pub mod nothing;
pub mod ports;
pub mod sim;
