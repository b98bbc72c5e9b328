//! The page at `/`: the credentials, the last import jobs, calls and events, the chains as folded trees, and the forms of
//! the administrator. Its script loads changes, and the groups that are opened. It shows no token and no mobile number, and
//! the secret only on request.

mod activity;
mod tree;

use std::fmt::{self, Write};

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};
use wecom_upstream::{ChainId, GroupId};

use self::activity::write_activity;
use self::tree::{write_chains, write_content};
use crate::server::forms::FORMS;
use crate::server::html::{Escaped, Text};
use crate::server::overview::Activity;
use crate::simulator::Simulator;

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// The page loads nothing from elsewhere, and no other page can frame it.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const TITLE: Text = Text { en: "wecom-sim: a simulated WeCom", zh: "wecom-sim：企业微信上下游模拟器" };
const CREDENTIALS: Text = Text { en: "Credentials", zh: "凭证" };
const SHOW: Text = Text { en: "Show", zh: "显示" };
const COPY: Text = Text { en: "Copy", zh: "复制" };
const CHAINS: Text = Text { en: "Chains", zh: "上下游" };
const CHANGES: Text = Text { en: "Changes by the administrator", zh: "管理后台的操作" };
const OK: Text = Text { en: "OK", zh: "确定" };
const NO_SCRIPT: Text = Text {
    en: "Without JavaScript, this page does not open the chains and does not refresh itself.",
    zh: "未启用 JavaScript：无法展开上下游，也不会自动刷新。",
};

impl Simulator {
    /// Returns the page that a [`SimulatorServer`](crate::SimulatorServer) shows at `/`, as HTML.
    ///
    /// The page is small even if the world is large, because its script loads the content of a group from the server when
    /// the group is opened. The page contains no token, no secret and no mobile number.
    #[must_use]
    pub fn page(&self) -> String {
        let mut page = String::with_capacity(32 * 1024);
        // Writing to a String never fails.
        let _ = write_page(&mut page, self);
        page
    }
}

/// The replies to `GET` requests of the page and its script; `None` for another path.
pub(super) fn response(
    simulator: &Simulator,
    path: &str,
    query: &[(&str, &str)],
    headers: &HeaderMap,
) -> Option<Response<Full<Bytes>>> {
    let value = |name: &str| query.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    Some(match path {
        "/" => html(simulator.page()),
        "/page/activity" => activity(simulator),
        "/page/chains" => fragment(|page| write_chains(page, &simulator.chain_summaries())),
        "/page/group" => {
            let chain_id = value("chain_id").unwrap_or_default();
            let groupid = value("groupid").and_then(|groupid| groupid.parse().ok()).map_or(GroupId::ROOT, GroupId::new);
            let after = value("after").and_then(|after| after.parse().ok()).unwrap_or(0);
            match simulator.group_content(&ChainId::new(chain_id), groupid, after) {
                Some(content) => fragment(|page| write_content(page, chain_id, &content)),
                None => with_status(StatusCode::NOT_FOUND, html(String::new())),
            }
        }
        "/page/secret" if is_from_elsewhere(headers) => with_status(StatusCode::FORBIDDEN, html(String::new())),
        "/page/secret" => text(simulator.credentials().secret().expose().to_owned()),
        _ => return None,
    })
}

/// Returns whether the browser states that the request comes from a page of another site. The script of such a page could
/// not read the reply anyway.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin")
}

fn write_page(page: &mut String, simulator: &Simulator) -> fmt::Result {
    let activity = simulator.activity();
    writeln!(
        page,
        "<!doctype html>\n<html lang=zh><head><meta charset=utf-8>\n\
         <meta name=viewport content=\"width=device-width, initial-scale=1\">\n\
         <meta name=color-scheme content=\"light dark\"><link rel=icon href=\"data:,\">\n\
         <title>wecom-sim</title>\n<style>\n{STYLE}</style></head>\n<body data-now={}>",
        activity.now.as_millis()
    )?;
    writeln!(page, "<header><h1>{TITLE}</h1><button id=language>中文 / English</button></header>")?;
    writeln!(page, "<noscript><p>{NO_SCRIPT}</p></noscript>\n<p id=message role=status hidden></p>")?;
    write_credentials(page, simulator.corp_id())?;
    writeln!(page, "<div id=activity>")?;
    write_activity(page, &activity)?;
    writeln!(page, "</div>\n<section><h2>{CHAINS}</h2><div id=chains>")?;
    write_chains(page, &simulator.chain_summaries())?;
    writeln!(page, "</div></section>")?;
    write_forms(page, simulator)?;
    writeln!(page, "<script>\n{SCRIPT}</script>\n</body></html>")
}

fn write_credentials(page: &mut String, corp_id: &str) -> fmt::Result {
    writeln!(page, "<section><h2>{CREDENTIALS}</h2><dl id=credentials>")?;
    let copy = format!("<button data-copy>{COPY}</button>");
    writeln!(page, "<dt>base URL<dd><code id=base-url>/cgi-bin/</code> {copy}")?;
    writeln!(page, "<dt>corpid<dd><code>{}</code> {copy}", Escaped(corp_id))?;
    writeln!(page, "<dt>corpsecret<dd><code id=secret>•••</code> {copy} <button id=show>{SHOW}</button>")?;
    writeln!(page, "</dl></section>")
}

fn write_forms(page: &mut String, simulator: &Simulator) -> fmt::Result {
    writeln!(page, "<section><h2>{CHANGES}</h2><datalist id=chain-ids>")?;
    for chain in simulator.chain_summaries() {
        writeln!(page, "<option value=\"{}\">{}</option>", Escaped(&chain.chain_id), Escaped(&chain.name))?;
    }
    writeln!(page, "</datalist>")?;
    for form in FORMS {
        writeln!(page, "<details><summary>{}</summary><form method=post action=/admin/{}>", form.title, form.action)?;
        for field in form.fields {
            let list = if *field == "chain_id" { " list=chain-ids" } else { "" };
            writeln!(page, "<label>{field} <input name={field}{list} required></label>")?;
        }
        writeln!(page, "<button>{OK}</button></form></details>")?;
    }
    writeln!(page, "</section>")
}

/// The jobs, calls and events, with the time of the snapshot and the number of calls so far.
fn activity(simulator: &Simulator) -> Response<Full<Bytes>> {
    let activity: Activity = simulator.activity();
    let mut response = fragment(|page| write_activity(page, &activity));
    for (name, value) in [("x-now", activity.now.as_millis()), ("x-calls", activity.calls_so_far.into())] {
        if let Ok(value) = HeaderValue::from_str(&value.to_string()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn fragment(write: impl FnOnce(&mut String) -> fmt::Result) -> Response<Full<Bytes>> {
    let mut body = String::new();
    // Writing to a String never fails.
    let _ = write(&mut body);
    html(body)
}

fn html(body: String) -> Response<Full<Bytes>> {
    let mut response = text(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

fn text(body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn with_status(status: StatusCode, mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    *response.status_mut() = status;
    response
}
