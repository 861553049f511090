// The page: the queue, live by server-sent events; the chosen alert; the stations. Names of stations, sites and people are
// hostile: they are only ever put in as text.

import { siteMap, timeline } from "/draw.js";

const ALERTS_MAX = 500;
const STATIONS_EVERY_MS = 10_000;
const $ = (id) => document.getElementById(id);
const alerts = new Map();
const sites = new Map();
let chosen = null, evidence = [], chosenLook = null, fresh = null, session = null;

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

async function ask(path, options) {
  const response = await fetch(`/api/v1${path}`, options);
  const body = response.status === 204 ? null : await response.json();
  if (response.status === 401 && session?.user) location.reload();
  if (!response.ok) throw new Error(body?.detail ?? response.statusText);
  return body;
}

const send = (path, body, method = "POST") => ask(path, { method, headers: { "content-type": "application/json", "x-csrf-token": session?.csrf ?? "" }, body: JSON.stringify(body) });

// Coming in: a form in place of the page. With a set-up link it makes the first admin; a first password must be changed.
function door(title, fields, verb, act) {
  const said = make("p", { class: "said", role: "alert" });
  const inputs = fields.map(([name, label, type]) => make("input", { id: `door-${name}`, type, autocomplete: type === "password" ? "current-password" : "username", "aria-label": label, placeholder: label }));
  const go = async () => {
    try { await act(...inputs.map((input) => input.value)); location.replace("/"); } catch (error) { said.textContent = error.message; }
  };
  const enter = (event) => { if (event.key === "Enter") go(); };
  inputs.forEach((input) => input.addEventListener("keydown", enter));
  $("alert").replaceChildren(make("h2", {}, title), make("div", { class: "acts" }, ...inputs, make("button", { onclick: go }, verb)), said);
  inputs[0].focus();
}

function comeIn() {
  const name = ["name", "Name", "text"], password = ["password", "Password", "password"];
  if (location.pathname === "/setup") {
    const token = location.hash.slice(1);
    door("Make the first admin", [name, ["password", "Password, at least 12 characters", "password"]], "Make", (who, secret) => send("/setup", { token, name: who, password: secret }));
  } else if (session.user?.must_change_password) {
    door("Choose a password of your own", [["current", "Password in use", "password"], ["new", "New password, at least 12 characters", "password"]], "Change", (current, fresh) => send("/session/password", { current, new: fresh }));
  } else {
    door(session.setup_required ? "There is no user yet: open the one-time link in central's log" : "Come in", [name, password], "Come in", (who, secret) => send("/session", { name: who, password: secret }));
  }
}

function age(text) {
  const minutes = Math.max(0, Math.round((Date.now() - Date.parse(text)) / 60e3));
  if (minutes < 60) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} d`;
}

const time = (text) => (text ? `${text.slice(0, 10)} ${text.slice(11, 16)}` : "never");
const figure = (value) => (typeof value === "number" ? (Number.isInteger(value) ? `${value}` : value.toPrecision(3).replace(/\.?0+$/, "")) : `${value}`);
const title = (alert) => alert.kind[0].toUpperCase() + alert.kind.slice(1).replace("_", " ");
const siteName = (id) => sites.get(id)?.name ?? id;

function showQueue() {
  const state = $("filter").value;
  const rank = { critical: 0, warning: 1, watch: 2, info: 3 };
  const shown = [...alerts.values()].filter((alert) => !state || alert.state === state)
    .sort((a, b) => (rank[a.severity] ?? 4) - (rank[b.severity] ?? 4) || b.opened_at.localeCompare(a.opened_at) || a.id.localeCompare(b.id));
  $("queue").replaceChildren(...shown.map((alert) => make("li", { class: `${alert.state === "closed" || alert.covered_by ? "done" : ""} ${alert.id === fresh ? "fresh" : ""}` },
    make("button", { "aria-current": alert.id === chosen, "data-id": alert.id, onclick: () => choose(alert.id) },
      make("span", { class: `mark ${alert.severity}`, "aria-hidden": "true" }),
      make("span", { class: "title" }, `${title(alert)}, ${siteName(alert.site)}`),
      make("span", { class: "quiet", title: time(alert.opened_at) }, age(alert.opened_at)),
      make("span", { class: "under" }, `${alert.severity} · ${[...new Set(alert.signals.map((signal) => signal.kind))].join(" + ") || alert.rule} · ${alert.covered_by ? "part of another" : alert.state}`)))));
  if (!shown.length) $("queue").append(make("li", { class: "empty" }, state ? `No ${state} alert.` : "No alert yet. Looks are being correlated as they come."));
  const open = [...alerts.values()].filter((alert) => alert.state === "open").length;
  document.title = open ? `(${open}) Quaywatch` : "Quaywatch";
  $("counts").textContent = `${open} open of ${alerts.size}`;
  return shown;
}

async function choose(id) {
  if (id !== chosen) chosenLook = null;
  chosen = id;
  history.replaceState(null, "", `#${encodeURIComponent(id)}`);
  showQueue();
  try {
    const [alert, found] = await Promise.all([ask(`/alerts/${encodeURIComponent(id)}`), ask(`/alerts/${encodeURIComponent(id)}/evidence`)]);
    if (id !== chosen) return;
    evidence = found.looks;
    // The look that raised it, or the nearest before it with something to show.
    const withVessels = evidence.findLast((entry) => entry.look.site === alert.site && entry.look.vessels.length && (entry.look.received_at ?? entry.look.acquired_at) <= alert.opened_at);
    chosenLook ??= (withVessels ?? evidence.at(-1))?.id ?? null;
    await siteShape(alert.site);
    if (id === chosen) showAlert(alert, found.left_out);
  } catch (error) {
    if (id === chosen) $("alert").replaceChildren(make("p", { class: "empty" }, `This alert could not be loaded: ${error.message}`));
  }
}

async function siteShape(id) {
  const known = sites.get(id);
  if (known && !known.shape) known.shape = await ask(`/sites/${encodeURIComponent(id)}`);
}

function showAlert(alert, leftOut) {
  const entry = evidence.find((each) => each.id === chosenLook);
  const pick = (id) => { chosenLook = id; showAlert(alert, leftOut); };
  const fact = (name, value) => make("div", {}, make("dt", {}, name), make("dd", {}, value));
  const shape = sites.get(entry?.look.site ?? alert.site)?.shape ?? sites.get(alert.site)?.shape;
  $("alert").replaceChildren(
    make("div", { class: "titleline" }, make("h2", {}, `${title(alert)}, ${siteName(alert.site)}`),
      make("span", { class: `severity ${alert.severity}` }, alert.severity), make("span", { class: "quiet" }, alert.withdrawn ? `withdrawn: ${alert.closed_reason ?? ""}` : alert.state)),
    make("p", { class: "paragraph" }, alert.text),
    make("dl", { class: "facts" }, fact("raised", `${time(alert.opened_at)} UTC`), fact("began", `${time(alert.onset.earliest)} to ${time(alert.onset.latest)}`),
      fact("by chance", `${figure(alert.expected_false_per_site_year)} a year here`), fact("rule", alert.rule), ...(alert.covered_by ? [fact("part of", alert.covered_by)] : []), fact("evidence", `${alert.evidence.length} looks`)),
    commands(alert),
    make("section", { class: "sheet" }, make("h3", {}, "Signals over time"), alert.signals.length ? timeline(alert, evidence, chosenLook, pick) : "",
      make("p", { class: "legend" }, "Shaded: where the signals meet. Ticks: looks; pale where less than half was clear.")),
    make("section", { class: "sheet" }, make("h3", {}, "What was unusual"), signals(alert.signals)),
    make("div", { class: "pair" },
      make("section", { class: "sheet" }, make("h3", {}, entry ? `${siteName(entry.look.site)}, ${time(entry.look.acquired_at)} UTC, ${entry.look.sensor.name}` : "Site"),
        shape ? siteMap(shape, entry?.look) : make("p", { class: "empty" }, "No shape of this site."),
        make("p", { class: "legend" }, "Hulls: red dark, green matched by AIS, grey where AIS is not received. North is up.")),
      make("section", { class: "sheet" }, make("h3", {}, leftOut ? `Looks (the last ${evidence.length})` : "Looks"), looks(pick), chips(entry))),
    make("section", { class: "sheet" }, make("h3", {}, "History"), historyOf(alert.history)));
}

function table(className, heads, rows) {
  return make("table", { class: className }, make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", head.number ? { class: "number" } : {}, head.name)))), make("tbody", {}, ...rows));
}

function signals(list) {
  const heads = [{ name: "signal" }, { name: "where" }, { name: "seen", number: 1 }, { name: "usual", number: 1 }, { name: "chance of as much", number: 1 }, { name: "between" }];
  return table("", heads, list.map((signal) => make("tr", {}, make("td", {}, signal.kind + (signal.dark ? " (dark)" : "")), make("td", {}, signal.zone),
    make("td", { class: "number" }, `${figure(signal.value)} ${signal.unit}`), make("td", { class: "number" }, figure(signal.baseline)),
    make("td", { class: "number" }, figure(signal.p)), make("td", {}, `${time(signal.from)} to ${time(signal.to)}`))));
}

function looks(pick) {
  const rows = [...evidence].reverse().map((entry) => make("tr", { "aria-selected": entry.id === chosenLook, tabindex: "0", title: entry.id, onclick: () => pick(entry.id),
    onkeydown: (event) => { if (event.key === "Enter") pick(entry.id); } },
    make("td", {}, time(entry.look.acquired_at).slice(2)), make("td", {}, entry.look.sensor.name), make("td", { class: "number" }, `${entry.look.vessels.length}`),
    make("td", { class: "number" }, `${entry.look.rail.reduce((sum, track) => sum + track.cars, 0)}`), make("td", {}, entry.look.station)));
  return make("div", { class: "scroll" }, table("looks", [{ name: "acquired" }, { name: "sensor" }, { name: "vessels", number: 1 }, { name: "cars", number: 1 }, { name: "station" }], rows));
}

function chips(entry) {
  if (!entry?.chips.length) return null;
  return make("div", { class: "chips" }, ...entry.chips.map((vessel) => make("img", { src: `/api/v1/looks/${entry.id}/chips/${vessel}`, alt: `Vessel ${vessel + 1} of the look`, loading: "lazy" })));
}

function historyOf(lines) {
  const heads = [{ name: "when" }, { name: "what" }, { name: "who" }, { name: "why" }];
  return table("", heads, [...lines].reverse().map((line) => make("tr", {}, make("td", {}, time(line.at)), make("td", {}, line.what), make("td", {}, line.actor), make("td", {}, [line.reason, line.note].filter(Boolean).join(": ")))));
}

function commands(alert) {
  if (!session.user || session.user.role === "viewer") return null;
  const note = make("input", { placeholder: "note", maxlength: "4000", "aria-label": "Note" });
  const reason = make("select", { "aria-label": "Reason for closing" }, ...["confirmed", "false-alarm", "benign", "duplicate"].map((each) => make("option", { value: each }, each)));
  const said = make("span", { class: "said", role: "alert" });
  const act = async (verb, more = {}) => {
    try { await send(`/alerts/${encodeURIComponent(alert.id)}/${verb}`, { revision: alert.revision, note: note.value, ...more }); } catch (error) { said.textContent = error.message; }
  };
  if (alert.withdrawn) return make("p", { class: "quiet" }, "Later evidence took this alert back; it opens again by itself if evidence returns.");
  const buttons = alert.state === "closed" ? [make("button", { onclick: () => act("reopen") }, "Reopen")]
    : [alert.state === "open" ? make("button", { id: "acknowledge", onclick: () => act("acknowledge") }, "Acknowledge") : null,
      alert.state !== "escalated" ? make("button", { onclick: () => act("escalate") }, "Escalate") : null,
      make("button", { onclick: () => act("close", { reason: reason.value }) }, "Close as"), reason];
  return make("div", { class: "acts" }, ...buttons.filter(Boolean), note, said);
}

async function showStations() {
  try {
    const [{ stations, now }, health] = await Promise.all([ask("/stations"), ask("/health")]);
    $("broker").textContent = health.broker === "connected" ? "broker connected" : "broker lost";
    $("broker").className = `pill ${health.broker === "connected" ? "good" : "bad"}`;
    $("now").textContent = `${time(now)} UTC`;
    $("stations").replaceChildren(...stations.map((station) => {
      const said = station.revoked ? "revoked" : (station.state?.state ?? "no word");
      const epoch = station.epochs[0];
      const gaps = station.epochs.reduce((sum, each) => sum + each.gaps, 0);
      return make("li", {}, make("span", {}, station.name), make("span", { class: "quiet" }, said),
        make("span", { class: "under" }, epoch ? `last event ${age(station.last_event_at)} ago · ${epoch.through_seq} accounted${gaps ? ` · ${gaps} gap${gaps > 1 ? "s" : ""}` : ""}` : "no event yet"));
    }));
  } catch { $("broker").textContent = "central not reached"; $("broker").className = "pill bad"; }
}

async function load() {
  const [{ sites: list }, { alerts: page }] = await Promise.all([ask("/sites"), ask(`/alerts?limit=${ALERTS_MAX}`)]);
  for (const site of list) sites.set(site.site, { ...sites.get(site.site), name: site.name });
  alerts.clear();
  for (const alert of page) alerts.set(alert.id, alert);
  const shown = showQueue();
  const wanted = decodeURIComponent(location.hash.slice(1));
  const first = alerts.has(wanted) ? wanted : shown[0]?.id;
  if (first) await choose(first);
  else $("alert").replaceChildren(make("p", { class: "empty" }, "No alert. This page changes by itself when one is raised."));
}

function listen() {
  const stream = new EventSource("/api/v1/stream");
  stream.addEventListener("alert", (event) => {
    const { alert } = JSON.parse(event.data);
    alerts.set(alert.id, alert);
    fresh = alert.id;
    showQueue();
    fresh = null;
    if (!chosen || chosen === alert.id) choose(alert.id);
  });
  stream.addEventListener("open", () => { showStations(); });
}

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  const buttons = [...$("queue").querySelectorAll("button")];
  const at = buttons.findIndex((button) => button.dataset.id === chosen);
  const next = { j: at + 1, k: at - 1 }[event.key];
  if (next !== undefined && buttons[next]) { choose(buttons[next].dataset.id); buttons[next].scrollIntoView({ block: "nearest" }); }
  if (event.key === "a") document.getElementById("acknowledge")?.click();
});
$("filter").addEventListener("change", showQueue);
$("out").addEventListener("click", async () => { await ask("/session", { method: "DELETE", headers: { "x-csrf-token": session.csrf } }); location.reload(); });
async function start() {
  session = await ask("/session");
  const mayRead = (session.user && !session.user.must_change_password) || (session.anonymous_read && location.pathname !== "/setup");
  if (!mayRead) { comeIn(); return; }
  $("me").textContent = session.user ? `${session.user.name} (${session.user.role})` : "reading without a session";
  $("out").hidden = !session.user;
  setInterval(showStations, STATIONS_EVERY_MS);
  showStations();
  await load();
  listen();
}
start().catch((error) => $("alert").replaceChildren(make("p", { class: "empty" }, `Central could not be asked: ${error.message}`)));
