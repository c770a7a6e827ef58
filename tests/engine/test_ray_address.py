import socket
import sys

import pytest

from ablate.engine.ray_address import RayAddress
from ablate.engine.ray_cluster import RayCluster
from ablate.engine.seating import check_seats
from ablate.errors import AblateError, UsageError

ADDRESSES = {
    "auto": RayAddress(address="auto"),
    "auto*4": RayAddress(address="auto", seats=4),
    "10.0.0.1:6379@gpu=a100": RayAddress(address="10.0.0.1:6379", labels={"gpu": "a100"}),
    "head:6379*12@ray.io/accelerator-type=A100@zone=b": RayAddress(
        address="head:6379", seats=12, labels={"ray.io/accelerator-type": "A100", "zone": "b"}
    ),
}


@pytest.mark.parametrize("text", ADDRESSES)
def test_an_address_says_which_cluster_how_many_seats_and_which_nodes(text: str) -> None:
    assert RayAddress.parse(text) == ADDRESSES[text]
    assert str(ADDRESSES[text]) == f"ray:{text}"


REFUSALS = {
    "": "'ray:' names no cluster; write one of: ray:auto, ray:HOST:PORT, ray:ADDRESS*SEATS, ray:ADDRESS@LABEL=VALUE.",
    "automatic": "'ray:automatic' names no cluster",
    "//head:10001": "'ray://head:10001' is a Ray client's address, which cannot place trials; run this on a machine of the cluster",
    "auto*0": "'ray:auto*0' asks for '0' seats, which is no positive number; write ray:auto*4.",
    "auto*": "asks for '' seats",
    "auto@gpu": "'ray:auto@gpu' has the label 'gpu'; write ray:auto@NAME=VALUE.",
}


@pytest.mark.parametrize("text", REFUSALS)
def test_what_is_no_address_is_refused_before_any_cluster_is_looked_for(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_seats([f"ray:{text}"])
    assert REFUSALS[text] in str(caught.value)


def test_where_ray_is_not_installed_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"Seats on Ray need the package ray: pip install 'ablate-recipes\[ray\]'"):
        RayCluster(RayAddress(address="auto"))


@pytest.mark.parametrize("in_environment", [False, True])
def test_an_address_where_nobody_answers_is_said_at_once(monkeypatch: pytest.MonkeyPatch, in_environment: bool) -> None:
    with socket.socket() as knocked_at:
        knocked_at.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{knocked_at.getsockname()[1]}"
        monkeypatch.setenv("RAY_ADDRESS", place)
        address = RayAddress(address="auto" if in_environment else place)
        with pytest.raises(AblateError) as caught:
            address.check_reachable()
        assert (
            str(caught.value)
            == f"No Ray cluster answers at {place}: Connection refused. Start one with: ray start --head"
        )
        knocked_at.listen()
        address.check_reachable()
