//! Random numbers for transaction ids and jitter. Nothing here is a secret.

use std::fs::File;
use std::io::Read;
use std::time::Duration;

/// A small generator (xorshift64*), seeded once; the same seed gives the same numbers.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A generator with this seed; 0, with which there would be nothing but zeros, is taken as 1.
    pub fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    /// A generator seeded by the kernel, or by the process id where that cannot be read.
    pub fn from_kernel() -> Self {
        let mut seed = [0; 8];
        match File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut seed)) {
            Ok(()) => Self::new(u64::from_ne_bytes(seed)),
            Err(_) => Self::new(u64::from(std::process::id()).wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        }
    }

    /// The next number.
    pub fn number(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        u32::try_from(high).expect("a shift by 32 leaves 32 bits")
    }

    /// A time of at most `longest`.
    pub fn up_to(&mut self, longest: Duration) -> Duration {
        longest.mul_f64(f64::from(self.number()) / f64::from(u32::MAX))
    }

    /// A time between nine tenths and eleven tenths of `time`.
    pub fn around(&mut self, time: Duration) -> Duration {
        time.mul_f64(0.9 + 0.2 * f64::from(self.number()) / f64::from(u32::MAX))
    }
}
