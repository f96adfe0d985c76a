"""Sheets of rows: read as people write them, judged row by row, registered as one act."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence

import openpyxl
import pytest

from hazway.registry.v1 import registry_pb2 as pb
from services.errors import Refusal
from tests.integration.registry.registry_house import (
    CARRIER,
    RIVAL,
    TRANSPORT,
    House,
    a_vehicle,
    an_identity,
    reasons,
)

VEHICLE_HEADINGS = "车牌号,车牌颜色,车辆识别代号,车辆种类,车辆类型,准牵引总质量(kg),道路运输证号,经营范围,检验有效期止"
GOOD = "粤B·11111,黄色,LHAZWAY0000000011,牵引车,FL,40000,440300111111,危险货物运输(3类),2027/3/1"
ALSO_GOOD = "粤B22222,黄,LHAZWAY0000000022,牵引车,FL,40000,440300222222,危险货物运输(3类),2027年3月1日"
BAD = "粤B3333,黄色,short,飞机,FL,40000,440300333333,危险货物运输(3类),someday"


def sheet(*lines: str, encoding: str = "utf-8") -> bytes:
    return "\r\n".join(lines).encode(encoding)


def importing(
    content: bytes,
    kind: pb.ImportKind.ValueType = pb.IMPORT_KIND_VEHICLES,
    mode: pb.ImportMode.ValueType = pb.IMPORT_MODE_GOOD_ROWS,
    carrier: str = CARRIER,
) -> pb.ImportRowsRequest:
    digest = hashlib.sha256(content).digest()
    return pb.ImportRowsRequest(organisation_id=carrier, kind=kind, mode=mode, content=content, content_sha256=digest)


def plates(house: House, organisation: str = CARRIER) -> set[str]:
    return {each.plate for each in house.call(organisation, "ListVehicles", pb.ListVehiclesRequest()).vehicles}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_good_rows_are_registered_and_bad_ones_reported_with_every_fault(house: House, encoding: str) -> None:
    content = sheet(VEHICLE_HEADINGS, GOOD, BAD, ALSO_GOOD, encoding=encoding)
    answer = house.call(CARRIER, "ImportRows", importing(content))
    assert answer.imported
    assert [(row.row, row.accepted) for row in answer.rows] == [(2, True), (3, False), (4, True)]
    assert {(fault.path, fault.reason) for fault in answer.rows[1].faults} == {
        ("plate", "PLATE_INVALID"),
        ("vin", "VIN_INVALID"),
        ("kind", "FIELD_INVALID"),
        ("annual_review_to", "FIELD_INVALID"),
    }
    assert plates(house) == {"粤B11111", "粤B22222"}
    assert answer.registered.subject == f"organisation/{CARRIER}"


def test_nothing_is_registered_when_all_is_asked_and_one_row_is_bad(house: House) -> None:
    content = sheet(VEHICLE_HEADINGS, GOOD, BAD)
    answer = house.call(CARRIER, "ImportRows", importing(content, mode=pb.IMPORT_MODE_ALL_OR_NOTHING))
    assert not answer.imported
    assert not answer.HasField("registered")
    assert plates(house) == set()


def test_a_row_that_repeats_another_is_refused_and_names_it(house: House) -> None:
    answer = house.call(CARRIER, "ImportRows", importing(sheet(VEHICLE_HEADINGS, GOOD, GOOD)))
    assert [row.accepted for row in answer.rows] == [True, False]
    assert {fault.reason for fault in answer.rows[1].faults} == {"DUPLICATE_ENTRY"}
    assert "2" in answer.rows[1].faults[0].en


def test_a_second_import_changes_what_its_columns_say_and_nothing_else(house: House) -> None:
    house.call(CARRIER, "PutVehicle", pb.PutVehicleRequest(vehicle=a_vehicle()))
    content = sheet("车牌号,车牌颜色,annual_review_to", "粤B12345,黄色,2027-05-01")
    answer = house.call(CARRIER, "ImportRows", importing(content))
    assert [row.id for row in answer.rows] == ["vehicle-1"]
    vehicle = house.call(CARRIER, "GetVehicle", pb.GetVehicleRequest(vehicle_id="vehicle-1"))
    assert vehicle.annual_review_to.iso == "2027-05-01"
    assert vehicle.vin == a_vehicle().vin


def test_a_row_takes_nothing_from_another_carrier(house: House) -> None:
    house.call(RIVAL, "PutVehicle", pb.PutVehicleRequest(vehicle=a_vehicle(carrier=RIVAL)))
    stolen = "vehicle-1," + GOOD
    answer = house.call(CARRIER, "ImportRows", importing(sheet("id," + VEHICLE_HEADINGS, stolen)))
    assert [(fault.path, fault.reason) for fault in answer.rows[0].faults] == [("id", "NOT_FOUND")]
    with pytest.raises(Refusal) as refusal:
        house.call(CARRIER, "ImportRows", importing(sheet(VEHICLE_HEADINGS, GOOD), carrier=RIVAL))
    assert reasons(refusal) == {("", "NOT_FOUND")}
    house.call(TRANSPORT, "ImportRows", importing(sheet(VEHICLE_HEADINGS, GOOD), carrier=RIVAL))
    assert plates(house, RIVAL) == {"粤B12345", "粤B11111"}


def test_tanks_and_people_come_by_workbook(house: House) -> None:
    tanks = [
        ("罐体编号", "罐体类别", "罐体代码", "各仓容积(L)", "适装介质", "下次检验日期", "核定载质量(kg)", "罐体状态", "上次介质"),
        ("T-0009", "常压罐体", "LGBF", "20000;20000", "1203;1202 柴油", "2027-03-01", 30000, "空罐未清洗", 1203),
    ]  # fmt: skip
    answer = house.call(CARRIER, "ImportRows", importing(workbook(tanks), pb.IMPORT_KIND_TANKS))
    assert answer.imported, answer
    tank = house.call(CARRIER, "GetTank", pb.GetTankRequest(tank_id=answer.rows[0].id))
    assert [each.volume_ml for each in tank.compartments] == [20_000_000, 20_000_000]
    assert tank.permitted_media[1] == pb.Medium(un_number="1202", name="柴油")

    people = [
        ("姓名", "身份证号", "从业资格类别", "从业资格证号", "聘用起始日"),
        ("李四", an_identity(7), "押运员", "E-7", "2025-01-01"),
    ]
    answer = house.call(CARRIER, "ImportRows", importing(workbook(people), pb.IMPORT_KIND_PERSONS))
    again = house.call(CARRIER, "ImportRows", importing(workbook(people), pb.IMPORT_KIND_PERSONS))
    assert answer.rows[0].accepted, answer
    assert again.rows[0].id == answer.rows[0].id
    person = house.call(CARRIER, "GetPerson", pb.GetPersonRequest(person_id=answer.rows[0].id))
    assert (person.name, len(person.qualifications), len(person.employment)) == ("李四", 1, 1)


def workbook(rows: Sequence[tuple[object, ...]]) -> bytes:
    book, stream = openpyxl.Workbook(), io.BytesIO()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.save(stream)
    return stream.getvalue()


def _bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (65 * 1024 * 1024))
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xff\xff", id="no text"),
        pytest.param(b"PK\x03\x04 and then nothing", id="no workbook"),
        pytest.param(b'plate,vin\n"open,quote\n', id="an open quote"),
        pytest.param(sheet("plate,plate", "a,b"), id="a heading twice"),
        pytest.param(sheet("plate,colour of the sky", "a,b"), id="an unknown column"),
        pytest.param(sheet("plate", "a,b"), id="a cell without heading"),
        pytest.param(sheet("plate", *["a"] * 2001), id="too many rows"),
        pytest.param(b"plate\nA\x00B", id="a NUL"),
        pytest.param(_bomb(), id="a workbook that unfolds"),
    ],
)
def test_what_is_no_sheet_is_refused_at_its_content(standing_house: House, content: bytes) -> None:
    told = standing_house.outcome(CARRIER, "ImportRows", importing(content))
    assert {finding.path for finding in told} <= {"content"}
    assert plates(standing_house) == set()


def test_content_that_is_not_what_was_signed_is_refused(house: House) -> None:
    request = importing(sheet(VEHICLE_HEADINGS, GOOD))
    request.content_sha256 = bytes(32)
    with pytest.raises(Refusal) as refusal:
        house.call(CARRIER, "ImportRows", request)
    assert reasons(refusal) == {("content_sha256", "FIELD_INVALID")}
