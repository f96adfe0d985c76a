"""Who gets in where: certificates at the machines' listener, tokens at the people's, health and reflection at both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from hazway.client import Client, Identity
from hazway.refusals import Refused
from hazway.traceability.v1 import traceability_pb2 as pb
from services.runtime.certificates import Credentials, DevelopmentAuthority
from services.runtime.tokens import LIFETIME, Tokens
from tests.world import World

CHECKPOINT = "hazway.traceability.v1.TraceabilityService/GetCheckpoint"


@pytest.fixture
def tokens(world: World) -> Tokens:
    return Tokens(world.host.settings.home / "keys" / "tokens.key")


def person(world: World, token: str) -> Client:
    identity = Identity(authority=world.authority.pem, token=token)
    return Client(f"localhost:{world.listeners.people_port}", identity, organisation="operator")


def asks(client: Client) -> str:
    with client:
        return str(client.call(CHECKPOINT, pb.GetCheckpointRequest(), patience_s=0.0).checkpoint)


def test_a_person_with_a_token_is_let_in_at_the_peoples_listener(world: World, tokens: Tokens) -> None:
    token, _ = tokens.issue("operator", "", datetime.now(UTC))
    assert asks(person(world, token)).startswith(world.host.settings.log_origin)


def test_a_token_that_is_over_forged_or_missing_is_refused(world: World, tokens: Tokens) -> None:
    over, _ = tokens.issue("operator", "", datetime.now(UTC) - LIFETIME - timedelta(seconds=1))
    good, _ = tokens.issue("operator", "", datetime.now(UTC))
    for token in (over, good[:-4] + "AAAA", "nonsense", ""):
        with pytest.raises(Refused) as refusal:
            asks(person(world, token))
        assert refusal.value.reasons == {"NOT_AUTHENTICATED"}, token


def test_a_client_certificate_of_another_authority_does_not_reach_the_server(world: World, tmp_path: Path) -> None:
    stranger = DevelopmentAuthority(tmp_path / "other").issue("operator")
    with pytest.raises(Refused) as refusal:
        asks(machine(world, Credentials(stranger.key, stranger.chain, world.authority.pem)))
    assert refusal.value.code is grpc.StatusCode.UNAVAILABLE


def test_no_certificate_no_connection_at_the_machines_listener(world: World) -> None:
    client = Client(
        f"localhost:{world.listeners.machine_port}", Identity(authority=world.authority.pem), organisation="operator"
    )
    with pytest.raises(Refused) as refusal:
        asks(client)
    assert refusal.value.code is grpc.StatusCode.UNAVAILABLE


def test_a_certificate_that_names_no_organisation_is_nobody(world: World) -> None:
    server_certificate = world.authority.issue_server("127.0.0.1")
    with pytest.raises(Refused):
        asks(machine(world, server_certificate))


def test_a_token_does_not_open_the_machines_listener(world: World, tokens: Tokens) -> None:
    token, _ = tokens.issue("operator", "", datetime.now(UTC))
    identity = Identity(authority=world.authority.pem, token=token)
    with pytest.raises(Refused):
        asks(Client(f"localhost:{world.listeners.machine_port}", identity, organisation="operator"))


@pytest.fixture
def channel(world: World) -> Iterator[grpc.Channel]:
    issued = world.authority.issue("operator")
    credentials = grpc.ssl_channel_credentials(issued.authority, issued.key, issued.chain)
    with grpc.secure_channel(f"localhost:{world.listeners.machine_port}", credentials) as opened:
        yield opened


def test_health_says_serving(channel: grpc.Channel) -> None:
    answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_reflection_names_every_service(channel: grpc.Channel) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    (answer,) = stub.ServerReflectionInfo(iter([request]))
    names = {service.name for service in answer.list_services_response.service}
    assert {"hazway.waybill.v1.WaybillService", "hazway.monitoring.v1.MonitoringService"} <= names


def test_bytes_that_are_no_message_are_a_refusal_and_not_a_crash(channel: grpc.Channel) -> None:
    call = channel.unary_unary(f"/{CHECKPOINT}", lambda raw: raw, lambda raw: raw)
    with pytest.raises(grpc.RpcError) as error:
        call(b"\xff\xff\xff\xff")
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def machine(world: World, credentials: Credentials) -> Client:
    identity = Identity(authority=credentials.authority, key=credentials.key, chain=credentials.chain)
    return Client(f"localhost:{world.listeners.machine_port}", identity, organisation="operator")
