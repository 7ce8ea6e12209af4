"""What the answers of the API look like, for its description. Answers are encoded by hand where that is faster;
tests hold them to these shapes.

Where `fields` chooses, any field may be missing.
"""

from typing import Any, Generic, TypeVar

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")

Moment = str
ID = "0192f0c0d1e27a3b8c4d5e6f70819203"
AT = "2026-01-31T12:00:00.500000Z"


def _some(schema: dict[str, Any]) -> None:
    schema.pop("required", None)


class Chosen(BaseModel):
    """A row of which `fields` may choose a part."""

    model_config = ConfigDict(json_schema_extra=_some)


class Page(BaseModel, Generic[T]):
    """A part of a list. `next_cursor` is the `cursor` of the next part, null at the end."""

    items: list[T]
    next_cursor: str | None = Field(examples=[None])


class Worker(Chosen):
    """A worker. Bytes, seconds, percent of one core, bytes a second."""

    id: str = Field(examples=[ID])
    name: str = Field(examples=["node-1"])
    host: str = Field(examples=["10.0.0.7"])
    address: str = Field(examples=["tls://10.0.0.7:40001"])
    state: str = Field(examples=["running"])
    since: Moment | None = Field(examples=[AT])
    nanny: bool
    restarts: int
    threads: int
    cpu: float | None = Field(examples=[183.4])
    memory: int
    managed: int
    unmanaged: int
    spilled: int
    limit: int
    executing: int
    ready: int
    stored: int
    erred: int
    tasks: dict[str, int] = Field(examples=[{"executing": 2}])
    net_read: float
    net_write: float
    disk_read: float
    disk_write: float
    event_loop: float
    fds: int
    gpu: float | None
    gpu_memory: float | None
    last_seen: Moment | None = Field(examples=[AT])


class Totals(BaseModel):
    """Sums over the connected workers; `cpu` is percent of all threads."""

    model_config = ConfigDict(extra="allow")

    workers: int
    known: int
    running: int
    lost: int
    threads: int
    executing: int
    memory: int
    limit: int
    cpu: float
    queued: int
    erred: int


class ComputeInfo(BaseModel):
    """Which compute this is and whether it answers (`live`) or not (`out_of_reach`), and since when."""

    model_config = ConfigDict(extra="allow")

    id: str
    embedded: bool
    address: str
    state: str = Field(examples=["live"])
    since: Moment = Field(examples=[AT])
    reason: str


class Group(BaseModel):
    """A task group with work before it; `left` is the estimated rest in seconds."""

    name: str = Field(examples=["inc"])
    done: int
    total: int
    erred: int
    nbytes: int
    left: float | None


class LatestEvent(BaseModel):
    """Something that happened to a worker, as the dashboard shows it."""

    at: Moment = Field(examples=[AT])
    worker_id: str
    worker: str
    kind: str
    by: str
    detail: str


class Probe(Chosen):
    """How something outside answered: `ok`, `slow`, `down` or `not_configured`; `latency` in seconds."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(examples=["ollama"])
    state: str = Field(examples=["ok"])
    since: Moment = Field(examples=[AT])
    checked_at: Moment = Field(examples=[AT])
    succeeded_at: Moment | None = Field(examples=[AT])
    latency: float | None = Field(examples=[0.012])
    reason: str
    detail: dict[str, Any]


class Dashboard(Chosen):
    """What is known of the compute at one moment."""

    at: Moment | None = Field(examples=[AT])
    compute: ComputeInfo | None
    totals: Totals | None
    workers: list[Worker]
    groups: list[Group]
    events: list[LatestEvent]
    probes: list[Probe]


class WorkerEventInfo(Chosen):
    """Something that happened to a worker, and who wanted it."""

    at: Moment = Field(examples=[AT])
    id: str = Field(examples=[ID])
    worker_id: str = Field(examples=[ID])
    worker_name: str = Field(examples=["node-1"])
    kind: str = Field(examples=["lost"])
    by: str
    detail: str


class GroupRun(Chosen):
    """A task group that ended: seconds summed over its tasks, bytes of its results."""

    finished_at: Moment = Field(examples=[AT])
    started_at: Moment | None = Field(examples=[AT])
    name: str = Field(examples=["inc"])
    tasks: int
    errors: int
    seconds: float
    nbytes: int


class StepInfo(Chosen):
    """A stretch of a thread's time: what ran, from when to when by the worker's clock."""

    start: Moment | None = Field(examples=[AT])
    stop: Moment | None = Field(examples=[AT])
    seconds: float
    worker_id: str
    worker_name: str
    address: str
    thread: int
    prefix: str
    action: str
    erred: bool


class Bands(BaseModel):
    """One metric in each bucket; null where nothing was measured."""

    mean: list[float | None]
    min: list[float | None]
    max: list[float | None]


class PlotInfo(BaseModel):
    """Metrics of one subject over the same buckets of time, whose beginnings are in seconds since 1970."""

    labels: dict[str, str]
    step_seconds: int
    times: list[int]
    metrics: dict[str, Bands]


class History(BaseModel):
    """What was measured, for plotting."""

    plots: list[PlotInfo]


class Point(BaseModel):
    """What was measured from `at` on, for `step_seconds`."""

    at: Moment = Field(examples=[AT])
    mean: float
    min: float
    max: float


class Series(BaseModel):
    """One metric of one subject; where nothing was measured there is no point."""

    metric: str = Field(examples=["cpu"])
    labels: dict[str, str] = Field(examples=[{"kind": "worker", "worker": ID}])
    step_seconds: int
    points: list[Point]


class AuditRow(Chosen):
    """What was done. `before` and `after` hold what changed, without secrets."""

    at: Moment = Field(examples=[AT])
    id: str = Field(examples=[ID])
    number: int | None
    actor_kind: str = Field(examples=["person"])
    actor_id: str
    actor: str
    scope: str = Field(examples=["platform"])
    action: str = Field(examples=["worker.retired"])
    object_kind: str
    object_id: str
    object: str
    outcome: str = Field(examples=["ok"])
    reason: str
    address: str
    agent: str
    before: dict[str, Any]
    after: dict[str, Any]
    request_id: str
    erased: bool


class Done(BaseModel):
    """What was done, in words."""

    id: str = Field(examples=[ID])
    detail: str = Field(examples=["node-1 has left."])


class SessionInfo(BaseModel):
    """Who is signed in in a browser."""

    id: str
    account: str
    email: str = Field(examples=["ana@example.org"])
    name: str
    role: str = Field(examples=["viewer"])
    locale: str = Field(examples=["pt-BR"])
    zone: str = Field(examples=["America/Sao_Paulo"])
    theme: str = Field(examples=["system"])


class HeldRole(BaseModel):
    """A role and where it holds."""

    scope: str = Field(examples=["platform"])
    role: str = Field(examples=["operator"])


class Me(BaseModel):
    """Who the caller is; `permissions` are those of what it came with."""

    id: str = Field(examples=[ID])
    email: str = Field(examples=["ana@example.org"])
    name: str = Field(examples=["Ana"])
    roles: list[HeldRole]
    permissions: list[str] = Field(examples=[["compute:read"]])


class Tokens(BaseModel):
    """The access token goes into `Authorization: Bearer`; it holds for `expires_in` seconds."""

    access_token: str = Field(examples=["eyJhbGciOiJIUzI1NiIs…"])
    refresh_token: str = Field(examples=["uFVbN7FpNPGRa…"])
    token_type: str = Field(examples=["bearer"])
    expires_in: int = Field(examples=[900])


class ApiKeyInfo(Chosen):
    """A key, without its secret. Limits are requests, null for the usual ones."""

    id: str = Field(examples=[ID])
    name: str = Field(examples=["ci"])
    prefix: str = Field(examples=["keepai_a1B2c3"])
    scopes: list[str] = Field(examples=[["compute:read"]])
    owner: str = Field(examples=["ana@example.org"])
    created_at: Moment = Field(examples=[AT])
    expires_at: Moment | None = Field(examples=[AT])
    last_used_at: Moment | None = Field(examples=[AT])
    per_minute: int | None
    per_hour: int | None


class NewApiKey(ApiKeyInfo):
    """A key that was just made, with its secret."""

    key: str = Field(examples=["keepai_a1B2c3…"])


class SignInInfo(Chosen):
    """A browser or a program that is signed in."""

    id: str = Field(examples=[ID])
    kind: str = Field(examples=["browser"])
    current: bool
    user_agent: str
    address: str = Field(examples=["10.0.0.7"])
    created_at: Moment = Field(examples=[AT])
    seen_at: Moment = Field(examples=[AT])
    expires_at: Moment = Field(examples=[AT])


class User(Chosen):
    """Somebody of the team: `active`, `invited` or `deactivated`."""

    id: str = Field(examples=[ID])
    state: str = Field(examples=["active"])
    email: str = Field(examples=["ana@example.org"])
    name: str = Field(examples=["Ana"])
    role: str = Field(examples=["viewer"])
    since: Moment | None = Field(examples=[AT])
    seen_at: Moment | None = Field(examples=[AT])
    expires_at: Moment | None = Field(examples=[None])


class NewUser(User):
    """Somebody who was added; of an invitation with its link, which is told this once."""

    link: str | None = None
    mailed: bool | None = None


class OwnData(BaseModel):
    """Everything that is kept about the caller."""

    model_config = ConfigDict(extra="allow")

    account: dict[str, Any]
    roles: dict[str, str]
    sessions: list[dict[str, Any]]
    audit: list[dict[str, Any]]


class StoredFile(Chosen):
    """A file. `type` is what its content says it is, `size` in bytes, `digest` its SHA-256 in hex."""

    id: str = Field(examples=[ID])
    name: str = Field(examples=["report.pdf"])
    type: str = Field(examples=["application/pdf"])
    size: int
    digest: str
    encrypted: bool
    created_at: Moment | None = Field(examples=[AT])
    expires_at: Moment | None = Field(examples=[None])


class Job(Chosen):
    """Long work. `state` is queued, running, done, failed or cancelled; `done` of `total` is how far it is, a `total`
    of 0 is not known yet; `step` and `error` are in the caller's language. `result` may have `href`, where it leads."""

    id: str = Field(examples=[ID])
    kind: str = Field(examples=["account_export"])
    title: str
    state: str = Field(examples=["running"])
    done: int
    total: int
    step: str
    error: str
    result: dict[str, Any]
    tries: int
    cancellable: bool
    created_at: Moment | None = Field(examples=[AT])
    started_at: Moment | None = Field(examples=[AT])
    ended_at: Moment | None = Field(examples=[None])


class Health(BaseModel):
    """One word; the rest for callers that are signed in."""

    model_config = ConfigDict(json_schema_extra=lambda schema: schema.update(required=["status"]))

    status: str = Field(examples=["ok"])
    version: str | None = None
    components: dict[str, dict[str, Any]] | None = None


class Alive(BaseModel):
    """Whether it answers."""

    status: str = Field(examples=["ok"])


class WrongField(BaseModel):
    """A value that cannot be used, and why."""

    field: str = Field(examples=["limit"])
    detail: str


class Problem(BaseModel):
    """A failure in the reader's language (RFC 9457). `code` is the same in every language."""

    model_config = ConfigDict(
        json_schema_extra=lambda schema: schema.update(
            required=["type", "title", "status", "detail", "code", "instance", "request_id"]
        )
    )

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Forbidden"])
    status: int = Field(examples=[403])
    detail: str = Field(examples=["Your role does not allow this. An admin can change that."])
    code: str = Field(examples=["forbidden"])
    instance: str = Field(examples=["/api/v1/workers"])
    request_id: str = Field(examples=[ID])
    errors: list[WrongField] | None = None


class Alert(Chosen):
    """One thing that is or was wrong. `state` is pending, firing, recovering, no_data or resolved; `worst` the worst
    `severity` it has had. `title` and `fact` are in the caller's language; people are named."""

    id: str = Field(examples=[ID])
    title: str = Field(examples=["Worker node-1 lost"])
    fact: str
    state: str = Field(examples=["firing"])
    severity: str = Field(examples=["critical"])
    worst: str
    value: float | None
    measure: str = Field(examples=["worker.up"])
    labels: dict[str, str]
    subject: str = Field(examples=["node-1"])
    rule_id: str | None = Field(examples=[ID])
    rule: str = Field(examples=["Worker lost"])
    started_at: Moment = Field(examples=[AT])
    fired_at: Moment | None
    since: Moment
    resolved_at: Moment | None
    resolved_by: str
    acknowledged_at: Moment | None
    acknowledged_by: str
    acknowledged_until: Moment | None
    assignee: str
    last_note: str
    flaps: int = Field(description="How often it fired within 30 minutes, where that is too often; else 0.")
    silenced_until: Moment | None


class Silence(Chosen):
    """Nobody is told of alerts that have all labels of `matchers` and are of the rule, where one is named. `state` is
    running, coming or over; `ended_at` is set where somebody ended it before `ends_at`."""

    id: str = Field(examples=[ID])
    state: str = Field(examples=["running"])
    matchers: dict[str, str]
    rule_id: str | None
    rule: str
    starts_at: Moment = Field(examples=[AT])
    ends_at: Moment = Field(examples=[AT])
    author: str
    reason: str = Field(examples=["Power supply is exchanged"])
    created_at: Moment = Field(examples=[AT])
    ended_at: Moment | None


class TaskItem(BaseModel):
    """A line of a checklist."""

    id: str
    text: str = Field(examples=["Order the cable"])
    done: bool


class Task(Chosen):
    """Something to be done. `due` is a day, or an instant where a time of the day was set; `zone` is the one in which
    that day is meant. `remind_at` is when to remind of it, `reminds_at` when it reminds next. `repeat` is a rule of RFC
    5545, counted from the due date or from when it was done. `note_id` and `note` are empty where the caller may not
    read the note."""

    id: str = Field(examples=[ID])
    title: str = Field(examples=["Call the supplier"])
    text: str
    state: str = Field(examples=["open"])
    priority: str = Field(examples=["high"])
    due: str | None = Field(examples=["2026-01-31"])
    zone: str = Field(examples=["America/Sao_Paulo"])
    overdue: bool
    remind_at: Moment | None = Field(examples=[AT])
    reminds_at: Moment | None = Field(examples=[AT])
    until_done: bool
    repeat: str = Field(examples=["FREQ=WEEKLY;BYDAY=MO"])
    repeat_from: str = Field(examples=["due"])
    assignee_id: str | None = Field(examples=[ID])
    assignee: str
    author_id: str = Field(examples=[ID])
    author: str
    team: bool
    note_id: str | None
    note: str
    about_kind: str = Field(examples=["alert"])
    about_id: str | None
    about: str = Field(examples=["Worker ipê lost"])
    checklist: list[TaskItem]
    comments: int
    version: int
    created_at: Moment = Field(examples=[AT])
    updated_at: Moment = Field(examples=[AT])
    done_at: Moment | None
    deleted_at: Moment | None


class TaskLine(BaseModel):
    """A line of a task's history: what somebody did, or wrote (`commented`, with `note`)."""

    at: Moment = Field(examples=[AT])
    kind: str = Field(examples=["commented"])
    actor: str
    note: str
    detail: dict[str, Any]


class TaskWithHistory(Task):
    """A task with what became of it."""

    history: list[TaskLine]


class TaskPart(BaseModel):
    """What was understood of a line (due, time, repeat, remind, priority, assignee), as it was written."""

    kind: str = Field(examples=["due"])
    text: str = Field(examples=["tomorrow"])


class ParsedTask(BaseModel):
    """What a line says. `assignee` is a name as it was typed; `assignee_id` whom it means, null for nobody or
    several."""

    title: str
    due: str | None
    remind_at: Moment | None
    repeat: str
    repeat_from: str
    priority: str
    assignee: str
    assignee_id: str | None
    parts: list[TaskPart]


class Delivery(Chosen):
    """A message to a channel. `state` is waiting, sending, sent or dead; `detail` what the other side said. `delivery`
    is what it said later: queued, sending, sent, delivered, undelivered or failed."""

    id: str = Field(examples=[ID])
    template: str = Field(examples=["alert"])
    state: str = Field(examples=["sent"])
    created_at: Moment = Field(examples=[AT])
    sent_at: Moment | None = Field(examples=[AT])
    tries: int
    error: str
    detail: str = Field(examples=["200 ok"])
    delivery: str
    delivery_at: Moment | None


class Channel(Chosen):
    """Where notifications go that several read. `where` shows it without what opens it; `last` is the newest one."""

    id: str = Field(examples=[ID])
    kind: str = Field(examples=["webhook"])
    name: str = Field(examples=["Operations"])
    enabled: bool
    where: str = Field(examples=["https://example.org/…"])
    locale: str = Field(examples=["en"])
    zone: str = Field(examples=["UTC"])
    last: Delivery | None
    created_at: Moment = Field(examples=[AT])
    updated_at: Moment = Field(examples=[AT])


class ChannelTest(BaseModel):
    """The messages that were put, as they are found among the deliveries."""

    deliveries: list[str] = Field(examples=[[ID]])


class Provider(Chosen):
    """An AI vendor. `configured`: the environment names it, so that address and key change there. `urls` and `key` (its
    last letters) only for whoever sets them up. `local`: its models cost nothing by themselves."""

    id: str = Field(examples=["ollama"])
    kind: str = Field(examples=["ollama"])
    name: str = Field(examples=["Ollama"])
    enabled: bool
    position: int
    local: bool
    configured: bool
    urls: list[str] = Field(examples=[["http://localhost:11434"]])
    key: str = Field(examples=["•••abcd"])
    roles: dict[str, list[str]] = Field(examples=[{"gpt-5": ["admin"]}])
    only: list[str]
    options: dict[str, str] = Field(examples=[{"model": "llama3.2:3b"}])


class ProviderFailure(BaseModel):
    """What went wrong at a vendor. `detail` is what it said itself."""

    code: str = Field(examples=["auth"])
    message: str
    retryable: bool
    detail: str


class ProviderTest(BaseModel):
    """Seconds until the list of models was there, and the models; or what went wrong."""

    latency: float | None = Field(examples=[0.012])
    models: list[str] = Field(examples=[["llama3.2:3b"]])
    error: ProviderFailure | None


class ModelPrice(BaseModel):
    """Dollars for a million tokens, of a table and a day. `table` is `own` where somebody here said it."""

    read: str = Field(examples=["0.25"])
    cached: str | None = Field(examples=["0.025"])
    written: str = Field(examples=["2"])
    table: str
    as_of: str = Field(examples=["2026-11-10"])


class Model(Chosen):
    """A model. `context` in tokens, `size` in bytes; `price` is null where it is not known, and where there is none."""

    name: str = Field(examples=["llama3.2:3b"])
    capabilities: list[str] = Field(examples=[["chat", "tools"]])
    context: int | None = Field(examples=[131072])
    size: int | None = Field(examples=[2019393189])
    price: ModelPrice | None


class ModelBudget(BaseModel):
    """Dollars in this month of UTC. Without `account_id` it is of everybody who has none of their own."""

    account_id: str | None = Field(examples=[ID])
    monthly: str = Field(examples=["20"])
    spent: str | None = Field(examples=["3.5"])
    set_aside: str | None = Field(examples=["0"])


class ModelCall(Chosen):
    """One call of a model. Tokens; seconds; dollars, prices for a million tokens. `estimated`: the vendor did not tell
    the tokens. `outcome` is ok, stopped, or what went wrong."""

    id: str = Field(examples=[ID])
    at: Moment = Field(examples=[AT])
    purpose: str = Field(examples=["chat"])
    provider_id: str
    provider: str
    model: str
    read: int
    cached: int
    written: int
    estimated: bool
    local: bool
    cost: str | None = Field(examples=["0.000314"])
    price_read: str | None
    price_cached: str | None
    price_written: str | None
    prices_of: str
    first_token: float | None
    duration: float
    outcome: str = Field(examples=["ok"])


class Device(BaseModel):
    """A browser of the caller that takes notifications. `fingerprint` is the SHA-256 of its endpoint, `current` whether
    the caller asks from there, `sent_at` when its push service last took one."""

    id: str = Field(examples=[ID])
    fingerprint: str = Field(examples=["0" * 64])
    user_agent: str
    current: bool
    created_at: Moment = Field(examples=[AT])
    seen_at: Moment = Field(examples=[AT])
    sent_at: Moment | None = Field(examples=[AT])


class Push(BaseModel):
    """What a browser needs to subscribe, and the caller's devices, the one seen last first."""

    public_key: str = Field(description="`applicationServerKey`, in base64url.")
    devices: list[Device]


class AlertRoute(Chosen):
    """Who is told of which alerts. The first that an alert fits says who is told."""

    id: str = Field(examples=[ID])
    position: int
    name: str = Field(examples=["At night"])
    enabled: bool
    severity: str = Field(examples=["critical"])
    matchers: dict[str, str]
    hours: dict[str, Any] | None
    steps: list[dict[str, Any]] = Field(
        examples=[[{"after": 0, "targets": [{"kind": "role", "id": "operator"}]}]]
    )
    created_at: Moment = Field(examples=[AT])
    updated_at: Moment = Field(examples=[AT])


class MaintenanceWindow(Chosen):
    """A silence that comes back on `days` of every week (Monday 1), from `begins` to `ends` on the clock of `zone`.
    `until` is the last day on which it begins; `state` is running, coming or over."""

    id: str = Field(examples=[ID])
    state: str = Field(examples=["coming"])
    matchers: dict[str, str]
    rule_id: str | None
    rule: str
    days: list[int] = Field(examples=[[6, 7]])
    begins: str = Field(examples=["22:00"])
    ends: str = Field(examples=["06:00"])
    zone: str = Field(examples=["America/Sao_Paulo"])
    until: str = Field(examples=["2027-01-31"])
    running_until: Moment | None
    next_at: Moment | None
    author: str
    reason: str = Field(examples=["Nightly backup"])
    created_at: Moment = Field(examples=[AT])
    ended_at: Moment | None


class AlertLine(BaseModel):
    """One line of an alert's story: a transition, or what somebody did."""

    at: Moment = Field(examples=[AT])
    kind: str = Field(examples=["fired"])
    actor: str
    note: str
    detail: dict[str, Any]


class AlertWithStory(Alert):
    """An alert and everything that happened to it."""

    story: list[AlertLine]


class Taken(BaseModel):
    """What came of the alerts that were sent; the others were known already. `left_out` is how many Alertmanager did
    not send."""

    alerts: int
    opened: int
    changed: int
    closed: int
    left_out: int


class AlertRule(Chosen):
    """What is watched for. Seconds; thresholds in `unit`. `summary` of the last `window` seconds is held against the
    thresholds; `hits` of the last `of` values must be beyond one, for `pending` seconds. With the summary `unusual` the
    mean of the window is held against what was usual in the last fourteen days: thresholds are percent of the width of
    that range, beyond it."""

    id: str = Field(examples=[ID])
    name: str = Field(examples=["Worker memory high"])
    builtin: str | None = Field(examples=["worker_memory"])
    enabled: bool
    measure: str = Field(examples=["worker.memory_share"])
    unit: str = Field(examples=["percent"])
    matchers: dict[str, str]
    above: bool
    summary: str = Field(examples=["mean"])
    window: float
    warning_fire: float | None
    warning_clear: float | None
    critical_fire: float | None
    critical_clear: float | None
    pending: float
    keep: float
    hits: int
    of: int
    no_data: str = Field(examples=["keep"])
    runbook: str
    owner: str | None
    created_at: Moment = Field(examples=[AT])
    updated_at: Moment = Field(examples=[AT])
    error: str = Field(
        description="Why it cannot be evaluated, in the caller's language; nothing where it can."
    )


class RuleChanged(BaseModel):
    """A rule that the file changes, as it was called before, and in which fields."""

    rule: str = Field(examples=["Worker memory high"])
    fields: list[str] = Field(examples=[["warning_fire", "warning_clear"]])


class RuleImport(BaseModel):
    """What a file of rules means here; it was done where `applied`. `left` is how many stay as they are."""

    applied: bool
    created: list[str]
    changed: list[RuleChanged]
    removed: list[str]
    left: int


class AlertEpisode(BaseModel):
    """One alert that there would have been; `ended_at` is null where it would still be open."""

    labels: dict[str, str]
    severity: str
    began_at: Moment = Field(examples=[AT])
    ended_at: Moment | None
    peak: float


class AlertPreview(BaseModel):
    """What a rule would have done, on samples `resolution` seconds apart; `typical` seconds lasts one in the middle."""

    model_config = ConfigDict(populate_by_name=True)

    start: Moment = Field(alias="from", examples=[AT])
    to: Moment
    resolution: int
    subjects: int
    warnings: int
    criticals: int
    per_day: float
    typical: float | None
    episodes: list[AlertEpisode]


class Note(Chosen):
    """A note in Markdown. `version` is what a change must name; `may_write` whether the caller may change it."""

    id: str = Field(examples=[ID])
    title: str = Field(examples=["When a worker is lost"])
    body: str = Field(examples=["First see whether the work went on."])
    folder: str = Field(examples=["Operations/Runbooks"])
    tags: list[str] = Field(examples=[["runbook"]])
    version: int
    owner_id: str = Field(examples=[ID])
    owner: str
    pinned: bool
    created_at: Moment = Field(examples=[AT])
    updated_at: Moment = Field(examples=[AT])
    archived_at: Moment | None
    deleted_at: Moment | None


class NoteVersion(Chosen):
    """How a note was. `kind` is `edit`, `restore`, or `conflict`: what the caller typed while somebody else changed
    it."""

    id: str = Field(examples=[ID])
    number: int
    kind: str = Field(examples=["edit"])
    title: str
    body: str
    author: str
    began_at: Moment = Field(examples=[AT])
    at: Moment = Field(examples=[AT])


class NoteText(BaseModel):
    """One of two texts of a note."""

    title: str
    body: str
    version: int
    by: str = Field(examples=["Ana"])


class NoteConflict(BaseModel):
    """The note was changed meanwhile: what was sent, and what it says now."""

    model_config = ConfigDict(extra="allow")

    status: int = Field(examples=[409])
    detail: str
    code: str = Field(examples=["notes.error.stale"])
    mine: NoteText
    theirs: NoteText


class Share(BaseModel):
    """A person, or all of a role (`*` is everybody), and what they may."""

    user_id: str | None = Field(examples=[ID])
    name: str = Field(examples=["Bruno"])
    role: str | None = Field(examples=[None])
    level: str = Field(examples=["read"])


class Shares(BaseModel):
    """With whom something is shared."""

    items: list[Share]


class SearchHit(BaseModel):
    """Something that was found, by its best passage. `snippet` has in turn what is not and what is searched for."""

    kind: str = Field(examples=["note"])
    id: str = Field(examples=[ID])
    title: str
    snippet: list[str] = Field(examples=[["The ", "worker", " was lost"]])
    score: float
    updated_at: Moment = Field(examples=[AT])


class SearchHits(BaseModel):
    """What was found, the best first."""

    items: list[SearchHit]


def told(shape: Any, *, csv: bool = False) -> dict[str, Any]:
    """What a route that encodes its answer itself says of it: its shape, and whether it is also given as CSV."""
    content: dict[str, Any] = {"text/csv": {"schema": {"type": "string"}}} if csv else {}
    return {"response_class": Response, "responses": {200: {"model": shape, "content": content}}}
