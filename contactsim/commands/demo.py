"""``contactsim demo``: the classroom in a browser."""

from __future__ import annotations

import importlib.util
import socket
import sys

from contactsim.commands.arguments import Parser
from contactsim.errors import UserError


def main(arguments: list[str]) -> int:
    """Serve the classroom until interrupted."""
    parser = Parser("demo", description="Open the classroom in a browser: two worlds side by side, lessons, lives.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (this machine only if not given)")
    parser.add_argument("--port", type=int, default=8765, help="port to listen on (8765)")
    parser.add_argument("--config-dir", "-cd", metavar="DIR", help="a folder with places, actions and lessons of your "
                                                                   "own")
    parser.add_argument("--no-open", action="store_true", help="open no browser")
    options = parser.parse_args(arguments)
    if not 1 <= options.port <= 65535:
        raise UserError(f"--port={options.port} is not allowed: it must be from 1 to 65535.")
    if importlib.util.find_spec("solara") is None:
        raise UserError("The classroom needs packages that are not installed: pip install 'contactsim[viz]'.")
    from contactsim.demo.serve import LOCAL, serve

    _check_free(options.host, options.port)
    if options.host not in LOCAL:
        print(f"contactsim: --host {options.host} lets everybody who reaches this machine use the classroom, without a "
              f"password or encryption.", file=sys.stderr)
    print("Getting ready (the first time takes about half a minute) ...", flush=True)
    serve(options.host, options.port, browser=not options.no_open, config_dir=options.config_dir)
    return 0


def _check_free(host: str, port: int) -> None:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError:
        raise UserError(f"--host={host} is no address of this machine.") from None
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise UserError(f"--host={host} --port={port} cannot be listened on ({error.strerror}): choose another "
                            f"port.") from None
