"use strict";
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const POLL_MS = 1000;

// The language: the chosen one, else the browser's.
const setLanguage = (language) => { document.documentElement.lang = language; };
setLanguage(localStorage.getItem("language") ?? (navigator.language.startsWith("zh") ? "zh" : "en"));
$("#language").onclick = () => {
  setLanguage(document.documentElement.lang === "zh" ? "en" : "zh");
  localStorage.setItem("language", document.documentElement.lang);
};

let hideMessage;
function say(text, isError = false) {
  const message = $("#message");
  message.textContent = text;
  message.className = isError ? "error" : "";
  message.hidden = false;
  clearTimeout(hideMessage);
  hideMessage = setTimeout(() => { message.hidden = true; }, isError ? 15000 : 3000);
}

// The server is a development tool that is often stopped: a failed request is no error of the page.
async function get(path, parameters = {}) {
  const reply = await fetch(path + "?" + new URLSearchParams(parameters), { cache: "no-store" });
  if (!reply.ok) throw new Error(reply.status + " " + path);
  return reply;
}

// Times of the simulator become times of day.
let now = Number(document.body.dataset.now);
function showTimes(root) {
  for (const time of $$("time[data-at]", root)) {
    time.textContent = new Date(Date.now() - now + Number(time.dataset.at)).toLocaleTimeString([], { hourCycle: "h23" });
  }
}

// The trees. What is open stays open when it is loaded again.
const key = (details) => details.dataset.chain + "/" + details.dataset.group;
const open = new Set();
const loaded = new WeakMap();
const children = (root) => $$("details[data-chain]", root).filter((one) => one.parentElement.closest("details, #chains") === root);

function replace(root, body, html) {
  if (loaded.get(body) === html) return;
  loaded.set(body, html);
  body.innerHTML = html;
  for (const child of children(root)) if (open.has(key(child))) child.open = true;
}

async function load(details) {
  const body = $("div", details);
  const reply = await get("/page/group", { chain_id: details.dataset.chain, groupid: details.dataset.group });
  const before = loaded.get(body);
  const html = await reply.text();
  replace(details, body, html);
  // The same groups: those that are open may have changed.
  if (before === html) await Promise.all(children(details).filter((child) => child.open).map(load));
}

async function loadChains() {
  const chains = $("#chains");
  const before = loaded.get(chains);
  const html = await (await get("/page/chains")).text();
  replace(chains, chains, html);
  if (before === html) await Promise.all(children(chains).filter((child) => child.open).map(load));
}

$("#chains").addEventListener("toggle", ({ target: details }) => {
  if (!details.dataset.chain) return;
  open[details.open ? "add" : "delete"](key(details));
  if (details.open) load(details).catch((error) => say(error.message, true));
}, true);

$("#chains").addEventListener("click", async ({ target }) => {
  const more = target.closest("[data-after]");
  if (!more) return;
  const { chain, group } = more.closest("details").dataset;
  const reply = await get("/page/group", { chain_id: chain, groupid: group, after: more.dataset.after });
  more.parentElement.outerHTML = await reply.text();
});

// A change by the administrator does not leave the page.
document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  try {
    const reply = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual" });
    if (reply.type !== "opaqueredirect") return say(await reply.text(), true);
    form.reset();
    say("OK");
    await loadChains();
  } catch (error) {
    say(error.message, true);
  }
});

// The credentials.
$("#base-url").textContent = location.origin + "/cgi-bin/";
async function secret() {
  return (await get("/page/secret")).text();
}
$("#show").onclick = async () => { $("#secret").textContent = await secret(); };
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.body.appendChild(document.createElement("textarea"));
  area.value = text;
  area.select();
  document.execCommand("copy");
  area.remove();
}
for (const button of $$("[data-copy]")) {
  button.onclick = async () => {
    const code = $("code", button.parentElement);
    await copy(code.id === "secret" ? await secret() : code.textContent);
    say("✓");
  };
}

// Live updates while the page is visible.
let calls;
let activity;
async function poll() {
  if (!document.hidden) {
    try {
      const reply = await get("/page/activity");
      now = Number(reply.headers.get("x-now"));
      const html = await reply.text();
      if (html !== activity) {
        activity = html;
        $("#activity").innerHTML = html;
        showTimes($("#activity"));
      }
      if (calls !== (calls = reply.headers.get("x-calls"))) await loadChains();
    } catch {
      // Tries again.
    }
  }
  setTimeout(poll, POLL_MS);
}
showTimes(document);
poll();
