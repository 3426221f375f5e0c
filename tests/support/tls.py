"""Certificates for an engine that is reached over TCP, and for the program that reaches it."""

from __future__ import annotations

import subprocess
from pathlib import Path

ADDRESS = "127.0.0.1:2376"
"""In the engine's own network."""

_SCRIPT = """
key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
openssl req -x509 $key -subj /CN=authority -keyout ca-key.pem -out ca.pem
for name in server client; do
  mkdir $name
  cp ca.pem $name/ca.pem
  openssl req $key -subj /CN=$name -keyout $name/key.pem -out $name/request.pem
  printf 'subjectAltName=IP:%s\\nextendedKeyUsage=%sAuth\\n' $1 $name >$name/extensions
  openssl x509 -req -in $name/request.pem -extfile $name/extensions \
    -CA ca.pem -CAkey ca-key.pem -CAcreateserial -out $name/cert.pem
done
"""


def make(folder: Path, address: str = "127.0.0.1") -> Path:
    """Make an authority, and folders `server` and `client` as Docker's programs want them.

    Both have certificates for an IP address.
    """
    argv = ["sh", "-euc", _SCRIPT, "sh", address]
    done = subprocess.run(argv, cwd=folder, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def flags(folder: Path) -> tuple[str, ...]:
    """Return the flags of a dockerd that listens there too, to clients that show a certificate."""
    own = folder / "server"
    files = (
        "--tlscacert",
        own / "ca.pem",
        "--tlscert",
        own / "cert.pem",
        "--tlskey",
        own / "key.pem",
    )
    return ("--host", f"tcp://{ADDRESS}", "--tlsverify", *map(str, files))
