//! Samples made ready for other estimators.

mod standard_scaler;

pub use self::standard_scaler::{
    StandardScaler, StandardScalerAttributes, StandardScalerStatistics,
};
