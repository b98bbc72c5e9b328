//! A WeCom on loopback that answers every call with the sample that the vendor's documentation prints for it.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use wecom_upstream::ENDPOINTS;

macro_rules! samples {
    ($($name:literal),+) => {
        &[$(($name, include_str!(concat!("../../../wecom-upstream/samples/", $name, ".reply.json")))),+]
    };
}

/// Each call's documented reply, by the name of its endpoint.
const SAMPLES: &[(&str, &str)] = samples!(
    "list_app_share_info",
    "unionid_to_external_userid",
    "unionid_to_pending_id",
    "external_userid_to_pending_id",
    "get_chain_list",
    "get_chain_group",
    "get_chain_corpinfo_list",
    "get_chain_corpinfo",
    "import_chain_contact",
    "get_result",
    "remove_corp",
    "get_chain_user_custom_id",
    "get_corp_shared_chain_list"
);

const TOKEN: &str = r#"{"errcode":0,"errmsg":"ok","access_token":"accesstoken000001","expires_in":7200}"#;

/// Listens, serves in the background, and gives the base URL.
pub(crate) async fn start(address: SocketAddr) -> io::Result<String> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    Ok(format!("http://{address}/cgi-bin/"))
}

async fn serve(stream: TcpStream) {
    let service = service_fn(|request: Request<Incoming>| async move {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(answer(request.uri().path()).as_bytes()))))
    });
    // A client that goes away in the middle is nothing to report.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

fn answer(path: &str) -> &'static str {
    let path = path.trim_start_matches("/cgi-bin/");
    if path == "gettoken" {
        return TOKEN;
    }
    let name = ENDPOINTS.iter().find(|endpoint| endpoint.path() == path).map(|endpoint| endpoint.name());
    let sample = SAMPLES.iter().find(|(sample, _)| Some(*sample) == name);
    sample.map_or(r#"{"errcode":404,"errmsg":"no such path"}"#, |(_, body)| body)
}
