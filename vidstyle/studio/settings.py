"""The settings of `vidstyle studio`."""

from dataclasses import dataclass
from ipaddress import ip_address

from vidstyle.errors import SettingsError
from vidstyle.settings import Settings, setting


@dataclass(frozen=True)
class StudioSettings(Settings):
    """Settings of `vidstyle studio`."""

    port: int = setting(7860, "port of the page", minimum=1, maximum=65535)
    host: str = setting("127.0.0.1", "address to listen on; another than this machine's own needs --password")
    password: str = setting("", "password that the page asks for, with any user name")
    browser: bool = setting(True, "open the page in the browser")
    folder: tuple[str, ...] = setting(
        (), "folder whose files the page may read and write, may be given several times (default: the current one)"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.is_local and not self.password:
            raise SettingsError(
                f"On {self.host or 'an empty address'} others could reach the page. Add --password, or leave --host out."
            )

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the page."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False
