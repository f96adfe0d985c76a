"""The main job, played once: a petrol tanker's whole life on a real road network. Every expectation is checked as it goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from geo.itinerary import Itinerary, choose
from geo.roads import RoadGraph
from hazway import bundle as bundles
from hazway import record
from hazway.alarms.v1 import alarms_pb2
from hazway.client import Client
from hazway.errors import VerificationError
from hazway.refusals import Refused
from hazway.traceability.v1 import traceability_pb2
from hazway.trust import Trust
from hazway.waybill.v1 import waybill_pb2
from hazway.zones.v1 import zones_pb2
from services import traceability
from services.demo import cast, drive, loading, papers, trip
from services.demo.expectations import Expectations
from services.demo.stage import Stage
from services.runtime.host import open_host
from services.zones.importing import import_region, read_map

_PATIENCE_S = 30.0
Say = Callable[[str], None]


@dataclass
class Play:
    """One performance; ``play`` runs the chapters in order and returns what held."""

    stage: Stage
    region: Path | None
    say: Say
    held: Expectations
    seed: int = 20260501

    def play(self) -> Expectations:
        graph, itinerary = self._region()
        self._chapter("2 登记 registry")
        cast.enter(self.stage)
        self.held.expect(True, "各单位、车辆、罐体、人员已登记", "everybody and everything is registered")
        self._declare(itinerary)
        road = self._plan(graph, itinerary)
        waybill = self._waybill(graph, itinerary, road)
        self._load(waybill)
        self._drive(graph, itinerary, waybill)
        self._end(waybill)
        self._clean_tank(graph, itinerary)
        self._records(waybill)
        return self.held

    def _chapter(self, title: str) -> None:
        self.held.chapter = title
        self.say(f"── {title}")

    def _region(self) -> tuple[RoadGraph, Itinerary]:
        self._chapter("1 路网 region")
        graph = read_map(self.region)
        host = open_host(self.stage.settings)
        keeper = traceability.keeper_of(self.stage.settings)
        imported = import_region(host.engine, keeper, self.region, self.stage.now(), bus=host.bus)
        host.close()
        itinerary = choose(graph)
        self.held.expect(
            imported.edges == graph.edge_count,
            "路网已导入，每条隧道自成一段",
            "the road network is imported, every tunnel its own edge",
            f"{imported.edges} edges, {imported.tunnels} tunnels",
        )
        return graph, itinerary

    def _declare(self, itinerary: Itinerary) -> None:
        self._chapter("1 路网 region")
        if itinerary.bore is None:
            self.held.not_shown(
                "隧道分类", "declaring a tunnel", "本区域没有可绕行的隧道 no tunnel with a way around here"
            )
            return
        request = zones_pb2.DeclareTunnelRequest(
            zone_id=itinerary.bore.structure_id,
            category="D",
            source=zones_pb2.Notice(issuer="示例市交通运输局", number="示例通告1号", title="隧道危险货物通行类别"),
        )
        declared = self.stage.client(cast.TRANSPORT).call("hazway.zones.v1.ZoneService/DeclareTunnel", request)
        name = declared.zone.name
        self.held.expect(
            declared.zone.tunnel.category == "D", "隧道已由主管部门定为 D 类", "a tunnel is declared category D", name
        )

    def _plan(self, graph: RoadGraph, itinerary: Itinerary) -> zones_pb2.PlanRouteResponse:
        self._chapter("3 运单 waybill")
        ends = graph.node_position(itinerary.origin_node), graph.node_position(itinerary.destination_node)
        road = trip.plan(self.stage, *ends, tank_state=zones_pb2.LOAD_STATE_LOADED)
        if itinerary.bore is not None:
            passed = {passage.zone_id for passage in road.passages}
            self.held.expect(
                itinerary.bore.structure_id not in passed and len(road.binding) > 0,
                "规划路线绕开禁行隧道并说明依据和代价",
                "the planned route keeps out of the forbidden tunnel and says why and at what cost",
                f"{road.length_dm / 10_000:.1f} km, {road.unrestricted_length_dm / 10_000:.1f} km without the ban",
            )
        return road

    def _waybill(
        self, graph: RoadGraph, itinerary: Itinerary, road: zones_pb2.PlanRouteResponse
    ) -> waybill_pb2.Waybill:
        drive.standing_fix(self.stage, graph, itinerary.plan.edges)
        waybill = trip.draft(self.stage, road)
        list_id = papers.consign(self.stage, waybill)
        request = waybill_pb2.IssueWaybillRequest(waybill=waybill)
        first = trip.issue(self.stage, request)
        again = trip.issue(self.stage, request)
        self.held.expect(
            papers.is_carried(self.stage, list_id),
            "托运清单经承运人接受，运单配载到克",
            "the carrier accepted the consignment list, and the waybill draws on it to the gram",
        )
        self.held.expect(
            first.waybill.state == waybill_pb2.STATE_ISSUED,
            "28 吨汽油运单已签发",
            "the waybill for 28 t of petrol is issued",
            first.waybill.number,
        )
        self.held.expect(
            again == first,
            "同一请求再次发送得到同一答复",
            "the same request sent again gets the same answer",
        )
        self._refused(graph, itinerary, road)
        return first.waybill

    def _refused(self, graph: RoadGraph, itinerary: Itinerary, road: zones_pb2.PlanRouteResponse) -> None:
        through: Sequence[int] = itinerary.direct.edges if itinerary.direct is not None else itinerary.plan.edges
        line = [trip.wire(position) for edge in through for position in graph.edge_positions(edge)]
        wrong = trip.draft(
            self.stage,
            road,
            tank=cast.ACID_TANK,
            escort=cast.LAPSED_ESCORT,
            line=line,
            edge_keys=list(road.unrestricted_edge_keys or road.edge_keys),
        )
        wanted = {"TANK_MEDIUM_NOT_PERMITTED", "QUALIFICATION_EXPIRED", "RESOURCE_BUSY"}
        if itinerary.bore is not None:
            wanted.add("TUNNEL_FORBIDDEN")
        try:
            trip.issue(self.stage, waybill_pb2.IssueWaybillRequest(waybill=wrong))
            found: frozenset[str] = frozenset()
            texts = False
        except Refused as refusal:
            found = refusal.reasons
            texts = all(fault.zh and fault.en for fault in refusal.faults)
        self.held.expect(
            wanted <= found and texts,
            "罐体介质、押运员资质、隧道、重复占用一次全部指出，中英文并附依据",
            "unfit tank, expired escort, tunnel and double trip all told at once, cited, in both languages",
            ", ".join(sorted(found)),
        )

    def _load(self, waybill: waybill_pb2.Waybill) -> None:
        self._chapter("4 装货 loading")
        self.held.expect(
            self._is_refused(lambda: trip.depart(self.stage, waybill.id)),
            "未经装货放行不得发车",
            "departing without clearance is refused",
        )
        loading.play(self.stage, waybill, self.held)
        papers.take_over(self.stage, waybill, self.held)
        departed = trip.depart(self.stage, waybill.id)
        self.held.expect(
            departed.waybill.state == waybill_pb2.STATE_IN_TRANSIT, "放行后发车", "departs once it is cleared"
        )
        papers.check_at_roadside(self.stage, waybill, self.held)

    def _drive(self, graph: RoadGraph, itinerary: Itinerary, waybill: waybill_pb2.Waybill) -> None:
        self._chapter("5 行驶 drive")
        time.sleep(1.0)  # the departure reaches the shard before the first fix of the drive does
        way = itinerary.deviation or itinerary.plan
        fast = drive.lasting_overspeed(graph, way.edges)
        driven = drive.drive_road(self.stage, graph, way.edges, seed=self.seed, overspeed=fast)
        self.held.expect(
            driven.sent == driven.durable and not driven.refused,
            "全部定位在答复前已落盘",
            "every fix was durable before it was answered",
            f"{driven.durable} fixes",
        )
        kinds = ["TUNNEL_AHEAD", "TUNNEL_TRANSIT"] if itinerary.bore is not None else []
        kinds += ["OVERSPEED"] if fast is not None else []
        alarms = self._alarms(waybill.id, kinds)
        for kind, zh, en, shown in (
            ("TUNNEL_AHEAD", "驶向禁行隧道时预警", "pre-alarm on the way to the forbidden tunnel", itinerary.bore),
            ("TUNNEL_TRANSIT", "隧道内无定位仍判定通行", "alarm on the transit with no fix inside", itinerary.bore),
            ("OVERSPEED", "一次超速只报一次", "one overspeed raises one alarm", fast),
        ):
            if shown is None:
                self.held.not_shown(zh, en, "本区域无此条件 this region has no place for it")
            else:
                count = sum(alarm.kind == alarms_pb2.AlarmKind.Value(f"ALARM_KIND_{kind}") for alarm in alarms)
                # The way on may lead past the tunnel's other bore, which is one more approach and one more warning.
                self.held.expect(count >= 1 if kind == "TUNNEL_AHEAD" else count == 1, zh, en, f"{count}")

    def _end(self, waybill: waybill_pb2.Waybill) -> None:
        self._chapter("6 收货 end")
        trip.arrive(self.stage, waybill.id)
        signed = papers.deliver(self.stage, waybill)
        self.held.expect(
            signed.state == waybill_pb2.STATE_COMPLETED,
            "收货人凭一次性签收码签收，运单完成",
            "the consignee signs by a one-time code, the waybill is complete",
        )

    def _clean_tank(self, graph: RoadGraph, itinerary: Itinerary) -> None:
        self._chapter("5 行驶 drive")
        if itinerary.direct is None or itinerary.bore is None:
            self.held.not_shown("清洗后的罐车", "the same road with a cleaned tank", "本区域没有可绕行的隧道")
            return
        ends = graph.node_position(itinerary.origin_node), graph.node_position(itinerary.destination_node)
        road = trip.plan(self.stage, *ends, tank_state=zones_pb2.LOAD_STATE_CLEANED)
        through = {passage.zone_id for passage in road.passages}
        self.held.expect(
            itinerary.bore.structure_id in through,
            "罐体清洗后可规划经过该隧道",
            "with a cleaned tank the road through the tunnel is open",
        )
        waybill = loading.clean_and_return(self.stage, road)
        drive.drive_road(self.stage, graph, itinerary.direct.edges, seed=self.seed + 1)
        time.sleep(2.0)
        tunnel = {alarms_pb2.ALARM_KIND_TUNNEL_AHEAD, alarms_pb2.ALARM_KIND_TUNNEL_TRANSIT}
        raised = [alarm for alarm in self._alarms(waybill, []) if alarm.kind in tunnel]
        self.held.expect(
            not raised,
            "清洗后的空罐车走同一隧道不报警",
            "with a cleaned tank the same tunnel raises nothing",
            len(raised),
        )

    def _records(self, waybill: waybill_pb2.Waybill) -> None:
        self._chapter("7 记录 records")
        carrier = self.stage.client(cast.CARRIER)
        subject = f"waybill/{waybill.id}"
        bundle = self._exported(carrier, subject)
        keeper = traceability.keeper_of(self.stage.settings)
        trust = Trust(log_keys=(keeper.note_signer.verifier,), at=self.stage.now() + timedelta(minutes=5))
        verified = record.verify(bundle, trust)
        kinds = [fact.statement.kind for fact in verified.subjects[0].facts if fact.statement is not None]
        self.held.expect(
            {"waybill.issue", "loading.record", "waybill.hand_over", "waybill.depart", "waybill.countersign_by_code"}
            <= set(kinds),
            "本次运输的每一行为都有签名声明和回执，离线验证通过",
            "every act of the trip is stated and receipted, and verifies offline",
            ", ".join(kinds),
        )
        (self.stage.home / "trip.hazway").write_bytes(bundle)
        (self.stage.home / "trust.json").write_text(traceability.trust_file(keeper), encoding="utf-8")
        steps = {
            self._step_refusing(bundle, place, trust) for place in range(0, len(bundle), max(1, len(bundle) // 64))
        }
        self.held.expect(
            "" not in steps,
            "任改一位即拒绝并指出步骤",
            "any one bit changed is refused, naming the step",
            ", ".join(sorted(steps)),
        )

    def _exported(self, client: Client, subject: str) -> bytes:
        """The record, once everything that was registered is in the log."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            waiting = client.call(
                "hazway.traceability.v1.TraceabilityService/ListStatements",
                traceability_pb2.ListStatementsRequest(subject=subject, page_size=500),
            )
            bundle = client.export_record(subject)
            if len(waiting.statements) == _count(bundle) or time.monotonic() > deadline:
                return bundle
            time.sleep(0.2)

    def _step_refusing(self, bundle: bytes, place: int, trust: Trust) -> str:
        changed = bytearray(bundle)
        changed[place] ^= 1
        try:
            record.verify(bytes(changed), trust)
        except VerificationError as error:
            return error.step
        return ""

    def _alarms(self, waybill_id: str, kinds: Sequence[str]) -> list[Any]:
        """The trip's alarms, waited for until all these kinds are there."""
        wanted = {alarms_pb2.AlarmKind.Value(f"ALARM_KIND_{kind}") for kind in kinds}
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            answer = self.stage.client(cast.CARRIER).call(
                "hazway.alarms.v1.AlarmService/ListAlarms", alarms_pb2.ListAlarmsRequest(waybill_id=waybill_id)
            )
            if wanted <= {alarm.kind for alarm in answer.alarms} or time.monotonic() > deadline:
                return list(answer.alarms)
            time.sleep(0.2)

    def _is_refused(self, act: Callable[[], object]) -> bool:
        try:
            act()
        except Refused:
            return True
        return False


def _count(bundle: bytes) -> int:
    return len(bundles.decode(bundle)[0].subjects[0].entries)
