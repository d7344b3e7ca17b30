// Hyper, what a Rust programmer would write: serde_json, a keyed SHA-256, and the CDNs taken in turns, with a thread
// of Tokio's for each processor.
use hyper::service::{make_service_fn, service_fn};
use hyper::{body, header, Body, Method, Request, Response, Server, StatusCode};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::convert::Infallible;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

const CDNS: [&str; 3] = ["https://d111.cdn.example", "https://d222.cdn.example", "https://d333.cdn.example"];
const SECRET: &[u8] = b"00112233445566778899aabbccddeeff";
static NEXT: AtomicUsize = AtomicUsize::new(0);

fn answer(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
}

// sign signs the sources of a document's video, or says what is wrong with it.
fn sign(document: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut document: Value = serde_json::from_slice(document).map_err(|_| "this is no JSON")?;
    let cdn = CDNS[NEXT.fetch_add(1, Ordering::Relaxed) % CDNS.len()];
    let expires = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs()) + 6 * 3600;
    let sources = document.pointer_mut("/video/sources").and_then(Value::as_array_mut);
    for source in sources.ok_or("there are no sources")? {
        let src = source.get("src").and_then(Value::as_str).ok_or("every source needs a src")?;
        let mut hash = Sha256::new();
        hash.update(SECRET);
        hash.update(src);
        hash.update(expires.to_string());
        let mut signed = format!("{cdn}{src}?token=");
        for byte in hash.finalize() {
            let _ = write!(signed, "{byte:02x}");
        }
        let _ = write!(signed, "&expires={expires}");
        source["src"] = Value::String(signed);
    }
    serde_json::to_vec(&document["video"]).map_err(|_| "this cannot be written")
}

async fn serve(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    if request.method() != Method::POST || request.uri().path() != "/video/token" {
        return Ok(answer(StatusCode::NOT_FOUND, ""));
    }
    let Ok(document) = body::to_bytes(request.into_body()).await else {
        return Ok(answer(StatusCode::BAD_REQUEST, "the body is not whole"));
    };
    Ok(match sign(&document) {
        Ok(video) => {
            let mut response = answer(StatusCode::OK, video);
            response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
            response
        }
        Err(why) => answer(StatusCode::BAD_REQUEST, why),
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address: SocketAddr = std::env::args().nth(1).ok_or("usage: hyper-peer ADDR:PORT")?.parse()?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let service = make_service_fn(|_| async { Ok::<_, Infallible>(service_fn(serve)) });
        Server::try_bind(&address)?.tcp_nodelay(true).serve(service).await?;
        Ok(())
    })
}
