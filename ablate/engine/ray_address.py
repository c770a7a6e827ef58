"""Which Ray cluster and which of its nodes, as `--seats ray:…` says it. Free of torch and of ray."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from ablate.errors import AblateError, UsageError

_KNOCK_SECONDS = 10.0
_SYNTAX = "ray:auto, ray:HOST:PORT, ray:ADDRESS*SEATS, ray:ADDRESS@LABEL=VALUE"


@dataclass(frozen=True, slots=True, kw_only=True)
class RayAddress:
    """Which cluster, how many seats of it (None: all that it has), and the labels that its nodes must carry."""

    address: str
    seats: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "RayAddress":
        """What comes after "ray:": an address or "auto", then "*SEATS", then "@LABEL=VALUE", which may be repeated.

        Raises:
            UsageError: it is none of that.
        """
        head, *labels = text.split("@")
        address, star, seats = head.partition("*")
        if address.startswith(("ray://", "//")):
            raise UsageError(
                f"'ray:{text}' is a Ray client's address, which cannot place trials; run this on a machine of the cluster, as ray:auto."
            )
        if not address or (address != "auto" and not address.rpartition(":")[0]):
            raise UsageError(f"'ray:{text}' names no cluster; write one of: {_SYNTAX}.")
        if star and not (seats.isdecimal() and int(seats) > 0):
            raise UsageError(
                f"'ray:{text}' asks for '{seats}' seats, which is no positive number; write ray:{address}*4."
            )
        pairs = [label.partition("=") for label in labels]
        for name, equals, value in pairs:
            if not (name and equals and value):
                raise UsageError(f"'ray:{text}' has the label '{name}{equals}{value}'; write ray:{head}@NAME=VALUE.")
        return cls(
            address=address,
            seats=int(seats) if star else None,
            labels={name: value for name, _, value in pairs},
        )

    def check_reachable(self) -> None:
        """Knock at the address, or at RAY_ADDRESS for "auto": Ray itself would wait for minutes.

        Raises:
            AblateError: nobody answers there.
        """
        address = os.environ.get("RAY_ADDRESS", "auto") if self.address == "auto" else self.address
        host, _, port = address.rpartition(":")
        if not port.isdecimal():
            return
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_SECONDS).close()
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise AblateError(
                f"No Ray cluster answers at {address}: {reason}. Start one with: ray start --head"
            ) from error

    def __str__(self) -> str:
        seats = "" if self.seats is None else f"*{self.seats}"
        return f"ray:{self.address}{seats}" + "".join(f"@{name}={value}" for name, value in self.labels.items())
