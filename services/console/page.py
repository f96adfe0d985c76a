"""The OpenAPI document as a page to read: plain HTML of our own, without scripts and without anything from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from services.errors import catalogue

_STYLE = (
    "body{font:15px/1.6 system-ui,'Noto Sans SC',sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}"
    "code,pre{font:13px/1.5 ui-monospace,monospace;background:#f3f5f7;border-radius:4px}pre{padding:.8rem;overflow:auto}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}td,th{border-bottom:1px solid #dde2e7;padding:.25rem .6rem;"
    "text-align:left;vertical-align:top}details{margin:.4rem 0;border:1px solid #dde2e7;border-radius:6px;padding:.4rem .8rem}"
    "summary{cursor:pointer;font-weight:600}.note{white-space:pre-line}"
)


def page(document: Mapping[str, Any]) -> str:
    """Everything in the document, and every reason with its remedy."""
    return "\n".join(_lines(document))


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    info = document["info"]
    yield f"<!doctype html><html lang='zh-CN'><meta charset='utf-8'><title>{escape(info['title'])}</title>"
    yield f"<style>{_STYLE}</style><h1>{escape(info['title'])}</h1><p class='note'>{escape(info['description'])}</p>"
    yield "<p><a href='/openapi.json'>openapi.json</a> · <a href='#messages'>消息 messages</a> · <a href='#reasons'>原因 reasons</a></p>"
    for tag in document["tags"]:
        yield f"<h2 id='{escape(tag['name'])}'>{escape(tag['name'])}</h2><p>{escape(tag['description'])}</p>"
        for path, item in document["paths"].items():
            if tag["name"] in item["post"]["tags"]:
                yield from _operation(path, item["post"])
    yield "<h2 id='messages'>消息 messages</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield from _schema(name, schema)
    yield from _reasons()


def _operation(path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    body = operation["requestBody"]["content"]["application/json"]
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    yield f"<details id='{escape(operation['operationId'])}'><summary>POST {escape(path)}</summary>"
    yield f"<p class='note'>{escape(operation['description'])}</p>"
    yield f"<p>{_named(body['schema'])} → {_named(answer)}</p>"
    yield f"<pre>{escape(json.dumps(body['example'], ensure_ascii=False, indent=1))}</pre></details>"


def _schema(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h3 id='{escape(name)}'><code>{escape(name)}</code></h3><p class='note'>{escape(schema.get('description', ''))}</p>"
    if "enum" in schema and not schema["description"]:
        yield "<p>" + " · ".join(f"<code>{escape(each)}</code>" for each in schema["enum"]) + "</p>"
    required = schema.get("required", ())
    if properties := schema.get("properties"):
        yield "<table>"
        for field, kind in properties.items():
            marks = [mark for mark, holds in (("必填 required", field in required), ("只读 read only", kind.get("readOnly")),
                                              ("只写 write only", kind.get("writeOnly"))) if holds]  # fmt: skip
            said = escape(" · ".join((*marks, *filter(None, (kind.get("description", ""),)))))
            yield f"<tr><td><code>{escape(field)}</code></td><td>{_named(kind)}</td><td>{said}</td></tr>"
        yield "</table>"


def _named(kind: Mapping[str, Any]) -> str:
    if "$ref" in kind:
        name = kind["$ref"].rpartition("/")[2]
        return f"<a href='#{escape(name)}'>{escape(name.rpartition('.')[2])}</a>"
    if kind.get("type") == "array":
        return f"[{_named(kind['items'])}]"
    return escape(kind.get("format") or kind.get("contentEncoding") or kind["type"])


def _reasons() -> Iterator[str]:
    yield "<h2 id='reasons'>原因 reasons</h2><table>"
    for name, reason in sorted(catalogue().items()):
        zh, en = (f"{text} → {remedy}" if remedy else text for text, remedy in
                  ((reason.zh, reason.remedy_zh), (reason.en, reason.remedy_en)))  # fmt: skip
        cells = (f"<code>{escape(name)}</code>", reason.status.value, f"{escape(zh)}<br>{escape(en)}")
        yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    yield "</table>"
