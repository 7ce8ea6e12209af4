"""The frame around every page: rail, top bar, bottom bar, live light, palette, shortcuts, messages.

It takes everything by arguments. What happens in the browser alone (the live light, ages, keys, the palette's
filter, the remembered rail) is done by assets/pwa.js, which finds its elements by the data-k-… attributes and its
words in data-… attributes written here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

import reflex as rx
from reflex_base.style import color_mode, color_mode_imports, resolved_color_mode, set_color_mode
from reflex_base.utils.imports import ImportVar
from reflex_base.vars import VarData
from reflex_components_core.core.banner import has_connection_errors

from components import ui
from components.ui.base import Content, Flag, Number, Text
from state.words import Words, t

Key = tuple[Sequence[str], Content, Flag]  # keys, what they do, for whom

_MOUNTED = rx.Var(
    "mounted",
    _var_type=bool,
    _var_data=VarData(
        hooks={
            "const [mounted, setMounted] = useState(false);": None,
            "useEffect(() => setMounted(true), []);": None,
        },
        imports={"react": [ImportVar(tag="useState"), ImportVar(tag="useEffect")]},
    ),
)


@dataclass(frozen=True)
class Place:
    """A page one can go to: `letter` after "g" goes there; `attention` is a red counter when above 0; `thumb` says that
    it stands in the bar at the foot of a phone."""

    key: str
    label: Text
    href: str
    icon: str
    letter: str
    visible: Flag = True
    attention: Number | None = None
    thumb: bool = False


@dataclass(frozen=True)
class Group:
    """Places under one word of the rail; without a word they stand at its foot."""

    label: Text | None
    places: Sequence[Place]


@dataclass(frozen=True)
class Person:
    """Who is signed in. `id` names the browser's offline copy, `zone` is the time zone of clocks in the browser,
    `theme` what they chose to read in (empty while not known)."""

    id: Text
    name: Text
    initials: Text
    email: Text
    role: Text
    zone: Text
    theme: Text


@dataclass(frozen=True)
class Live:
    """The last snapshot: its time (unix seconds, server clock), and how old it was when it was sent (ms)."""

    at: Number
    age_ms: Number


class PaletteRow(TypedDict):
    """Something the palette finds: it goes to `href`, or without one calls `Palette.on_pick` with its `id`."""

    id: str
    group: str
    icon: str
    text: str
    note: str
    href: str


@dataclass(frozen=True)
class Palette:
    """What the palette finds beside the pages. `on_search` hears what is typed, to bring rows not yet in the page;
    `sections` are those of the settings: label, address, and for whom."""

    rows: rx.Var[list[PaletteRow]]
    on_pick: Any = None
    on_search: Any = None
    sections: Sequence[tuple[Text, str, Flag]] = ()


@dataclass(frozen=True)
class Messages:
    """The toasts of this tab, what closes one (called with its id), and what they may offer, by name."""

    rows: rx.Var[list[ui.Toast]]
    on_close: Any
    events: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Bell:
    """What one was told of: `unread` of it, as it is `shown`; `on_open` fills the rows, `on_read` says that all is
    read."""

    unread: Number
    shown: Text
    rows: rx.Var[Any]
    ready: Flag
    on_open: Any
    on_read: Any


@dataclass(frozen=True)
class Jobs:
    """One's own long work that is not over: how much of it, how far the first is (-1: not known), and in words, short
    and whole."""

    count: Number
    percent: Number
    shown: Text
    label: Text


def places(*, alerts: Number | None = None) -> tuple[Group, ...]:
    """The pages there are; `alerts` is how many critical ones nobody has acknowledged."""
    return (
        Group(
            t("frame.operate"),
            (
                Place("dashboard", t("frame.dashboard"), "/", "layout-dashboard", "d", thumb=True),
                Place("workers", t("frame.workers"), "/workers", "server", "w", thumb=True),
                Place("system", t("frame.system"), "/system", "activity", "s"),
                Place("alerts", t("frame.alerts"), "/alerts", "bell", "a", attention=alerts, thumb=True),
            ),
        ),
        Group(
            t("frame.think"),
            (Place("notes", t("frame.notes"), "/notes", "notebook-pen", "n", thumb=True),),
        ),
        Group(
            None,
            (
                Place("jobs", t("jobs.title"), "/jobs", "list-checks", "j"),
                Place("settings", t("frame.settings"), "/settings", "settings", "c"),
            ),
        ),
    )


def frame(
    *content: Content,
    title: Content,
    place: str,
    person: Person,
    live: Live,
    on_language: Any,
    on_theme: Any,
    palette: Palette | None = None,
    messages: Messages | None = None,
    notices: Sequence[Content] = (),
    groups: Sequence[Group] | None = None,
    crumb: Content | None = None,
    tools: Sequence[Content] = (),
    keys: Sequence[Key] = (),
    flush: bool = False,
    bell: Bell | None = None,
    jobs: Jobs | None = None,
    badge: Number | None = None,
    capture: Content | None = None,
) -> rx.Component:
    """The whole screen of a page.

    `place` is the key of the place that is current; `title` the only h1, with `crumb` before it; `notices` are strips
    (ui.strip) below the top bar, such as the compute being out of reach; `tools` stand before the live light;
    `keys` are shortcuts of this page for the list that "?" shows; `flush` lets the content reach the edges (lists
    with a panel beside them); `badge` is how many critical alerts nobody has acknowledged, for the icon of the app;
    `capture` is the dialog that the key C opens everywhere.
    `on_language` is called with "pt-BR" or "en", `on_theme` with "light" or "dark".
    """
    shown = places() if groups is None else groups
    return rx.el.div(
        ui.link(t("frame.skip"), href="#content", class_name="k-skip"),
        _facts(live),
        _rail(shown, place),
        rx.el.div(
            _top(title, crumb, tools, person, on_language, on_theme, bell, jobs, capture is not None),
            rx.el.section(_stale_strip(), *notices, aria_label=t("frame.notices"), class_name="k-notices"),
            rx.el.main(*content, id="content", tab_index=-1, class_name="flush" if flush else ""),
            class_name="k-column",
        ),
        _bottom(shown, place),
        _more(shown, person),
        *([_bell_panel(bell)] if bell is not None else []),
        _palette(shown, palette, on_theme, capture is not None),
        *([capture] if capture is not None else []),
        _shortcuts(shown, keys, capture is not None),
        *([_messages(messages)] if messages is not None else []),
        class_name="k-app",
        data_k_person=person.id,
        data_k_zone=person.zone,
        data_k_theme=_followed(person.theme),
        data_k_language=Words.language,
        data_k_mounted=_MOUNTED,
        **ui.given(data_k_badge=badge),
    )


def head() -> list[rx.Component]:
    """What every page has in its <head>, for rx.App(head_components=...)."""
    return [
        rx.el.link(rel="manifest", href="/manifest.webmanifest"),
        rx.el.link(rel="icon", href="/favicon.ico", sizes="32x32"),
        rx.el.link(rel="icon", href="/icons/keepai.svg", type="image/svg+xml"),
        rx.el.link(rel="apple-touch-icon", href="/icons/apple-touch-icon.png"),
        rx.el.meta(name="theme-color", content="#f9f9fb", media="(prefers-color-scheme: light)"),
        rx.el.meta(name="theme-color", content="#111113", media="(prefers-color-scheme: dark)"),
        # Not deferred: it restores the rail and the language before anything is painted.
        rx.el.script(src="/pwa.js"),
        rx.el.script(src="/keeper.js", defer=True),
    ]


STYLESHEETS = ["/tokens.css", "/app.css"]


def password_news(by: rx.Var[str], *, on_read: Any) -> rx.Component:
    """Who had this person's password set anew, until they have read it."""
    return rx.cond(
        by != "",
        ui.strip(
            rx.el.b(t("frame.password_news", by=by)),
            " ",
            t("frame.password_news_text"),
            name="key-round",
            action=ui.button(t("frame.password_news_read"), size="small", on_click=on_read),
        ),
        rx.fragment(),
    )


def tab_title(title: Text, *, attention: Number = 0) -> rx.Var[str]:
    """The title of the browser's tab, with how much needs attention before it."""
    whole = t("common.page_title", page=title)
    if isinstance(attention, int):
        return whole
    return rx.cond(attention > 0, t("frame.tab_attention", count=attention, title=whole), whole)


def _facts(live: Live) -> rx.Component:
    """What pwa.js reads: the last snapshot, the socket, and the words of ages."""
    return rx.fragment(
        rx.el.span(
            hidden=True,
            data_k_snapshot="",
            data_at=live.at,
            data_age_ms=live.age_ms,
            data_down=has_connection_errors,
        ),
        rx.el.span(
            hidden=True,
            data_k_words="",
            data_ago=t("common.ago", age="{age}"),
            data_seconds=t("common.seconds", n="{n}"),
            data_minutes=t("common.minutes", n="{n}"),
            data_hours=t("common.hours", n="{n}"),
            data_day=t("common.day", n="{n}"),
            data_days=t("common.days", n="{n}"),
        ),
    )


def _rail(groups: Sequence[Group], place: str) -> rx.Component:
    def block(group: Group) -> rx.Component:
        links = rx.el.ul(*[_if(one.visible, rx.el.li(_rail_link(one, place))) for one in group.places])
        if group.label is None:
            return links
        return rx.el.div(rx.el.h2(group.label), links)

    named = [group for group in groups if group.label is not None]
    foot = [group for group in groups if group.label is None]
    return rx.el.div(
        rx.el.nav(
            ui.link(
                _mark(),
                rx.el.span(t("common.app"), class_name="k-label"),
                href="/",
                aria_label=t("common.app"),
                class_name="k-brand",
            ),
            rx.el.div(*[block(group) for group in named], class_name="k-groups"),
            *[block(group) for group in foot],
            aria_label=t("frame.main_navigation"),
        ),
        rx.el.button(
            ui.icon("panel-left-close"),
            ui.icon("panel-left-open"),
            rx.el.span(t("frame.collapse"), class_name="k-label"),
            rx.el.span(t("frame.expand"), class_name="k-label slim"),
            type="button",
            class_name="k-rail-fold",
            data_k_fold="",
        ),
        class_name="k-rail",
    )


def _rail_link(one: Place, place: str) -> rx.Component:
    return ui.link(
        ui.icon(one.icon),
        rx.el.span(one.label, class_name="k-label"),
        *(
            [rx.cond(one.attention > 0, ui.count(one.attention, critical=True))]
            if one.attention is not None
            else []
        ),
        href=one.href,
        data_k_go=one.letter,
        **ui.given(aria_current="page" if one.key == place else None),
    )


def _top(
    title: Content,
    crumb: Content | None,
    tools: Sequence[Content],
    person: Person,
    on_language: Any,
    on_theme: Any,
    bell: Bell | None,
    jobs: Jobs | None,
    capture: bool,
) -> rx.Component:
    return rx.el.header(
        rx.el.h1(*([rx.el.span(crumb, " / ", class_name="k-crumb")] if crumb is not None else []), title),
        rx.el.span(class_name="k-grow"),
        *tools,
        rx.el.button(
            ui.icon("search"),
            rx.el.span(t("frame.search"), class_name="k-grow"),
            rx.el.span(rx.el.kbd(custom_attrs={"data-k-modifier": ""}), rx.el.kbd("K"), class_name="k-keys"),
            type="button",
            aria_label=t("frame.palette"),
            class_name="k-palette-button",
            data_k_opens="k-palette",
        ),
        *(
            [
                ui.icon_button(
                    t("notes.capture"), "pencil", class_name="k-capture-button", data_k_opens="k-capture"
                )
            ]
            if capture
            else []
        ),
        _light(),
        *([_jobs(jobs)] if jobs is not None else []),
        *([_bell(bell)] if bell is not None else []),
        rx.el.button(
            t("frame.language_short"),
            type="button",
            aria_label=t("frame.language_switch"),
            on_click=on_language(rx.cond(Words.language == "en", "pt-BR", "en")),
            class_name="k-button quiet only k-language",
            data_testid="language-switch",
            data_tip=t("frame.language_switch"),
        ),
        rx.el.button(
            ui.icon("moon"),
            ui.icon("sun"),
            type="button",
            aria_label=t("frame.theme_switch"),
            on_click=_other_theme(on_theme),
            class_name="k-button quiet only k-theme",
            data_testid="theme-switch",
            data_tip=t("frame.theme_switch"),
        ),
        ui.menu(
            _who(person),
            ui.menu_item(t("frame.settings"), name="settings", href="/settings", role=None),
            ui.menu_item(t("frame.shortcuts"), name="keyboard", data_k_opens="k-shortcuts", role=None),
            _sign_out("k-menu-item"),
            id="k-person",
            label=t("frame.person", name=person.name),
            trigger=rx.el.span(person.initials, class_name="k-avatar"),
            trigger_class="k-person-button",
            role="dialog",
        ),
        rx.el.div(id="k-tip", role="tooltip", custom_attrs={"popover": "manual"}),
        class_name="k-top",
    )


def _jobs(jobs: Jobs) -> rx.Component:
    """How far one's own long work is, while there is any; leads to all of it."""
    percent = rx.Var.create(jobs.percent).to(int)
    return rx.cond(
        rx.Var.create(jobs.count).to(int) > 0,
        ui.link(
            ui.icon("loader-circle"),
            rx.el.span(jobs.shown, class_name="k-number"),
            rx.el.span(
                rx.el.b(**ui.inline(width=rx.cond(percent >= 0, f"{percent}%", "0%"))), class_name="k-bar"
            ),
            href="/jobs",
            aria_label=t("jobs.frame", job=jobs.label),
            class_name="k-button quiet k-at-work",
            data_testid="at-work",
            data_tip=jobs.label,
        ),
        rx.fragment(),
    )


def _bell(bell: Bell) -> rx.Component:
    """Opens what one was told of, and says how much of it is new."""
    unread = rx.Var.create(bell.unread)
    label = rx.cond(unread > 0, t("bell.unread", number=bell.shown), t("bell.title"))
    return rx.el.button(
        ui.icon("bell"),
        rx.cond(unread > 0, ui.count(bell.shown, critical=True), rx.fragment()),
        type="button",
        on_click=bell.on_open,
        aria_label=label,
        aria_haspopup="dialog",
        class_name="k-button quiet only k-bell",
        data_testid="bell",
        data_tip=label,
        data_k_opens="k-bell",
    )


def _bell_panel(bell: Bell) -> rx.Component:
    """The newest that one was told of, each leading to its alert: below the bell, on a phone from below."""
    nothing = rx.el.p(t("bell.nothing"), class_name="k-quiet")
    rows = rx.el.ul(rx.foreach(bell.rows, _bell_row), class_name="k-bell-list", aria_label=t("bell.title"))
    return ui.dialog(
        rx.el.span(class_name="k-grip", data_k_grip="", aria_hidden="true"),
        rx.el.div(
            rx.el.h2(t("bell.title")),
            rx.cond(
                rx.Var.create(bell.unread) > 0,
                ui.button(
                    t("bell.read_all"),
                    variant="quiet",
                    size="small",
                    on_click=bell.on_read,
                    data_testid="bell-read",
                ),
                rx.fragment(),
            ),
            ui.icon_button(t("common.close"), "x", data_k_closes=""),
            class_name="k-row k-bell-head",
        ),
        rx.cond(
            bell.ready,
            rx.cond(bell.rows.length() > 0, rows, nothing),
            rx.el.div(
                ui.skeleton_rows(3, ("8%", "60%", "12%")), aria_busy="true", aria_label=t("bell.title")
            ),
        ),
        rx.el.div(
            ui.link(t("bell.all"), href="/alerts", data_k_closes=""),
            ui.link(t("bell.wishes"), href="/settings/notices", data_k_closes=""),
            class_name="k-row k-bell-foot",
        ),
        id="k-bell",
        label=t("bell.title"),
        kind="bell",
        data_testid="bell-panel",
    )


def _bell_row(row: rx.Var[Any]) -> rx.Component:
    return rx.el.li(
        ui.link(
            rx.el.span(ui.icon(row["icon"]), class_name=f"k-word s-{row['look']}"),
            rx.el.span(
                rx.el.span(row["title"], class_name="k-bell-title"),
                rx.el.span(row["said"], class_name="k-caption"),
                class_name="k-grow",
            ),
            rx.el.span(
                ui.age(row["at"], short=True, class_name="k-caption k-number"),
                rx.cond(
                    row["read"],
                    rx.fragment(),
                    rx.el.span(rx.el.span(t("bell.new"), class_name="k-unseen"), class_name="k-bell-new"),
                ),
                class_name="k-bell-when",
            ),
            href=row["href"],
            data_k_closes="",
        ),
        key=row["id"],
        data_testid="bell-row",
        data_read=row["read"],
    )


def _light() -> rx.Component:
    """The live light; pwa.js writes data-state, the word and the age."""
    return rx.fragment(
        rx.el.span(
            rx.el.span(class_name="k-dot"),
            rx.el.span(data_k_light_word=""),
            rx.el.span(data_k_light_since=""),
            class_name="k-light",
            data_testid="live-status",
            data_k_light="",
            data_live=t("frame.live"),
            data_connecting=t("frame.connecting"),
            data_reconnecting=t("frame.reconnecting"),
            data_offline=t("frame.no_data"),
            data_network=t("frame.no_network"),
            data_since=t("frame.since", time="{time}"),
        ),
        rx.el.span(role="status", aria_live="polite", class_name="k-unseen", data_k_light_said=""),
    )


def _stale_strip() -> rx.Component:
    """Says since when nothing came; shown by html[data-live], which pwa.js sets."""
    return ui.strip(
        rx.el.b(data_k_strip_word=""),
        " ",
        rx.el.span(data_k_strip_age="", data_text=t("frame.stale_data", time="{time}", ago="{ago}")),
        name="loader-circle",
        action=rx.el.button(
            t("frame.reconnect_now"), type="button", class_name="k-button small", data_k_reconnect=""
        ),
        id="k-stale",
    )


def _bottom(groups: Sequence[Group], place: str) -> rx.Component:
    """Four places and the rest, below 1024 px."""
    first = [one for group in groups for one in group.places if one.thumb]
    return rx.el.nav(
        rx.el.ul(
            *[
                _if(
                    one.visible,
                    rx.el.li(
                        ui.link(
                            ui.icon(one.icon, size=20),
                            rx.el.span(one.label),
                            *(
                                [rx.cond(one.attention > 0, ui.count(one.attention, critical=True))]
                                if one.attention is not None
                                else []
                            ),
                            href=one.href,
                            **ui.given(aria_current="page" if one.key == place else None),
                        )
                    ),
                )
                for one in first
            ],
            rx.el.li(
                rx.el.button(
                    ui.icon("menu", size=20),
                    rx.el.span(t("frame.more")),
                    type="button",
                    data_k_opens="k-more",
                )
            ),
        ),
        aria_label=t("frame.quick_navigation"),
        class_name="k-bottom",
    )


def _more(groups: Sequence[Group], person: Person) -> rx.Component:
    """What the bottom bar has no room for."""
    return ui.sheet(
        _who(person),
        *[
            _if(one.visible, ui.menu_item(one.label, name=one.icon, href=one.href, role=None))
            for group in groups
            for one in group.places
            if not one.thumb
        ],
        _sign_out("k-menu-item"),
        id="k-more",
        label=t("frame.more"),
        close_label=t("common.close"),
    )


def _who(person: Person) -> rx.Component:
    return rx.el.div(
        rx.el.span(person.initials, class_name="k-avatar large", aria_hidden="true"),
        rx.el.div(
            rx.el.p(person.name, class_name="k-medium"),
            rx.el.p(person.email, class_name="k-caption"),
            rx.el.p(person.role, class_name="k-caption"),
        ),
        class_name="k-who",
    )


def _sign_out(look: str) -> rx.Component:
    """A native form: the answer is a redirect that must reach the browser, not the router."""
    return rx.el.form(
        rx.el.button(ui.icon("log-out"), rx.el.span(t("frame.sign_out")), type="submit", class_name=look),
        action="/auth/logout",
        method="post",
        on_submit=None,
        data_k_leaves="",
    )


def _palette(groups: Sequence[Group], palette: Palette | None, on_theme: Any, capture: bool) -> rx.Component:
    found = [] if palette is None else [_found(palette)]
    typed = None if palette is None or palette.on_search is None else palette.on_search.debounce(150)
    return ui.dialog(
        rx.el.div(
            ui.icon("search"),
            rx.el.input(
                type="text",
                role="combobox",
                placeholder=t("frame.search"),
                aria_label=t("frame.palette"),
                aria_expanded="true",
                aria_controls="k-palette-list",
                aria_autocomplete="list",
                auto_complete="off",
                spell_check=False,
                data_k_palette_field="",
                **ui.given(on_change=typed),
            ),
            rx.el.button(rx.el.kbd("Esc"), type="button", aria_label=t("common.close"), data_k_closes=""),
            class_name="k-palette-field",
        ),
        rx.el.div(
            _palette_group(
                t("frame.pages"),
                *[
                    _if(one.visible, _palette_link(one.label, one.icon, href=one.href))
                    for group in groups
                    for one in group.places
                ],
            ),
            *found,
            _palette_group(
                t("frame.actions"),
                *(
                    [_palette_button(t("notes.capture"), "pencil", data_k_opens="k-capture")]
                    if capture
                    else []
                ),
                _palette_button(t("frame.theme_switch"), "sun", on_click=_other_theme(on_theme)),
                _palette_button(t("frame.shortcuts"), "keyboard", data_k_opens="k-shortcuts"),
            ),
            _palette_group(
                t("frame.settings"),
                *[
                    _if(visible, _palette_link(label, "settings", href=href))
                    for label, href, visible in (palette.sections if palette else ())
                ],
            ),
            id="k-palette-list",
            role="listbox",
            aria_label=t("frame.found"),
            data_k_palette_list="",
        ),
        rx.el.p(t("frame.nothing_found"), hidden=True, class_name="k-palette-none", data_k_palette_none=""),
        rx.el.footer(
            _key_hint(("↑", "↓"), t("frame.key_choose")),
            _key_hint(("Enter",), t("frame.key_open")),
            _key_hint(("?",), t("frame.key_all")),
        ),
        id="k-palette",
        label=t("frame.palette"),
        kind="palette",
    )


def _palette_group(label: Text, *rows: Content) -> rx.Component:
    return rx.el.div(rx.el.h3(label, aria_hidden="true"), *rows, role="group", aria_label=label)


def _palette_link(text: Content, name: Text, *, href: Text, note: Content = "", **props: Any) -> rx.Component:
    return ui.link(*_palette_line(text, name, note), href=href, **_OPTION, **props)


def _palette_button(text: Content, name: Text, *, note: Content = "", **props: Any) -> rx.Component:
    return rx.el.button(*_palette_line(text, name, note), type="button", **_OPTION, **props)


_OPTION: dict[str, Any] = {"role": "option", "tab_index": -1, "aria_selected": "false", "data_k_closes": ""}


def _palette_line(text: Content, name: Text, note: Content) -> tuple[Content, ...]:
    return (
        ui.icon(name),
        rx.el.span(text, class_name="k-grow k-ellipsis"),
        rx.el.span(note, class_name="k-caption"),
    )


def _found(palette: Palette) -> rx.Component:
    """What the state found, one group after the other in the order it comes."""

    def line(row: rx.Var[PaletteRow]) -> rx.Component:
        link = _palette_link(row["text"], row["icon"], href=row["href"], note=row["note"])
        if palette.on_pick is None:
            return rx.fragment(link, key=row["id"])
        action = _palette_button(
            row["text"], row["icon"], note=row["note"], on_click=palette.on_pick(row["id"])
        )
        return rx.fragment(rx.cond(row["href"] != "", link, action), key=row["id"])

    def with_heading(row: rx.Var[PaletteRow], index: rx.Var[int]) -> rx.Component:
        first = (index == 0) | (palette.rows[index - 1]["group"] != row["group"])
        return rx.fragment(
            rx.cond(first, rx.el.h3(row["group"], aria_hidden="true")), line(row), key=row["id"]
        )

    return rx.el.div(rx.foreach(palette.rows, with_heading), role="group", aria_label=t("frame.found"))


def _shortcuts(groups: Sequence[Group], keys: Sequence[Key], capture: bool = False) -> rx.Component:
    lines: list[Key] = [
        *[
            (("g", one.letter), t("frame.go_to", place=one.label), one.visible)
            for group in groups
            for one in group.places
        ],
        (("Ctrl", "K"), t("frame.key_palette"), True),
        (("/",), t("frame.key_search"), True),
        (("↑", "↓"), t("frame.key_rows"), True),
        (("Enter",), t("frame.key_row_open"), True),
        (("X",), t("frame.key_row_pick"), True),
        *([(("C",), t("notes.capture"), True)] if capture else []),
        *keys,
        (("?",), t("frame.key_shortcuts"), True),
        (("Esc",), t("frame.key_close"), True),
    ]
    return ui.dialog(
        rx.el.h2(t("frame.shortcuts")),
        rx.el.dl(
            *[
                _if(
                    visible,
                    rx.el.div(
                        rx.el.dt(words),
                        rx.el.dd(*[rx.el.kbd(key) for key in combination], class_name="k-keys"),
                    ),
                )
                for combination, words, visible in lines
            ],
            class_name="k-facts k-shortcuts",
        ),
        rx.el.button(
            ui.icon("x"),
            type="button",
            aria_label=t("common.close"),
            class_name="k-button quiet only k-dialog-close",
            data_k_closes="",
        ),
        id="k-shortcuts",
        label=t("frame.shortcuts"),
    )


def _key_hint(keys: Sequence[str], words: Content) -> rx.Component:
    return rx.el.span(*[rx.el.kbd(key) for key in keys], words, class_name="k-keys")


def _messages(messages: Messages) -> rx.Component:
    return ui.toasts(
        messages.rows,
        on_close=messages.on_close,
        events=messages.events,
        label=t("frame.messages"),
        close_label=t("common.close"),
    )


def theme_choice(on_theme: Any) -> rx.Component:
    """Light, dark or as the system, for the settings: at once in this browser, and told to `on_theme`."""
    options = (
        ("light", t("frame.theme_light")),
        ("dark", t("frame.theme_dark")),
        ("system", t("frame.theme_system")),
    )
    return ui.segmented(
        options,
        value=color_mode,
        label=t("frame.theme"),
        on_change=lambda mode: [set_color_mode(mode), on_theme(mode)],
    )


def _other_theme(on_theme: Any) -> list[Any]:
    """From light to dark or back: at once in this browser, and told to `on_theme`."""
    other = rx.cond(resolved_color_mode == "dark", "light", "dark")
    return [set_color_mode(other), on_theme(other)]


def _followed(theme: Text) -> rx.Var[str]:
    """The theme that the person chose, perhaps in another browser, which this one then follows."""
    chosen = rx.Var.create(theme)
    code = chosen._js_expr
    effect = VarData(
        hooks={
            "const { setColorMode } = useContext(ColorModeContext)": None,
            f"useEffect(() => {{ if ({code}) setColorMode({code}); }}, [{code}]);": None,
        },
        imports={**color_mode_imports, "react": [ImportVar(tag="useContext"), ImportVar(tag="useEffect")]},
    )
    return rx.Var(code, _var_type=str, _var_data=VarData.merge(chosen._get_all_var_data(), effect))


def _mark() -> rx.Component:
    """The sign of KeepAI: a keep, the tower that stands longest."""
    return rx.el.span(
        rx.el.svg(
            rx.el.svg.path(
                d="M1.5 1.5h2.6v2h1.6v-2h2.6v2h1.6v-2h2.6v4.2L11 7.2v5.3H8.4V10a1.4 1.4 0 0 0-2.8 0v2.5H3V7.2L1.5 5.7z"
            ),
            view_box="0 0 14 14",
            custom_attrs={"aria-hidden": "true"},
        ),
        class_name="k-mark",
    )


def _if(visible: Flag, content: rx.Component) -> rx.Component:
    return content if visible is True else rx.cond(visible, content)
