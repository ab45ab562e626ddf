"""Asks the name servers whether the domains of mailboxes take mail, and remembers what they say."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from geo.dns import Resolver
from geo.known import Known
from geo.names import questions_of
from geo.postal import MailDomain, domains_of, doubt_of, put_last
from geo.wire import MX
from geo.zones import NEVER
from schemas.hosting import Contact, Located, NameFate, Question

#: Mail domains kept in memory; the abuse desks of the world are fewer.
ENTRIES: Final = 20_000
#: A look waits this long for the name servers of a mailbox; what they have not said by then could not be found out.
PATIENCE: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """Places and a registrar's mailboxes with who is told first, what was asked for that, and until when it holds."""

    located: tuple[Located, ...]
    registrar: Contact | None = None
    questions: tuple[Question, ...] = ()
    until: datetime = NEVER


class Postmaster:
    """Says which mailboxes stand at domains that take no mail."""

    def __init__(self, names: Resolver) -> None:
        """Ask `names`."""
        self._names = names
        self._domains: Known[MailDomain] = Known(ENTRIES)

    async def close(self) -> None:
        """Stop asking."""
        await self._domains.close()

    async def sort(self, located: Sequence[Located], now: datetime, *, registrar: Sequence[Contact] = ()) -> Sorted:
        """Put the contacts of each place last whose domain takes no mail; faults of the outside change nothing.

        `registrar`: the mailboxes of a domain's registrar, of which one is chosen in the same way.
        """
        domains = domains_of((*[contact for one in located for contact in one.contacts], *registrar))
        asked = [self._domains.get(domain, now, partial(self._ask, domain, now)) for domain in domains]
        known = [await one for one in asked]
        doubts = {domain: one.doubt for domain, one in zip(domains, known, strict=True) if one.doubt is not None}
        return Sorted(
            located=_sorted(located, doubts),
            registrar=next(iter(put_last(registrar, doubts)), None),
            questions=tuple([question for one in known for question in one.questions]),
            until=min((one.until for one in known), default=NEVER),
        )

    async def _ask(self, domain: str, now: datetime) -> tuple[MailDomain, datetime]:
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                found = await self._find(domain, now)
        except TimeoutError:
            found = MailDomain(doubt=None, until=now + PATIENCE + self._names.fault_holds)
        return found, found.until

    async def _find(self, domain: str, now: datetime) -> MailDomain:
        mx, at = await self._names.records(domain, MX, now)
        questions = questions_of(mx, at)
        if mx.reply.fate is NameFate.FOUND:
            until = at + timedelta(seconds=mx.reply.ttl_s)
            return MailDomain(doubt=doubt_of(mx.reply, None), until=until, questions=questions)
        addresses = await self._names.look(domain, now)
        return MailDomain(
            doubt=doubt_of(mx.reply, addresses),
            until=max(addresses.until, now + self._names.fault_holds),
            questions=(*questions, *addresses.questions),
        )


def _sorted(located: Sequence[Located], doubts: Mapping[str, str]) -> tuple[Located, ...]:
    if not doubts:
        return tuple(located)
    return tuple([replace(one, contacts=put_last(one.contacts, doubts)) for one in located])
