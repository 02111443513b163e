//! A time server on this host, two hours ahead of it, and what the guest makes of it.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::checks::{AtMost, Group, Has, Is};

/// How far the server is ahead.
const AHEAD: Duration = Duration::from_hours(2);

/// Seconds from 1900, where NTP begins, to 1970.
const FROM_1900: u64 = 2_208_988_800;

pub const CLOCK: Group = (
    "clock",
    &[
        (
            "eventually 'journalctl -u chrony -o cat | grep -q stepped'; journalctl -u chrony -o cat | grep -oE 'System clock was stepped by 7(19|20)[0-9]'",
            Has("System clock was stepped by 7"),
        ),
        // Seconds from the network to the step.
        (
            "up=$(show ActiveEnterTimestampMonotonic network-online.target); set=$(journalctl -u chrony -o json -g stepped | tail -1 | jq -r .__MONOTONIC_TIMESTAMP); echo $(((set - up) / 1000000)) | tr -d -",
            AtMost(30),
        ),
        ("timeout 50 systemctl start chrony-wait; state time-sync.target", Is("active")),
        // Not at every moment: a change of the network takes it offline and online again.
        (
            "eventually 'chronyc -n sources | grep -qF \"^* 10.0.2.2\"' && echo selected",
            Is("selected"),
        ),
        ("chronyc tracking | grep -E '^Leap status' | sed 's/.*: //'", Is("Normal")),
        // The sandbox of Debian's unit.
        (
            "p=$(main chrony); sed -n 's/^Uid:[[:space:]]*\\([0-9]*\\).*/\\1/p' /proc/$p/status; sed -n 's/^Seccomp:[[:space:]]*//p' /proc/$p/status; grep -E ' /usr ' /proc/$p/mountinfo | grep -c ' ro,'",
            Is("75|2|1"),
        ),
        ("status chrony CapBnd", Is("000001c08380fddf")),
        // The zones that are there, and a host in one of them.
        (
            "timedatectl list-timezones | grep -cE '^(UTC|Africa/Nairobi|America/Argentina/Salta|Europe/Oslo)$'; timedatectl set-timezone Europe/Berlin; date -d 2026-07-01T12:00:00Z '+%H:%M %Z'; timedatectl show -P Timezone; timedatectl set-timezone Europe/Nowhere; echo $?; systemd-analyze calendar '2030-01-15 03:00 Asia/Tokyo' | grep -o '2030-01-14 18:00:00 UTC'; timedatectl set-timezone UTC; date +%Z",
            Is(
                "4|14:00 CEST|Europe/Berlin|Failed to set time zone: Invalid or not installed time zone 'Europe/Nowhere'|1|2030-01-14 18:00:00 UTC|UTC",
            ),
        ),
    ],
);

/// A server that answers until it is dropped (RFC 5905, server mode).
pub struct Server {
    port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start() -> std::io::Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_read_timeout(Some(Duration::from_millis(200)))?;
        let (port, stop) = (socket.local_addr()?.port(), Arc::new(AtomicBool::new(false)));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut request = [0; 512];
            while !stopped.load(Ordering::Relaxed) {
                if let Ok((length, peer)) = socket.recv_from(&mut request)
                    && let Some(request) = request[..length].first_chunk()
                {
                    // A client whose socket is gone is no concern of the server.
                    let _ = socket.send_to(&answer(request), peer);
                }
            }
        });
        Ok(Self { port, stop, thread: Some(thread) })
    }

    /// Its line of configuration; the guest reaches this host as 10.0.2.2. It is trusted over public servers.
    pub fn source(&self) -> String {
        format!("server 10.0.2.2 port {} iburst prefer trust\n", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server does not panic");
        }
    }
}

/// Seconds and their fraction since 1900, [`AHEAD`] of this host.
fn now() -> [u8; 8] {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970") + AHEAD;
    let fraction = (u64::from(now.subsec_nanos()) << 32) / 1_000_000_000;
    (((now.as_secs() + FROM_1900) << 32) | fraction).to_be_bytes()
}

fn answer(request: &[u8; 48]) -> [u8; 48] {
    let mut answer = [0; 48];
    // No leap second, the client's version, mode 4; stratum 1; the client's interval; a precision of a microsecond.
    answer[0] = (request[0] & 0b0011_1000) | 4;
    answer[1] = 1;
    answer[2] = request[2];
    answer[3] = (-20_i8).to_be_bytes()[0];
    answer[12..16].copy_from_slice(b"TEST");
    let now = now();
    answer[16..24].copy_from_slice(&now);
    answer[24..32].copy_from_slice(&request[40..48]);
    answer[32..40].copy_from_slice(&now);
    answer[40..48].copy_from_slice(&now);
    answer
}
