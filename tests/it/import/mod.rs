//! Taking over homes of 0.5: a real one, and ones made to measure.

mod broken_off;
mod damaged;
mod fixture;
mod hostile;
mod house;
mod meeting;
mod random;
