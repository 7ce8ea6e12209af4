"""The key of an installation is made once, whoever asks first."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr

from services import secret_key
from services.settings import Settings


def test_it_is_made_once_and_only_we_can_read_it(tmp_path):
    settings = Settings(data_dir=tmp_path / "new" / "data")
    key = secret_key.load(settings)
    assert len(key) >= 60 and secret_key.load(settings) == key
    file = settings.data_dir / secret_key.FILE
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in settings.data_dir.iterdir()] == [secret_key.FILE]


@pytest.mark.parametrize("_round", range(20))
def test_those_who_ask_together_get_the_same(tmp_path, _round):
    settings = Settings(data_dir=tmp_path)
    with ThreadPoolExecutor(8) as threads:
        keys = list(threads.map(lambda _: secret_key.load(settings), range(8)))
    assert len(set(keys)) == 1 and keys[0]


def test_a_given_one_is_taken_and_no_file_is_made(tmp_path):
    settings = Settings(data_dir=tmp_path, secret_key=SecretStr("given"))
    assert secret_key.load(settings) == "given"
    assert list(tmp_path.iterdir()) == []
    assert secret_key.derive(settings, "one") != secret_key.derive(settings, "two")
