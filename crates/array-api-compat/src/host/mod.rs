//! Work on the host that several backends share: factorisations.
