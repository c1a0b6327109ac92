//! What the standard says, computed in the plainest way: the truth that tests compare backends with.

pub mod math;
