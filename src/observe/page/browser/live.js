// Live page: brings the page up to date while somebody looks at it, and asks before it acts. The process makes the whole page; what has
// changed in it is put in place here, so that focus, selection and scroll position stay. Without this script the page works, too.
/* global Idiomorph */

const main = /** @type {HTMLElement} */ (document.querySelector("#main"));
const live = /** @type {HTMLElement} */ (document.querySelector("#live"));
const follows = main.dataset["follows"];

/** Between two looks: at least, and at most while nothing is told. */
const leastMs = 1000;
const mostMs = 2000;

let isLooking = false;
let lookedAt = performance.now();
/** How long the last look took: a process that is slow to answer is asked less often. */
let tookMs = 0;
/** @type {number | undefined} */
let timer;

/** @param {string} text @param {"on" | "off"} state */
function say(text, state) {
  live.hidden = false;
  if (live.textContent !== text) live.textContent = text;
  live.dataset["state"] = state;
}

/** Looks again, soon or after `mostMs`. @param {boolean} isSoon */
function lookLater(isSoon) {
  if (document.hidden) return;
  const wait = isSoon ? Math.max(leastMs, 10 * tookMs) - (performance.now() - lookedAt) : Math.max(mostMs, 10 * tookMs);
  clearTimeout(timer);
  timer = setTimeout(() => void look(), Math.max(0, wait));
}

async function look() {
  if (isLooking) return;
  isLooking = true;
  lookedAt = performance.now();
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
    if (answer.status === 401) return location.reload();
    if (!answer.ok) throw new Error(String(answer.status));
    show(await answer.text());
    tookMs = performance.now() - lookedAt;
    say("live", "on");
  } catch {
    say("no answer", "off");
  } finally {
    isLooking = false;
    lookLater(false);
  }
}

/** @param {string} text */
function show(text) {
  const next = new DOMParser().parseFromString(text, "text/html");
  document.title = next.title;
  for (const part of ["#process", "#main", "#footer"]) {
    const [old, fresh] = [document.querySelector(part), next.querySelector(part)];
    if (old !== null && fresh !== null) void Idiomorph.morph(old, fresh, { callbacks: { beforeNodeMorphed } });
  }
  showReading();
}

/** What somebody types stays. @param {Node} node */
function beforeNodeMorphed(node) {
  return !(node instanceof HTMLFormElement);
}

function follow() {
  const events = new EventSource("/api/events");
  const kinds = [
    "session-started",
    "session-ended",
    "transfer-started",
    "transfer-ended",
    "failure",
    "refusal",
    "reload",
  ];
  for (const kind of kinds) {
    events.addEventListener(kind, (event) => {
      const { session } = JSON.parse(event.data);
      if (follows === "all" || session === follows) lookLater(true);
    });
  }
  events.addEventListener("open", () => say("live", "on"));
  events.addEventListener("error", () => {
    // Where as many listen as may, the page is brought up to date all the same.
    if (events.readyState !== EventSource.CLOSED) say("no answer", "off");
  });
  window.addEventListener("pagehide", () => events.close());
}

// What is pointed at in a chart.

/** @type {{ svg: SVGSVGElement, share: number } | undefined} */
let pointed;

/** The reading nearest to where the chart is pointed at. */
function showReading() {
  if (pointed === undefined) return;
  const { svg, share } = pointed;
  const output = /** @type {HTMLElement | null} */ (svg.parentElement?.querySelector(".reading"));
  /** @type {[number, string][]} */
  const readings = JSON.parse(svg.dataset["readings"] ?? "[]");
  const x = share * svg.viewBox.baseVal.width;
  const near = readings.toSorted(([one], [other]) => Math.abs(one - x) - Math.abs(other - x))[0];
  if (output === null || near === undefined) return;
  output.textContent = near[1];
  output.hidden = false;
}

document.addEventListener("pointermove", (event) => {
  const svg = event.target instanceof Element ? event.target.closest(".chart svg") : null;
  if (!(svg instanceof SVGSVGElement)) {
    for (const output of document.querySelectorAll(".reading")) /** @type {HTMLElement} */ (output).hidden = true;
    pointed = undefined;
    return;
  }
  const { left, width } = svg.getBoundingClientRect();
  pointed = { svg, share: (event.clientX - left) / width };
  showReading();
});

// What is asked before it is done stands in a page of its own; here it is asked without leaving this one.

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[data-ask]") : null;
  if (!(link instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  void ask(link.href);
});

/** @param {string} url */
async function ask(url) {
  const answer = await fetch(url, { headers: { accept: "text/html" } }).catch(() => undefined);
  const note = answer?.ok
    ? new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#note")
    : null;
  if (note === null || note === undefined) return location.assign(url);
  const dialog = document.createElement("dialog");
  const heading = note.querySelector("h1");
  if (heading) {
    heading.id = "question";
    dialog.setAttribute("aria-labelledby", heading.id);
  }
  dialog.append(note);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => {
    const isCancel = event.target instanceof Element && event.target.closest("[data-cancel]") !== null;
    if (!isCancel && event.target !== dialog) return;
    event.preventDefault();
    dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
}

// What is copied is what its link leads to. Browsers let a script do so on https and on loopback alone.

document.documentElement.classList.toggle("can-copy", navigator.clipboard !== undefined);

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
  if (button instanceof HTMLElement) void copy(button);
});

/** @param {HTMLElement} button */
async function copy(button) {
  const answer = await fetch(button.dataset["copy"] ?? "");
  if (!answer.ok) return;
  await navigator.clipboard.writeText(await answer.text());
  button.textContent = "Copied";
}

if (follows !== undefined) {
  say("live", "on");
  follow();
  lookLater(false);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) clearTimeout(timer);
    else void look();
  });
}
