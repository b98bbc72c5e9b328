//! The page at `/`: the chains as trees of groups and corps, the forms that change them, the last import jobs and the last
//! calls. It shows no token, no secret and no mobile number.

use std::fmt::{self, Write};

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use wecom_upstream::calls::JobStatus;

use crate::import::jobs::JobOverview;
use crate::server::forms::FORMS;
use crate::server::overview::{Overview, Row};
use crate::service::recent_calls::RecentCall;
use crate::simulator::Simulator;

const HEAD: &str = r#"<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>wecom-sim</title>
<style>
body { font: 15px/1.5 sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #222; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-bottom: 0; }
code { color: #666; } table { border-spacing: 1rem 0; margin-left: -1rem; } th { text-align: left; } .pending { color: #a60; }
</style></head><body>
<h1>wecom-sim: 企业微信上下游模拟器</h1>
"#;

impl Simulator {
    /// Returns the page that a [`SimulatorServer`](crate::SimulatorServer) shows at `/`, as HTML.
    ///
    /// It has at most 2,000 chains, groups and corps, and no token, secret or mobile number.
    #[must_use]
    pub fn page(&self) -> String {
        let mut page = String::from(HEAD);
        // Writing to a String never fails.
        let _ = write_overview(&mut page, &self.overview());
        page.push_str("</body></html>\n");
        page
    }
}

/// A response with the page.
pub(super) fn response(simulator: &Simulator) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(simulator.page().into()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

fn write_overview(page: &mut String, overview: &Overview) -> fmt::Result {
    if overview.rows.is_empty() {
        writeln!(page, "<p>This world has no chains.</p>")?;
    }
    overview.rows.iter().try_for_each(|row| write_row(page, row))?;
    if overview.is_truncated {
        writeln!(page, "<p>This page shows the first {} chains, groups and corps.</p>", overview.rows.len())?;
    }
    write_forms(page)?;
    write_jobs(page, &overview.jobs)?;
    write_calls(page, &overview.calls)
}

fn write_row(page: &mut String, row: &Row) -> fmt::Result {
    match row {
        Row::Chain { name, chain_id } => {
            writeln!(page, "<h2>{} <code>{}</code></h2>", Escaped(name), Escaped(chain_id))
        }
        Row::Group { depth, groupid, name } => {
            let margin = margin(*depth);
            writeln!(page, "<div style=\"{margin}\"><b>{}</b> <code>{groupid}</code></div>", Escaped(name))
        }
        Row::Corp { depth, name, id, is_joined } => {
            let (class, state) = if *is_joined { ("", "") } else { (" class=\"pending\"", ", 未加入") };
            let (margin, name, id) = (margin(depth + 1), Escaped(name), Escaped(id));
            writeln!(page, "<div{class} style=\"{margin}\">{name} <code>{id}</code>{state}</div>")
        }
        Row::MoreCorps { depth, count } => {
            writeln!(page, "<div style=\"{}\">… and {count} more</div>", margin(depth + 1))
        }
    }
}

/// The indentation of a row. Very deep groups have the same indentation.
fn margin(depth: usize) -> String {
    format!("margin-left: {}rem", depth.min(40))
}

fn write_forms(page: &mut String) -> fmt::Result {
    writeln!(page, "<h2>Changes by the administrator (管理后台)</h2>")?;
    for form in FORMS {
        write!(page, "<form method=\"post\" action=\"/admin/{}\">{}", form.action, Escaped(form.title))?;
        for field in form.fields {
            write!(page, " <input name=\"{field}\" placeholder=\"{field}\" size=\"14\" required>")?;
        }
        writeln!(page, " <button>OK</button></form>")?;
    }
    Ok(())
}

fn write_jobs(page: &mut String, jobs: &[JobOverview]) -> fmt::Result {
    writeln!(page, "<h2>Import jobs (导入任务)</h2>")?;
    if jobs.is_empty() {
        return writeln!(page, "<p>None yet.</p>");
    }
    writeln!(page, "<table><tr><th>jobid</th><th>chain</th><th>status</th><th>corps</th><th>failed</th></tr>")?;
    for job in jobs {
        let status = match job.status {
            JobStatus::Started => "started",
            JobStatus::Running => "running",
            _ => "finished",
        };
        let failed = job.failed.map_or_else(String::new, |failed| failed.to_string());
        let (jobid, chain) = (Escaped(&job.jobid), Escaped(&job.chain_id));
        writeln!(
            page,
            "<tr><td><code>{jobid}</code></td><td><code>{chain}</code></td><td>{status}</td><td>{}</td><td>{failed}</td></tr>",
            job.corps,
        )?;
    }
    writeln!(page, "</table>")
}

fn write_calls(page: &mut String, calls: &[RecentCall]) -> fmt::Result {
    writeln!(page, "<h2>Last calls (最近调用)</h2>")?;
    if calls.is_empty() {
        return writeln!(page, "<p>None yet.</p>");
    }
    writeln!(page, "<table><tr><th>endpoint</th><th>errcode</th></tr>")?;
    for call in calls {
        writeln!(page, "<tr><td>{}</td><td>{}</td></tr>", Escaped(call.name), call.code)?;
    }
    writeln!(page, "</table>")
}

/// A text escaped for HTML, without control characters. Names come from the world and from calls.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.0.split_inclusive(|character| replacement(character).is_some()) {
            let mut characters = part.chars();
            match characters.next_back().and_then(replacement) {
                Some(replacement) => {
                    f.write_str(characters.as_str())?;
                    f.write_str(replacement)?;
                }
                None => f.write_str(part)?,
            }
        }
        Ok(())
    }
}

/// What HTML has instead of a character. `None` if it has the character itself.
fn replacement(character: char) -> Option<&'static str> {
    match character {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        control if control.is_control() || changes_direction(control) => Some("\u{FFFD}"),
        _ => None,
    }
}

/// Returns whether a character changes the direction of the text after it.
fn changes_direction(character: char) -> bool {
    matches!(character, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_controls_of_the_direction_of_text_change_it() {
        for character in "a企\u{200d}é".chars() {
            assert!(!changes_direction(character), "{character:?}");
        }
        for character in "\u{61c}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}".chars() {
            assert!(changes_direction(character), "{character:?}");
        }
    }
}
