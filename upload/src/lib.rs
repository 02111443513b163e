//! Puts images into clouds.
