"""The OpenAPI document as a page to read: plain HTML of our own, without scripts and without anything from elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from services.errors import catalogue

_STYLE = (
    "body{font:15px/1.6 system-ui,'Noto Sans SC',sans-serif;max-width:70rem;margin:1.5rem auto;padding:0 1rem;color:#1b1f24;"
    "overflow-wrap:anywhere}code,pre{font:13px/1.5 ui-monospace,monospace;background:#f3f5f7;border-radius:4px}"
    "code{padding:0 .2rem}pre{padding:.8rem;overflow:auto}h3{margin-bottom:0}a{color:#0b5cad}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}td{border-bottom:1px solid #dde2e7;padding:.25rem .6rem;"
    "text-align:left;vertical-align:top;min-width:5.5rem}details{margin:.4rem 0;border:1px solid #dde2e7;border-radius:6px;"
    "padding:.4rem .8rem}summary{cursor:pointer}.note{white-space:pre-line}.said{color:#59636e}"
    "ul{columns:18rem;padding-left:1.2rem}"
)


def page(document: Mapping[str, Any]) -> str:
    """Everything in the document, and every reason with its remedy."""
    return "\n".join(_lines(document))


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    info = document["info"]
    yield "<!doctype html><html lang='zh-CN'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
    yield f"<title>{escape(info['title'])}</title><style>{_STYLE}</style><h1>{escape(info['title'])}</h1><nav><ul>"
    for tag in document["tags"]:
        yield f"<li><a href='#{escape(tag['name'])}'>{_title(tag)}</a></li>"
    yield "<li><a href='#messages'>消息 messages</a></li><li><a href='#reasons'>拒绝原因 reasons</a></li>"
    yield "<li><a href='/openapi.json'>openapi.json</a></li></ul></nav>"
    yield f"<p class='note'>{_prose(info['description'])}</p>"
    yield f"<details><summary>如何签名 How to sign without our client</summary><pre>{escape(info['x-signing'])}</pre></details>"
    for tag in document["tags"]:
        yield f"<h2 id='{escape(tag['name'])}'>{_title(tag)}</h2><p class='note'>{_prose(tag['description'])}</p>"
        for path, item in document["paths"].items():
            if tag["name"] in item["post"]["tags"]:
                yield from _operation(path, item["post"])
    yield "<h2 id='messages'>消息 messages</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield from _schema(name, schema)
    yield from _reasons()


def _title(tag: Mapping[str, Any]) -> str:
    return escape(f"{tag['x-displayName']} {tag['name'].rpartition('.')[2]}")


def _breakable(name: str) -> str:
    """A long name, to be broken between its words on a narrow screen."""
    return escape(name).replace("_", "_<wbr>")


def _prose(text: str) -> str:
    """With what stands in back quotes as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def _operation(path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    body = operation["requestBody"]["content"]["application/json"]
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    yield f"<details id='{escape(operation['operationId'])}'><summary><b>{escape(path.rpartition('/')[2])}</b> "
    yield f"<span class='said'>{_prose(operation['summary'])}</span></summary><p><code>POST {escape(path)}</code></p>"
    yield f"<p class='note'>{_prose(operation['description'])}</p>"
    yield f"<p>{_named(body['schema'])} → {_named(answer)}</p>"
    yield f"<pre>{escape(json.dumps(body['example'], ensure_ascii=False, indent=1))}</pre></details>"


def _schema(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h3 id='{escape(name)}'><code>{escape(name)}</code></h3>"
    if description := schema.get("description"):
        yield f"<p class='note'>{_prose(description)}</p>"
    elif "enum" in schema:
        yield "<p>" + " · ".join(f"<code>{escape(each)}</code>" for each in schema["enum"]) + "</p>"
    required = schema.get("required", ())
    if properties := schema.get("properties"):
        yield "<table>"
        for field, kind in properties.items():
            marks = [mark for mark, holds in (("必填 required", field in required), ("只读 read only", kind.get("readOnly")),
                                              ("只写 write only", kind.get("writeOnly"))) if holds]  # fmt: skip
            said = _prose(" · ".join((*marks, *filter(None, (kind.get("description", ""),)))))
            yield f"<tr><td><code>{_breakable(field)}</code></td><td>{_named(kind)}</td><td>{said}</td></tr>"
        yield "</table>"


def _named(kind: Mapping[str, Any]) -> str:
    if "$ref" in kind:
        name = kind["$ref"].rpartition("/")[2]
        return f"<a href='#{escape(name)}'>{escape(name.rpartition('.')[2])}</a>"
    if kind.get("type") == "array":
        return f"[{_named(kind['items'])}]"
    return escape(kind.get("format") or kind.get("contentEncoding") or kind["type"])


def _reasons() -> Iterator[str]:
    yield "<h2 id='reasons'>拒绝原因 reasons</h2><table>"
    for name, reason in sorted(catalogue().items()):
        zh, en = (f"{text} → {remedy}" if remedy else text for text, remedy in
                  ((reason.zh, reason.remedy_zh), (reason.en, reason.remedy_en)))  # fmt: skip
        said = f"<code>{_breakable(name)}</code><br><span class='said'>{_breakable(reason.status.value)}</span>"
        yield f"<tr id='reason-{escape(name)}'><td>{said}</td><td>{escape(zh)}<br>{escape(en)}</td></tr>"
    yield "</table>"
