"""joint-review serve: Datasette over the working database, with the plugin and what it is told."""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import signal
import socket
import sys
import tempfile
from pathlib import Path

import click

from joint_review.cli.options import db_option, say_set_aside
from joint_review.cli.secrets_apart import accounts_of
from joint_review.metadata import metadata
from joint_review.opening import open_programme
from joint_review.stopping import removed_at_the_end
from rules.errors import ReviewError

SETTINGS = {
    "suggest_facets": "off",
    "facet_time_limit_ms": "1000",
    "sql_time_limit_ms": "3000",
    "default_page_size": "50",
    "num_sql_threads": "10",
    "allow_download": "off",
}
"""Datasette's settings for a working database (measured; see docs/performance.md)."""


@click.command()
@db_option
@click.option(
    "--port", default=8001, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--tls",
    is_flag=True,
    help="Set this if a proxy serves the pages over HTTPS: cookies are then sent over HTTPS only.",
)
def serve(db_path: Path, port: int, host: str, tls: bool) -> None:
    """Open the pages of the working database in Datasette.

    Prints a link that signs you in, once, with every role. Others sign in with their name and password (see:
    joint-review user add --help). Without signing in, no page shows anything. Stop with Ctrl-C.

    Example: joint-review serve --db programme.db --port 8001
    """
    db = open_programme(db_path)
    db.conn.close()
    say_set_aside(db.set_aside)
    accounts = accounts_of(db_path)
    _refuse_taken(host, port)
    with (
        tempfile.TemporaryDirectory(prefix="joint-review-") as folder,
        removed_at_the_end(Path(folder)),
    ):
        served = _served_path(db_path.absolute(), Path(folder))
        told = Path(folder) / "metadata.json"
        told.write_text(json.dumps(metadata(served.stem)), encoding="utf-8")
        command = [str(served), "--metadata", str(told), "--root", "--host", host, "--port", str(port)]
        for name, value in SETTINGS.items():
            command += ["--setting", name, value]
        click.echo("Open the link with the token below: it signs you in, once. Stop with Ctrl-C.", err=True)
        # From where a request comes is what the network says, not what its headers say.
        os.environ.setdefault("FORWARDED_ALLOW_IPS", "")
        os.environ["DATASETTE_SECRET"] = accounts.secret(secrets.token_hex)
        os.environ["JOINT_REVIEW_TLS"] = "1" if tls else "0"
        # Told to stop, it removes what it was told.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        serve_datasette = _datasette()
        try:
            serve_datasette.main(command, prog_name="joint-review serve", standalone_mode=False)
        except SystemExit as ended:
            # The server has numbers of its own for what went wrong, such as a port that is taken.
            sys.exit(1 if ended.code else 0)


def _refuse_taken(host: str, port: int) -> None:
    """Raise ReviewError where the server could not listen; it would say so only after its link."""
    where = f"port {port} of {host}"
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in places:
            with socket.socket(family, kind, protocol) as probe:
                # As the server does: a port that was in use a moment ago may be used again.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
    except socket.gaierror as error:
        raise ReviewError(
            f"{host!r} is not an address of this machine", hint="Give another --host."
        ) from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ReviewError(
                f"{where} is in use by another program (address already in use)",
                hint="Stop a server that still runs there, or give another --port.",
            ) from error
        raise ReviewError(
            f"the server cannot listen on {where}: {error.strerror}", hint="Give another --port or --host."
        ) from error


NOT_IN_ADDRESS = re.compile(r"[#?%]")
"""What has a meaning in an address, which Datasette makes of the path of a file as it is."""


def _served_path(path: Path, folder: Path) -> Path:
    """A path that Datasette can open the database by: its own, or a link to it in `folder`."""
    if not NOT_IN_ADDRESS.search(str(path)):
        return path
    if NOT_IN_ADDRESS.search(str(folder)):
        raise ReviewError(
            f"Datasette opens no file with #, ? or % in its path, as have {path} and {folder.parent}",
            hint="Rename one of them.",
        )
    link = folder / f"{NOT_IN_ADDRESS.sub('-', path.stem)}.db"
    link.symlink_to(path)
    return link


def _datasette() -> click.Command:
    """Datasette's own command; imported when all that it and its plugins are told is in place.

    Its units load dask wherever it is installed, which takes as long as all of our pages; here nothing has
    units, so for them it is not there.
    """
    hidden = "dask" not in sys.modules
    if hidden:
        sys.modules["dask"] = None  # type: ignore[assignment]
    try:
        from datasette.cli import serve as found
    finally:
        if hidden:
            del sys.modules["dask"]
    command: click.Command = found
    return command
