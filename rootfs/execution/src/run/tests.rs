use rustix::process::{WaitOptions, waitpid};

use super::*;

/// A child that gives whether it is known to be in namespaces as its exit status.
#[expect(unsafe_code, reason = "the argument of a new process is a pointer")]
unsafe extern "C" fn tell(argument: *mut c_void) -> ! {
    // SAFETY: the test hands over a plan.
    mark(unsafe { &*argument.cast::<Plan>() });
    exit(i32::from(in_namespaces()))
}

#[test]
#[expect(unsafe_code, reason = "a process is started in the middle of this one")]
fn a_child_in_namespaces_is_known_by_itself_alone() {
    for (namespaces, known) in [(0, 0), (0x2000_0000, 1)] {
        let mut plan = Plan { namespaces, ..Plan::default() };
        let argument = std::ptr::from_mut(&mut plan).cast();
        // SAFETY: `tell` ends the process, allocates nothing and takes a plan. To be in namespaces takes privileges: the
        // plan alone says that it is.
        let child = unsafe { clone::start(tell, argument, None, None, 0, None) }.expect("a child");
        let (_, status) = waitpid(Some(child.pid), WaitOptions::empty())
            .expect("it is our child")
            .expect("it has ended");
        assert_eq!(status.exit_status(), Some(known));
        assert!(!in_namespaces());
    }
}
