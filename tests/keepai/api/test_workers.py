"""What programs do to workers: refusals are said in words, and what was tried is noted."""

import pytest

from services import live, operations
from services.bus import LocalBus
from services.settings import Settings
from tests.keepai.around import snapshot, worker


@pytest.fixture
def brunos(client, bruno, enter, tmp_path):
    """An operator's browser; the compute is out of reach."""
    operations.configure(LocalBus(), Settings(data_dir=tmp_path, dask_scheduler="tcp://127.0.0.1:9"))
    live.publish(snapshot(workers=[worker("a"), worker("b", nanny=False)]))
    enter(client, bruno)
    return client


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("b/restart", "b não tem nanny"),
        ("a/restart", "Nada atende no endereço"),
        ("a/retire", "Nada atende no endereço"),
    ],
)
async def test_a_refusal_is_a_conflict_in_words(brunos, what, words):
    answer = await brunos.post(f"/api/v1/workers/{what}")
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert words in answer.json()["detail"]


async def test_what_is_not_there_is_not_found(brunos):
    for what in ("retire", "restart"):
        assert (await brunos.post(f"/api/v1/workers/nobody/{what}")).status_code == 404
    assert (await brunos.get("/api/v1/workers/a/retire")).status_code == 405


async def test_what_failed_is_in_the_log(app, brunos, ana, enter):
    await brunos.post("/api/v1/workers/a/retire")
    enter(brunos, ana)
    (row,) = (await brunos.get("/api/v1/audit?action=worker.retired")).json()["items"]
    assert (row["actor"], row["outcome"], row["object_id"]) == ("Bruno", "failed", "a")
