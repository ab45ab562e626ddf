"""The lab by itself, asked by real clients: DNS, RDAP, HTTP, SMTP, both APIs."""

import asyncio
import csv
import json
import smtplib
import tomllib
from collections.abc import AsyncIterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import aiohttp
import dns.asyncquery
import dns.flags
import dns.message
import dns.rcode
import pytest

from ntd.lab.partner_tokens import our_token
from ntd.lab.stage import Stage, open_stage, world_of
from schemas.settings import Settings
from tests.fakes.hand_clock import HandClock


@pytest.fixture
async def clock() -> HandClock:
    """Give the lab's clock."""
    return HandClock()


@pytest.fixture
async def stage(tmp_path: Path, clock: HandClock) -> AsyncIterator[Stage]:
    """Open the shipped world."""
    async with open_stage(world_of(None), tmp_path, clock) as opened:
        yield opened


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Give a client that does what it is told and follows nothing."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as opened:
        yield opened


async def ask(stage: Stage, name: str, kind: str = "A", *, tcp: bool = False) -> dns.message.Message:
    """Ask the lab's name server."""
    query = dns.message.make_query(name, kind, use_edns=0)
    send = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
    return await send(query, "127.0.0.1", port=stage.on.dns, timeout=2)


def records(reply: dns.message.Message) -> list[str]:
    """Give the answers as "TYPE data"."""
    return [f"{rrset.rdtype.name} {data}" for rrset in reply.answer for data in sorted(map(str, rrset))]


def letter_about(url: str, item: str = "0193-0001", message_id: str = "<1@hotline.example>") -> EmailMessage:
    """Write a mail that names one item."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "notices@hotline.example", "abuse@polder.example", "1 item"
    mail["Message-ID"], mail["Auto-Submitted"] = message_id, "auto-generated"
    mail.set_content(f"Please remove:\n{url}\nAnswer: http://127.0.0.1:1/h/abc\n")
    mail.make_mixed(boundary="lab")
    mail.add_attachment(f"item,url\n{item},{url}\n", subtype="csv", filename="items.csv")
    return mail


def send(stage: Stage, to: str, mail: EmailMessage) -> None:
    """Hand a mail over."""
    with smtplib.SMTP("127.0.0.1", stage.on.smtp, timeout=5) as client:
        client.sendmail("notices@hotline.example", [to], mail.as_bytes(policy=SMTP))


async def post_mail(stage: Stage, to: str, mail: EmailMessage) -> None:
    """Hand a mail over while the lab goes on."""
    await asyncio.get_running_loop().run_in_executor(None, send, stage, to, mail)


async def look(session: aiohttp.ClientSession, stage: Stage, host: str, path: str, at: str) -> tuple[int, bytes]:
    """Ask for a page on the machine with this address."""
    url = f"http://{at}:{stage.on.web}{path}"
    async with session.get(url, headers={"Host": f"{host}:{stage.on.web}"}, allow_redirects=False) as answer:
        return answer.status, await answer.read()


class TestNames:
    """The name server."""

    async def test_addresses_come_with_authority_and_a_low_ttl(self, stage: Stage) -> None:
        """A name answers with its address, authoritatively, to be asked again soon."""
        reply = await ask(stage, "img.pictures.test")

        assert records(reply) == ["A 127.10.1.11"]
        assert reply.answer[0].ttl == 1
        assert reply.flags & dns.flags.AA

    async def test_udp_and_tcp_say_the_same(self, stage: Stage) -> None:
        """Both ways lead to the same server on the same port."""
        assert records(await ask(stage, "double.test", tcp=True)) == records(await ask(stage, "double.test"))

    async def test_no_such_name_and_no_such_record_differ(self, stage: Stage) -> None:
        """NXDOMAIN and NODATA both carry the SOA that says how long the absence holds (RFC 2308)."""
        nothing = await ask(stage, "never.test")
        no_record = await ask(stage, "img.pictures.test", "AAAA")

        assert nothing.rcode() == dns.rcode.NXDOMAIN
        assert (no_record.rcode(), no_record.answer) == (dns.rcode.NOERROR, [])
        assert [rrset.rdtype.name for rrset in nothing.authority + no_record.authority] == ["SOA", "SOA"]

    async def test_an_alias_is_followed_to_its_end(self, stage: Stage) -> None:
        """The whole chain stands in one answer."""
        reply = await ask(stage, "www.alias.test")

        assert records(reply) == ["CNAME pool.polder.example.", "A 127.10.1.13"]

    async def test_a_site_names_the_servers_of_its_hoster(self, stage: Stage) -> None:
        """NS leads to a name that exists."""
        (servers,) = records(await ask(stage, "soft.test", "NS"))

        assert servers == "NS ns1.molen.example."
        assert records(await ask(stage, "ns1.molen.example")) == ["A 127.10.2.0"]

    async def test_addresses_go_round(self, stage: Stage) -> None:
        """A round robin shows one address at a time, each in its turn."""
        seen = [records(await ask(stage, "rotor.test"))[0] for _ in range(4)]

        assert seen == ["A 127.10.1.15", "A 127.10.1.16", "A 127.10.1.17", "A 127.10.1.15"]

    async def test_a_failing_server_recovers_by_its_script(self, stage: Stage, clock: HandClock) -> None:
        """SERVFAIL from the first question on, an address three seconds later."""
        first = await ask(stage, "late.test")
        clock.move(3)

        assert first.rcode() == dns.rcode.SERVFAIL
        assert records(await ask(stage, "late.test")) == ["A 127.10.1.19"]

    async def test_silence_is_silence(self, stage: Stage) -> None:
        """A mute server lets the question run into its deadline."""
        query = dns.message.make_query("mute.test", "A")
        with pytest.raises(dns.exception.Timeout):
            await dns.asyncquery.udp(query, "127.0.0.1", port=stage.on.dns, timeout=0.1)

    async def test_the_zone_of_origins_knows_every_network(self, stage: Stage) -> None:
        """AS and prefix of an address come as TXT, and the AS has a name."""
        origin = records(await ask(stage, "11.9.10.127.origin.asn.test", "TXT"))
        named = records(await ask(stage, "AS64504.asn.test", "TXT"))

        assert origin == ['TXT "64504 | 127.10.9.0/24 | NL | ripencc | 2019-04-01"']
        assert named == ['TXT "64504 | NL | ripencc | 2019-04-01 | KADE, NL"']

    async def test_the_rest_of_the_world_is_not_ours(self, stage: Stage) -> None:
        """A name outside .test and .example is refused, so that nothing leaks out unnoticed."""
        assert (await ask(stage, "www.iana.org")).rcode() == dns.rcode.REFUSED


class TestRegistry:
    """The RDAP server."""

    async def get(self, session: aiohttp.ClientSession, stage: Stage, path: str) -> tuple[int, dict[str, Any]]:
        """Ask the registry."""
        async with session.get(f"http://127.0.0.1:{stage.on.rdap}/{path}") as answer:
            return answer.status, await answer.json(content_type=None) if answer.content_length else {}

    async def test_the_abuse_desk_stands_inside_the_organisation(
        self, stage: Stage, session: aiohttp.ClientSession
    ) -> None:
        """A nested answer names the abuse mailbox only one level down."""
        status, network = await self.get(session, stage, "ip/127.10.1.11")

        assert (status, network["country"]) == (200, "NL")
        assert (network["startAddress"], network["endAddress"]) == ("127.10.1.0", "127.10.1.255")
        assert [role for one in network["entities"] for role in one["roles"]] == [
            "administrative",
            "technical",
            "registrant",
        ]
        (desk,) = network["entities"][1]["entities"]
        assert desk["roles"] == ["abuse"]
        assert ["email", {}, "text", "abuse@polder.example"] in desk["vcardArray"][1]

    async def test_a_busy_registry_says_when_to_come_back(self, stage: Stage, session: aiohttp.ClientSession) -> None:
        """The first question meets 429 with Retry-After, the second an answer."""
        async with session.get(f"http://127.0.0.1:{stage.on.rdap}/ip/127.10.5.11") as answer:
            first = answer.status, answer.headers["Retry-After"]
        second, _ = await self.get(session, stage, "ip/127.10.5.11")

        assert (first, second) == ((429, "1"), 200)

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("ip/127.10.2.11", 404),
            ("ip/nonsense", 404),
            ("ip/127.10.1.0/24", 200),
            ("domain/pictures.test", 200),
            ("domain/never.test", 404),
            ("autnum/64496", 200),
            ("autnum/1", 404),
            ("entity/ABUSE-POLDER", 200),
        ],
    )
    async def test_known_and_unknown(
        self, stage: Stage, session: aiohttp.ClientSession, path: str, status: int
    ) -> None:
        """What the registry does not know is 404, everything else an RDAP object."""
        assert (await self.get(session, stage, path))[0] == status


class TestWeb:
    """The hosters' web servers."""

    async def test_a_page_goes_after_its_hoster_was_told(
        self, stage: Stage, clock: HandClock, session: aiohttp.ClientSession
    ) -> None:
        """Three seconds after the mail the picture is gone, and not before."""
        host, path = "img.pictures.test", "/i/01.jpg"
        before = await look(session, stage, host, path, "127.10.1.11")
        await post_mail(stage, "abuse@polder.example", letter_about(f"http://{host}:{stage.on.web}{path}"))
        clock.move(2.9)
        still = await look(session, stage, host, path, "127.10.1.11")
        clock.move(0.1)
        after = await look(session, stage, host, path, "127.10.1.11")

        assert (before[0], still, after[0]) == (200, before, 404)
        assert stage.ledger.requests["img.pictures.test/i/01.jpg"] == 3

    async def test_a_soft_404_shows_on_every_path(
        self, stage: Stage, clock: HandClock, session: aiohttp.ClientSession
    ) -> None:
        """Before the notice a missing page is 404; after it every path shows the same page with 200."""
        at = "127.10.2.11"
        missing = await look(session, stage, "soft.test", "/v/other.html", at)
        stage.plot.told(("soft.test", "/v/1.html"), "molen", clock.now())
        clock.move(3)
        gone = await look(session, stage, "soft.test", "/v/1.html", at)
        sibling = await look(session, stage, "soft.test", "/v/other.html", at)

        assert missing[0] == 404
        assert gone == sibling
        assert gone[0] == 200

    async def test_redirects_are_as_many_as_the_row_says(self, stage: Stage, session: aiohttp.ClientSession) -> None:
        """Five hops end at the real place, a loop never ends."""
        base = f"http://127.10.6.11:{stage.on.web}"
        headers = {"Host": f"hops.test:{stage.on.web}"}
        async with session.get(f"{base}/r/five.jpg", headers=headers) as answer:
            hops, status = len(answer.history), answer.status
        with pytest.raises(aiohttp.TooManyRedirects):
            await session.get(f"{base}/r/loop.jpg", headers=headers)

        assert (hops, status) == (5, 200)

    async def test_flapping_is_never_missing_three_times_in_a_row(
        self, stage: Stage, session: aiohttp.ClientSession
    ) -> None:
        """One look in three sees it."""
        seen = [(await look(session, stage, "slow.test", "/flap.jpg", "127.10.5.11"))[0] for _ in range(6)]

        assert seen == [200, 404, 404, 200, 404, 404]

    async def test_a_reset_is_no_answer(self, stage: Stage, clock: HandClock, session: aiohttp.ClientSession) -> None:
        """The connection breaks before a byte of an answer."""
        stage.plot.told(("slow.test", "/reset.jpg"), "veste", clock.now())
        clock.move(2)

        with pytest.raises(aiohttp.ClientConnectionError):
            await look(session, stage, "slow.test", "/reset.jpg", "127.10.5.11")

    async def test_a_parked_domain_shows_one_page(self, stage: Stage, session: aiohttp.ClientSession) -> None:
        """Whatever is asked of the parking company's machine, it is for sale."""
        one = await look(session, stage, "blink.test", "/1.jpg", "127.20.8.22")
        other = await look(session, stage, "blink.test", "/2.jpg", "127.20.8.22")

        assert one == other
        assert b"for sale" in one[1]


class TestMail:
    """The mail server."""

    async def test_a_mail_is_kept_with_envelope_bytes_and_meaning(self, stage: Stage) -> None:
        """The ledger names what the mail named; the bytes lie in the folder."""
        url = f"http://img.pictures.test:{stage.on.web}/i/02.jpg"
        await post_mail(stage, "abuse@polder.example", letter_about(url))

        (mail,) = stage.ledger.mails
        assert mail.letter is not None
        assert (mail.sender, mail.to, mail.outcome) == ("notices@hotline.example", "abuse@polder.example", "taken")
        assert mail.letter.items == {"0193-0001": url}
        assert mail.letter.link == "http://127.0.0.1:1/h/abc"
        assert mail.letter.faults == ()
        assert len(list((stage.folder / "mail").glob("*.eml"))) == 1

    async def test_greylisting_refuses_the_first_try_only(self, stage: Stage) -> None:
        """451 at first, then taken."""
        url = f"http://soft.test:{stage.on.web}/v/1.html"
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
            await post_mail(stage, "abuse@molen.example", letter_about(url))
        await post_mail(stage, "abuse@molen.example", letter_about(url))

        assert refusal.value.recipients["abuse@molen.example"][0] == 451
        assert [mail.outcome for mail in stage.ledger.mails] == ["deferred", "taken"]

    async def test_the_answer_after_the_dot_is_lost_once(self, stage: Stage) -> None:
        """The mail lies in the mailbox although its sender cannot know; the second time he is told."""
        mail = letter_about(f"http://slow.test:{stage.on.web}/reset.jpg")
        with pytest.raises(smtplib.SMTPServerDisconnected):
            await post_mail(stage, "abuse@veste.example", mail)
        await post_mail(stage, "abuse@veste.example", mail)

        assert [one.outcome for one in stage.ledger.mails] == ["answer lost", "taken"]
        assert len({one.sha256 for one in stage.ledger.mails}) == 1

    @pytest.mark.parametrize(
        ("to", "outcome"), [("abuse@gracht.example", "refused"), ("noc@polder.example", "stranger")]
    )
    async def test_who_is_refused_is_noted(self, stage: Stage, to: str, outcome: str) -> None:
        """A mailbox that refuses and one that does not exist are told apart in the ledger."""
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            await post_mail(stage, to, letter_about("http://deaf.test/1.jpg"))

        assert [mail.outcome for mail in stage.ledger.mails] == [outcome]

    async def test_a_leading_dot_survives(self, stage: Stage) -> None:
        """Dots that the client doubled are single again (RFC 5321, 4.5.2)."""
        mail = letter_about(f"http://img.pictures.test:{stage.on.web}/i/03.jpg")
        mail.get_body().set_content(".hidden\n")  # type: ignore[union-attr]
        await post_mail(stage, "abuse@polder.example", mail)

        assert b"\r\n.hidden\r\n" in next((stage.folder / "mail").glob("*.eml")).read_bytes()


class TestApis:
    """The hoster and the hotlines that are told over HTTP."""

    async def test_a_report_counts_once_under_its_key(self, stage: Stage, session: aiohttp.ClientSession) -> None:
        """Busy at first, then taken, then known; what is no XARF is turned away."""
        url = f"http://127.0.0.1:{stage.on.hosters}/dijk/reports"
        page = f"http://walls.test:{stage.on.web}/a/login.jpg"
        document = {"xarf_version": "4.2.0", "category": "content", "type": "csam", "url": page}
        statuses = []
        for body, key in ((document, "k1"), (document, "k1"), (document, "k1"), ({"type": "spam"}, "k2")):
            async with session.post(url, json=body, headers={"Idempotency-Key": key}) as answer:
                statuses.append(answer.status)

        assert statuses == [429, 201, 200, 400]
        assert [report.outcome for report in stage.ledger.reports] == ["busy", "taken", "again", "malformed"]

    async def test_a_lost_answer_is_known_at_the_second_try(self, stage: Stage, session: aiohttp.ClientSession) -> None:
        """The report was taken although the connection broke."""
        url = f"http://127.0.0.1:{stage.on.hosters}/dijk/reports"
        document = {"type": "csam", "url": f"http://walls.test:{stage.on.web}/a/lost.jpg"}
        headers = {"Idempotency-Key": "k"}
        await session.post(url, json=document, headers=headers)
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.post(url, json=document, headers=headers)
        async with session.post(url, json=document, headers=headers) as answer:
            again = await answer.json()

        assert again["duplicate"] is True
        assert [report.outcome for report in stage.ledger.reports] == ["busy", "answer lost", "again"]

    async def test_a_partner_takes_and_refuses_by_item(self, stage: Stage, session: aiohttp.ClientSession) -> None:
        """The answer names what was taken and what was not; without the token nothing is."""
        url = f"http://127.0.0.1:{stage.on.partners}/md-lab/forwards"
        pages = {f"item-{n}": f"http://codru.test:{stage.on.web}/{n}.jpg" for n in (1, 6)}
        forward = {"id": "f1", "items": [{"item": item, "url": page} for item, page in pages.items()]}
        async with session.post(url, json=forward) as answer:
            stranger = answer.status
        headers = {"Authorization": f"Bearer {our_token('md-lab')}", "Idempotency-Key": "f1"}
        async with session.post(url, json=forward, headers=headers) as answer:
            taken = answer.status, await answer.json()

        assert stranger == 401
        refused = [{"item": "item-6", "reason": "WrongCountry"}]
        assert taken == (202, {"id": "f1", "accepted": ["item-1"], "refused": refused})


class TestFiles:
    """What leads a daemon into the lab."""

    async def test_the_configuration_is_one_of_ours(self, stage: Stage) -> None:
        """The written ntd.toml has no key that the daemon does not know."""
        settings = Settings.model_validate(tomllib.loads((stage.folder / "ntd.toml").read_text()))

        assert settings.smtp.tls == "none"
        assert {one.code for one in settings.partner} == set(stage.world.partners)
        assert [one.match for one in settings.hoster] == ["as64498", "as64501"]

    async def test_the_network_file_holds_all_but_one(self, stage: Stage) -> None:
        """One network is known by DNS alone."""
        with (stage.folder / "networks.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))

        assert len(rows) == len(stage.world.hosters) - 1
        assert rows[0] == {
            "network": "127.10.1.0/24",
            "asn": "64496",
            "as_name": "Polder Hosting",
            "country": "NL",
            "category": "hosting",
            "abuse_email": "",
        }

    async def test_the_items_are_lines_of_input(self, stage: Stage) -> None:
        """Every row of the table is a line with its own report; the bad lines follow."""
        lines = (stage.folder / "items.ndjson").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines[: len(stage.world.items)]]

        assert len(lines) == len(stage.world.items) + len(stage.world.lines)
        assert rows[0]["url"] == f"http://img.pictures.test:{stage.on.web}/i/01.jpg"
        assert len({row["report"] for row in rows}) == len(rows)

    async def test_the_ledger_is_served(self, stage: Stage, session: aiohttp.ClientSession) -> None:
        """Everything that was received can be read as one JSON document."""
        await ask(stage, "img.pictures.test")
        async with session.get(f"http://127.0.0.1:{stage.on.control}/lab/ledger") as answer:
            ledger = await answer.json()

        assert ledger["questions"] == {"img.pictures.test A": 1}
        assert ledger["pages"]["img.pictures.test/i/01.jpg"][0]["does"] == "image"
