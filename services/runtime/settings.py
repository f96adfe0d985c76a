"""Settings: read once from the environment, passed on by hand. Nothing else reads ``os.environ``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator may set; every field names its variable in the README."""

    # HAZWAY_HOME: keys, the embedded servers' data, archived tracks, the served log.
    home: Path
    # HAZWAY_DATABASE_URL: an external PostgreSQL (15 or newer); empty means the embedded one.
    database_url: str = ""
    # HAZWAY_REDIS_URL: an external Redis (6.2 or newer); empty means the embedded one.
    redis_url: str = ""
    # HAZWAY_HOST: the address both listeners bind.
    host: str = "127.0.0.1"
    # HAZWAY_NAMES: names and addresses, separated by commas, by which others reach the listeners; their certificate is for these.
    names: str = ""
    # HAZWAY_MACHINE_PORT: mutual TLS, for fleet systems; 0 takes a free one.
    machine_port: int = 0
    # HAZWAY_PEOPLE_PORT: TLS with short-lived tokens; 0 takes a free one.
    people_port: int = 0
    # HAZWAY_LOG_PORT: the transparency log as static files over HTTP; 0 takes a free one.
    log_port: int = 0
    # HAZWAY_HTTP_PORT: the unary calls as HTTP with JSON, over TLS with a token or certificate; 0 takes a free one.
    http_port: int = 0
    # HAZWAY_POOL: threads (and database connections) for unary calls in one api process.
    pool: int = 16
    # HAZWAY_PRIVATE_RECEIVERS: yes lets fleets be told of changes at loopback and private addresses, which are refused else.
    private_receivers: bool = False
    # HAZWAY_LOG_ORIGIN: the name of this log; it can never change once a leaf is in it.
    log_origin: str = "hazway.example/log"
    # HAZWAY_WITNESS_POLICY: a tlog-policy file naming the witnesses asked to cosign the log; empty means none are.
    witness_policy: str = ""
    # HAZWAY_LOG_LEVEL: DEBUG, INFO, WARNING or ERROR.
    log_level: str = "INFO"

    @property
    def reached_at(self) -> tuple[str, ...]:
        """Every name and address by which the listeners may be reached."""
        return (self.host, *filter(None, map(str.strip, self.names.split(","))))


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings the environment asks for. Raises ``ValueError`` naming the variable that cannot be read."""
    home = environment.get("HAZWAY_HOME") or Path(environment.get("HOME") or "/tmp") / ".local/share/hazway"  # noqa: S108
    return Settings(
        home=Path(home).absolute(),
        database_url=environment.get("HAZWAY_DATABASE_URL", ""),
        redis_url=environment.get("HAZWAY_REDIS_URL", ""),
        host=environment.get("HAZWAY_HOST", "127.0.0.1"),
        names=environment.get("HAZWAY_NAMES", ""),
        machine_port=_whole(environment, "HAZWAY_MACHINE_PORT", 0),
        people_port=_whole(environment, "HAZWAY_PEOPLE_PORT", 0),
        log_port=_whole(environment, "HAZWAY_LOG_PORT", 0),
        http_port=_whole(environment, "HAZWAY_HTTP_PORT", 0),
        pool=_whole(environment, "HAZWAY_POOL", 16),
        private_receivers=_yes(environment, "HAZWAY_PRIVATE_RECEIVERS"),
        log_origin=environment.get("HAZWAY_LOG_ORIGIN", "hazway.example/log"),
        witness_policy=environment.get("HAZWAY_WITNESS_POLICY", ""),
        log_level=environment.get("HAZWAY_LOG_LEVEL", "INFO"),
    )


def _whole(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "")
    try:
        value = int(text) if text else default
    except ValueError:
        raise ValueError(f"{name} 必须是整数 must be a whole number, not {text!r}") from None
    if value < 0:
        raise ValueError(f"{name} 不能为负 must not be negative: {value}")
    return value


def _yes(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name, "").lower()
    if text not in ("", "yes", "no", "true", "false", "1", "0"):
        raise ValueError(f"{name} 应为 yes 或 no must be yes or no, not {text!r}")
    return text in ("yes", "true", "1")


def to_environment(settings: Settings, base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment in which another process reads these same settings."""
    names = {field.name: f"HAZWAY_{field.name.upper()}" for field in fields(settings)}
    return {**base, **{variable: str(getattr(settings, name)) for name, variable in names.items()}}
