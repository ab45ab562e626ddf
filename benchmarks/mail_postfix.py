"""A Postfix of our own: on a port of loopback, in a folder of its own, as strict as it can be made.

It takes mail for one domain and relays it to one port, and nothing of the system's own Postfix is touched or asked.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

#: Where Debian puts what is no command of a user.
_PROGRAMS: Final = "/usr/sbin:/usr/bin:/sbin:/bin"
#: Postfix's own checks, each at its strictest: https://www.postfix.org/postconf.5.html, read on 22 November 2026.
_MAIN: Final = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log/mail.log
maillog_file_prefixes = {folder}
myhostname = relay.hotline.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
relay_domains = {domain}
relay_recipient_maps =
alias_maps =
local_recipient_maps =
relayhost = [127.0.0.1]:{sink}
smtp_tls_security_level = none
smtpd_tls_security_level = none
smtpd_peername_lookup = no
smtpd_helo_required = yes
smtpd_helo_restrictions = reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname
smtpd_sender_restrictions = reject_non_fqdn_sender
smtpd_recipient_restrictions = reject_non_fqdn_recipient, reject_unauth_pipelining, reject_unauth_destination
smtpd_data_restrictions = reject_unauth_pipelining, reject_multi_recipient_bounce
smtpd_forbid_bare_newline = yes
smtpd_forbid_unauth_pipelining = yes
strict_rfc821_envelopes = yes
strict_7bit_headers = yes
strict_8bitmime = yes
strict_8bitmime_body = yes
strict_mime_encoding_domain = yes
disable_dns_lookups = yes
disable_vrfy_command = yes
smtp_destination_concurrency_limit = 20
"""
_MASTER: Final = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


class Absent(Exception):  # noqa: N818 -- what is missing, in words for whoever typed the command
    """What is needed is not here."""


def program(name: str, package: str) -> str:
    """Find a program; Absent names the package that has it."""
    found = shutil.which(name, path=_PROGRAMS)
    if found is None:
        raise Absent(f"{name} is not installed (Debian's package {package})")
    return found


def present() -> str:
    """Give the command that starts and stops it; Absent says what is missing."""
    command = program("postfix", "postfix")
    if os.geteuid() != 0:
        raise Absent("Postfix is only started by root")
    return command


@asynccontextmanager
async def postfix(folder: Path, *, port: int, sink: int, domain: str) -> AsyncIterator[Path]:
    """Run a Postfix on `port` that relays mail for `domain` to `sink`; give its log. Absent says what is missing."""
    command = present()
    etc = folder / "etc"
    for made in (folder, etc, folder / "queue", folder / "data", folder / "log"):
        made.mkdir(mode=0o755, exist_ok=True)
    folder.chmod(0o755)  # its programs work as a user of their own
    shutil.chown(folder / "data", "postfix")
    (etc / "main.cf").write_text(_MAIN.format(folder=folder, sink=sink, domain=domain))
    (etc / "master.cf").write_text(_MASTER.format(port=port))
    await _run(command, "-c", str(etc), "start")
    try:
        yield folder / "log" / "mail.log"
    finally:
        await _run(command, "-c", str(etc), "stop")


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"PATH": _PROGRAMS},
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {said.decode(errors='replace')}")
