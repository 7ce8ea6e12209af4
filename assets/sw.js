/* The service worker: hashed assets from the cache, an offline page with the last known state, and notifications.

   It never answers for /_event, /ping, /api or /auth, and never keeps HTML: an old page beside a new server would
   be worse than none. What a person saw is kept under that person's id alone, and wiped when they leave (the
   server's Clear-Site-Data does the same) or when somebody else signs in. */
"use strict";
const ASSETS = "keepai-assets-1";
const SHELL = "keepai-shell-1";
const PERSON = "keepai-person-";
const SHELL_FILES = ["/offline.html", "/pwa.js", "/icons/keepai.svg"];
const MOST_ASSETS = 200;
const SHOWN_WITHIN = 300; // ms; Chrome forgets a notification that it is asked for before it is on the screen

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches.open(SHELL).then((cache) => cache.addAll(SHELL_FILES.map((file) => new Request(file, { cache: "no-cache" }))))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  const isOld = (name) => name.startsWith("keepai-") && name !== ASSETS && name !== SHELL && !name.startsWith(PERSON);
  event.waitUntil(
    caches.keys().then((names) => Promise.all(names.filter(isOld).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (/^\/(_event|ping|api|auth)(\/|$)/.test(url.pathname)) return;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(offline));
  else if (/^\/assets\/.+-[\w-]{8}\.\w+$/.test(url.pathname)) event.respondWith(asset(request));
  else if (SHELL_FILES.includes(url.pathname)) event.respondWith(fetch(request).catch(() => caches.match(request)));
});

async function offline() {
  return (await caches.match("/offline.html", { cacheName: SHELL })) ?? Response.error();
}

async function asset(request) {
  const cache = await caches.open(ASSETS);
  const kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) {
    await cache.put(request, answer.clone());
    const keys = await cache.keys();
    await Promise.all(keys.slice(0, Math.max(0, keys.length - MOST_ASSETS)).map((key) => cache.delete(key)));
  }
  return answer;
}

self.addEventListener("message", (event) => {
  const { type, person, state } = event.data ?? {};
  if (type === "keep" && person) event.waitUntil(keep(PERSON + person, state));
  if (type === "forget") event.waitUntil(forgetAllBut(null));
});

async function keep(name, state) {
  await forgetAllBut(name);
  const cache = await caches.open(name);
  await cache.put("/offline-state", new Response(JSON.stringify(state), { headers: { "Content-Type": "application/json" } }));
}

async function forgetAllBut(name) {
  const names = (await caches.keys()).filter((other) => other.startsWith(PERSON) && other !== name);
  await Promise.all(names.map((other) => caches.delete(other)));
}

/* -- notifications ------------------------------------------------------------------------------------------------

   What comes is written by services/outbox/letters.py, with its words: one notification for each alert (`tag`). A newer
   state takes the place of the older one and is heard again; that it is over is not heard. */
self.addEventListener("push", (event) => {
  let said = null;
  try { said = event.data.json(); } catch { /* not ours */ }
  if (said?.tag) event.waitUntil(show(said));
});

/* Browsers let a page send only what people get to see. Safari counts whether something was shown at all, Chrome whether
   anything is to be seen when we are done, unless a page of ours is in sight; who shows nothing loses the right. So what
   is over is shown in silence first, and goes at once where something else stays; the last one stays, saying that it is
   over, until the next one comes or somebody looks at KeepAI. */
async function show(said) {
  const before = await self.registration.getNotifications();
  // A push service may deliver late: what waited there must not take the place of what is newer.
  const newer = before.find(({ tag, data }) => tag === said.tag && data?.at > said.at);
  const wanted = newer?.data ?? said;
  await notify(wanted, Boolean(newer) || wanted.over);
  const others = before.filter(({ tag }) => tag !== said.tag);
  const over = others.filter(({ tag, data }) => data?.over || said.closes?.includes(tag));
  for (const one of over) one.close();
  const inSight = (await windows()).some((tab) => tab.visibilityState === "visible");
  if (!wanted.over || !(inSight || others.length > over.length)) return;
  await new Promise((done) => setTimeout(done, SHOWN_WITHIN));
  for (const one of await self.registration.getNotifications({ tag: said.tag })) one.close();
}

async function notify(said, quiet) {
  const actions = [{ action: "open", title: said.words.open }];
  if (said.acknowledge) actions.unshift({ action: "acknowledge", title: said.words.acknowledge });
  await self.registration.showNotification(said.title, {
    body: said.body,
    lang: said.lang,
    tag: said.tag,
    timestamp: said.at,
    icon: "/icons/icon-192.png",
    badge: "/icons/badge-96.png",
    renotify: !quiet,
    silent: quiet,
    requireInteraction: said.severity === "critical" && !said.over,
    actions,
    data: said,
  });
}

self.addEventListener("notificationclick", (event) => {
  const { notification, action } = event;
  event.waitUntil(action === "acknowledge" ? acknowledge(notification) : open(notification));
});

async function acknowledge(notification) {
  try {
    const answer = await fetch(notification.data.acknowledge, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: "{}",
      signal: AbortSignal.timeout(5000), // browsers let a page be opened only for some seconds after the press
    });
    if (answer.ok) return notification.close();
  } catch { /* no network */ }
  await open(notification); // signed out, over meanwhile, no network: the page says which
}

async function open(notification) {
  notification.close();
  const to = new URL(notification.data.url, self.location.origin);
  if (to.origin !== self.location.origin) return;
  const tabs = await windows();
  const tab = tabs.find(({ url }) => url === to.href) ?? tabs.find(({ url }) => new URL(url).pathname === to.pathname);
  try {
    await tab.focus();
    if (tab.url !== to.href) await tab.navigate(to.href);
  } catch { // there is none, or it is not ours to move
    await self.clients.openWindow(to.href);
  }
}

const windows = () => self.clients.matchAll({ type: "window", includeUncontrolled: true });

// The browser gave this device another address; the old one takes nothing any more.
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));

async function renew({ oldSubscription, newSubscription }) {
  const known = await fetch("/api/v1/push", { cache: "no-store" });
  if (!known.ok) return; // signed out: nothing is to be sent here
  const { public_key: applicationServerKey } = await known.json();
  const fresh = newSubscription
    ?? await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  await fetch("/api/v1/push/subscriptions", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...fresh.toJSON(), replaces: oldSubscription?.endpoint }),
  });
}
