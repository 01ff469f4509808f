"""``python -m tests.azuresim --state-dir DIR``: serve until stopped. Prints one line of JSON when ready."""
from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import threading
from pathlib import Path

from .azurite import default_folder
from .server import Options, Server, dump


async def _serve(options: Options, until_stdin_closes: bool) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    server = Server(options)
    try:
        await server.start()
        print(dump(server.started), flush=True)
        if until_stdin_closes:
            threading.Thread(target=_wait_for_end_of_stdin, args=(loop, stopped), daemon=True).start()
        await stopped.wait()
    finally:
        await server.stop()


def _wait_for_end_of_stdin(loop: asyncio.AbstractEventLoop, stopped: asyncio.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    loop.call_soon_threadsafe(stopped.set)


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.azuresim", description="A simulated Azure on loopback.")
    parser.add_argument("--state-dir", type=Path, required=True, help="Where the CA certificate is written.")
    parser.add_argument("--azurite-dir", type=Path, default=default_folder(), help="Where npm installs Azurite.")
    parser.add_argument("--port", type=int, default=0, help="Port of Azure Resource Manager; 0: a free one.")
    parser.add_argument("--latency-ms", type=float, default=0, help="Latency of every request.")
    parser.add_argument("--token-lifetime", type=int, default=3600, help="Seconds that a token holds.")
    parser.add_argument("--scenario", action="append", help="Serve only this scenario (may be repeated).")
    parser.add_argument("--until-stdin-closes", action="store_true",
                        help="Stop also when standard input ends, so that it never outlives who started it.")
    given = parser.parse_args()
    options = Options(given.state_dir, given.azurite_dir, {"arm": given.port}, given.latency_ms,
                      given.token_lifetime, given.scenario)
    asyncio.run(_serve(options, given.until_stdin_closes))


if __name__ == "__main__":
    main()
