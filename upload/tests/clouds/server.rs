//! A small HTTP server: answers by a function, or hands a call on to an emulator, or breaks the connection.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// A call that came in.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What is done with a call.
pub enum Answer {
    /// Answered here: status, headers, body.
    Reply(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Handed on.
    Forward,
    /// Handed on, but the answer is lost.
    Mute,
    /// The connection breaks.
    Drop,
}

/// A server that runs until the process ends; its calls are kept.
pub struct Server {
    pub address: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether it is a form with this action of EC2's Query interface.
    pub fn is_action(&self, action: &str) -> bool {
        self.text().starts_with(&format!("Action={action}&"))
    }

    /// The region in the scope of its signature.
    pub fn region(&self) -> String {
        self.header("authorization").split('/').nth(2).unwrap_or("").to_owned()
    }
}

impl Answer {
    pub fn json(status: u16, value: &Value) -> Self {
        let kind = ("Content-Type", "application/json".to_owned());
        Self::Reply(status, vec![kind], value.to_string().into_bytes())
    }

    pub fn status(status: u16) -> Self {
        Self::Reply(status, Vec::new(), Vec::new())
    }
}

impl Server {
    /// Starts one. `upstream` is the `host:port` that calls are handed on to.
    pub fn start(
        upstream: &str,
        answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound").to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (kept, own, upstream) = (seen.clone(), address.clone(), upstream.to_owned());
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (kept, own, upstream, answer) =
                    (kept.clone(), own.clone(), upstream.clone(), answer.clone());
                std::thread::spawn(move || {
                    // A client that goes away is part of some tests.
                    let _ = serve(stream, &kept, &own, &upstream, answer.as_ref());
                });
            }
        });
        Self { address, seen }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The calls so far for which `is` holds.
    pub fn seen(&self, is: impl Fn(&Request) -> bool) -> Vec<Request> {
        let seen = self.seen.lock().expect("no panic while held");
        seen.iter().filter(|request| is(request)).cloned().collect()
    }
}

fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Vec<Request>>,
    own: &str,
    upstream: &str,
    answer: &dyn Fn(&Request) -> Answer,
) -> io::Result<()> {
    let request = read(&mut stream)?;
    let what = answer(&request);
    seen.lock().expect("no panic while held").push(request.clone());
    match what {
        Answer::Reply(status, headers, body) => {
            let mut head = format!("HTTP/1.1 {status} Status\r\nConnection: close\r\n");
            for (name, value) in headers {
                let _ = write!(head, "{name}: {value}\r\n");
            }
            let _ = write!(head, "Content-Length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes())?;
            stream.write_all(&body)
        }
        Answer::Forward => {
            let answer = forward(&request, upstream)?;
            // Addresses that the emulator gives lead back here.
            let end =
                answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(answer.len());
            let head = String::from_utf8_lossy(&answer[..end]).replace(upstream, own);
            stream.write_all(head.as_bytes())?;
            stream.write_all(&answer[end..])
        }
        Answer::Mute => forward(&request, upstream).map(|_| ()),
        Answer::Drop => Ok(()),
    }
}

fn read(stream: &mut TcpStream) -> io::Result<Request> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let mut request = Request {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        request.headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let length = request.header("content-length").parse().unwrap_or(0);
    request.body = vec![0; length];
    reader.read_exact(&mut request.body)?;
    Ok(request)
}

fn forward(request: &Request, upstream: &str) -> io::Result<Vec<u8>> {
    let mut emulator = TcpStream::connect(upstream)?;
    let mut head =
        format!("{} {} HTTP/1.1\r\nConnection: close\r\n", request.method, request.target);
    for (name, value) in &request.headers {
        if !name.eq_ignore_ascii_case("connection") {
            let _ = write!(head, "{name}: {value}\r\n");
        }
    }
    head.push_str("\r\n");
    emulator.write_all(head.as_bytes())?;
    emulator.write_all(&request.body)?;
    let mut answer = Vec::new();
    emulator.read_to_end(&mut answer)?;
    Ok(answer)
}
