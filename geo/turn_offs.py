"""The last places where a vehicle on its way to a tunnel can still turn off."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import numpy.typing as npt

from geo.local_roads import Roads
from geo.ways import Ways

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def turn_offs(
    roads: Roads, nodes: Int64s, entrance: Int64s, to_entrance_m: Floats, around: Ways
) -> tuple[Floats, Mask]:
    """For each bore and edge: metres from the edge's end to the last turn-off before the portal, and whether it is past it.

    Infinite where the shortest way from the edge's end leads back along it: who drives away from a portal does not come to it.

    ``nodes`` are the numbers of the local nodes in the graph that ``around`` searches, which lacks the tunnel itself.
    """
    committed, last = _committed(roads, entrance)
    leads_back = (roads.reverse != -1) & (
        roads.length_m + to_entrance_m[:, roads.start] <= to_entrance_m[:, roads.end] + 0.5
    )
    to_turn_off = np.full((len(entrance), len(roads.start)), np.inf)
    for bore, offers in enumerate(last):
        back = around.towards(nodes[list(offers)], nodes)
        for metres, to_node in zip(offers.values(), back, strict=True):
            on_the_way = to_entrance_m[bore, roads.end] >= to_node[roads.end] + metres - 1.0
            to_turn_off[bore] = np.minimum(to_turn_off[bore], np.where(on_the_way, to_node[roads.end], np.inf))
    return np.where(leads_back, np.inf, to_turn_off), committed


def _committed(roads: Roads, entrance: Int64s) -> tuple[Mask, list[dict[int, float]]]:
    """Which edges lead nowhere but into each bore; and its last turn-off nodes with their distance to the portal."""
    arriving, leaving = defaultdict(list), defaultdict(list)
    for edge, (start, end) in enumerate(zip(roads.start.tolist(), roads.end.tolist(), strict=True)):
        arriving[end].append(edge)
        leaving[start].append(edge)
    committed = np.zeros((len(entrance), len(roads.start)), dtype=bool)
    turn_offs = []
    for bore, portal in enumerate(entrance.tolist()):
        last: dict[int, float] = {}
        waiting = [(portal, 0.0)]
        while waiting:
            node, metres = waiting.pop()
            for edge in arriving[node]:
                if committed[bore, edge]:
                    continue
                if _offers_more(edge, node, leaving, roads, committed[bore]):
                    last.setdefault(node, metres)
                    continue
                committed[bore, edge] = True
                waiting.append((int(roads.start[edge]), metres + float(roads.length_m[edge])))
        turn_offs.append(last)
    return committed, turn_offs


def _offers_more(edge: int, node: int, leaving: dict[int, list[int]], roads: Roads, committed: Mask) -> bool:
    """Whether a vehicle arriving by ``edge`` can leave the node other than towards the bore or back where it came from."""
    back = int(roads.reverse[edge])
    return any(other != back and not committed[other] for other in leaving[node])
