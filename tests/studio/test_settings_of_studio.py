"""The page is for this machine alone unless a password is given."""

import pytest

from vidstyle.errors import SettingsError
from vidstyle.studio.settings import StudioSettings


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.0.0.2"])
def test_this_machine_needs_no_password(host: str) -> None:
    assert StudioSettings(host=host).is_local


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_other_addresses_need_a_password(host: str) -> None:
    with pytest.raises(SettingsError, match="password"):
        StudioSettings(host=host)
    assert not StudioSettings(host=host, password="word").is_local
