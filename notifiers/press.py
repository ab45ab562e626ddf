"""A message to the bytes that leave: composed in the right words, sealed for its recipient, signed for our domain."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

from notifiers.compose import compose, on_its_way_by
from notifiers.dkim import Signer, signer_of
from notifiers.sealing import Certificate, certificates, of_mailbox
from notifiers.stationery import SHIPPED, Stationery
from schemas.notice import Channel, Message, Rendered
from schemas.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """Words, certificates by mailbox, and the key of our domain."""

    stationery: Stationery = SHIPPED
    sealed_for: Mapping[str, Certificate] = field(default_factory=lambda: MappingProxyType({}))
    signer: Signer | None = None

    def render(self, message: Message) -> Rendered:
        """Render a message; a mail is sealed where its recipient has a certificate."""
        by_mail = on_its_way_by(message) is Channel.MAIL
        rendered = compose(message, self.stationery, of_mailbox(self.sealed_for, message.to) if by_mail else None)
        if not by_mail or self.signer is None:
            return rendered
        signed = self.signer.sign(rendered.content, message.written_at)
        return Rendered(message_id=rendered.message_id, content=signed, subject=rendered.subject)

    def expired(self, now: datetime) -> list[Certificate]:
        """Give the certificates that nothing can be sealed for any more."""
        return [certificate for certificate in self.sealed_for.values() if certificate.expired(now)]

    def expired_for(self, mailbox: str, now: datetime) -> Certificate | None:
        """Give the certificate of a mailbox that has expired: nothing goes there until there is a new one."""
        found = of_mailbox(self.sealed_for, mailbox)
        return found if found is not None and found.expired(now) else None


#: Our own words, nothing sealed, nothing signed.
AS_SHIPPED: Final = Press()


def open_press(settings: Settings, stationery: Stationery) -> Press:
    """Read certificates and keys; Misconfigured says what is wrong with one."""
    return Press(stationery=stationery, sealed_for=certificates(settings), signer=signer_of(settings))
