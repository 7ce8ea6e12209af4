"""The files a browser gets as they are: manifest, icons, offline page, service worker, tokens."""

import json
import re
import struct
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ASSETS = Path(__file__).parents[2] / "assets"
NODE = Path(sys.prefix) / "bin" / "node"
PAGES = {"/", "/workers", "/system", "/alerts", "/notes", "/settings"}


def manifest() -> dict:
    return json.loads((ASSETS / "manifest.webmanifest").read_text(encoding="utf-8"))


def png_size(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", data[16:24])


def test_the_manifest_makes_it_installable():
    content = manifest()
    assert content["display"] == "standalone"
    assert content["start_url"] == content["scope"] == "/"
    assert {(icon["sizes"], icon["purpose"]) for icon in content["icons"]} >= {
        ("192x192", "any"),
        ("512x512", "any"),
        ("512x512", "maskable"),
    }


def test_icons_are_what_the_manifest_says():
    for icon in manifest()["icons"]:
        path = ASSETS / icon["src"].lstrip("/")
        if icon["type"] == "image/png":
            assert "{}x{}".format(*png_size(path)) == icon["sizes"]
        else:
            ElementTree.parse(path)
    assert png_size(ASSETS / "icons" / "apple-touch-icon.png") == (180, 180)
    assert (ASSETS / "favicon.ico").read_bytes()[:4] == b"\x00\x00\x01\x00"


def test_shortcuts_lead_to_pages_that_exist():
    assert {shortcut["url"] for shortcut in manifest()["shortcuts"]} <= PAGES


def test_the_icon_file_is_one_well_formed_svg_without_twins():
    names = [symbol.get("id") for symbol in ElementTree.parse(ASSETS / "icons.svg").getroot()]
    assert len(names) == len(set(names)) > 60


def test_every_token_that_a_look_uses_exists_in_both_themes():
    tokens = (ASSETS / "tokens.css").read_text(encoding="utf-8")
    defined = set(re.findall(r"(--k-[\w-]+):", tokens))
    for name in ("app.css", "pages.css", "notes.css"):
        used = set(re.findall(r"var\((--k-[\w-]+)", (ASSETS / name).read_text(encoding="utf-8")))
        assert used - defined == set()
    light, dark = tokens.split(".dark, [data-theme", 1)
    in_light = set(re.findall(r"(--k-[\w-]+):", light.split(":root, .light", 1)[1]))
    in_dark = set(re.findall(r"(--k-[\w-]+):", dark.split("@media", 1)[0]))
    assert in_light == in_dark


def test_a_look_takes_its_colours_from_the_tokens():
    for name in ("app.css", "pages.css", "notes.css"):
        text = (ASSETS / name).read_text(encoding="utf-8")
        assert re.findall(r"#[0-9a-f]{3,8}\b(?![^{]*\{)", text.replace("#fff", "")) == []


@pytest.mark.parametrize("name", ["pwa.js", "sw.js", "plot.js", "keeper.js"])
def test_scripts_have_no_words_of_their_own(name):
    """Words come from the page in the reader's language: no literal with a space between two words."""
    code = re.sub(
        r"/\*.*?\*/|(?m:^\s*//.*$|\s//.*$)", "", (ASSETS / name).read_text(encoding="utf-8"), flags=re.S
    )
    literals = re.findall(r'"([^"\n]*)"', code)
    spoken = [text for text in literals if re.search(r"[A-Za-zÀ-ú]{2,} [a-zà-ú]{2,}", text)]
    assert [text for text in spoken if not re.search(r"k-|button|input|strict|h3|time\[", text)] == []


def test_the_offline_page_says_everything_in_both_languages():
    page = (ASSETS / "offline.html").read_text(encoding="utf-8")
    assert (
        len(re.findall(r'<(?:span|p)[^>]* lang="pt-BR"|<(?:span|p) lang="pt-BR"', page))
        == len(re.findall(r'<(?:span|p)[^>]* lang="en"|<(?:span|p) lang="en"', page))
        > 3
    )
    assert set(re.findall(r'(?:href|src)="([^"]+)"', page)) <= {"/icons/keepai.svg", "/pwa.js"}


# A service worker around a fake far end: a network that answers or not, and caches in memory.
WORKER = """
const fs = require("fs"), vm = require("vm");
const stores = new Map(), handlers = {};
const key = (request) => new URL(request.url ?? request, "https://keepai.test").pathname;
const cacheOf = (name) => {
  if (!stores.has(name)) stores.set(name, new Map());
  const store = stores.get(name);
  return {
    put: async (request, answer) => void store.set(key(request), answer),
    match: async (request) => store.get(key(request)),
    addAll: async (all) => all.forEach((request) => store.set(key(request), new Response("kept " + key(request)))),
    keys: async () => [...store.keys()].map((path) => ({ url: "https://keepai.test" + path })),
    delete: async (request) => store.delete(key(request)),
  };
};
const caches = {
  open: async (name) => cacheOf(name),
  keys: async () => [...stores.keys()],
  delete: async (name) => stores.delete(name),
  match: async (request, options) => (options ? cacheOf(options.cacheName) : cacheOf("keepai-shell-1")).match(request),
};
let online = true, fetched = [];
const sandbox = {
  caches, URL, Response, JSON, Promise, Error, Math,
  Request: class { constructor(url) { this.url = url; } },
  fetch: async (request) => {
    fetched.push(key(request));
    if (!online) throw new TypeError("no network");
    return new Response("fresh " + key(request));
  },
  self: {
    location: { origin: "https://keepai.test" }, skipWaiting: async () => {}, clients: { claim: async () => {} },
    addEventListener: (name, handler) => { handlers[name] = handler; },
  },
};
vm.runInNewContext(fs.readFileSync(process.argv[1], "utf8"), sandbox);
const fire = async (name, event) => {
  const waits = []; let answer;
  handlers[name]({ waitUntil: (work) => waits.push(work), respondWith: (work) => { answer = work; }, ...event });
  await Promise.all(waits);
  return answer === undefined ? null : (await answer).text();
};
const get = (path, mode = "cors", method = "GET") =>
  fire("fetch", { request: { url: new URL(path, "https://keepai.test").href, mode, method } });
const tell = (data) => fire("message", { data });
(async () => {
  const out = {};
  await fire("install", {});
  await fire("activate", {});
  %s
  console.log(JSON.stringify(out));
})();
"""


def worker(script: str) -> dict:
    """Run a script beside the service worker; it fills `out`."""
    program = WORKER.replace("%s", script)
    run = subprocess.run(
        [NODE, "-e", program, str(ASSETS / "sw.js")], capture_output=True, text=True, check=True
    )
    return json.loads(run.stdout)


def test_the_worker_keeps_away_from_what_is_live_or_private():
    out = worker(
        """
        for (const path of ["/_event", "/_event/?EIO=4", "/ping", "/api/v1/dashboard", "/auth/login", "https://other.test/assets/a-12345678.js"])
          out[path] = await get(path);
        out.post = await get("/assets/a-12345678.js", "cors", "POST");
        out.stores = [...stores.entries()].map(([name, store]) => [name, [...store.keys()]]);
        """
    )
    assert {path: answer for path, answer in out.items() if path != "stores"} == dict.fromkeys(
        ["/_event", "/_event/?EIO=4", "/ping", "/api/v1/dashboard", "/auth/login",
         "https://other.test/assets/a-12345678.js", "post"]
    )  # fmt: skip
    assert [name for name, _ in out["stores"]] == ["keepai-shell-1"]


def test_pages_come_from_the_network_and_are_never_kept():
    out = worker(
        """
        out.page = await get("/workers", "navigate");
        online = false;
        out.offline = await get("/workers", "navigate");
        out.kept = [...stores.values()].flatMap((store) => [...store.keys()]);
        """
    )
    assert out["page"] == "fresh /workers"
    assert out["offline"] == "kept /offline.html"
    assert "/workers" not in out["kept"]
    assert "/" not in out["kept"]


def test_hashed_assets_are_fetched_once():
    out = worker(
        """
        out.first = await get("/assets/root-B6lnb3J1.js");
        online = false;
        out.second = await get("/assets/root-B6lnb3J1.js");
        out.plain = await get("/assets/readme.txt");
        out.fetched = fetched;
        """
    )
    assert out["first"] == out["second"] == "fresh /assets/root-B6lnb3J1.js"
    assert out["plain"] is None
    assert out["fetched"] == ["/assets/root-B6lnb3J1.js"]


def test_kept_assets_do_not_grow_without_end():
    out = worker(
        """
        for (let i = 0; i < 230; i++) await get(`/assets/chunk-${String(i).padStart(8, "0")}.js`);
        out.count = stores.get("keepai-assets-1").size;
        """
    )
    assert out["count"] == 200


def test_what_one_person_saw_is_not_left_for_the_next():
    out = worker(
        """
        await tell({ type: "keep", person: "ana", state: { at: 1 } });
        out.ana = [...stores.keys()].filter((name) => name.includes("person"));
        await tell({ type: "keep", person: "carla", state: { at: 2 } });
        out.carla = [...stores.keys()].filter((name) => name.includes("person"));
        await tell({ type: "forget" });
        out.left = [...stores.keys()].filter((name) => name.includes("person"));
        """
    )
    assert out["ana"] == ["keepai-person-ana"]
    assert out["carla"] == ["keepai-person-carla"]
    assert out["left"] == []
