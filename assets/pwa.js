/* What happens in the browser alone: the live light and ages, dialogs, menus, keys, the palette's filter, tooltips,
   what is remembered (rail, language), the service worker and the offline copy.

   React owns the page. This file changes only what React never renders: the text of elements that React leaves
   empty, attributes that it never sets, and the style of popovers. It finds its elements by data-k-… attributes
   (components/frame.py, components/ui) each time anew, so it survives every change of page, and has no words of its
   own: they come in data-… attributes, in the reader's language. No rule of the product lives here. */
(() => {
  "use strict";
  const root = document.documentElement;
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const memory = {
    get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
    set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* private mode: not remembered */ } },
  };
  const setText = (element, text) => { if (element && element.textContent !== text) element.textContent = text; };
  const setMark = (element, name, value) => {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  };
  const fill = (text, values) => (text || "").replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

  /* -- before the first paint -------------------------------------------------------------------------------- */
  if (memory.get("keepai-rail") === "slim") root.dataset.rail = "slim";
  const remembered = memory.get("keepai-language");
  if (remembered && remembered !== root.lang) {
    // The page arrives in Portuguese; whoever reads another language sees its shapes until the words are there.
    root.lang = remembered;
    root.classList.add("k-wait");
    setTimeout(() => root.classList.remove("k-wait"), 10000); // if they never come, other words are better than none
  }

  /* -- the last snapshot and its age -------------------------------------------------------------------------- */
  const LIVE_FOR = 3; // seconds
  const started = performance.now();
  let ageing = 0;
  let snapshot = null; // {at, age: seconds when it came, tick, wall}

  // A monotonic clock stands still while some computers sleep, and the wall clock can be set: the larger one counts.
  const elapsed = (since) => Math.max(performance.now() - since.tick, Date.now() - since.wall) / 1000;
  const snapshotAge = () => (snapshot ? snapshot.age + elapsed(snapshot) : null);
  const serverNow = () => (snapshot ? snapshot.at + snapshotAge() : Date.now() / 1000);

  function readSnapshot() {
    const mark = $("[data-k-snapshot]");
    const at = Number(mark?.dataset.at);
    if (!at) return;
    const age = Number(mark.dataset.ageMs) / 1000 || 0;
    if (snapshot && snapshot.at === at && snapshot.sent === age) return;
    snapshot = { at, age, sent: age, tick: performance.now(), wall: Date.now() };
    clearTimeout(ageing);
    ageing = setTimeout(refresh, (LIVE_FOR - age) * 1000 + 20); // the light changes when it is due, not a tick later
  }

  /* -- times in the reader's words ---------------------------------------------------------------------------- */
  const zone = () => $("[data-k-zone]")?.dataset.kZone || undefined;
  const formats = new Map();
  function format(options) {
    const key = root.lang + zone() + JSON.stringify(options);
    if (!formats.has(key)) {
      let formatter;
      try { formatter = new Intl.DateTimeFormat(root.lang, { ...options, timeZone: zone() }); }
      catch { formatter = new Intl.DateTimeFormat(root.lang, options); } // a zone this browser does not know
      formats.set(key, formatter);
    }
    return formats.get(key);
  }
  const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  const clock = (at) => format(CLOCK).format(at * 1000);
  const exact = (at) => format({ day: "numeric", month: "short", year: "numeric", ...CLOCK }).format(at * 1000);

  const ageWords = () => $(`[data-k-words], [data-k-offline-words][lang="${root.lang}"]`)?.dataset;

  function age(seconds) {
    const words = ageWords();
    if (!words) return "";
    const whole = Math.max(0, Math.floor(seconds));
    const number = (n) => n.toLocaleString(root.lang);
    if (whole < 60) return fill(words.seconds, { n: number(whole) });
    if (whole < 3600) return fill(words.minutes, { n: number(Math.floor(whole / 60)) });
    if (whole < 86400) return fill(words.hours, { n: number(Math.floor(whole / 3600)) });
    const days = Math.floor(whole / 86400);
    return fill(days === 1 ? words.day : words.days, { n: number(days) });
  }
  const ago = (seconds) => fill(ageWords()?.ago, { age: age(seconds) });

  function showAges() {
    const now = serverNow();
    for (const time of $$("time[data-age]")) {
      const at = Number(time.dataset.at);
      const said = { short: () => age(now - at), clock: () => clock(at) }[time.dataset.age] || (() => ago(now - at));
      setText(time, at ? said() : "");
      if (at && !time.title) time.title = exact(at);
    }
  }

  /* -- the session ended ---------------------------------------------------------------------------------------- */
  function leaveIfTold() {
    const to = $("[data-k-leave]")?.dataset.kLeave;
    if (to && to.startsWith("/login")) leave(to);
  }

  // A browser may keep the page as it is for going back: it is kept without anything to be seen, and asked for anew.
  function leave(to) {
    tell({ type: "forget" });
    root.hidden = true;
    location.assign(to);
  }
  addEventListener("pageshow", (event) => event.persisted && location.reload());

  // A socket is refused in the same way without a session as without a server. A request can tell which it is, so
  // that a tab whose session ended while it slept does not wait for ever.
  const ASK_AGAIN = 5000; // ms
  const cameBack = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
  let asked = cameBack ? 0 : Date.now(); // what one comes back to, the browser shows without asking us

  async function leaveIfSignedOut() {
    if (liveState()[0] === "live" || !navigator.onLine || Date.now() - asked < ASK_AGAIN) return;
    asked = Date.now();
    try {
      const answer = await fetch("/api/v1/session", { cache: "no-store" });
      if (answer.status !== 401) return;
    } catch { return; /* no server: it may come back */ }
    leave(`/login?reason=expired&next=${encodeURIComponent(location.pathname + location.search)}`);
  }

  /* -- the live light ----------------------------------------------------------------------------------------- */
  let said = null;

  function liveState() {
    const old = snapshotAge();
    if (old !== null && old <= LIVE_FOR) return ["live", "live"];
    if (!navigator.onLine) return ["offline", "network"];
    if ($("[data-k-snapshot]")?.dataset.down === "true") return ["reconnecting", "reconnecting"];
    if (old === null && performance.now() - started < LIVE_FOR * 1000) return ["reconnecting", "connecting"];
    return ["offline", "offline"];
  }

  function showLight() {
    const light = $("[data-k-light]");
    if (!light) return;
    const [state, word] = liveState();
    const old = snapshotAge();
    let since = "";
    if (state === "reconnecting" && old !== null) since = ago(old);
    if (state === "offline" && old !== null) {
      since = `${fill(light.dataset.since, { time: clock(snapshot.at) })} · ${age(old)}`;
    }
    setMark(light, "data-state", state);
    setText($("[data-k-light-word]", light), light.dataset[word]);
    setText($("[data-k-light-since]", light), since);
    if (said !== null && said !== state) setText($("[data-k-light-said]"), light.dataset[word]);
    if (word !== "connecting") said = state;
    // The page fades, and its strip shows, only once something was live or should have been.
    if (state === "live" || snapshot || performance.now() - started > 2 * LIVE_FOR * 1000) setMark(root, "data-live", state);
    setText($("[data-k-strip-word]"), light.dataset[word]);
    const strip = $("[data-k-strip-age]");
    setText(strip, old === null ? "" : fill(strip?.dataset.text, { time: clock(snapshot.at), ago: ago(old) }));
  }

  /* -- what the page says about itself ------------------------------------------------------------------------ */
  const app = () => $("[data-k-language]");
  const mounted = () => app()?.dataset.kMounted === "true"; // before that React still compares what it finds

  function showLanguage() {
    const language = app()?.dataset.kLanguage;
    if (!language) return;
    const waits = root.classList.contains("k-wait");
    if (!waits || language === remembered) {
      if (waits) root.classList.remove("k-wait"); // removing what is not there would count as a change
      if (root.lang !== language) root.lang = language;
      if (memory.get("keepai-language") !== language) memory.set("keepai-language", language);
    }
  }

  let badged = 0;
  function showBadge() {
    // What waits for somebody, on the icon of the installed app.
    const count = Number(app()?.dataset.kBadge) || 0;
    if (count === badged) return;
    badged = count;
    (count ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.())?.catch(() => { /* not installed */ });
    drawIcon(count);
  }

  // The icon of the tab, with the count drawn on it; as it was where there is none.
  let plainIcon = null;
  async function drawIcon(count) {
    const links = $$('link[rel="icon"]');
    for (const link of links) link.dataset.kPlain ??= link.getAttribute("href");
    if (!count) {
      for (const link of links) link.setAttribute("href", link.dataset.kPlain);
      return;
    }
    try {
      plainIcon ??= Object.assign(new Image(), { src: "/icons/keepai.svg" });
      await plainIcon.decode();
    } catch { return; /* without the picture the icon stays as it is */ }
    if (badged !== count) return; // another count came while the picture was on its way
    const size = 64;
    const canvas = Object.assign(document.createElement("canvas"), { width: size, height: size });
    const pen = canvas.getContext("2d");
    const said = count > 99 ? "99+" : String(count);
    const half = [0, 19, 23, 28][said.length];
    const colour = getComputedStyle(root).getPropertyValue("--k-critical").trim() || "#ce2c31";
    pen.drawImage(plainIcon, 0, 0, size, size);
    pen.beginPath();
    pen.roundRect(size - 2 * half, size - 38, 2 * half, 38, 19);
    pen.fillStyle = colour;
    pen.fill();
    pen.fillStyle = "#fff";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.font = `bold ${said.length > 2 ? 26 : 32}px system-ui, sans-serif`;
    pen.fillText(said, size - half, size - 18);
    const drawn = canvas.toDataURL("image/png");
    for (const link of links) link.setAttribute("href", drawn);
  }

  let themed = "";
  function showTheme() {
    if (themed === root.className) return;
    themed = root.className;
    const colour = getComputedStyle(document.body).backgroundColor;
    for (const meta of $$('meta[name="theme-color"]')) meta.content = colour;
  }

  let path = location.pathname;
  function followPage() {
    if (path === location.pathname) return;
    path = location.pathname;
    // The link that was pressed went with its page: reading goes on at the new content, not at the top of the frame.
    if (document.activeElement === document.body) $("#content")?.focus({ preventScroll: true });
  }

  /* -- dialogs ------------------------------------------------------------------------------------------------ */
  function openDialog(dialog) {
    if (!dialog || dialog.open) return;
    dialog.showModal();
    $("[data-k-first], [data-k-palette-field]", dialog)?.focus();
    if (dialog.id === "k-palette") searchPalette(dialog, "");
  }

  function syncDialogs() {
    for (const dialog of $$("dialog[data-k-open]")) {
      const wanted = dialog.dataset.kOpen === "true";
      if (wanted === (dialog.dataset.was === "true")) continue; // closed by hand: wait until the state says so too
      dialog.dataset.was = String(wanted);
      if (wanted) openDialog(dialog); else if (dialog.open) dialog.close();
    }
  }

  function dragSheet(event) {
    const sheet = event.target.closest?.("[data-k-grip]")?.closest("dialog");
    if (!sheet) return;
    const from = event.clientY;
    const move = (to) => { sheet.style.translate = `0 ${Math.max(0, to.clientY - from)}px`; };
    const drop = (to) => {
      removeEventListener("pointermove", move);
      sheet.style.translate = "";
      if (to.clientY - from > 80) sheet.close();
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", drop, { once: true });
  }

  /* -- the palette -------------------------------------------------------------------------------------------- */
  const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const options = (dialog) => $$('[role="option"]', dialog).filter((option) => !option.hidden);

  let searching = null; // the palette while it is open

  function searchPalette(dialog, text) {
    searching = dialog;
    const field = $("[data-k-palette-field]", dialog);
    if (field.value !== text) {
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, text);
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    filterPalette(dialog);
  }

  function keepPalette() {
    // Opened while another page was on its way: that page brings a palette of its own, which goes on with what was typed.
    const dialog = searching && !searching.isConnected && $("#k-palette");
    if (!dialog) return;
    const text = $("[data-k-palette-field]", searching).value;
    openDialog(dialog);
    searchPalette(dialog, text);
  }

  function filterPalette(dialog) {
    const wanted = fold($("[data-k-palette-field]", dialog).value.trim());
    let heading = null;
    for (const element of $$('h3, [role="option"]', dialog)) {
      if (element.tagName === "H3") {
        heading = element;
        heading.hidden = true;
      } else {
        element.hidden = wanted !== "" && !fold(element.textContent).includes(wanted);
        if (!element.hidden && heading) heading.hidden = false;
      }
    }
    $("[data-k-palette-none]", dialog).hidden = options(dialog).length > 0;
    choose(dialog, options(dialog)[0]);
    markMatches(dialog, wanted);
  }

  function choose(dialog, option) {
    $$('[role="option"]', dialog).forEach((other, index) => {
      if (!other.id) other.id = `k-option-${index}-${Math.random().toString(36).slice(2, 7)}`;
      setMark(other, "aria-selected", String(other === option));
    });
    const field = $("[data-k-palette-field]", dialog);
    if (option) setMark(field, "aria-activedescendant", option.id); else field.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  function markMatches(dialog, wanted) {
    if (!("highlights" in CSS)) return;
    const ranges = [];
    for (const text of wanted ? options(dialog).map((option) => $(".k-grow", option)?.firstChild) : []) {
      const at = text ? fold(text.data).indexOf(wanted) : -1;
      if (at < 0 || at + wanted.length > text.length) continue;
      const range = new Range();
      range.setStart(text, at);
      range.setEnd(text, at + wanted.length);
      ranges.push(range);
    }
    CSS.highlights.set("k-match", new Highlight(...ranges));
  }

  function paletteKey(event, dialog) {
    const shown = options(dialog);
    const at = shown.findIndex((option) => option.getAttribute("aria-selected") === "true");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && shown.length) choose(dialog, shown[(at + step + shown.length) % shown.length]);
    else if (event.key === "Enter" && shown[at]) shown[at].click();
    else return;
    event.preventDefault();
  }

  /* -- keys --------------------------------------------------------------------------------------------------- */
  const isVisible = (element) => element.checkVisibility?.() ?? element.offsetParent !== null;
  const isField = (element) =>
    element.closest?.('input:not([type="checkbox"]):not([type="radio"]), textarea, select, [contenteditable="true"]');
  let going = 0; // until when a letter after "g" goes to its place

  function onKey(event) {
    if (event.isComposing || event.defaultPrevented) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      return openDialog($("#k-palette"));
    }
    if (event.key === "Escape") return onEscape(event);
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches?.("[data-k-sends]")) {
      event.preventDefault();
      return event.target.form?.requestSubmit();
    }
    const palette = event.target.closest?.("#k-palette");
    if (palette) return paletteKey(event, palette);
    if (event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
    if (moveByArrow(event) || moveInRows(event) || $("dialog[open]")) return;
    if (going > performance.now()) {
      going = 0;
      const place = $(`[data-k-go="${CSS.escape(event.key.toLowerCase())}"]`);
      if (place) { event.preventDefault(); return place.click(); }
    }
    if (event.key === "g") going = performance.now() + 1500;
    if (event.key === "?") openDialog($("#k-shortcuts"));
    if (event.key === "c" && $("#k-capture")) { event.preventDefault(); return openDialog($("#k-capture")); }
    const field = event.key === "/" && $$("[data-k-search]").find(isVisible);
    if (field) { event.preventDefault(); field.focus(); field.select(); }
  }

  function onEscape(event) {
    hideTip();
    if ($("dialog[open], :popover-open")) return;
    if (isField(event.target)) return event.target.blur();
    $$("[data-k-escape]").find(isVisible)?.click();
  }

  function moveByArrow(event) {
    const group = event.target.closest?.("[data-k-arrows]");
    if (!group) return false;
    const upright = group.dataset.kArrows === "vertical";
    const step = { [upright ? "ArrowDown" : "ArrowRight"]: 1, [upright ? "ArrowUp" : "ArrowLeft"]: -1 }[event.key];
    const items = $$("button, a", group).filter(isVisible);
    const at = items.indexOf(event.target.closest("button, a"));
    const to = step ? items[(at + step + items.length) % items.length] : { Home: items[0], End: items.at(-1) }[event.key];
    if (!to) return false;
    event.preventDefault();
    to.focus();
    if (to.getAttribute("role") === "tab") to.click();
    return true;
  }

  let lastBox = null; // the scroll box of the row that has the focus

  function moveInRows(event) {
    const letter = { j: "ArrowDown", k: "ArrowUp" }[event.key]; // in a list, from wherever one is
    const here = event.target.closest?.("[data-k-virtual], .k-table-box, [data-k-list]");
    const box = here ?? (letter && !$("dialog[open]") && $("[data-k-list]"));
    if (!box) return false;
    const rows = $$("[data-k-row]", box);
    const row = event.target.closest("[data-k-row]");
    if (!rows.length || (here && !row && event.target !== box)) return false;
    const order = (one) => Number(one.getAttribute("aria-rowindex")) || rows.indexOf(one) + 1;
    const sorted = rows.toSorted((a, b) => order(a) - order(b));
    const at = row ? sorted.indexOf(row) : sorted.findIndex((one) => one.getAttribute("aria-current") === "true") - 1;
    const coming = row && !sorted[at + 1] && event.key === "ArrowDown" && order(row) < rowsOf(box);
    if (coming) { event.preventDefault(); follow(box, order(row) + 1); return true; }
    const to = { ArrowDown: sorted[at + 1] ?? row ?? sorted[0], ArrowUp: sorted[Math.max(0, at - 1)] }[letter && box.matches("[data-k-list]") ? letter : event.key];
    if (to) {
      event.preventDefault();
      to.focus({ preventScroll: true });
      to.scrollIntoView({ block: "nearest" });
      lastBox = box;
      return true;
    }
    const main = row && $("[data-k-main]", row);
    if (!row || ![row, main].includes(event.target)) return false;
    if (event.key === "Enter" && event.target === row) (main ?? row).click();
    else if (event.key.toLowerCase() === "x") $('input[type="checkbox"]', row)?.click();
    else return false;
    return true;
  }

  const rowsOf = (box) => Number(box.getAttribute("aria-rowcount")) || 0;

  function follow(box, index) {
    // The next row is not here yet: it comes when it is in sight.
    const until = performance.now() + 3000;
    box.scrollTop += parseFloat(getComputedStyle(box).getPropertyValue("--row"));
    const look = () => {
      const next = $(`[data-k-row][aria-rowindex="${index}"]`, box);
      if (next) { next.focus({ preventScroll: true }); next.scrollIntoView({ block: "nearest" }); lastBox = box; }
      else if (performance.now() < until) requestAnimationFrame(look);
    };
    look();
  }

  const places = new Map(); // id of a table -> where it was scrolled to on this page
  const placed = new WeakSet();

  function keepPlace() {
    // A table is drawn anew when the server was away; it goes on where it was.
    const here = location.pathname;
    for (const [id, place] of places) if (place.path !== here) places.delete(id);
    for (const box of $$("[data-k-virtual]")) {
      if (placed.has(box)) continue;
      placed.add(box);
      box.scrollTop = places.get(box.id)?.top ?? 0;
    }
  }

  function rememberPlace({ target }) {
    if (target.hasAttribute?.("data-k-virtual")) places.set(target.id, { path: location.pathname, top: target.scrollTop });
  }

  let askedForRows = 0;

  function askForRows() {
    // After a restart of the server, or on a very tall screen, rows in sight may be missing: say again what is in sight.
    if (performance.now() - askedForRows < 500) return; // the answer may be on its way
    for (const box of $$("[data-k-virtual]")) {
      const height = parseFloat(getComputedStyle(box).getPropertyValue("--row"));
      const total = Number(box.getAttribute("aria-rowcount"));
      const there = new Set($$("[data-k-row]", box).map((row) => Number(row.getAttribute("aria-rowindex")) - 1));
      const end = Math.min(total, Math.ceil((box.scrollTop + box.clientHeight) / height));
      for (let index = Math.floor(box.scrollTop / height); index < end; index++) {
        if (there.has(index)) continue;
        askedForRows = performance.now();
        box.dispatchEvent(new Event("scrollend"));
        break;
      }
    }
  }

  function keepFocusInRows() {
    // The row that had the focus was scrolled out of sight and is gone: its box keeps hearing the arrows.
    if (lastBox && document.activeElement === document.body && lastBox.isConnected) lastBox.focus({ preventScroll: true });
    if (lastBox && !lastBox.contains(document.activeElement)) lastBox = null;
  }

  /* -- clicks ------------------------------------------------------------------------------------------------- */
  async function copy(button) {
    const named = document.getElementById(button.dataset.kCopies);
    const field = named ?? document.body.appendChild(document.createElement("input")); // without a name: this address
    if (!named) field.value = location.href;
    field.select();
    // Over plain http browsers have no clipboard but this old way.
    try { await navigator.clipboard.writeText(field.value); } catch { document.execCommand("copy"); }
    if (!named) field.remove();
    button.dataset.kCopied = "";
    setTimeout(() => delete button.dataset.kCopied, 2000);
  }

  async function readInto(chosen) {
    // A file that somebody chose becomes the text of a field, which is sent like what is typed.
    const field = document.getElementById(chosen.dataset.kReads);
    const file = chosen.files?.[0];
    if (!field || !file) return;
    const text = (await file.slice(0, 2 * (field.maxLength > 0 ? field.maxLength : 1e6)).text()).replaceAll("\r\n", "\n");
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(field, text);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  }

  function onClick(event) {
    const target = event.target;
    if (!target.closest) return;
    const opens = target.closest("[data-k-opens]");
    const closes = target.closest("[data-k-closes]");
    closes?.closest("dialog[open]")?.close();
    closes?.closest("[popover]:popover-open")?.hidePopover();
    if (opens) {
      opens.closest("dialog[open]")?.close();
      openDialog(document.getElementById(opens.dataset.kOpens));
    }
    if (target.closest("[data-k-fold]")) {
      const slim = root.dataset.rail !== "slim";
      if (slim) root.dataset.rail = "slim"; else delete root.dataset.rail;
      memory.set("keepai-rail", slim ? "slim" : "wide");
    }
    const push = target.closest("[data-k-push-switch]");
    if (push) switchPush(push.closest("[data-k-push]"), push.dataset.kPushSwitch === "on");
    const copies = target.closest("[data-k-copies]");
    if (copies) copy(copies);
    // Reflex looks whether its socket is open whenever a page comes back into sight.
    if (target.closest("[data-k-reconnect]")) document.dispatchEvent(new Event("visibilitychange"));
    if (target.tagName === "DIALOG" && target.open && isBeside(event, target)) target.close();
    hideTip();
  }

  function isBeside(event, element) {
    const box = element.getBoundingClientRect();
    return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
  }

  function pressOnce(event) {
    const button = event.target.closest?.("[data-k-once]");
    if (!button) return;
    if (button.hasAttribute("data-pressed") || button.getAttribute("aria-busy") === "true") {
      event.stopImmediatePropagation();
      event.preventDefault();
      return;
    }
    if (button.type === "submit" && button.form && !button.form.noValidate && !button.form.matches(":valid")) return; // the browser says what is wrong, and nothing is sent
    button.setAttribute("data-pressed", "");
    setTimeout(() => button.removeAttribute("data-pressed"), 1000);
  }

  function toFirstWrong(form, until) {
    // What is wrong is known when the server has said so; a field that was wrong before may be right by then.
    setTimeout(() => {
      const wrong = $('[aria-invalid="true"]', form);
      if (!wrong) return performance.now() < until && toFirstWrong(form, until);
      wrong.focus();
      for (const button of $$("[data-pressed]", form)) button.removeAttribute("data-pressed"); // it can be sent again at once
    }, 250);
  }

  /* -- menus and tooltips ------------------------------------------------------------------------------------- */
  function placeBeside(floating, anchor, gap = 4) {
    const from = anchor.getBoundingClientRect();
    const size = floating.getBoundingClientRect();
    const left = Math.min(Math.max(8, from.right - size.width), innerWidth - size.width - 8);
    const below = from.bottom + gap;
    const fits = below + size.height <= innerHeight - 8 || from.top < size.height + gap;
    Object.assign(floating.style, {
      left: `${Math.max(8, left)}px`,
      top: `${fits ? below : from.top - gap - size.height}px`,
    });
  }

  function onToggle(event) {
    const popover = event.target;
    if (event.newState !== "open" || !popover.hasAttribute?.("popover")) return;
    const button = $(`[popovertarget="${CSS.escape(popover.id)}"]`);
    if (!button) return;
    placeBeside(popover, button);
    if (popover.dataset.kArrows === "vertical") $("button, a", popover)?.focus();
  }

  let tip = null;
  let tipped = null;
  let tipTimer = 0;

  function showTip(target, delay) {
    clearTimeout(tipTimer);
    if (target === tipped) return;
    tipTimer = setTimeout(() => {
      const said = target.isConnected && target.dataset.tip;
      if (!said) return hideTip();
      const text = "kKeep" in target.dataset && snapshot ? `${said} · ${clock(snapshot.at)}` : said; // a tile's figure and its time
      tip = document.getElementById("k-tip");
      if (!tip) return;
      tip.textContent = text;
      if (!tip.matches(":popover-open")) tip.showPopover();
      placeBeside(tip, target, 6);
      if (target.getAttribute("aria-label") !== text) target.setAttribute("aria-describedby", "k-tip");
      tipped = target;
    }, delay);
  }

  function hideTip() {
    clearTimeout(tipTimer);
    if (!tipped) return;
    if (tipped.getAttribute("aria-describedby") === "k-tip") tipped.removeAttribute("aria-describedby");
    tipped = null;
    if (tip?.matches(":popover-open")) tip.hidePopover();
  }

  function onPointer(event) {
    if (event.pointerType === "touch") return;
    const target = event.target.closest?.("[data-tip]");
    if (target) showTip(target, 400);
    else if (event.target.closest?.("#k-tip")) clearTimeout(tipTimer);
    else if (tipped || tipTimer) { clearTimeout(tipTimer); tipTimer = setTimeout(hideTip, 100); }
  }

  /* -- the service worker and the offline copy ------------------------------------------------------------------ */
  const tell = (message) => navigator.serviceWorker?.controller?.postMessage(message);

  function keepForOffline() {
    const person = app()?.dataset.kPerson;
    if (!person || liveState()[0] !== "live") return;
    const tiles = $$("[data-k-keep]").map((tile) => ({
      label: $(".k-tile-label", tile)?.textContent ?? "",
      figure: $(".k-tile-figure", tile)?.innerText.replace(/\s+/g, " ").trim() ?? "",
      context: $(".k-tile-context", tile)?.textContent ?? "",
    }));
    if (tiles.length) tell({ type: "keep", person, state: { at: snapshot.at, zone: zone(), tiles } });
  }

  async function showOfflineCopy() {
    const page = $("[data-k-offline]");
    const name = (await caches.keys()).find((key) => key.startsWith("keepai-person-"));
    const kept = name && (await (await caches.open(name)).match("/offline-state"));
    if (!kept) return;
    const state = await kept.json();
    const time = new Intl.DateTimeFormat(root.lang, { dateStyle: "short", timeStyle: "short", timeZone: state.zone });
    for (const seen of $$("[data-k-offline-seen]")) {
      seen.textContent = fill(seen.dataset.text, { time: time.format(state.at * 1000), ago: ago(Date.now() / 1000 - state.at) });
    }
    $("ul", page).replaceChildren(...state.tiles.map(({ label, figure, context }) => {
      const line = document.createElement("li");
      for (const text of [label, figure, context]) line.appendChild(document.createElement("span")).textContent = text;
      return line;
    }));
    page.hidden = false;
  }

  /* -- notifications on this device ----------------------------------------------------------------------------- */
  // What this browser is: the part of the page that fits is shown by the mark on its box (components/notices.py).
  const canPush = () => "PushManager" in window && "Notification" in window && Boolean(navigator.serviceWorker);
  const isPocket = /iP(hone|ad|od)/.test(navigator.userAgent) || (navigator.platform === "MacIntel" && navigator.maxTouchPoints > 1);

  async function pushKnown() {
    const answer = await fetch("/api/v1/push", { cache: "no-store" });
    return answer.ok ? answer.json() : null;
  }

  async function pushHere(known) {
    // The subscription of this browser, and what the server knows of it as this person's.
    const registration = await navigator.serviceWorker.getRegistration();
    const subscription = await registration?.pushManager.getSubscription();
    if (!subscription) return {};
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(subscription.endpoint)));
    const mark = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return { subscription, device: known.devices.find(({ fingerprint }) => fingerprint === mark) };
  }

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  function isMadeFor(subscription, key) {
    const given = subscription.options?.applicationServerKey;
    return !given || String(new Uint8Array(given)) === String(bytes(key));
  }

  async function subscribe(known, old) {
    let subscription = old;
    if (old && !isMadeFor(old, known.public_key)) { // KeepAI has another key by now
      await old.unsubscribe();
      subscription = null;
    }
    const { pushManager } = await navigator.serviceWorker.ready;
    subscription ??= await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(known.public_key) });
    const answer = await fetch("/api/v1/push/subscriptions", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...subscription.toJSON(), replaces: old?.endpoint }),
    });
    if (answer.ok) return;
    await subscription.unsubscribe();
    throw new Error(`not taken: ${answer.status}`);
  }

  async function keepPush() {
    // Once a page: after signing in again this browser goes on; what is somebody else's, or was taken away, ends here.
    if (!isSecureContext || !canPush() || Notification.permission !== "granted") return;
    const registration = await navigator.serviceWorker.getRegistration();
    for (const shown of (await registration?.getNotifications()) ?? []) if (shown.data?.over) shown.close();
    if (!await registration?.pushManager.getSubscription()) return;
    const known = await pushKnown();
    if (!known) return;
    const { subscription, device } = await pushHere(known);
    if (!device) await subscription?.unsubscribe();
    else if (!device.current || !isMadeFor(subscription, known.public_key)) await subscribe(known, subscription);
  }

  async function pushState() {
    if (!isSecureContext) return "insecure";
    if (!canPush()) return isPocket ? "install" : "unsupported";
    if (Notification.permission === "denied") return "denied";
    const known = await pushKnown();
    const { subscription, device } = known ? await pushHere(known) : {};
    if (subscription && !device) await subscription.unsubscribe();
    return device && Notification.permission === "granted" ? "on" : "off";
  }

  let judging = false;
  async function showPush() {
    const box = $("[data-k-push]");
    // Looked at anew whenever the list of devices has changed: this one may have been taken off it.
    if (!box || judging || box.judged === box.dataset.kDevices) return;
    judging = true;
    box.judged = box.dataset.kDevices;
    try { setMark(box, "data-push", await pushState()); }
    catch { setMark(box, "data-push", "unsupported"); }
    finally { judging = false; }
  }

  async function switchPush(box, on) {
    try {
      if (on && await Notification.requestPermission() !== "granted") return setMark(box, "data-push", await pushState());
      const known = await pushKnown();
      const { subscription, device } = await pushHere(known);
      if (on) await subscribe(known, subscription);
      else {
        await subscription?.unsubscribe();
        if (device) await fetch(`/api/v1/push/subscriptions/${device.id}`, { method: "DELETE" });
      }
      setMark(box, "data-push", on ? "on" : "off");
      $("[data-k-push-changed]", box)?.click();
    } catch {
      setMark(box, "data-push", on ? "failed" : await pushState());
    }
  }

  async function comeBack() {
    try {
      if ((await fetch("/api/v1/health/live", { cache: "no-store" })).ok) location.reload();
    } catch { /* still no network */ }
  }

  // On a phone the sections of the settings are one line, longer than the screen: the open one is brought into view.
  let shownSection = "";
  function showSection() {
    const open = $('.k-sections [aria-current="page"]');
    const line = open?.closest(".k-sections");
    const state = line ? `${location.pathname} ${line.scrollWidth}` : "";
    if (state === shownSection) return; // whoever scrolls the line themselves is left in peace
    shownSection = state;
    if (!line) return;
    const [there, here] = [open.getBoundingClientRect(), line.getBoundingClientRect()];
    line.scrollLeft += there.left - here.left - (here.width - there.width) / 2;
  }

  /* -- the start ------------------------------------------------------------------------------------------------ */
  function refresh() {
    if (!mounted()) return;
    readSnapshot();
    showLanguage();
    showLight();
    showAges();
    showTheme();
    showBadge();
    syncDialogs();
    for (const box of $$("[data-k-some]")) box.indeterminate = box.dataset.kSome === "true"; // no attribute says it
    leaveIfTold();
    leaveIfSignedOut();
    keepFocusInRows();
    keepPlace();
    askForRows();
    keepPalette();
    showSection();
    showPush();
    const palette = $("#k-palette[open]");
    if (palette && palette.dataset.rows !== String($$('[role="option"]', palette).length)) {
      palette.dataset.rows = String($$('[role="option"]', palette).length);
      filterPalette(palette);
    }
  }

  let soon = false;
  function refreshSoon() {
    if (soon) return;
    soon = true;
    // Not requestAnimationFrame: a hidden tab must know how old its numbers are as well.
    queueMicrotask(() => { soon = false; refresh(); });
  }

  function start() {
    if ($("[data-k-offline]")) {
      root.lang = remembered || root.lang;
      root.classList.remove("k-wait");
      showOfflineCopy();
      setInterval(comeBack, 5000);
      addEventListener("online", comeBack);
      $("[data-k-again]").addEventListener("click", () => location.reload());
      return;
    }
    new MutationObserver(refreshSoon).observe(document, {
      childList: true,
      subtree: true,
      attributes: true,
      attributeFilter: ["data-at", "data-age-ms", "data-down", "data-k-language", "data-k-mounted", "data-k-open", "data-k-leave", "data-k-some", "data-k-devices", "class"],
    });
    refresh();
    setInterval(refresh, 1000);
    addEventListener("online", refresh);
    addEventListener("offline", refresh);
    addEventListener("resize", showSection);
    addEventListener("keydown", onKey);
    addEventListener("click", onClick);
    addEventListener("click", pressOnce, true);
    addEventListener("pointerdown", dragSheet);
    addEventListener("pointerover", onPointer);
    addEventListener("focusin", (event) => {
      if (event.target.matches?.("[data-k-select]")) event.target.select();
      const target = event.target.closest?.("[data-tip]");
      if (target?.matches(":focus-visible")) showTip(target, 0); else hideTip();
    });
    addEventListener("input", (event) => {
      const palette = event.target.closest?.("[data-k-palette-field]") && event.target.closest("dialog");
      if (palette) filterPalette(palette);
    });
    addEventListener("change", ({ target }) => { if (target.matches?.("[data-k-reads]")) readInto(target); });
    addEventListener("toggle", onToggle, true);
    addEventListener("close", ({ target }) => { if (target === searching) searching = null; }, true);
    addEventListener("scroll", hideTip, true);
    addEventListener("scroll", rememberPlace, true);
    if (!("onscrollend" in window)) {
      const timers = new WeakMap();
      addEventListener("scroll", ({ target }) => {
        if (!target.hasAttribute?.("data-k-virtual")) return;
        clearTimeout(timers.get(target));
        timers.set(target, setTimeout(() => target.dispatchEvent(new Event("scrollend")), 120));
      }, true);
    }
    addEventListener("submit", (event) => {
      if (event.target.matches("[data-k-leaves]")) tell({ type: "forget" });
      if (event.target.matches("[data-k-form]")) toFirstWrong(event.target, performance.now() + 3000);
    });
    document.addEventListener("visibilitychange", () => { if (document.hidden) keepForOffline(); else refresh(); });
    setInterval(keepForOffline, 15000);
    navigator.serviceWorker?.register("/sw.js").catch(() => { /* no HTTPS: works without the offline page */ });
    keepPush().catch(() => { /* no network, or signed out: the next page tries again */ });
  }

  if (/Mac|iP(hone|ad|od)/.test(navigator.platform)) root.dataset.keys = "mac"; // ⌘ in place of Ctrl, see app.css
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start); else start();
})();
