//! Page blobs of the Blob service (version 2023-11-03).

use std::ops::Range;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};

use crate::call::{Body, Call, Method, Reply};
use crate::source::{Cut, Piece};

const VERSION: &str = "2023-11-03";

/// Put Page takes at most 4 MiB; pages are 512 bytes, and so is the footer of a fixed VHD.
pub const CUT: Cut = Cut { grain: 64 << 10, most: 4 << 20, pad: 512 };

fn call(name: &'static str, method: Method, url: &str) -> Call {
    Call::new(name, method, url).header("x-ms-version", VERSION)
}

/// The blob's metadata by which an upload knows its own.
const OWNER: &str = "x-ms-meta-keelsonupload";

/// `Put Blob`: a page blob of zeroes. One that is there already is not replaced.
pub fn create(url: &str, bytes: u64, owner: &str) -> Call {
    call("Put Blob", Method::Put, url)
        .header("x-ms-blob-type", "PageBlob")
        .header("x-ms-blob-content-length", bytes)
        .header(OWNER, owner)
        .header("If-None-Match", "*")
        .once()
        .assume(Reply::status(201))
}

/// `Put Page`.
pub fn put(url: &str, piece: &Piece, bytes: Vec<u8>) -> Call {
    let last = piece.at + bytes.len() as u64 - 1;
    call("Put Page", Method::Put, &format!("{url}?comp=page"))
        .header("x-ms-page-write", "update")
        .header("x-ms-range", format!("bytes={}-{last}", piece.at))
        .header("Content-MD5", STANDARD.encode(Md5::digest(&bytes)))
        .body(Body::Bytes(Arc::new(bytes)))
        .assume(Reply::status(201))
}

/// `Get Blob Properties`: 404 where there is none, which a dry run takes for granted.
pub fn properties(url: &str) -> Call {
    call("Get Blob Properties", Method::Head, url).expect(&[404]).assume(Reply::status(404))
}

/// Whether a blob of these properties is that of an upload.
pub fn is_of(reply: &Reply, owner: &str) -> bool {
    reply.header(OWNER) == Some(owner)
}

/// `Get Page Ranges`.
pub fn ranges(url: &str, pieces: &[Piece]) -> Call {
    let assumed = pieces.iter().fold(String::new(), |text, piece| {
        let (start, end) = (piece.at, piece.at + piece.bytes - 1);
        format!("{text}<PageRange><Start>{start}</Start><End>{end}</End></PageRange>")
    });
    call("Get Page Ranges", Method::Get, &format!("{url}?comp=pagelist"))
        .assume(Reply::text(&format!("<PageList>{assumed}</PageList>")))
}

/// `Delete Blob`; one that is gone is no failure.
pub fn delete(url: &str) -> Call {
    call("Delete Blob", Method::Delete, url).expect(&[404])
}

/// The ranges of an answer to `Get Page Ranges`, joined where they touch; `None` where it is not one.
pub fn parse_ranges(reply: &Reply) -> Option<Vec<Range<u64>>> {
    let text = reply.as_text();
    let document = roxmltree::Document::parse(text.trim_start_matches('\u{feff}')).ok()?;
    let number = |node: roxmltree::Node<'_, '_>, name: &str| {
        let child = node.children().find(|child| child.tag_name().name() == name)?;
        child.text()?.trim().parse::<u64>().ok()
    };
    let list = document.root_element();
    let mut found = Vec::new();
    for node in list.children().filter(|node| node.tag_name().name() == "PageRange") {
        found.push(number(node, "Start")?..number(node, "End")?.checked_add(1)?);
    }
    Some(joined(found))
}

/// Where the pieces lie, joined where they touch.
pub fn of_pieces(pieces: &[Piece]) -> Vec<Range<u64>> {
    joined(pieces.iter().map(|piece| piece.at..piece.at + piece.bytes).collect())
}

fn joined(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests;
