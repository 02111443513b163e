//! Messages of sd_notify(3): whose they are, whether they may be sent, and the descriptor store.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Duration;

use keelson_jobs::UnitId;
use keelson_units::model::NotifyAccess;

use super::System;
use crate::events::Source;
use crate::log;
use crate::notify::{Message, Received, Store};
use crate::service::Event;
use crate::unit::ServiceRun;
use crate::unit::service::Stored;

/// The first number of a stored descriptor.
const PARKED: i32 = 1024;
/// Between two complaints about messages.
const PAUSE: Duration = Duration::from_secs(1);

impl System {
    /// Takes a message. Descriptors that are not stored are closed, which is the answer to a barrier.
    pub fn on_message(&mut self, mut received: Received) {
        let mut descriptors = std::mem::take(&mut received.descriptors);
        if !received.message.barrier {
            self.obey(received, &mut descriptors);
        }
        self.closing.append(&mut descriptors);
    }

    fn obey(&mut self, received: Received, descriptors: &mut Vec<OwnedFd>) {
        let Received { sender, user, message, descriptors: _ } = received;
        let known = self.processes.get(&sender).copied();
        let by_group = || {
            let name = self.hierarchy.unit_of(sender)?;
            self.graph.id(&name.parse().ok()?)
        };
        let Some(id) = known.or_else(by_group) else {
            if !self.may_complain() {
                return;
            }
            return self.log.note(format_args!(
                "a notification of process {} belongs to no unit; passed over",
                sender.as_raw_nonzero()
            ));
        };
        let Some(service) = self.service_settings(id) else { return };
        let (access, store_max) = (ServiceRun::notify_access(service), service.fd_store_max);
        let Some(run) = self.service_mut(id) else { return };
        let is_main = run.machine.main == Some(sender);
        let allowed = match access {
            NotifyAccess::None => false,
            NotifyAccess::Main => is_main,
            NotifyAccess::Exec => is_main || run.machine.control == Some(sender),
            NotifyAccess::All => true,
        };
        if !allowed {
            if !self.may_complain() {
                return;
            }
            let text = format!(
                "Got notification message from PID {}, but reception is not permitted to it.",
                sender.as_raw_nonzero()
            );
            return self.tell(id, log::WARNING, text);
        }
        match message.store {
            Store::Add => self.add_to_store(id, &message, descriptors, store_max),
            Store::Remove => self.drop_store(id, message.store_name.as_deref()),
            Store::Leave => {}
        }
        let mut message = message;
        if let Some(pid) = message.main_pid {
            let own = self
                .hierarchy
                .unit_of(pid)
                .is_some_and(|unit| unit == self.graph.name(id).as_str());
            if own || (user == 0 && !self.hierarchy.is_present()) {
                self.processes.insert(pid, id);
                if let Some(run) = self.service_mut(id).filter(|run| run.machine.main != Some(pid))
                {
                    let now = crate::clock::stamp();
                    run.main = Some((pid, now, keelson_control::Stamp::default()));
                }
            } else {
                message.main_pid = None;
                let text = format!(
                    "New main PID {} does not belong to service, refusing.",
                    pid.as_raw_nonzero()
                );
                self.tell(id, log::WARNING, text);
            }
        }
        self.service_event(id, Event::Message(Box::new(message)));
        if self.graph.name(id).as_str() == super::devices::HELPER {
            self.look_at_devices();
        }
    }

    /// Anybody may send anything: that is told once a second at most.
    fn may_complain(&mut self) -> bool {
        let now = crate::clock::now();
        let may = self.complained.is_none_or(|last| now.saturating_sub(last) >= PAUSE);
        if may {
            self.complained = Some(now);
        }
        may
    }

    fn add_to_store(
        &mut self,
        id: UnitId,
        message: &Message,
        descriptors: &mut Vec<OwnedFd>,
        most: u32,
    ) {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let name = message.store_name.clone().unwrap_or_else(|| "stored".to_owned());
        while !descriptors.is_empty() {
            let Some(run) = self.service_mut(id) else { return };
            if run.store.len() >= most {
                return self.tell(
                    id,
                    log::WARNING,
                    format!("Service's descriptor store is full ({most})."),
                );
            }
            let descriptor = parked(descriptors.remove(0));
            let file = file_of(&descriptor);
            // The same open file is kept once. Few are of one file, so that few are compared by the kernel.
            let same =
                |stored: &Stored| stored.file == file && is_same(&stored.descriptor, &descriptor);
            if run.store.iter().any(same) {
                self.closing.push(descriptor);
                continue;
            }
            let number = run.next_stored;
            run.next_stored += 1;
            let token = if message.store_unpolled {
                None
            } else {
                // A plain file cannot be polled and needs no watch.
                self.events.add_hangup(Source::Stored(id, number), descriptor.as_fd()).ok()
            };
            if let Some(run) = self.service_mut(id) {
                run.store.push(Stored { number, name: name.clone(), descriptor, file, token });
            }
        }
    }

    /// Closes stored descriptors: those of a name, or all.
    pub(super) fn drop_store(&mut self, id: UnitId, name: Option<&str>) {
        let Some(run) = self.service_mut(id) else { return };
        let all = std::mem::take(&mut run.store);
        let (gone, kept) =
            all.into_iter().partition::<Vec<_>, _>(|one| name.is_none_or(|name| one.name == name));
        run.store = kept;
        for one in gone {
            self.close_stored(one);
        }
    }

    /// The other end of a stored descriptor has gone.
    pub fn on_stored(&mut self, id: UnitId, number: u64) {
        let Some(run) = self.service_mut(id) else { return };
        if let Some(at) = run.store.iter().position(|one| one.number == number) {
            let one = run.store.swap_remove(at);
            self.close_stored(one);
        }
    }

    fn close_stored(&mut self, one: Stored) {
        if let Some(token) = one.token {
            self.events.remove(token, &one.descriptor);
        }
        self.closing.push(one.descriptor);
    }
}

/// The same file by a high number. Processes that need no high ones then need not copy those of stored files.
fn parked(descriptor: OwnedFd) -> OwnedFd {
    rustix::io::fcntl_dupfd_cloexec(&descriptor, PARKED).unwrap_or(descriptor)
}

/// Device and inode of what a descriptor is of.
fn file_of(descriptor: &OwnedFd) -> Option<(u64, u64)> {
    let facts = rustix::fs::fstat(descriptor).ok()?;
    Some((facts.st_dev, facts.st_ino))
}

/// Whether two descriptors are of one open file (kcmp(2)).
#[expect(unsafe_code, reason = "kcmp has no safe binding")]
fn is_same(one: &OwnedFd, other: &OwnedFd) -> bool {
    const KCMP_FILE: libc::c_int = 0;
    let own = rustix::process::getpid().as_raw_nonzero().get();
    // SAFETY: kcmp compares by plain numbers and touches no memory.
    let outcome = unsafe {
        libc::syscall(libc::SYS_kcmp, own, own, KCMP_FILE, one.as_raw_fd(), other.as_raw_fd())
    };
    outcome == 0
}
