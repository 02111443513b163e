//! Many processes, each in a control group of its own: what a manager of services has the kernel do at least.

use crate::output::Line;
use crate::sys::{self, Clock};

/// Where the groups are made: `system.slice` has the controllers of services.
const GROUPS: &[u8; 37] = b"/sys/fs/cgroup/system.slice/many0000\0";
/// How many there are at most.
const MOST: usize = 1000;

/// Makes `count` groups, starts this program in each so that it waits, and says how long that took and how many there
/// were. Then all of it is removed.
pub(crate) fn start(count: isize) {
    let count = usize::try_from(count).unwrap_or(0).min(MOST);
    let mut pids = [0; MOST];
    let mut started = 0;
    let began = sys::time(Clock::Wall);
    for (number, pid) in pids[..count].iter_mut().enumerate() {
        let path = path(number);
        sys::make_folder(&path);
        let Ok(group) = usize::try_from(sys::open_folder(&path)) else { continue };
        *pid = sys::start_waiter(group);
        sys::close(group);
        started += isize::from(*pid > 0);
    }
    let took = sys::time(Clock::Wall).saturating_sub(began);
    Line::new("many").number(started).print();
    Line::new("many-ms").number(took.as_millis().try_into().unwrap_or(0)).print();
    for pid in pids.iter().filter_map(|pid| usize::try_from(*pid).ok()).filter(|pid| *pid > 0) {
        sys::kill(pid);
    }
    for number in 0..count {
        sys::remove_folder(&path(number));
    }
}

/// The path of a group, with its zero byte.
fn path(number: usize) -> [u8; GROUPS.len()] {
    let mut path = *GROUPS;
    let mut rest = number;
    for digit in path[GROUPS.len() - 5..GROUPS.len() - 1].iter_mut().rev() {
        *digit += u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    path
}
