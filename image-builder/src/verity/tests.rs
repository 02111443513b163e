//! The figures come from `veritysetup format --salt SALT --uuid UUID --no-superblock=no` of cryptsetup 2.7.5.

use super::*;

