"""Templates: kept by one carrier for itself, incomplete if it likes, and made into waybills that can be issued."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest

from hazway.refusals import Refused
from hazway.waybill.v1 import template_pb2 as pb
from services.runtime.service import request_class
from services.waybill.service import TEMPLATE_SERVICE
from services.waybill.templates import MOST
from tests.cast import CARRIER, CONSIGNOR, RIVAL, Cast, a_waybill
from tests.spoilt import spoilt

NAME = "hazway.waybill.v1.TemplateService"
BROKEN = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE}


def call(cast: Cast, method: str, request: Any, by: str = CARRIER) -> Any:
    return cast.call(by, f"{NAME}/{method}", request)


def put(cast: Cast, template_id: str = "round", **changes: Any) -> pb.Template:
    template = pb.Template(id=template_id, name="盐田—龙岗", waybill=a_waybill())
    for name, value in changes.items():
        setattr(template.waybill, name, value)
    answer: pb.Template = call(cast, "PutTemplate", pb.PutTemplateRequest(template=template))
    return answer


def test_a_waybill_made_of_a_template_is_issued_at_another_time(cast: Cast) -> None:
    kept = put(cast, number="C1", remarks="常跑")
    assert (kept.waybill.id, kept.waybill.number, kept.waybill.remarks) == ("", "", "常跑")
    departure = datetime(2026, 11, 5, 1, 30, tzinfo=UTC)
    request = pb.PreviewFromTemplateRequest(template_id="round")
    request.planned_departure.FromDatetime(departure)
    made = call(cast, "PreviewFromTemplate", request).waybill
    again = call(cast, "PreviewFromTemplate", request).waybill
    assert made.id != again.id
    assert made.planned_arrival.ToDatetime(UTC) == departure + timedelta(hours=4)
    issued = cast.issue(made).waybill
    assert (issued.remarks, issued.planned_departure.ToDatetime(UTC)) == ("常跑", departure)


def test_a_template_need_not_be_complete_but_must_be_readable(cast: Cast) -> None:
    bare = pb.Template(id="bare", name="空")
    bare.waybill.carrier.name = "龙岗安达危货运输公司"
    call(cast, "PutTemplate", pb.PutTemplateRequest(template=bare))
    made = call(cast, "PreviewFromTemplate", pb.PreviewFromTemplateRequest(template_id="bare")).waybill
    assert made.carrier.name == "龙岗安达危货运输公司"
    bare.waybill.remarks = "a\x07b"
    bare.id, bare.name = "not an id", " "
    with pytest.raises(Refused) as refused:
        call(cast, "PutTemplate", pb.PutTemplateRequest(template=bare))
    assert {fault.path for fault in refused.value.faults} == {
        "template.id", "template.name", "template.waybill.remarks",
    }  # fmt: skip


def test_a_template_is_its_carriers_alone(cast: Cast) -> None:
    put(cast)
    assert [each.id for each in call(cast, "ListTemplates", pb.ListTemplatesRequest()).templates] == ["round"]
    assert not call(cast, "ListTemplates", pb.ListTemplatesRequest(), by=RIVAL).templates
    for method, request in (
        ("GetTemplate", pb.GetTemplateRequest(template_id="round")),
        ("DeleteTemplate", pb.DeleteTemplateRequest(template_id="round")),
        ("PreviewFromTemplate", pb.PreviewFromTemplateRequest(template_id="round")),
    ):
        with pytest.raises(Refused) as refused:
            call(cast, method, request, by=RIVAL)
        assert refused.value.reasons == {"NOT_FOUND"}
    theirs = pb.Template(id="round", name="别家")
    theirs.waybill.remarks = "别家"
    call(cast, "PutTemplate", pb.PutTemplateRequest(template=theirs), by=RIVAL)
    assert call(cast, "GetTemplate", pb.GetTemplateRequest(template_id="round")).name == "盐田—龙岗"
    with pytest.raises(Refused) as refused:
        call(cast, "ListTemplates", pb.ListTemplatesRequest(), by=CONSIGNOR)
    assert refused.value.reasons == {"NOT_ALLOWED"}
    call(cast, "DeleteTemplate", pb.DeleteTemplateRequest(template_id="round"))
    with pytest.raises(Refused):
        call(cast, "GetTemplate", pb.GetTemplateRequest(template_id="round"))


def test_there_are_so_many_templates_and_no_more_and_none_is_endless(cast: Cast) -> None:
    for number in range(MOST):
        put(cast, f"t{number}")
    put(cast, "t0", remarks="改")
    with pytest.raises(Refused) as refused:
        put(cast, "one-more")
    assert [fault.path for fault in refused.value.faults] == ["template.id"]
    long = pb.Template(id="t0", name="长", waybill=a_waybill())
    long.waybill.route.edge_keys.extend(f"{number}:{'x' * 100}" for number in range(3_000))
    with pytest.raises(Refused) as refused:
        call(cast, "PutTemplate", pb.PutTemplateRequest(template=long))
    assert [fault.path for fault in refused.value.faults] == ["template.waybill"]


@pytest.mark.parametrize("method", [each.name for each in TEMPLATE_SERVICE.methods()])
def test_no_spoilt_field_brings_a_server_error(cast: Cast, method: str) -> None:
    put(cast)
    request: Any = request_class(next(each for each in TEMPLATE_SERVICE.methods() if each.name == method))()
    if method == "PutTemplate":
        request.template.CopyFrom(pb.Template(id="round", name="x", waybill=a_waybill()))
    if "template_id" in request.DESCRIPTOR.fields_by_name:
        request.template_id = "round"
    cases = list(spoilt(request, 4))
    for case in random.Random(method).sample(cases, min(len(cases), 60)):
        try:
            cast.clients[CARRIER].call(f"{NAME}/{method}", case, patience_s=0)
        except Refused as refused:
            if refused.code in BROKEN:
                pytest.fail(f"{refused.code} for {case}")
