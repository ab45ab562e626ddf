"""Another process that uses a private server: says the postmaster's pid, then stays until its standard input ends.

python server_user.py FOLDER [deaf]: a deaf one stops its event loop meanwhile, so that it reaps no child.
"""

import asyncio
import sys
from pathlib import Path

from ntd.store import embedded


async def main(folder: str, *mode: str) -> None:
    """Use the server."""
    async with embedded.server(Path(folder), durable=False) as server:
        sys.stderr.write(f"pid {server.pid}\n")
        sys.stderr.flush()
        if mode:
            sys.stdin.read()
        else:
            await asyncio.to_thread(sys.stdin.read)


asyncio.run(main(*sys.argv[1:]))
