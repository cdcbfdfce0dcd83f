// The page: takes events of the dashboard, keeps the document that they describe, and shows it.

import { Chart, WINDOW } from "./chart.js";
import { className, clock, count, duration, element, inOrder, list, memory, numberCell, say } from "./table.js";

const find = (selector) => document.querySelector(selector);
let shown = {};
let history = [];
let events;

// What is looked at in the tree.
const view = { open: new Map(), shut: new Set(), find: "", order: "age" };

// ---- What comes ----

function connect() {
  events?.close();
  const query = new URLSearchParams();
  const open = [...view.open].map(([id, many]) => (many ? `${id}\t${many}` : id));
  if (open.length) query.set("open", open.join("\n"));
  if (view.shut.size) query.set("shut", [...view.shut].join("\n"));
  if (view.find) query.set("find", view.find);
  if (view.order !== "age") query.set("order", view.order);
  const source = events = new EventSource(`/events?${query}`);
  source.addEventListener("whole", (event) => {
    const whole = JSON.parse(event.data);
    history = whole.history;
    const before = shown;
    shown = whole.document;
    report("");
    show(new Set([...Object.keys(before), ...Object.keys(shown)]));
  });
  source.addEventListener("patch", (event) => {
    const patch = JSON.parse(event.data);
    shown = merge(shown, patch);
    show(new Set(Object.keys(patch)));
  });
  source.addEventListener("error", () => {
    report(source.readyState === EventSource.CLOSED
      ? "The dashboard has refused this page. If it was started anew, open the URL that it has printed."
      : "No connection to the dashboard. It is tried again.");
  });
}

/** Applies a JSON merge patch (RFC 7396). */
function merge(target, patch) {
  if (patch === null || typeof patch !== "object" || Array.isArray(patch)) return patch;
  const merged = target !== null && typeof target === "object" && !Array.isArray(target) ? target : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = merge(merged[name], value);
  }
  return merged;
}

// ---- What is shown ----

const charts = [
  { title: "Messages per second", column: 1, text: count },
  { title: "Waiting", column: 2, text: count },
  { title: "Dead letters per second", column: 3, text: count, alarming: (value) => value > 0 },
  { title: "Restarts per second", column: 4, text: count, alarming: (value) => value > 0 },
  { title: "Cores in use", column: 5, text: (value) => value.toFixed(2) },
  { title: "Memory", column: 6, text: memory },
  { title: "Actors", column: 7, text: count },
].map((chart) => new Chart(find("#charts"), chart));

const sections = {
  warnings: showWarnings,
  rows: showTree,
  mailboxes: showMailboxes,
  classes: showClasses,
  messages: showMessages,
  processes: showProcesses,
  convention: showConvention,
  letters: showLetters,
  news: (news) => showLines(find("#news ol"), news),
  records: showRecords,
  log: showLog,
  pending: showPending,
  sources: showSources,
  counters: (counters) => showPairs(".counters", counters),
};

function show(changed) {
  for (const [name, render] of Object.entries(sections)) {
    if (changed.has(name)) render(shown[name] ?? {});
  }
  if (changed.has("point") && shown.point) {
    if (history.at(-1)?.[0] !== shown.point[0]) history.push(shown.point);
    while (history.length && history[0][0] < shown.point[0] - WINDOW) history.shift();
    for (const chart of charts) chart.show(history);
  }
  if (changed.has("system")) showPairs(".capabilities", shown.system?.capabilities);
  showHeader();
}

/** Says that there is no connection. */
function report(text) {
  report.text = text;
  showHeader();
}

function showHeader() {
  const { system = {}, totals = {}, warnings = { first: [] } } = shown;
  const lost = report.text || (shown.lost ? `The system is not seen: ${shown.lost}` : "");
  say(find("#lost"), lost);
  find("#lost").hidden = !lost;
  document.body.classList.toggle("stale", Boolean(lost) && Boolean(system.name));
  const wrong = warnings.first.some((warning) => warning.severity === "wrong");
  const mood = lost || wrong ? "bad" : warnings.count ? "notice" : "good";
  find("#light").className = `light ${mood}`;
  say(find("#name"), system.name ?? "roscius");
  document.title = `${mood === "bad" ? "(!) " : ""}${system.name ?? ""} · roscius`;
  const facts = [];
  if (system.name) {
    const now = shown.point?.[0] ?? system.since;
    facts.push(["up", duration(now - system.since)]);
    facts.push(["actors", count(totals.actors) + (totals.unseen ? ` (${count(totals.unseen)} unseen)` : "")]);
    facts.push(["processes", count(totals.processes)], ["programs", count(totals.programs)]);
    facts.push(["handled", count(totals.handled)], ["failures", count(totals.failures)]);
    facts.push(["returned", count(totals.returned)], ["timers", count(totals.timers)]);
    if (system.in_shutdown) facts.push(["state", "shutting down"]);
    if (shown.every > 1 && !lost) facts.push(["looked at every", `${count(shown.every)} s`]);
  }
  list(find("#facts"), facts, (value, name) => element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  say(find("#mode"), shown.allow_changes ? "changes allowed" : "read-only");
  find("#mode").className = shown.allow_changes ? "changes" : "";
}

function showWarnings({ count: many = 0, first = [] }) {
  find("#warnings").classList.toggle("healthy", !many);
  say(find("#warnings h2"), many ? `What is wrong or to be looked at (${many})` : "Nothing is wrong.");
  list(find("#warnings ul"), first.map((warning) => [`${warning.kind} ${warning.subject}`, warning]), (warning) =>
    element("li", { class: warning.severity }, element("b", {}, warning.what), element("span", {}, warning.why)));
}

const moods = {
  idle: "", queued: "queued", busy: "busy", waiting: "good", starting: "notice", suspended: "bad",
  restarting: "bad", stopping: "notice", blocked: "notice", unanswering: "bad",
};

function stateCell(state) {
  return element("td", {}, element("span", { class: `state ${moods[state] ?? ""}`, title: state }, element("span", {}, state)));
}

function waitingCell(waiting, capacity) {
  const cell = numberCell(waiting);
  if (capacity !== undefined) {
    const fill = element("i");
    fill.style.width = `${Math.min(100, waiting / Math.max(capacity, 1) * 100)}%`;
    const bar = element("span", { class: waiting >= capacity ? "bar full" : "bar", title: `${waiting} of ${capacity}` }, fill);
    cell.append(bar);
  }
  return cell;
}

function showTree(rows) {
  say(find("#tree .count"), view.find ? "· those that are found" : "");
  list(find("#tree tbody"), inOrder(rows), treeRow);
  showNothing("#tree", Object.keys(rows).length, view.find ? "Nobody is found." : "There are no actors.");
}

function treeRow(row, id) {
  const numbers = [
    waitingCell(row.w, row.m), numberCell(row.r), numberCell(row.h, count(row.h), "minor"),
    numberCell(row.x, count(row.x), row.x ? "notice" : ""),
  ];
  const name = element("td");
  const trouble = row.t ? "troubled" : "";
  name.style.paddingLeft = `${10 + Math.min(row.l, 12) * 16}px`;
  if (row.k === "rest") {
    const more = () => { view.open.set(row.p, row.next); connect(); };
    name.append(`${count(row.count)} more `, element("button", { class: "action", type: "button", onclick: more }, "show more"));
    return element("tr", { class: trouble }, name, element("td"), ...numbers, element("td", { class: "minor" }));
  }
  const opens = row.k === "group" || row.d > 0;
  const mark = element("button", { class: "toggle", type: "button", "aria-expanded": String(row.o), "aria-label": "children" }, row.o ? "▾" : "▸");
  mark.addEventListener("click", () => toggle(id, row));
  name.append(opens ? mark : element("span", { class: "toggle" }), element("span", { class: "name" }, className(row.c)));
  if (row.k === "group") {
    name.append(element("span", { class: "many" }, `× ${count(row.count)}`));
    if (row.d) name.append(element("span", { class: "address" }, `${count(row.d)} below`));
    const state = row.t ? element("span", { class: "state bad" }, element("span", {}, `${count(row.t)} to look at`)) : "";
    return element("tr", { class: trouble }, name, element("td", {}, state), ...numbers, element("td", { class: "minor" }));
  }
  if (row.n) name.append(element("span", { class: "many" }, `“${row.n}”`));
  if (row.d && !row.o) name.append(element("span", { class: "many" }, `+ ${count(row.d)}`));
  name.append(element("span", { class: "address" }, row.a));
  name.title = row.a;
  return element("tr", { class: trouble, "data-address": row.a }, name, stateCell(row.s), ...numbers, element("td", { class: "number minor quiet" }, String(row.pid ?? "")));
}

function toggle(id, row) {
  view.open.delete(id);
  view.shut.delete(id);
  if (!row.o) view.open.set(id, 0);
  else if (row.l === 0 && row.k === "actor") view.shut.add(id);
  connect();
}

function showMailboxes({ count: many = 0, shown: rows = {} }) {
  say(find("#mailboxes .count"), many ? `· ${count(many)} with messages` : "");
  list(find("#mailboxes tbody"), inOrder(rows), (row, address) => element("tr", {},
    element("td", { class: "text" }, className(row.class), row.name ? element("span", { class: "quiet" }, ` “${row.name}”`) : null),
    element("td", { class: "address minor" }, address), waitingCell(row.waiting, row.capacity)));
  showNothing("#mailboxes", many, "No message waits.");
}

function showClasses({ count: many = 0, shown: rows = {} }) {
  const listed = Object.keys(rows).length;
  say(find("#classes .count"), many > listed ? `· ${listed} of ${count(many)}` : "");
  list(find("#classes tbody"), inOrder(rows), (row, name) => element("tr", {},
    element("td", { class: "text" }, className(name)), numberCell(row.actors), numberCell(row.waiting),
    numberCell(row.rate), numberCell(row.handled, count(row.handled), "minor"), numberCell(row.restarts, count(row.restarts), "minor")));
}

function showMessages({ count: many = 0, shown: rows = {} }) {
  const listed = Object.keys(rows).length;
  say(find("#messages .count"), many > listed ? `· the ${listed} most frequent of ${count(many)}` : "");
  list(find("#messages tbody"), inOrder(rows), (row, name) => element("tr", {},
    element("td", { class: "text" }, className(name)), numberCell(row.rate), numberCell(row.handled)));
  showNothing("#messages", listed, "No message was handled.");
}

const roles = { admin: "Admin", actors: "actors", starter: "starter", logger: "logger", program: "program" };

function showProcesses({ count: many = 0, shown: rows = {} }) {
  const listed = Object.keys(rows).length;
  say(find("#processes .count"), many > listed ? `· the ${listed} busiest of ${count(many)}` : "");
  list(find("#processes tbody"), inOrder(rows), (row, node) => {
    const silent = row.answered === false;
    const state = silent ? `does not answer${row.state === "stopped" ? ": stopped" : ""}` : row.state === "stopped" ? "stopped" : "";
    return element("tr", { "data-node": node, title: row.title },
      element("td", { class: silent ? "text bad" : "text" }, row.class === undefined ? roles[row.role] ?? row.role : className(row.class),
        row.name ? element("span", { class: "quiet" }, ` “${row.name}”`) : null, state ? element("span", { class: "bad" }, ` ${state}`) : null),
      element("td", { class: "number quiet" }, String(row.pid ?? "")), numberCell(row.actors),
      numberCell(row.cpu, `${(row.cpu * 100).toFixed(0)} %`), numberCell(row.memory, row.memory === undefined ? "" : memory(row.memory)));
  });
}

const linksAre = { this_host: "of this host alone", certified: "with certificates", everybody: "not secure" };

function showConvention({ name = "", identity = "", lets_in, leads, count: many = 0, shown: rows = {} }) {
  find("#convention").hidden = !many && !name;
  const listed = Object.keys(rows).length;
  say(find("#convention .count"), [name, many > listed ? `${listed} of ${count(many)}` : ""].filter(Boolean).map((part) => `· ${part}`).join(" "));
  say(find("#convention .share"), `This system is ${identity}${leads ? ", which leads" : ""}. Links are ${linksAre[lets_in] ?? lets_in}.`);
  list(find("#convention tbody"), inOrder(rows), (row, system) => {
    const heard = row.heard_at === undefined ? "" : `, heard at ${clock(row.heard_at)}`;
    const mood = row.linked ? (heard ? "notice" : "good") : "bad";
    return element("tr", { "data-system": system },
      element("td", { class: "text" }, row.identity, row.leads ? element("span", { class: "many" }, "leads") : null),
      element("td", { class: "text minor quiet" }, row.place ?? "outbound only"), numberCell(row.actors),
      element("td", {}, element("span", { class: `state ${mood}` }, element("span", {}, `${row.linked ? "linked" : "no link"}${heard}`))));
  });
  showNothing("#convention", many, "No other system is in it.");
}

function showLetters({ total = 0, kinds = {}, latest = [] }) {
  say(find("#letters .count"), total ? `· ${count(total)}` : "");
  list(find("#letters .kinds tbody"), inOrder(kinds), (kind) => element("tr", {},
    numberCell(kind.count), element("td", { class: "text" }, kind.message), element("td", { class: "text" }, kind.reason),
    element("td", { class: "address minor text" }, `${kind.first.sender} → ${kind.first.target}`),
    element("td", { class: "quiet" }, clock(kind.last_at))));
  // Letters have no time; the last is the latest.
  const numbered = latest.map((letter, place) => [`${total - latest.length + place}`, { ...letter, changes: shown.allow_changes }]);
  list(find("#letters .latest tbody"), numbered.reverse(), (letter) => element("tr", {},
    element("td", { class: "text" }, letter.message), element("td", { class: "text" }, letter.reason),
    element("td", { class: "address minor" }, letter.sender), element("td", { class: "address" }, letter.target),
    element("td", { class: "number" }, resendButton(letter))));
  find("#letters .found").hidden = !total;
  showNothing("#letters", total, "Every message has reached somebody.");
}

function resendButton(letter) {
  if (letter.number === undefined) return element("span", { class: "quiet", title: "The message is not kept any more." }, "gone");
  if (!letter.changes) return element("span", { class: "quiet", title: "Start the dashboard with --allow-changes to send it again." }, "kept");
  return element("button", { class: "action resend", type: "button", onclick: () => askWhereTo(letter) }, "Send again…");
}

function showLines(place, lines) {
  const newestFirst = Object.entries(lines).sort(([one], [other]) => other - one);
  list(place, newestFirst, ({ at, text }) =>
    element("li", {}, at === undefined ? null : element("time", {}, clock(at)), text));
}

function showLog(lines) {
  find("#log").hidden = shown.log === undefined;
  showLines(find("#log ol"), lines);
}

const severities = { CRITICAL: "bad", ERROR: "bad", WARNING: "notice" };

function showRecords(records) {
  find("#records").hidden = shown.records === undefined;
  const newestFirst = Object.entries(records).sort(([one], [other]) => other - one);
  list(find("#records tbody"), newestFirst, ({ at, level, logger, actor, class: name, text }) => element("tr", {},
    element("td", { class: "quiet" }, clock(at)), element("td", { class: severities[level] ?? "" }, level),
    element("td", { class: "text", title: `${actor} ${logger}` }, name ? className(name) : element("span", { class: "address" }, actor || logger)),
    element("td", { class: "code said" }, text)));
  showNothing("#records", newestFirst.length, "Nothing was logged.");
}

function showPending({ count: many = 0, first = [] }) {
  find("#pending").hidden = !many;
  say(find("#pending .count"), `· ${count(many)}`);
  list(find("#pending tbody"), first.map((pending) => [pending.address, pending]), (pending) => element("tr", {},
    element("td", { class: "text" }, pending.class || pending.address, pending.name ? ` “${pending.name}”` : ""),
    element("td", { class: "text" }, pending.awaits),
    element("td", { class: pending.age > 1 ? "number notice" : "number" }, duration(pending.age))));
}

function showSources({ count: many = 0, first = [], authority }) {
  say(find("#sources .count"), many ? `· ${count(many)}` : "");
  say(find("#sources .authority"), authority ? `The authority is ${authority}.` : many ? "" : "There is no source authority.");
  list(find("#sources tbody"), first.map((source) => [source.hash, source]), (source) => element("tr", {},
    element("td", { class: "code text" }, source.hash), element("td", { class: "text" }, source.info),
    element("td", { class: source.validated ? "" : "notice" }, source.validated ? "valid" : "being validated")));
}

function showPairs(selector, pairs = {}) {
  list(find(`#system ${selector} tbody`), Object.entries(pairs), (value, name) => element("tr", {},
    element("td", { class: "text" }, name),
    element("td", { class: typeof value === "number" ? "number" : "text code" }, typeof value === "number" ? count(value) : value)));
}

/** Says that a section has nothing to show. */
function showNothing(section, many, text) {
  const place = find(section);
  place.nothing ??= place.appendChild(element("p", { class: "nothing" }));
  say(place.nothing, text);
  place.nothing.hidden = Boolean(many);
}

// ---- What the user does ----

const dialog = find("#resend");

function askWhereTo(letter) {
  dialog.letter = letter;
  say(dialog.querySelector(".what"), `${letter.message}, from ${letter.sender}: ${letter.reason}.`);
  say(dialog.querySelector(".answer"), "");
  dialog.querySelector("input").value = letter.target;
  dialog.showModal();
  dialog.querySelector("input").select();
}

dialog.querySelector(".cancel").addEventListener("click", () => dialog.close());
dialog.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = dialog.querySelector(".answer");
  say(answer, "…");
  try {
    const body = JSON.stringify({ letter: dialog.letter.number, to: dialog.querySelector("input").value });
    const response = await fetch("/resend", { method: "POST", headers: { "content-type": "application/json" }, body });
    if (response.ok) dialog.close();
    else say(answer, await response.text());
  } catch {
    say(answer, "The dashboard does not answer.");
  }
});

let typing;
find("#find").addEventListener("input", (event) => {
  clearTimeout(typing);
  typing = setTimeout(() => {
    view.find = event.target.value.trim();
    view.open.delete("");
    connect();
  }, 200);
});
find("#order").addEventListener("change", (event) => {
  view.order = event.target.value;
  connect();
});
find("#tree form").addEventListener("submit", (event) => event.preventDefault());

connect();
