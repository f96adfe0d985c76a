"""The unary calls as an OpenAPI 3.1 document, read off the contract itself: what is served and what is told are one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from google.api import field_behavior_pb2 as behaviour
from google.protobuf.descriptor import FieldDescriptor

from hazway import wording
from hazway.acts import ACTS
from services.console.answers import HTTP_STATUS
from services.console.examples import example_of
from services.console.unary import methods_of
from services.errors import catalogue
from services.runtime.access import TABLE
from services.runtime.service import Service

_ABOUT = (
    "POST /<service>/<Method>，请求与应答为 JSON（Connect 协议的一元调用）。用客户端证书（双向 TLS）或 Authorization: Bearer"
    " 令牌表明身份；查询事由放在 Hazway-Purpose 头中（百分号编码）。同一 request_id 只生效一次，断线后原样重发即可。"
    " 需签名的操作请携带 statement；以人员身份（人员证书或令牌）调用、且单位有托管密钥时可不带，由服务端代签并注明。\n\n"
    "POST a JSON object (a unary call of the Connect protocol). Say who you are by a client certificate (mutual TLS) or a"
    " bearer token; give a purpose in Hazway-Purpose, percent-encoded. One request_id takes effect once: send the same"
    " request again after a lost answer. Stated acts carry a `statement`; a person (by certificate or token) whose"
    " organisation keeps a custodial key may leave it out. Numbers of 64 bits are text in answers and may be numbers in"
    " requests. Issuing again under the same external_refs (system, number): the same content answers the waybill issued"
    " before, other content is refused as REFERENCE_TAKEN and names it: amend it."
)
_SIGNING = """\
1. 密钥 Key: Ed25519 or P-256, kid = SHA-256 of its SubjectPublicKeyInfo (DER). Register it once by
   TraceabilityService/RegisterKey: possession is its signature over the CBOR list ["hazway key possession", organisation, key].
2. 待签内容 What to sign: send the request as it will be sent, as JSON text, to TraceabilityService/PrepareStatements. It answers
   text (show it to whoever signs), to_be_signed and prefix; alg -8 is Ed25519, -7 is ECDSA P-256 with SHA-256, r and s of 32
   bytes each (Java: SHA256withECDSAinP1363Format).
3. 提交 Send: put statement = base64(prefix + signature) into that same request. A batch is prepared at once, item by item.

   openssl genpkey -algorithm ed25519 -out sign.pem; openssl pkey -in sign.pem -pubout -outform DER -out spki.der
   { printf '\\x83\\x75hazway key possession\\x67carrier\\x58\\x2c'; cat spki.der; } > possession   # 0x60 + 7 letters of "carrier"
   openssl pkeyutl -sign -rawin -inkey sign.pem -in to_be_signed -out signature; cat prefix signature | base64 -w0

自行计算 To come to the same bytes yourself: to_be_signed is deterministic CBOR (RFC 8949 4.2.1) of ["Signature1", protected, h'',
payload] (RFC 9052); protected is {1: alg, 3: "application/hazway-statement+cbor", 4: kid, 15: {1: organisation, 2: subject,
6: seconds}}; payload is {"v": 1, "kind", "request_id", "body", "text_sha256", "salt": 16 random bytes, "custodial": false}; the
statement is tag 18 of [protected, {}, payload, signature]. body is the request with field names of the proto as keys: unset
fields (0, false and "" too, where the proto does not say optional), request_id, statement, validate_only, etag, update_mask and whatever is read only or write only are left out; enums are
their names, Timestamp and Duration whole nanoseconds, 64-bit numbers integers, bytes bytes. Kind and subject stand with each
method below; text_sha256 is that of the text PrepareStatements answers. tests/vectors/statement has whole examples."""
_FIRST_SENTENCE = re.compile(r"(?<=[.。])\s|\n")
# What each service is called by people.
_NAMES = {
    "MonitoringService": "动态监控", "TraceabilityService": "签名记录", "RegistryService": "登记", "SessionService": "人员令牌",
    "AffiliationService": "挂靠评分", "HistoryService": "历史版本", "ZoneService": "隧道与禁行区", "WaybillService": "电子运单",
    "ConsignmentService": "托运清单", "TemplateService": "运单模板", "FleetService": "系统对接", "HandoverService": "交接",
    "PreparationService": "行前检查与告知", "LoadingService": "装货查验", "AlarmService": "报警",
}  # fmt: skip
_NUMBERS: Mapping[int, dict[str, Any]] = {
    FieldDescriptor.CPPTYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.CPPTYPE_UINT32: {"type": "integer", "format": "int64", "minimum": 0},
    FieldDescriptor.CPPTYPE_INT64: {"type": "string", "format": "int64"},
    FieldDescriptor.CPPTYPE_UINT64: {"type": "string", "format": "uint64"},
    FieldDescriptor.CPPTYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.CPPTYPE_STRING: {"type": "string"},
}
_WELL_KNOWN: Mapping[str, dict[str, Any]] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?\d+(\.\d{1,9})?s$"},
    "google.protobuf.FieldMask": {"type": "string"},
}


@cache
def comments() -> Mapping[str, str]:
    """What the protos say of everything in them, by full name."""
    read: dict[str, str] = json.loads(files("services.console").joinpath("contract.json").read_text(encoding="utf-8"))
    return read


def document(services: Sequence[Service]) -> dict[str, Any]:
    """Every unary method that is served, every message it needs, every reason it may be refused for."""
    schemas: dict[str, Any] = _errors()
    paths: dict[str, Any] = {}
    for path, method in methods_of(services).items():
        request, response = method.request.DESCRIPTOR, method.response.DESCRIPTOR
        for each in (request, response):
            _describe(each, schemas)
        paths[f"/{path}"] = {"post": _operation(path, request, response)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Hazway 危险货物道路运输", "version": "v1", "description": _ABOUT, "x-signing": _SIGNING},
        "servers": [{"url": "/"}],
        "security": [{"certificate": []}, {"token": []}],
        "tags": [_tag(each) for each in services if each.unary],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": {
                "Refused": {"description": "拒绝，含全部原因 refused, with every reason", "content": _json("Error")}
            },
            "securitySchemes": {
                "certificate": {"type": "mutualTLS", "description": "SAN URI hazway://organisation/<id>[/person/<id>]"},
                "token": {"type": "http", "scheme": "bearer", "description": "SessionService/IssueToken, 8 h"},
            },
        },
    }


def _tag(service: Service) -> dict[str, str]:
    name = service.name.rpartition(".")[2]
    return {
        "name": service.name,
        "x-displayName": _NAMES.get(name, ""),
        "description": comments().get(service.name, ""),
    }


def _operation(path: str, request: Any, response: Any) -> dict[str, Any]:
    service, _, name = path.partition("/")
    comment, title = comments().get(f"{service}.{name}", ""), ""
    said = [comment]
    if path in ACTS:
        title = wording.render(ACTS[path].kind, {}).partition("〔")[0]
        said.append(f"签名操作 stated act “{title}”: kind {ACTS[path].kind}, subject {ACTS[path].subject(_Named())}")
    for relation, roles in TABLE.get(path, {}).items():
        said.append(f"谁可调用 who may call, {relation.name}: {', '.join(sorted(role.name for role in roles))}")
    if "request_id" in request.fields_by_name:
        said.append("同一 request_id 只生效一次 one request_id takes effect once: sent again, it answers the same")
    content = _json(request.full_name)
    content["application/json"]["example"] = example_of(request)
    return {
        "operationId": f"{service.rpartition('.')[2]}_{name}",
        "tags": [service],
        "summary": " ".join(filter(None, (title, _FIRST_SENTENCE.split(comment, 1)[0]))),
        "description": "\n\n".join(filter(None, said)),
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {"description": "OK", "content": _json(response.full_name)},
            "default": {"$ref": "#/components/responses/Refused"},
        },
    }


class _Named:
    """Stands for a request whose every field is its own name."""

    def __init__(self, path: str = "") -> None:
        self._path = path

    def __getattr__(self, name: str) -> _Named:
        return _Named(f"{self._path}.{name}" if self._path else name)

    def __str__(self) -> str:
        return f"{{{self._path}}}"


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _describe(message: Any, schemas: dict[str, Any]) -> None:
    if message.full_name in schemas:
        return
    described: dict[str, Any] = {"type": "object"}
    schemas[message.full_name] = described
    if text := comments().get(message.full_name):
        described["description"] = text
    described["properties"] = {field.name: _property(field, schemas) for field in message.fields}
    if required := [field.name for field in message.fields if behaviour.REQUIRED in _behaviours(field)]:
        described["required"] = required


def _property(field: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        said: dict[str, Any] = {"type": "object", "additionalProperties": _type(kind.fields_by_name["value"], schemas)}
    elif field.is_repeated:
        said = {"type": "array", "items": _type(field, schemas)}
    else:
        said = _type(field, schemas)
    if text := comments().get(field.full_name):
        said["description"] = text
    if behaviour.OUTPUT_ONLY in _behaviours(field):
        said["readOnly"] = True
    if behaviour.INPUT_ONLY in _behaviours(field):
        said["writeOnly"] = True
    return said


def _type(field: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    if field.enum_type is not None:
        _describe_enum(field.enum_type, schemas)
        return {"$ref": f"#/components/schemas/{field.enum_type.full_name}"}
    if field.message_type is not None:
        name = field.message_type.full_name
        if name in _WELL_KNOWN:
            return dict(_WELL_KNOWN[name])
        _describe(field.message_type, schemas)
        return {"$ref": f"#/components/schemas/{name}"}
    if field.type == FieldDescriptor.TYPE_BYTES:
        return {"type": "string", "contentEncoding": "base64"}
    return dict(_NUMBERS[field.cpp_type])


def _describe_enum(enum: Any, schemas: dict[str, Any]) -> None:
    said = [comments().get(enum.full_name, "")]
    said += [f"- {value.name}: {text}" for value in enum.values
             if (text := comments().get(f"{enum.full_name}.{value.name}"))]  # fmt: skip
    schemas[enum.full_name] = {
        "type": "string", "enum": [value.name for value in enum.values], "description": "\n".join(filter(None, said)),
    }  # fmt: skip


def _behaviours(field: Any) -> Sequence[int]:
    found: Sequence[int] = field.GetOptions().Extensions[behaviour.field_behavior]
    return found


def _errors() -> dict[str, Any]:
    text = {"type": "string"}
    reasons = {"type": "string", "enum": sorted(catalogue())}
    names = ("path", "severity", "rule", "zh", "en", "remedy_zh", "remedy_en", "basis_zh", "basis_en")
    fault = {"type": "object", "properties": {**dict.fromkeys(names, text), "reason": reasons}, "required": ["reason"]}
    detail = {
        "type": "object",
        "description": "google.rpc.ErrorInfo, google.rpc.BadRequest; value: protobuf in base64",
        "properties": {"type": text, "value": text, "debug": {"type": "object"}},
    }
    error = {
        "type": "object",
        "description": "拒绝：faults 列出全部原因 A refusal: faults hold every reason, errors before warnings.",
        "required": ["code", "message"],
        "properties": {
            "code": {"type": "string", "enum": sorted(HTTP_STATUS)},
            "message": text,
            "faults": {"type": "array", "items": {"$ref": "#/components/schemas/Fault"}},
            "details": {"type": "array", "items": {"$ref": "#/components/schemas/Detail"}},
        },
    }
    return {"Error": error, "Fault": fault, "Detail": detail}
