// Keeps what is typed into a note until the server has it: in this browser first, then over HTTP, again and again.
// A page that is closed, a server that is restarted, a network that is away: no typed word is lost. What is a conflict,
// and what becomes of one, is decided by the server (services/notes/book.py); the words are those of the page.
(() => {
  "use strict";
  const PAUSE = 600; // ms after the last key
  const LONGEST = 2500; // ms that somebody types on before it is sent all the same
  const OLD = 30000; // ms after which what another tab left here is sent by this one
  const WAITS = [1000, 2000, 4000, 8000, 15000];
  const PREFIX = "keepai-kept";
  const store = {
    get: (key) => { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } },
    set: (key, value) => { try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* full or private: the page itself still has it */ } },
    drop: (key) => { try { localStorage.removeItem(key); } catch { /* nothing was there */ } },
    keys: () => { try { return Object.keys(localStorage).filter((key) => key.startsWith(`${PREFIX}:`)); } catch { return []; } },
  };
  const random = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const TAB = (() => {
    try {
      const known = sessionStorage.getItem(PREFIX) ?? random();
      sessionStorage.setItem(PREFIX, known);
      return known;
    } catch { return random(); }
  })();
  const owner = () => document.querySelector("[data-k-person]")?.dataset.kPerson ?? "";
  const keyOf = (note) => `${PREFIX}:${note.owner}:${note.id}:${TAB}`;

  const notes = new Map(); // by id: what this page knows of each, also after its fields are gone
  let box = null; // the editor on the page
  // Which note it holds, and whether it is read or written, the address says: also while the page knows nothing.
  const named = () => /^\/notes\/([0-9a-f]{32})\/?$/.exec(location.pathname)?.[1] ?? "";
  const mode = () => /[?&]mode=(edit|split)(?:&|$)/.exec(location.search)?.[1] ?? "read";

  const fields = (of) => ({
    title: of.querySelector("[data-k-note-title]"),
    body: of.querySelector("[data-k-note-body]"),
  });
  const read = (of) => { const { title, body } = fields(of); return { title: title.value, body: body.value }; };

  function write(field, text) {
    if (field.value === text) return;
    const { selectionStart, selectionEnd } = field;
    const prototype = field.tagName === "TEXTAREA" ? HTMLTextAreaElement.prototype : HTMLInputElement.prototype;
    Object.getOwnPropertyDescriptor(prototype, "value").set.call(field, text);
    if (document.activeElement === field) field.setSelectionRange(Math.min(selectionStart, text.length), Math.min(selectionEnd, text.length));
    grow(field);
  }

  function grow(field) {
    if (field.tagName !== "TEXTAREA" || CSS.supports("field-sizing", "content")) return;
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight}px`;
  }

  function show(note, state, words = "") {
    note.state = state;
    note.words = words;
    if (!box || box.holds !== note.id) return;
    if (box.dataset.kept !== state) box.dataset.kept = state;
    const said = box.querySelector("[data-k-note-said]");
    if (said && said.textContent !== words) said.textContent = words;
  }

  /* -- from the server ------------------------------------------------------------------------------------------ */
  async function load(note) {
    note.loading = true;
    try {
      const answer = await fetch(`/api/v1/notes/${note.id}`, { cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const said = await answer.json();
      if (note.typed || note.sending) return; // somebody typed meanwhile
      Object.assign(note, { version: said.version, saved: { title: said.title, body: said.body }, loaded: true });
      put(note, note.saved);
      show(note, "saved");
    } catch {
      show(note, note.loaded ? note.state : "away");
      setTimeout(() => { if (box?.holds === note.id && !note.loaded) load(note); }, 1500);
    } finally { note.loading = false; }
  }

  function put(note, text) {
    if (!box || box.holds !== note.id) return;
    const { title, body } = fields(box);
    write(title, text.title);
    write(body, text.body);
    open(note);
  }

  function open(note) {
    // Only what is there is written at, and only by whoever may; what a page that knows nothing says of it is no word.
    if (box.dataset.version === "0") return;
    const closed = !note.loaded || box.dataset.writes !== "true";
    for (const field of Object.values(fields(box))) if (field && field.readOnly !== closed) field.readOnly = closed;
  }

  function attend() {
    // Called whenever the page has changed: another note, or a newer version of this one.
    const found = document.querySelector("[data-k-note]");
    if (document.documentElement.dataset.kNoteMode !== mode()) document.documentElement.dataset.kNoteMode = mode();
    if (found !== box || found?.holds !== named()) {
      box = found && named() ? found : null;
      if (found) found.holds = named();
      if (!box) return;
      const id = box.holds;
      let note = notes.get(id);
      if (!note) {
        note = { id, owner: owner(), version: 0, saved: null, typed: null, loaded: false, tries: 0, state: "loading" };
        notes.set(id, note);
      }
      for (const field of Object.values(fields(box))) { field.readOnly = true; write(field, ""); }
      const left = note.typed ?? store.get(keyOf(note));
      if (left?.title !== undefined) {
        note.typed = left;
        note.loaded = true;
        put(note, left);
        show(note, "typed");
        send(note);
      } else {
        show(note, note.saved ? "saved" : "loading");
        if (note.saved) put(note, note.saved);
        load(note);
      }
      return;
    }
    const note = box && notes.get(box.holds);
    if (!note) return;
    if (!note.owner) note.owner = owner();
    if (note.loaded && !note.typed && !note.sending && !note.loading && Number(box.dataset.version) > note.version) load(note);
    open(note);
    if (box.hasAttribute("data-fresh") && note.loaded && !note.greeted && !fields(box).title.readOnly) {
      note.greeted = true; // a note that was made a moment ago begins with its title
      fields(box).title.focus();
    }
  }

  /* -- to the server -------------------------------------------------------------------------------------------- */
  function typed() {
    const note = box && notes.get(box.holds);
    if (!note || !note.loaded) return;
    note.typed = { ...read(box), version: note.typed?.version ?? note.version, at: Date.now() };
    store.set(keyOf(note), note.typed);
    grow(fields(box).body);
    show(note, "typed");
    note.since ??= Date.now();
    clearTimeout(note.timer);
    note.timer = setTimeout(() => send(note), Math.max(0, Math.min(PAUSE, note.since + LONGEST - Date.now())));
  }

  const patch = (id, text, editor, more = {}) => fetch(`/api/v1/notes/${id}`, {
    method: "PATCH",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ title: text.title, body: text.body, version: Math.max(1, text.version), editor, keep: true }),
    ...more,
  });

  async function send(note) {
    if (!note.typed || note.sending) return;
    clearTimeout(note.timer);
    const sent = note.typed;
    note.sending = true;
    note.since = undefined;
    show(note, "sending");
    try {
      const answer = await patch(note.id, sent, TAB);
      if (answer.ok) {
        const said = await answer.json();
        note.version = said.version;
        note.saved = { title: said.title, body: said.body };
        done(note, sent, "saved");
      } else if (answer.status === 409) {
        const said = await answer.json();
        // The server keeps what was typed until its writer has chosen; the page shows both.
        if (said.theirs) { note.version = said.theirs.version; note.saved = said.theirs; done(note, sent, "conflict"); }
        else show(note, "refused", said.detail ?? "");
      } else if ([401, 408, 425, 429].includes(answer.status) || answer.status >= 500) throw new Error(String(answer.status));
      else show(note, "refused", (await answer.json().catch(() => ({}))).detail ?? "");
      note.tries = 0;
    } catch {
      show(note, "away");
      note.timer = setTimeout(() => send(note), WAITS[Math.min(note.tries++, WAITS.length - 1)]);
    } finally { note.sending = false; }
    if (note.typed && note.typed !== sent) typedOn(note);
  }

  function done(note, sent, state) {
    if (note.typed === sent) {
      note.typed = null;
      store.drop(keyOf(note));
      if (state === "conflict") put(note, note.saved);
    } else if (note.typed) note.typed.version = note.version;
    show(note, note.typed ? "typed" : state);
  }

  function typedOn(note) {
    clearTimeout(note.timer);
    note.timer = setTimeout(() => send(note), note.state === "away" ? WAITS[0] : PAUSE);
  }

  async function sendLeft() {
    // What other pages left here: a tab that was closed without network, a browser that ended.
    const me = owner();
    for (const key of me ? store.keys() : []) {
      const [, whose, id, tab] = key.split(":");
      const left = store.get(key);
      if (whose !== me || !left || (tab === TAB && notes.has(id)) || Date.now() - left.at < OLD) continue;
      try {
        if (id === "new" ? (await create(tab, { body: left.body })).ok : await arrives(id, left, tab)) store.drop(key);
      } catch { return; }
    }
  }

  const create = (id, text) => fetch("/api/v1/notes", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ id, ...text }),
  });

  async function arrives(id, left, tab) {
    // Into its note; or beside what the note says by now; or, where that is gone, into a note of its own.
    const answer = await patch(id, left, tab);
    if (answer.ok) return true;
    if (answer.status === 409 && (await answer.json()).theirs) return true;
    return [403, 404, 409].includes(answer.status) && (await create(random(), { title: left.title, body: left.body })).ok;
  }

  async function capture(form) {
    // A thought on the way: kept here, then sent; the number it bears makes sure that it is one note however often.
    const field = form.querySelector("textarea");
    const body = field.value.trim();
    if (!body) { field.focus(); return; }
    const number = form.dataset.number ?? random();
    form.dataset.number = number;
    const key = `${PREFIX}:${owner()}:new:${number}`;
    store.set(key, { body, at: Date.now() });
    form.dataset.kept = "sending";
    try {
      const answer = await create(number, { body });
      const said = await answer.json().catch(() => ({}));
      if (answer.status >= 500 || answer.status === 401 || answer.status === 429) throw new Error(String(answer.status));
      if (!answer.ok) {
        store.drop(key);
        form.dataset.kept = "refused";
        form.querySelector("[data-k-note-said]").textContent = said.detail ?? "";
        return;
      }
      store.drop(key);
      form.dataset.kept = "saved";
      const link = form.querySelector("a[data-k-captured]");
      if (link) link.href = `/notes/${said.id}`;
    } catch { form.dataset.kept = "away"; }
    delete form.dataset.number;
    field.value = "";
    field.focus();
  }

  function leave() {
    for (const note of notes.values()) {
      if (!note.typed || note.sending) continue;
      // What is too long for a request that outlives its page waits in this browser.
      if (note.typed.body.length < 20000) patch(note.id, note.typed, TAB, { keepalive: true }).catch(() => {});
    }
  }

  function inText(event) {
    // In a text, Enter goes on with a list, and Tab indents it.
    const field = event.target;
    if (!field.matches?.("[data-k-note-body]") || event.isComposing) return;
    const { selectionStart: at, selectionEnd: end, value } = field;
    const start = value.lastIndexOf("\n", at - 1) + 1;
    const line = value.slice(start, at);
    const item = /^(\s*)([-*+]|\d+[.)])(\s+)(\[[ xX]\]\s+)?/.exec(line);
    if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.metaKey && item && at === end) {
      event.preventDefault();
      if (line.length === item[0].length) { field.setSelectionRange(start, at); document.execCommand("delete"); return; }
      const mark = /\d/.test(item[2]) ? `${parseInt(item[2], 10) + 1}${item[2].slice(-1)}` : item[2];
      document.execCommand("insertText", false, `\n${item[1]}${mark}${item[3]}${item[4] ? "[ ] " : ""}`);
    } else if (event.key === "Tab" && item && !event.ctrlKey && !event.altKey) {
      event.preventDefault();
      field.setSelectionRange(start, event.shiftKey ? start + Math.min(2, item[1].length) : start);
      if (event.shiftKey) { if (item[1]) document.execCommand("delete"); } else document.execCommand("insertText", false, "  ");
      const moved = event.shiftKey ? -Math.min(2, item[1].length) : 2;
      field.setSelectionRange(Math.max(start, at + moved), Math.max(start, at + moved));
    }
  }

  async function copyCode(button) {
    const code = button.parentElement.querySelector("code")?.textContent ?? "";
    try { await navigator.clipboard.writeText(code); }
    catch { // over plain http browsers have no clipboard but this old way
      const field = document.body.appendChild(document.createElement("textarea"));
      field.value = code;
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    button.dataset.kCopied = "";
    setTimeout(() => delete button.dataset.kCopied, 2000);
  }

  function press(event) {
    const target = event.target;
    const code = target.closest?.("[data-k-copy-code]");
    if (code) copyCode(code);
    const checkbox = target.closest?.("[data-k-box]");
    if (checkbox) { // the server turns it, in the text
      event.preventDefault();
      const wish = document.querySelector("[data-k-box-wish]");
      if (!wish) return;
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(wish, checkbox.dataset.kBox);
      wish.dispatchEvent(new Event("input", { bubbles: true }));
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(wish, "");
      wish._valueTracker?.setValue("");
    }
    const inner = target.closest?.(".k-prose a[href^='/']");
    if (inner && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
      // Through the router, as the links that React made: the page need not be loaded anew.
      event.preventDefault();
      history.pushState(null, "", inner.getAttribute("href"));
      dispatchEvent(new PopStateEvent("popstate", { state: history.state }));
    }
  }

  function start() {
    let soon = false;
    new MutationObserver(() => {
      if (soon) return;
      soon = true;
      queueMicrotask(() => { soon = false; attend(); });
    }).observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-version", "data-writes", "data-fresh", "aria-pressed", "class"] });
    attend();
    addEventListener("input", ({ target }) => { if (target.matches?.("[data-k-note-title], [data-k-note-body]")) typed(); });
    addEventListener("keydown", inText);
    addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      const form = event.target.closest?.("form[data-k-capture]");
      if (form) { event.preventDefault(); capture(form); }
    });
    addEventListener("submit", (event) => {
      if (!event.target.matches("form[data-k-capture]")) return;
      event.preventDefault();
      capture(event.target);
    }, true);
    addEventListener("click", press);
    addEventListener("pagehide", leave);
    addEventListener("online", () => { for (const note of notes.values()) send(note); sendLeft(); });
    addEventListener("popstate", () => setTimeout(attend));
    setTimeout(sendLeft, 3000);
    setInterval(sendLeft, 60000);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start); else start();
})();
