//! Turns a board into images.
