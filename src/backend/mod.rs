//! Where facts come from: AWS, or a simulated world. Both stand behind the same [`ports`].

pub mod aws;
pub mod ports;
pub mod sim;
