"""`tawsim.sdk.scale_client`: the official client, with both of its hosts set. Its calls are tested in tests/api/."""

import sys

import pytest

from tawsim.core.errors import BadInput, NotFound, NotSignedIn
from tawsim.sdk import scale_client
from tawsim.sdk.scale import host_of


@pytest.mark.parametrize("url", ["http://127.0.0.1:7373", "http://127.0.0.1:7373/", "http://127.0.0.1:7373/v1/"])
def test_both_hosts_are_set(url: str) -> None:
    client = scale_client(url, "test_abc")
    assert client.api.base_api_url == "http://127.0.0.1:7373/v1"
    assert client.api.api_key == "test_abc"
    assert client.v2.api_client.configuration.host == "http://127.0.0.1:7373"
    assert client.v2.api_client.configuration.access_token == "test_abc"


def test_a_prefix_of_a_proxy_stays() -> None:
    assert host_of("https://data.example.com/tawsim/v2/") == "https://data.example.com/tawsim"


@pytest.mark.parametrize("url", ["", "127.0.0.1:7373", "ftp://a", "http://", "http://a b", "http://a:b", "http://a?b"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="address"):
        scale_client(url, "k")


def test_the_key_may_stand_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCALE_API_KEY", raising=False)
    with pytest.raises(NotSignedIn):
        scale_client("http://a")
    monkeypatch.setenv("SCALE_API_KEY", "live_x")
    assert scale_client("http://a").api.api_key == "live_x"


def test_without_scales_client_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scaleapi", None)
    with pytest.raises(NotFound, match="not installed"):
        scale_client("http://a", "k")
