"""A data folder that is not what it should be: refused with a line that says why, or served but for
what is damaged, which is named in the log and never handed out."""

import json
import os
import subprocess
import time

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from clients import Clients
from disks import make_read_only, small_disk
from servers import Server, command_line
from waiting import until

pytestmark = pytest.mark.timeout(180)

LARGE = os.urandom(2**20)
START_SECONDS = 60


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder with something of each kind, left by a server that was killed."""
    home = tmp_path_factory.mktemp("written")
    server = Server(home / "data", "--log-level", "warn").start()
    clients = Clients(server)
    clients.s3.create_bucket(Bucket="folder")
    clients.s3.put_object(Bucket="folder", Key="large", Body=LARGE)
    clients.s3.put_object(Bucket="folder", Key="other", Body=b"other")
    queue = clients.sqs.create_queue(QueueName="folder")["QueueUrl"]
    for at in range(10):
        clients.sqs.send_message(QueueUrl=queue, MessageBody=f"hello {at} " * 200)
    assert server.stop() == 0
    server.start()
    for _ in range(3):
        Clients(server).sagemaker.list_models()
    server.kill()
    return home


@pytest.fixture
def data(written, tmp_path):
    """A copy of it, which a test may damage."""
    subprocess.run(["cp", "-a", f"{written}/.", str(tmp_path)], check=True)
    return tmp_path / "data"


def flip(path, at):
    """Changes one bit; negative places count from the end."""
    path.chmod(0o600)
    with open(path, "r+b") as file:
        file.seek(at, os.SEEK_SET if at >= 0 else os.SEEK_END)
        place = file.tell()
        [byte] = file.read(1)
        file.seek(place)
        file.write(bytes([byte ^ 1]))


def refusal(data, *flags):
    """What `modelkeep up` says when it does not start; the line for people is the last."""
    words = command_line("up", "--data", str(data), "--port", "0", *flags)
    began = time.monotonic()
    done = subprocess.run(words, capture_output=True, text=True, timeout=START_SECONDS)
    assert time.monotonic() - began < START_SECONDS / 2
    assert done.returncode == 1, done.stdout + done.stderr
    line = done.stderr.strip().split("\n")[-1]
    assert line.startswith("modelkeep up: "), done.stderr
    # A reason, not a stack of calls.
    assert "\n    at " not in done.stderr
    return line


class Running:
    """A server on a damaged folder. `errors` are its log's."""

    def __init__(self, data):
        self.server = Server(data, "--log-level", "warn").start()
        self.clients = Clients(self.server)

    def body(self, key):
        return self.clients.s3.get_object(Bucket="folder", Key=key)["Body"].read()

    def errors(self):
        logged = [json.loads(line) for line in self.server.lines if line.startswith("{")]
        return [f"{one['msg']}: {one.get('err', {}).get('message')} {one}" for one in logged]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        assert self.server.stop() == 0


def large_blob(data):
    files = [path for path in (data / "objects").rglob("*") if path.is_file()]
    return max(files, key=lambda path: path.stat().st_size)


def test_second_server_refuses(data):
    with Running(data) as first:
        line = refusal(data)
        assert f"another server (process {first.server.process.pid}) runs on {data}" in line
        assert first.body("other") == b"other"


def test_read_only_folder_is_refused(written, tmp_path):
    with small_disk(tmp_path / "disk", 16) as disk:
        subprocess.run(["cp", "-a", f"{written}/.", str(disk)], check=True)
        make_read_only(disk)
        line = refusal(disk / "data")
        assert "read-only" in line and str(disk) in line


@pytest.mark.parametrize("place", [10, 200, 2**19, -40_000])
def test_damaged_object_is_never_served(data, place):
    blob = large_blob(data)
    flip(blob, place)
    with Running(data) as running:
        got = b""
        try:
            for piece in running.clients.s3.get_object(Bucket="folder", Key="large")[
                "Body"
            ].iter_chunks(2**14):
                got += piece
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 500
        except BotoCoreError:
            pass
        # What came before the damage, and nothing of it.
        assert len(got) < len(LARGE) and LARGE.startswith(got)
        until(
            lambda: any(blob.name in told and "/folder/large" in told for told in running.errors()),
            what="the name of what is damaged in the log",
        )
        assert running.body("other") == b"other"
        running.clients.s3.put_object(Bucket="folder", Key="large", Body=b"again")
        assert running.body("large") == b"again"


def test_missing_object_is_told(data):
    blob = large_blob(data)
    blob.unlink()
    with Running(data) as running:
        with pytest.raises(ClientError) as caught:
            running.body("large")
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
        assert any(blob.name in told for told in running.errors())
        assert running.body("other") == b"other"


def test_damaged_metadata_does_not_end_the_server(data):
    database = data / "metadata.db"
    size = database.stat().st_size
    assert size >= 12 * 4096
    for log in data.glob("metadata.db-*"):
        log.unlink()
    for page in range(3, size // 4096):
        flip(database, page * 4096 + 2_000)
    # What was in the log, which went with it, looks like a rollback.
    server = Server(data, "--log-level", "warn", "--accept-rollback")
    try:
        server.start()
    except AssertionError as error:
        # It may need what is damaged to start at all.
        assert "was changed outside of this program" in str(error) or str(database) in str(error)
        return
    try:
        clients = Clients(server)
        asked = [
            lambda: clients.s3.list_objects_v2(Bucket="folder"),
            lambda: clients.s3.get_object(Bucket="folder", Key="other"),
            lambda: clients.sqs.get_queue_url(QueueName="folder"),
            lambda: clients.sagemaker.list_models(),
        ]
        for ask in asked:
            try:
                ask()
            except ClientError as error:
                assert error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403, 404, 500)
        assert server.process.poll() is None
    finally:
        assert server.stop() == 0


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize(
    ("name", "damage", "words"),
    [
        ("metadata.key", lambda path: flip(path, 30), "cannot open"),
        ("metadata.key", lambda path: path.unlink(), "is missing"),
        ("metadata.db", cut, "malformed"),
        ("metadata.db", lambda path: path.write_bytes(b"no database" * 1000), "cannot open"),
        ("seal.json", lambda path: flip(path, 60), "is damaged"),
        ("seal.json", lambda path: path.unlink(), "is missing"),
    ],
    ids=["key flipped", "key gone", "db cut", "db replaced", "seal flipped", "seal gone"],
)
def test_damaged_part_is_named_and_refused(data, name, damage, words):
    for log in data.glob("metadata.db-*"):
        log.unlink()
    damage(data / name)
    line = refusal(data, "--accept-rollback")
    assert str(data / name) in line and words in line, line


@pytest.mark.parametrize("place", [1, 60])
def test_damaged_trail_is_told_and_stays(data, place):
    [journal, *_] = sorted((data / "trail" / "journals").iterdir())
    flip(journal, place)
    damaged = journal.read_bytes()
    with Running(data) as running:
        told = running.clients.cloudtrail.lookup_events()["Events"]
        assert all(json.loads(event["CloudTrailEvent"])["eventName"] for event in told)
        assert any(journal.name.removeprefix("trail.") in one for one in running.errors())
        assert running.body("other") == b"other"
    assert journal.read_bytes() == damaged


@pytest.mark.parametrize(
    "name", ["objects", "journals", "logs", "trail", "metadata.db", "metadata.key", "seal.json"]
)
def test_symbolic_links_are_refused(data, name, tmp_path):
    away = tmp_path / "away"
    (data / name).rename(away)
    (data / name).symlink_to(away)
    line = refusal(data)
    assert f"{data / name} is a symbolic link" in line


def test_lock_of_a_server_that_died_is_taken_over(data):
    lock = data / "server.lock"
    for left in (lock.read_text(), "", '{"processId": 1, "processStart": "0"}'):
        lock.write_text(left)
        with Running(data) as running:
            assert running.body("other") == b"other"
