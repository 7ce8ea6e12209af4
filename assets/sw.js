/* The service worker: hashed assets from the cache, and an offline page with the last known state.

   It never answers for /_event, /ping, /api or /auth, and never keeps HTML: an old page beside a new server would
   be worse than none. What a person saw is kept under that person's id alone, and wiped when they leave (the
   server's Clear-Site-Data does the same) or when somebody else signs in. */
"use strict";
const ASSETS = "keepai-assets-1";
const SHELL = "keepai-shell-1";
const PERSON = "keepai-person-";
const SHELL_FILES = ["/offline.html", "/pwa.js", "/icons/keepai.svg"];
const MOST_ASSETS = 200;

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
