//! The last import jobs, calls and events.

use std::fmt::{self, Write};
use std::time::Duration;

use wecom_core::ErrCode;
use wecom_upstream::AgentId;
use wecom_upstream::calls::JobStatus;

use crate::import::jobs::JobOverview;
use crate::server::html::{Escaped, Text};
use crate::server::overview::Activity;
use crate::service::recent_calls::RecentCall;
use crate::state::recent_events::{EventDelivery, RecentEvent};

const JOBS: Text = Text { en: "Import jobs", zh: "导入任务" };
const CALLS: Text = Text { en: "Last calls", zh: "最近调用" };
const EVENTS: Text = Text { en: "Last events", zh: "最近回调事件" };
const NONE: Text = Text { en: "None yet.", zh: "暂无。" };
const CHAIN: Text = Text { en: "chain", zh: "上下游" };
const STATUS: Text = Text { en: "status", zh: "状态" };
const CORPS: Text = Text { en: "corps", zh: "企业数" };
const FAILED: Text = Text { en: "failed", zh: "失败" };
const TIME: Text = Text { en: "time", zh: "时间" };
const ENDPOINT: Text = Text { en: "call", zh: "接口" };
const TIMES: Text = Text { en: "times", zh: "次数" };
const EVENT: Text = Text { en: "event", zh: "事件" };
const APP: Text = Text { en: "app", zh: "应用" };
const DELIVERY: Text = Text { en: "delivery", zh: "推送状态" };
const ATTEMPTS: Text = Text { en: "attempts", zh: "推送次数" };

/// Writes the jobs, the calls and the events.
pub(super) fn write_activity(page: &mut String, activity: &Activity) -> fmt::Result {
    writeln!(page, "<section><h2>{JOBS}</h2>")?;
    write_jobs(page, &activity.jobs)?;
    writeln!(page, "</section><section><h2>{CALLS}</h2>")?;
    write_calls(page, &activity.calls)?;
    writeln!(page, "</section><section id=events><h2>{EVENTS}</h2>")?;
    write_events(page, &activity.events)?;
    writeln!(page, "</section>")
}

fn write_jobs(page: &mut String, jobs: &[JobOverview]) -> fmt::Result {
    if jobs.is_empty() {
        return writeln!(page, "<p>{NONE}</p>");
    }
    writeln!(page, "<table><tr><th>jobid<th>{CHAIN}<th>{STATUS}<th>{CORPS}<th>{FAILED}</tr>")?;
    for job in jobs {
        let status = match job.status {
            JobStatus::Started => Text { en: "started", zh: "已开始" },
            JobStatus::Running => Text { en: "running", zh: "进行中" },
            _ => Text { en: "finished", zh: "已完成" },
        };
        let (jobid, chain) = (Escaped(&job.jobid), Escaped(&job.chain_id));
        let failed = job.failed.map_or_else(String::new, |failed| failed.to_string());
        let class = if job.failed.unwrap_or(0) > 0 { " class=error" } else { "" };
        let corps = job.corps;
        writeln!(
            page,
            "<tr{class}><td><code>{jobid}</code><td><code>{chain}</code><td>{status}<td>{corps}<td>{failed}</tr>"
        )?;
    }
    writeln!(page, "</table>")
}

fn write_calls(page: &mut String, calls: &[RecentCall]) -> fmt::Result {
    if calls.is_empty() {
        return writeln!(page, "<p>{NONE}</p>");
    }
    writeln!(page, "<table><tr><th>{TIME}<th>{ENDPOINT}<th>{CHAIN}<th>errcode<th>{TIMES}</tr>")?;
    for call in calls {
        let class = if call.code == ErrCode(0) { "" } else { " class=error" };
        let chain = call.chain_id.as_ref().map_or("", |chain_id| chain_id.as_str());
        let (time, name, chain, code) = (Time(call.at), Escaped(call.name), Escaped(chain), call.code);
        write!(page, "<tr{class}><td>{time}<td>{name}<td><code>{chain}</code><td>{code}<td>")?;
        if call.count > 1 {
            write!(page, "×{}", call.count)?;
        }
        writeln!(page, "</tr>")?;
    }
    writeln!(page, "</table>")
}

fn write_events(page: &mut String, events: &[(AgentId, RecentEvent)]) -> fmt::Result {
    if events.is_empty() {
        return writeln!(page, "<p>{NONE}</p>");
    }
    writeln!(page, "<table><tr><th>{TIME}<th>{EVENT}<th>{CHAIN}<th>{APP}<th>{DELIVERY}<th>{ATTEMPTS}</tr>")?;
    for (app, event) in events {
        let (delivery, is_error) = match event.delivery {
            EventDelivery::Waiting => (Text { en: "waiting", zh: "待推送" }, false),
            EventDelivery::Retrying => (Text { en: "failed; to be repeated", zh: "失败，将重试" }, true),
            EventDelivery::Accepted => (Text { en: "accepted", zh: "已接收" }, false),
            EventDelivery::Failed => (Text { en: "failed", zh: "失败" }, true),
            EventDelivery::Dropped => (Text { en: "dropped", zh: "已丢弃" }, true),
            EventDelivery::Taken => (Text { en: "taken by the program", zh: "已被程序取走" }, false),
        };
        let class = if is_error { " class=error" } else { "" };
        let chain = event.chain_id.as_ref().map_or("", |chain_id| chain_id.as_str());
        let (time, kind, chain, attempts) = (Time(event.at), Escaped(&event.kind), Escaped(chain), event.attempts);
        writeln!(
            page,
            "<tr{class}><td>{time}<td>{kind}<td><code>{chain}</code><td>{app}<td>{delivery}<td>{attempts}</tr>"
        )?;
    }
    writeln!(page, "</table>")
}

/// The time since the start of the simulator's timer. The script shows the time of day instead.
struct Time(Duration);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "<time data-at={}>+{hours:02}:{minutes:02}:{rest:02}</time>", self.0.as_millis())
    }
}
