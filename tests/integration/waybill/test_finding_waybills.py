"""Finding waybills by what they are: each condition by itself and with others, page by page, for whoever may see them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hazway.refusals import Refused
from hazway.waybill.v1 import waybill_pb2 as pb
from tests.cast import CARRIER, CONSIGNEE, CONSIGNOR, LOADER, RIVAL, TRANSPORT, Cast, a_waybill

Finding = Callable[..., list[str]]


@pytest.fixture
def days(cast: Cast) -> dict[str, pb.Waybill]:
    """A waybill each day: petrol to Longgang, diesel to Huizhou, petrol again and void."""
    kept = {}
    for name, day in (("petrol", 2), ("diesel", 3), ("void", 4)):
        message = a_waybill(departure=datetime(2026, 11, day, 2, tzinfo=UTC))
        if name == "diesel":
            line = message.goods[0]
            line.un_number, line.name, line.packing_group, line.density_mg_per_ml = "1202", "柴油", "III", 840
            message.destination.ClearField("site_id")
            message.destination.division_code = "441303"
        kept[name] = cast.issue(message).waybill
    cast.call(CARRIER, "VoidWaybill", pb.VoidWaybillRequest(waybill_id=kept["void"].id, reason="改期"))
    return kept


@pytest.fixture
def find(cast: Cast, days: dict[str, pb.Waybill]) -> Finding:
    names = {waybill.id: name for name, waybill in days.items()}

    def found(by: str = CARRIER, size: int = 2, **asked: Any) -> list[str]:
        got: list[str] = []
        token = ""
        while True:
            request = pb.ListWaybillsRequest(page_size=size, page_token=token, **asked)
            answer = cast.call(by, "ListWaybills", request, purpose="查询")
            got += [names[each.id] for each in answer.waybills]
            token = answer.next_page_token
            if not token:
                return got

    return found


def test_waybills_are_found_by_each_condition_and_by_several(find: Finding, days: dict[str, pb.Waybill]) -> None:
    assert find() == ["void", "diesel", "petrol"]
    assert find(un_number="1202") == find(un_number="ＵＮ１２０２") == find(un_number="un 1202") == ["diesel"]
    assert find(un_number="1203") == ["void", "petrol"]
    assert find(un_number="1203", states=[pb.STATE_ISSUED]) == ["petrol"]
    assert find(states=[pb.STATE_VOIDED]) == ["void"]
    assert find(division_code="441300") == ["diesel"]
    assert find(division_code="440000") == ["void", "diesel", "petrol"]
    assert find(division_code="110000") == []
    for party in (CARRIER, CONSIGNOR, LOADER, CONSIGNEE):
        assert find(party_id=party) == ["void", "diesel", "petrol"]
    assert find(party_id=RIVAL) == []
    assert find(number=f" {days['diesel'].number.lower()} ") == ["diesel"]
    since = days["diesel"].planned_departure
    until = pb.ListWaybillsRequest().departs_to
    until.FromDatetime(since.ToDatetime(UTC) + timedelta(days=1))
    assert find(departs_from=since, departs_to=until) == ["diesel"]
    everything = {"un_number": "1202", "division_code": "441303", "party_id": CONSIGNOR, "plate": "粤b·11001 黄"}
    assert find(departs_from=since, departs_to=until, **everything) == ["diesel"]
    assert find(departs_to=since, **everything) == []


def test_conditions_open_nothing_that_is_not_the_callers_to_see(find: Finding) -> None:
    assert (
        find(by=RIVAL, party_id=CARRIER) == find(by=RIVAL, un_number="1203") == find(by=RIVAL, plate="粤B11001") == []
    )
    assert find(by=TRANSPORT) == ["void", "diesel", "petrol"]
    assert find(by=TRANSPORT, division_code="441300", un_number="1202", party_id=CARRIER) == ["diesel"]


def test_a_plate_is_found_in_every_usual_spelling(find: Finding) -> None:
    for plate in ("粤B11001", "粤b11001", "粤Ｂ１１００１", "粤B·11001", "粤B 11001", "粤B-11001", "粤B11001黄", "粤B11001_黄色",
                  "粤B11001（黄）"):  # fmt: skip
        assert find(plate=plate) == ["void", "diesel", "petrol"], plate


def test_a_page_token_is_good_for_its_question_and_its_asker_alone(cast: Cast, days: dict[str, pb.Waybill]) -> None:
    token = cast.call(CARRIER, "ListWaybills", pb.ListWaybillsRequest(page_size=1, un_number="1203")).next_page_token
    assert token
    for by, asked in (
        (CARRIER, pb.ListWaybillsRequest(page_size=1, un_number="1202", page_token=token)),
        (CONSIGNOR, pb.ListWaybillsRequest(page_size=1, un_number="1203", page_token=token)),
        (CARRIER, pb.ListWaybillsRequest(page_size=1, un_number="1203", page_token=f"{token[:-2]}xx")),
    ):
        with pytest.raises(Refused) as refused:
            cast.call(by, "ListWaybills", asked)
        assert refused.value.reasons == {"PAGE_TOKEN_INVALID"}
    follow = pb.ListWaybillsRequest(page_size=1, un_number="1203", page_token=token)
    assert [each.id for each in cast.call(CARRIER, "ListWaybills", follow).waybills] == [days["petrol"].id]
