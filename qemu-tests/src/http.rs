//! A web server for loaders that boot from the network: gives out the files of a folder.
//!
//! HTTP/1.1 (RFC 9112) as far as firmware needs it: `GET` and `HEAD`, a connection for several requests.

use std::io::{self, BufRead as _, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use fs_err::File;

/// The address of this host in QEMU's user network.
const HOST: &str = "10.0.2.2";

/// A server on a free port of 127.0.0.1 that ends when it is dropped.
#[derive(Debug)]
pub struct HttpServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    ends: AtomicBool,
    /// What was asked for, in order, as in `GET /pxe/vmlinuz`.
    requests: Mutex<Vec<String>>,
}

impl HttpServer {
    /// Serves the files below `folder`.
    pub fn start(folder: &Path) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let folder = folder.to_owned();
        let (ends, requests) = (AtomicBool::new(false), Mutex::default());
        let shared = Arc::new(Shared { folder, ends, requests });
        let of_thread = Arc::clone(&shared);
        let listen = move || {
            for stream in listener.incoming().flatten() {
                if of_thread.ends.load(Ordering::Acquire) {
                    return;
                }
                let shared = Arc::clone(&of_thread);
                // A loader that goes away in the middle of a file ends its connection alone.
                thread::spawn(move || drop(shared.serve(&stream)));
            }
        };
        let listener = thread::Builder::new().name("http".to_owned()).spawn(listen)?;
        Ok(Self { address, shared, listener: Some(listener) })
    }

    /// The URL of a file as a guest reaches it, which must be on [`crate::Network::Outside`].
    pub fn url(&self, path: &str) -> String {
        format!("http://{HOST}:{}/{path}", self.address.port())
    }

    /// What was asked for so far, in order, as in `GET /pxe/vmlinuz`.
    pub fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::Release);
        // Wakes the listener.
        drop(TcpStream::connect(self.address));
        if let Some(listener) = self.listener.take() {
            listener.join().expect("the listener does not panic");
        }
    }
}

impl Shared {
    /// Answers the requests of a connection until the other side ends it.
    fn serve(&self, mut stream: &TcpStream) -> io::Result<()> {
        let mut lines = BufReader::new(stream).lines();
        while let Some(request) = lines.next().transpose()? {
            // The head ends with an empty line; none of its fields matters here.
            for field in lines.by_ref() {
                if field?.is_empty() {
                    break;
                }
            }
            let words: Vec<_> = request.split(' ').collect();
            let [method @ ("GET" | "HEAD"), path, _] = words[..] else {
                return answer(&mut stream, "405 Method Not Allowed", 0);
            };
            let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
            requests.push(format!("{method} {path}"));
            drop(requests);
            match self.open(path) {
                Some(mut file) => {
                    answer(&mut stream, "200 OK", file.metadata()?.len())?;
                    if method == "GET" {
                        io::copy(&mut file, &mut stream)?;
                    }
                }
                None => answer(&mut stream, "404 Not Found", 0)?,
            }
        }
        Ok(())
    }

    fn open(&self, path: &str) -> Option<File> {
        let path = Path::new(path.strip_prefix('/')?);
        let below = path.components().all(|part| matches!(part, Component::Normal(_)));
        let path = below.then(|| self.folder.join(path))?;
        path.is_file().then(|| File::open(path).ok())?
    }
}

fn answer(stream: &mut impl Write, status: &str, length: u64) -> io::Result<()> {
    let kind = "application/octet-stream";
    write!(stream, "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n")
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    /// What the server answers to a whole connection.
    fn ask(server: &HttpServer, requests: &str) -> String {
        let mut stream = TcpStream::connect(server.address).expect("it listens");
        stream.write_all(requests.as_bytes()).expect("it reads");
        stream.shutdown(std::net::Shutdown::Write).expect("it is open");
        let mut answers = String::new();
        stream.read_to_string(&mut answers).expect("it answers");
        answers
    }

    #[test]
    fn a_connection_may_ask_for_the_head_and_then_for_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a"), "content").expect("it is written");
        let server = HttpServer::start(folder.path()).expect("it starts");
        let answers = ask(&server, "HEAD /a HTTP/1.1\r\nHost: x\r\n\r\nGET /a HTTP/1.1\r\n\r\n");
        assert_eq!(answers.matches("200 OK").count(), 2, "{answers}");
        assert_eq!(answers.matches("Content-Length: 7").count(), 2, "{answers}");
        assert_eq!(answers.matches("content").count(), 1, "{answers}");
        assert_eq!(server.requests(), ["HEAD /a", "GET /a"]);
    }

    #[test]
    fn nothing_outside_the_folder_and_nothing_else_is_given() {
        let folder = tempfile::tempdir().expect("a folder");
        let server = HttpServer::start(folder.path()).expect("it starts");
        for (request, status) in [
            ("GET /b HTTP/1.1\r\n\r\n", "404"),
            ("GET /../etc/passwd HTTP/1.1\r\n\r\n", "404"),
            ("GET /etc//../../passwd HTTP/1.1\r\n\r\n", "404"),
            ("GET / HTTP/1.1\r\n\r\n", "404"),
            ("POST /b HTTP/1.1\r\n\r\n", "405"),
            ("nonsense\r\n\r\n", "405"),
        ] {
            let answer = ask(&server, request);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {answer}");
        }
    }
}
