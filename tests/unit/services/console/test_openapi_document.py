"""The document says what is served, no more and no less, and its examples can be sent."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from google.protobuf import descriptor_pool

from services import assembly
from services.console.openapi import comments, document
from services.console.page import page
from services.console.reading import read_json
from services.console.unary import methods_of
from services.errors import catalogue
from services.runtime.service import Service

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def services() -> list[Service]:
    return assembly.api_services(Mock())


@pytest.fixture(scope="module")
def contract(services: list[Service]) -> dict[str, Any]:
    return document(services)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (each for name, each in value.items() if name == "$ref")
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def test_every_unary_method_and_no_stream_is_told(services: list[Service], contract: dict[str, Any]) -> None:
    pool = descriptor_pool.Default()
    wanted = {
        f"/{service.name}/{method.name}"
        for service in services
        for method in pool.FindServiceByName(service.name).methods
        if not method.client_streaming and not method.server_streaming
    }
    assert set(contract["paths"]) == wanted
    operations = [item["post"]["operationId"] for item in contract["paths"].values()]
    assert len(set(operations)) == len(operations)


def test_every_reference_leads_somewhere(contract: dict[str, Any]) -> None:
    for reference in set(references(contract)):
        value: Any = contract
        for step in reference.removeprefix("#/").split("/"):
            value = value[step]
        assert value


def test_every_example_is_a_message_of_its_method(services: list[Service], contract: dict[str, Any]) -> None:
    for path, method in methods_of(services).items():
        example = contract["paths"][f"/{path}"]["post"]["requestBody"]["content"]["application/json"]["example"]
        read_json(method.request, json.dumps(example).encode())


def test_chinese_terms_of_the_contract_are_told(contract: dict[str, Any]) -> None:
    schemas = contract["components"]["schemas"]
    assert "运单编号" in schemas["hazway.waybill.v1.Waybill"]["properties"]["number"]["description"]
    assert schemas["hazway.waybill.v1.Waybill"]["properties"]["number"]["readOnly"]
    assert "STATE_VOIDED: 作废" in schemas["hazway.waybill.v1.State"]["description"]
    assert schemas["hazway.waybill.v1.GoodsLine"]["properties"]["mass_g"]["format"] == "int64"


def test_every_comment_is_about_something_in_the_contract() -> None:
    assert all(name.startswith("hazway.") and text for name, text in comments().items())


def test_the_kept_comments_are_those_of_the_protos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT / "protos"), *sys.path])
    generate = runpy.run_path(str(ROOT / "protos/generate.py"))
    assert generate["COMMENTS"].read_text(encoding="utf-8") == generate["comments"](), "run `make generate`"


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.targets: set[str] = set()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            if name in ("href", "src") and value:
                self.targets.add(value)


def test_the_page_needs_nothing_from_elsewhere_and_its_links_hold(contract: dict[str, Any]) -> None:
    read = _Page()
    text = page(contract)
    read.feed(text)
    assert not read.tags & {"script", "link", "img", "iframe"}
    assert {target for target in read.targets if not target.startswith("#")} == {"/openapi.json"}
    assert {target[1:] for target in read.targets if target.startswith("#")} <= read.ids
    assert all(name in text for name in catalogue())


def test_what_a_document_says_cannot_become_markup(contract: dict[str, Any]) -> None:
    spoilt = json.loads(json.dumps(contract))
    spoilt["info"]["description"] = spoilt["tags"][0]["description"] = "<script>1</script>"
    read = _Page()
    read.feed(page(spoilt))
    assert "script" not in read.tags
