"""The keys of ntd.toml (contract, section 2), with their defaults. Reading the file is `ntd/config.py`'s work."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from schemas.duration import parse_duration

USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _not_a_number(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"{value} has no unit; write for example \"{value}s\" or \"{value}h\"")  # noqa: TRY004 -- pydantic wants ValueError
    return value


def _country(code: str) -> str:
    if len(code) != 2 or not (code.isascii() and code.isalpha() and code.isupper()):  # noqa: PLR2004 -- alpha-2
        raise ValueError(f"{code!r} is not a country; write ISO 3166-1 alpha-2 in capitals, for example \"NL\"")
    return code


Duration = Annotated[timedelta, BeforeValidator(_duration), BeforeValidator(_not_a_number)]
Country = Annotated[str, AfterValidator(_country)]
Network = IPv4Network | IPv6Network
Port = Annotated[int, Field(ge=1, le=65535)]


class Section(BaseModel):
    """A table of ntd.toml: unknown keys are refused by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Organisation(Section):
    """Who speaks in the notices."""

    name: str = "Example Hotline"
    country: Country = "NL"
    domain: str = "hotline.example"
    contact_email: str = "notices@hotline.example"
    languages: list[str] = ["en", "nl"]


class Database(Section):
    """Where the rows live: "embedded:PATH" or a postgresql:// URL (server 15 or later)."""

    url: str = "embedded:var/pg"


class Api(Section):
    """Where the API and the pages listen, and under which URL others reach them."""

    listen: str = "127.0.0.1:8080"
    public_url: str = "https://ntd.hotline.example"


class Security(Section):
    """The key that URLs and names are encrypted with."""

    key_file: Path = Path("var/ntd.key")


class Dns(Section):
    """Which resolvers are asked; empty: the system's."""

    nameservers: list[str] = []
    timeout: Duration = timedelta(seconds=3)


class Geo(Section):
    """Where things live: sources of networks, registration data and contacts."""

    networks: list[Path] = []
    registration: str = "https"
    cymru_zone: str = ""
    contacts: str = ""
    hotlines: str = ""
    refresh: Duration = timedelta(hours=12)
    retry: Duration = timedelta(minutes=15)
    move_confirmed_after: Duration = timedelta(minutes=1)
    watch_every: Duration = timedelta(hours=24)


class Routing(Section):
    """Who is told, by where it lives and what it is."""

    home: Literal["notify"] = "notify"
    abroad: Literal["forward", "notify", "both"] = "forward"
    without_partner: Literal["notify", "hold"] = "notify"
    national_abroad: Literal["hold", "forward"] = "hold"
    new_contact: Literal["send", "hold"] = "send"
    isp: Literal["hold", "send"] = "hold"
    country: dict[Country, Literal["forward", "notify", "both", "hold"]] = {}


class Step(Section):
    """One step of the ladder."""

    after: Duration
    to: Literal["regulator", "site", "upstream", "registrar"]


class Sla(Section):
    """What we promise ourselves, and what follows when it is not kept."""

    removal: Duration = timedelta(hours=24)
    reminder_every: Duration = timedelta(hours=24)
    escalation: list[Step] = [Step(after=timedelta(hours=72), to="regulator")]


class Notices(Section):
    """How messages are gathered and sent."""

    window: Duration = timedelta(hours=1)
    largest: Annotated[int, Field(ge=1, le=10_000)] = 200
    retry: Duration = timedelta(minutes=1)
    give_up: Duration = timedelta(days=5)
    quiet: list[str] = []
    from_: str = Field(default="Example Hotline <notices@hotline.example>", alias="from")
    bounce_address: str = ""
    dry_run: bool = False
    folder: Path = Path("var/outbox")


class Smtp(Section):
    """The relay."""

    host: str = "localhost"
    port: Port = 25
    tls: Literal["none", "starttls", "implicit"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    password_file: Path | None = None


class Inbox(Section):
    """Answers and bounces; empty host: off."""

    imap_host: str = ""
    imap_port: Port = 993
    username: str = ""
    password: SecretStr = SecretStr("")
    password_file: Path | None = None


class Vantage(Section):
    """A place to look from."""

    name: str
    proxy: str = ""
    network: str = ""
    country: str = ""


class Monitor(Section):
    """How often, how patiently and how carefully we look."""

    schedule: list[tuple[Duration, Duration]] = [
        (timedelta(hours=24), timedelta(hours=1)),
        (timedelta(days=7), timedelta(hours=6)),
        (timedelta(days=90), timedelta(hours=24)),
    ]
    confirm: Annotated[int, Field(ge=1, le=100)] = 3
    confirm_every: Duration = timedelta(minutes=15)
    watch_after_gone: list[Duration] = [timedelta(days=1), timedelta(days=7), timedelta(days=28)]
    timeout: Duration = timedelta(seconds=20)
    body_limit_bytes: Annotated[int, Field(ge=1, le=64 * 1024 * 1024)] = 1_048_576
    redirects: Annotated[int, Field(ge=0, le=50)] = 5
    per_host: Annotated[int, Field(ge=1, le=100)] = 2
    allow: list[Network] = []
    canaries: list[str] = []
    presumed: Literal["headers", "full", "off"] = "headers"
    user_agent: str = USER_AGENT
    vantage: list[Vantage] = []


class Police(Section):
    """Copies and holds."""

    email: str = ""
    certificate: str = ""
    plain: bool = False
    before: Duration = timedelta(0)
    probe_held: bool = False


class Regulator(Section):
    """Who is told when a hoster does not act."""

    email: str = ""
    certificate: str = ""
    plain: bool = False
    countries: list[Country] = ["NL"]


class Retention(Section):
    """How long a URL is kept after closing."""

    items: Duration = timedelta(days=365)
    withdrawn: Duration = timedelta(days=30)


class Partner(Section):
    """The hotline of another country."""

    code: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    countries: list[Country]
    name: str = ""
    email: str = ""
    api: str = ""
    token: SecretStr = SecretStr("")
    token_file: Path | None = None
    ca_file: Path | None = None
    certificate: str = ""
    plain: bool = False
    acknowledge: Duration = timedelta(hours=24)
    patience: Duration = timedelta(hours=72)


class HosterRule(Section):
    """How one hoster wants to be told."""

    match: str
    email: str = ""
    api: str = ""
    token: SecretStr = SecretStr("")
    token_file: Path | None = None
    ca_file: Path | None = None
    format: Literal["digest", "xarf"] = "digest"
    group: Literal["recipient", "ip", "site"] = "recipient"
    form: str = ""
    language: str | None = None


class Log(Section):
    """How the daemon speaks to its operator."""

    format: Literal["json", "console"] = "json"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(Section):
    """All of ntd.toml. Relative paths have been made absolute against the file's folder by `ntd/config.py`."""

    organisation: Organisation = Organisation()
    database: Database = Database()
    api: Api = Api()
    security: Security = Security()
    dns: Dns = Dns()
    geo: Geo = Geo()
    routing: Routing = Routing()
    sla: Sla = Sla()
    notices: Notices = Notices()
    smtp: Smtp = Smtp()
    inbox: Inbox = Inbox()
    monitor: Monitor = Monitor()
    police: Police = Police()
    regulator: Regulator = Regulator()
    retention: Retention = Retention()
    partner: list[Partner] = []
    hoster: list[HosterRule] = []
    log: Log = Log()
