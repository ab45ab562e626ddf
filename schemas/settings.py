"""The keys of ntd.toml (contract, section 2), with their defaults. Reading the file is `ntd/config.py`'s work."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from schemas.pace import parse_pace
from schemas.spelling import (
    BootstrapUrl,
    Canary,
    CanaryName,
    Country,
    DatabaseUrl,
    Domain,
    Duration,
    Endpoint,
    FormUrl,
    HeaderText,
    Listen,
    Mailbox,
    Match,
    Nameserver,
    OptionalPath,
    Pause,
    Port,
    Proxy,
    PublicUrl,
    Quiet,
    Rate,
    Registration,
    ReturnPath,
    Sender,
    Sha256,
)

USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

Network = IPv4Network | IPv6Network
#: A network file, or the optional package of that name.
NetworkSource = Literal["plevin"] | Path


class Section(BaseModel):
    """A table of ntd.toml: unknown keys are refused by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _carries_openly(api: str, token: SecretStr) -> bool:
    """Say whether a token would travel in clear to another machine."""
    parts = urlsplit(api)
    return bool(token.get_secret_value()) and parts.scheme == "http" and not _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


_OPENLY = 'api would carry the token in clear; write an https URL, for example api = "https://exchange.example/api"'


def _refuse_twins(key: str, values: list[str]) -> None:
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"{key} {value!r} is given twice; each needs a {key} of its own")


class Organisation(Section):
    """Who speaks in the notices."""

    name: str = "Example Hotline"
    country: Country = "NL"
    domain: Domain = "hotline.example"
    contact_email: Mailbox = "notices@hotline.example"
    languages: list[str] = ["en", "nl"]


class Database(Section):
    """Where the rows live: "embedded:PATH" or a postgresql:// URL (server 15 or later)."""

    url: DatabaseUrl = "embedded:var/pg"


class Api(Section):
    """Where the API and the pages listen, and under which URL others reach them."""

    listen: Listen = "127.0.0.1:8080"
    public_url: PublicUrl = "https://ntd.hotline.example"


class Security(Section):
    """The key that URLs and names are encrypted with."""

    key_file: Path = Path("var/ntd.key")


class Dns(Section):
    """Which resolvers are asked; empty: the system's."""

    nameservers: list[Nameserver] = []
    timeout: Pause = timedelta(seconds=3)
    canaries: list[CanaryName] = []


CountrySource = Literal["network_file", "geofeed", "registration", "cymru", "as"]


class Geo(Section):
    """Where things live: sources of networks, registration data and contacts."""

    networks: list[NetworkSource] = []
    registration: Registration = "https"
    bootstrap: BootstrapUrl = "https://data.iana.org/rdap/"
    data: Path = Path("var/geo")
    country_order: Annotated[list[CountrySource], Field(min_length=1)] = list(get_args(CountrySource))
    cymru_zone: str = ""
    contacts: str = ""
    upstreams: str = ""
    hotlines: str = ""
    refresh: Pause = timedelta(hours=12)
    retry: Pause = timedelta(minutes=15)
    move_confirmed_after: Duration = timedelta(minutes=1)
    watch_every: Pause = timedelta(hours=24)


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
    reminder_every: Pause = timedelta(hours=24)
    escalation: list[Step] = [Step(after=timedelta(hours=72), to="regulator")]


class Notices(Section):
    """How messages are gathered and sent."""

    window: Duration = timedelta(hours=1)
    largest: Annotated[int, Field(ge=1, le=10_000)] = 200
    retry: Pause = timedelta(minutes=1)
    give_up: Duration = timedelta(days=5)
    quiet: list[Quiet] = []
    pace: Rate = parse_pace("1200/m")
    hourly: Annotated[int, Field(ge=0, le=1_000_000)] = 1000
    templates: OptionalPath = None
    dkim_key_file: OptionalPath = None
    dkim_selector: str = ""
    dkim_domain: str = ""

    @model_validator(mode="after")
    def _can_be_verified(self) -> Self:
        if self.dkim_key_file is not None and not self.dkim_selector:
            raise ValueError('dkim_key_file is given but no selector; write for example dkim_selector = "ntd"')
        return self

    from_: Sender = Field(default="Example Hotline <notices@hotline.example>", alias="from")
    bounce_address: ReturnPath = ""
    dry_run: bool = False
    folder: Path = Path("var/outbox")


class Smtp(Section):
    """The relay."""

    host: str = "localhost"
    port: Port = 25
    tls: Literal["none", "starttls", "implicit"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    password_file: OptionalPath = None

    @model_validator(mode="after")
    def _has_its_password(self) -> Self:
        if self.username and not self.password.get_secret_value() and self.password_file is None:
            raise ValueError('username is given but no password; write for example password_file = "smtp.password"')
        return self


class Inbox(Section):
    """Answers and bounces; empty host: off."""

    imap_host: str = ""
    imap_port: Port = 993
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    username: str = ""
    password: SecretStr = SecretStr("")
    password_file: OptionalPath = None
    folder: str = "INBOX"
    done_folder: str = ""

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if self.tls == "none" and self.imap_host and not _is_loopback(self.imap_host):
            raise ValueError('a mailbox on another machine is read over TLS only; write for example tls = "implicit"')
        if self.username and not self.password.get_secret_value() and self.password_file is None:
            raise ValueError('username is given but no password; write for example password_file = "imap.password"')
        if self.done_folder and self.done_folder == self.folder:
            raise ValueError('done_folder is the folder itself; write for example done_folder = "Taken"')
        return self


class Vantage(Section):
    """A place to look from."""

    name: str
    proxy: Proxy = ""
    network: str = ""
    country: str = ""


class Monitor(Section):
    """How often, how patiently and how carefully we look."""

    schedule: Annotated[list[tuple[Duration, Pause]], Field(min_length=1)] = [
        (timedelta(hours=24), timedelta(hours=1)),
        (timedelta(days=7), timedelta(hours=6)),
        (timedelta(days=90), timedelta(hours=24)),
    ]
    confirm: Annotated[int, Field(ge=1, le=100)] = 3
    confirm_every: Duration = timedelta(minutes=15)
    watch_after_gone: list[Duration] = [timedelta(days=1), timedelta(days=7), timedelta(days=28)]
    timeout: Pause = timedelta(seconds=20)
    body_limit_bytes: Annotated[int, Field(ge=1, le=64 * 1024 * 1024)] = 1_048_576
    redirects: Annotated[int, Field(ge=0, le=50)] = 5
    per_host: Annotated[int, Field(ge=1, le=100)] = 2
    per_network: Annotated[int, Field(ge=1, le=500)] = 16
    allow: list[Network] = []
    canaries: list[Canary] = []
    presumed: Literal["headers", "full", "off"] = "headers"
    changed: Literal["analyst", "gone", "up"] = "analyst"
    user_agent: HeaderText | Annotated[list[HeaderText], Field(min_length=1)] = USER_AGENT
    accept_language: HeaderText = "en-US,en;q=0.5"
    placeholders: list[Sha256] = []
    vantage: list[Vantage] = []
    vantages_per_round: Annotated[int, Field(ge=1, le=100)] = 2

    @field_validator("vantage")
    @classmethod
    def _names_differ(cls, vantages: list[Vantage]) -> list[Vantage]:
        _refuse_twins("name", [vantage.name for vantage in vantages])
        return vantages


class Reader(Section):
    """Somebody who is written to by mail: encrypted to a certificate, or plainly only where that is allowed."""

    email: Mailbox = ""
    certificate: str = ""
    plain: bool = False

    @property
    def mailable(self) -> bool:
        """Say whether mail may go there."""
        return bool(self.email) and (self.plain or bool(self.certificate))


class Police(Reader):
    """Copies and holds."""

    before: Duration = timedelta(0)
    probe_held: bool = False
    reasons: list[Literal["new_hoster", "no_partner", "tor", "unreachable", "new_victim"]] = []


class Regulator(Reader):
    """Who is told when a hoster does not act."""

    countries: list[Country] = ["NL"]


class Retention(Section):
    """How long a URL is kept after closing."""

    items: Duration = timedelta(days=365)
    withdrawn: Duration = timedelta(days=30)


class Partner(Reader):
    """The hotline of another country."""

    code: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    countries: list[Country]
    name: str = ""
    api: Endpoint = ""
    token: SecretStr = SecretStr("")
    token_file: OptionalPath = None
    ca_file: OptionalPath = None
    acknowledge: Duration = timedelta(hours=24)
    patience: Duration = timedelta(hours=72)

    @model_validator(mode="after")
    def _keeps_its_token(self) -> Self:
        if _carries_openly(self.api, self.token):
            raise ValueError(_OPENLY)
        return self


class HosterRule(Section):
    """How one hoster wants to be told."""

    match: Match
    email: Mailbox = ""
    api: Endpoint = ""
    token: SecretStr = SecretStr("")
    token_file: OptionalPath = None
    ca_file: OptionalPath = None
    protocol: Literal["xarf", "aws-abuse-signal"] = "xarf"
    region: str = "us-east-1"
    format: Literal["digest", "xarf"] = "digest"
    group: Literal["recipient", "ip", "site"] = "recipient"
    form: FormUrl = ""
    language: str | None = None
    certificate: str = ""

    @model_validator(mode="after")
    def _keeps_its_token(self) -> Self:
        if _carries_openly(self.api, self.token):
            raise ValueError(_OPENLY)
        return self

    @model_validator(mode="after")
    def _can_sign(self) -> Self:
        key_id, _, secret = self.token.get_secret_value().partition(":")
        if self.api and self.protocol == "aws-abuse-signal" and not (key_id and secret):
            raise ValueError(
                'protocol "aws-abuse-signal" needs a key that signs; write token_file = "aws.key", a file that holds '
                "ACCESS_KEY_ID:SECRET_ACCESS_KEY"
            )
        return self


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

    @field_validator("partner")
    @classmethod
    def _codes_differ(cls, partners: list[Partner]) -> list[Partner]:
        _refuse_twins("code", [partner.code for partner in partners])
        return partners
