//! Things that EC2 does not know: not yet, as its parts hear of what was made one after the other, or no longer.

use crate::call::Reply;
use crate::client::CallError;
use crate::upload::UploadError;

/// Looks after which what is not known yet is gone.
pub const LOOKS: u32 = 12;

/// An answer about a thing; `None` where EC2 does not know it yet, which takes one of the looks that are `left`.
pub fn known(
    answer: Result<Reply, UploadError>,
    left: &mut u32,
) -> Result<Option<Reply>, UploadError> {
    match answer {
        Err(UploadError::Call(error)) if *left > 0 && is_unknown(&error) => {
            *left -= 1;
            Ok(None)
        }
        other => other.map(Some),
    }
}

/// What is to be removed and is gone is no failure.
pub fn gone(answer: Result<Reply, UploadError>) -> Result<(), UploadError> {
    match answer {
        Err(UploadError::Call(error))
            if is_unknown(&error) || error.has_code("InvalidAMIID.Unavailable") =>
        {
            Ok(())
        }
        other => other.map(|_| ()),
    }
}

/// Whether EC2 does not know the thing, be it not yet or no longer.
fn is_unknown(error: &CallError) -> bool {
    ["InvalidSnapshot.NotFound", "InvalidAMIID.NotFound"].iter().any(|code| error.has_code(code))
}
