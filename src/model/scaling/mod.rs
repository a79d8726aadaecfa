//! What changes how much runs: Auto Scaling groups behind capacity providers, and Application Auto Scaling of services.

mod activity;
mod application;
mod group;
mod reservation;

pub use activity::{Activity, GroupActivity, GroupHistory, NotScaled, Refresh, Resized};
pub use application::{Policy, ScalingFacts, ScalingRead, Suspended, Target};
pub use group::{Group, GroupFacts, GroupInstance};
pub use reservation::ReservationFacts;
