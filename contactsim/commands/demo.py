"""``contactsim demo``: the classroom in a browser."""

from __future__ import annotations

import importlib.util
import socket
import sys

import click

from contactsim.commands.base import Command, Integer, config_dir
from contactsim.errors import UserError

HELP = """Open the classroom in a browser: two worlds side by side, lessons, life stories.

\b
  contactsim demo
  contactsim demo --port 9000 --no-open"""


@click.command(cls=Command, help=HELP)
@click.option("--host", metavar="ADDRESS", default="127.0.0.1",
              help="Address to listen on; the default is this machine only.")
@click.option("--port", type=Integer(1, 65535), default=8765, help="Port to listen on.")
@click.option("--no-open", is_flag=True, help="Do not open a browser.")
@config_dir
def demo(host: str, port: int, no_open: bool, config_dir: str | None) -> int:
    """Serve the classroom until interrupted."""
    if importlib.util.find_spec("solara") is None:
        raise UserError("The classroom needs packages that are not installed: run pip install 'contactsim[viz]'.")
    from contactsim.demo.serve import LOCAL, serve

    _check_free(host, port)
    if host not in LOCAL:
        print(f"contactsim: --host {host} lets everyone who can reach this machine use the classroom, without a "
              f"password or encryption.", file=sys.stderr)
    print("Starting (the first time takes about half a minute) ...", flush=True)
    serve(host, port, browser=not no_open, folder=config_dir)
    return 0


def _check_free(host: str, port: int) -> None:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError:
        raise UserError(f"--host={host} is not an address of this machine.") from None
    with socket.socket(family, kind) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(address)
        except OSError as error:
            raise UserError(f"--host={host} --port={port} is not available ({error.strerror}): choose another "
                            f"port.") from None
