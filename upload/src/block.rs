//! The one place where asynchronous code runs: the providers' own crates that find credentials.

use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a thread and an epoll instance are there")
});

/// Waits for `future`.
pub fn on<F: Future>(future: F) -> F::Output {
    RUNTIME.block_on(future)
}

/// Chooses the provider of cryptography of all TLS in this process; a second call changes nothing.
pub fn provider() {
    // Fails only where one was chosen before.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
