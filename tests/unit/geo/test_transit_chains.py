"""Chains of bores against every way there is, walked edge by edge on small graphs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.approaches import Approaches, approaches
from geo.position import Position
from geo.roads import RoadGraph
from geo.transit_chains import MOST_CHAINS, Chain, Legs, chains
from geo.tunnels import Tunnel
from tests.bench.tunnel_drives import Builder

LONGEST_M = 3000.0


def a_town(seed: int) -> RoadGraph:
    """A crooked grid of streets some of which are tunnels, some one-way, and some missing."""
    rng = random.Random(seed)
    places = {
        (i, j): (300.0 * i + rng.uniform(-80, 80), 300.0 * j + rng.uniform(-80, 80)) for i in range(3) for j in range(3)
    }
    builder = Builder()
    for (i, j), here in places.items():
        for other in ((i + 1, j), (i, j + 1)):
            if other in places and rng.random() < 0.9:
                tags = {"tunnel": "yes"} if rng.random() < 0.35 else {}
                builder.road([here, places[other]], two_way=rng.random() < 0.7, **tags)
    return builder.graph()


def every_walk(graph: RoadGraph, start: int, goal: int, longest_m: float) -> Iterator[tuple[float, tuple[int, ...]]]:
    """All walks from node to node that use no edge twice, with their length: slow and obvious."""
    leaving: dict[int, list[int]] = {}
    for edge, node in enumerate(graph.edge_from.tolist()):
        leaving.setdefault(node, []).append(edge)

    def onwards(node: int, gone_m: float, edges: tuple[int, ...]) -> Iterator[tuple[float, tuple[int, ...]]]:
        if node == goal:
            yield gone_m, edges
        for edge in leaving.get(node, ()):
            further = gone_m + float(graph.edge_length_dm[edge]) / 10
            if edge not in edges and further <= longest_m:
                yield from onwards(int(graph.edge_to[edge]), further, (*edges, edge))

    return onwards(start, 0.0, ())


def underground(graph: RoadGraph, region: Approaches, edges: tuple[int, ...]) -> Chain | None:
    """The bores of a walk in order; None where it is in a tunnel without driving a whole bore of it, or turns round inside."""
    numbers = {bore.edges: number for number, bore in enumerate(all_bores(graph, region))}
    found: list[int] = []
    rest = list(edges)
    while rest:
        if graph.edge_tunnel[rest[0]] < 0:
            rest.pop(0)
            continue
        whole = [bore for bore in numbers if tuple(rest[: len(bore)]) == bore]
        if not whole:
            return None
        found.append(numbers[max(whole, key=len)])
        rest = rest[len(max(whole, key=len)) :]
    return tuple(found)


def all_bores(graph: RoadGraph, region: Approaches) -> list[Tunnel]:
    return [*region.bores, *(bore for bore in graph.tunnels if bore.structure_id != region.structure_id)]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_every_chain_is_a_way_there_is_and_no_shorter_one_is_overlooked(seed: int) -> None:
    graph = a_town(seed)
    if not graph.tunnels:
        return
    region = approaches(graph, graph.tunnels[0].structure_id)
    near = region.near
    real = region.roads.graph_edge < graph.edge_count  # the others were made up where the map ends at a portal
    nodes = np.unique(np.concatenate([region.roads.start[real], region.roads.end[real]]))
    if len(nodes) < 2:
        return
    start, goal = int(nodes[0]), int(nodes[-1])
    begin, end = region.between.metres[start, near.entrance], region.between.metres[near.exit, goal]
    mapped = np.where(near.hop.cost < 0, np.inf, near.hop.metres)
    legs = Legs(begin, begin, mapped, mapped, end, end, near.length_m, near.structure)
    found = chains(legs, LONGEST_M)
    metres = [
        float(begin[chain[0]] + near.length_m[list(chain)].sum() + end[chain[-1]])
        + sum(float(mapped[one, other]) for one, other in pairwise(chain))
        for chain in found
    ]
    assert metres == pytest.approx(sorted(metres))
    origin, target = (node_of(graph, region, node) for node in (start, goal))
    shortest: dict[Chain, float] = {}
    for length, edges in every_walk(graph, origin, target, LONGEST_M):
        chain = underground(graph, region, edges)
        if chain:
            shortest[chain] = min(shortest.get(chain, np.inf), length)
    for chain, length in zip(found, metres, strict=True):
        if chain in shortest:
            assert length <= shortest[chain] + 0.2
    told = [(chain[-1], kinds_of(near.structure, chain), length) for chain, length in zip(found, metres, strict=True)]
    for chain, length in shortest.items():
        if len(found) < MOST_CHAINS and not any(turns_round(region, one, other) for one, other in pairwise(chain)):
            alike = [
                told_m for last, kinds, told_m in told if (last, kinds) == (chain[-1], kinds_of(near.structure, chain))
            ]
            assert min(alike) <= length + 0.2


def kinds_of(structure: np.ndarray, chain: Chain) -> frozenset[int]:
    return frozenset(structure[list(chain)].tolist())


def turns_round(region: Approaches, one: int, other: int) -> bool:
    return not np.isfinite(region.near.hop.metres[one, other])


def node_of(graph: RoadGraph, region: Approaches, node: int) -> int:
    """The number in the graph of a node of the region."""
    for edge, start, end in zip(region.roads.graph_edge, region.roads.start, region.roads.end, strict=True):
        if node in (start, end) and edge < graph.edge_count:
            return int(graph.edge_from[edge] if start == node else graph.edge_to[edge])
    raise KeyError(node)


def two_in_a_row() -> Legs:
    """Two tunnels of 400 m in a row, 100 m of open road before, between and after, and a third that leads nowhere."""
    far = np.inf
    start, goal = np.array([100.0, 700.0, 50.0]), np.array([700.0, 100.0, far])
    hop = np.full((3, 3), far)
    hop[0, 1] = 100.0
    return Legs(start, start, hop, hop, goal, goal, np.array([400.0, 400.0, 400.0]), np.array([0, 1, 2]))


def test_a_silence_may_cover_two_tunnels() -> None:
    assert chains(two_in_a_row(), 5000.0) == [(0, 1), (0,), (1,)]


def test_no_chain_is_longer_than_a_lorry_can_drive() -> None:
    assert (0, 1) in chains(two_in_a_row(), 1100.0)
    assert chains(two_in_a_row(), 1099.0) == []


@pytest.mark.parametrize("most", [1, 2])
def test_the_likeliest_chains_come_first_and_no_more_than_asked_for(most: int) -> None:
    found = chains(two_in_a_row(), 5000.0, most)
    assert len(found) == most


def test_a_region_of_one_tunnel_knows_its_neighbours() -> None:
    builder = Builder()
    builder.road([(-2000.0, 0.0), (0.0, 0.0)])
    builder.road([(0.0, 0.0), (300.0, 0.0)], tunnel="yes")
    builder.road([(300.0, 0.0), (400.0, 0.0)])
    builder.road([(400.0, 0.0), (900.0, 0.0)], tunnel="yes")
    builder.road([(900.0, 0.0), (2900.0, 0.0)])
    graph = builder.graph()
    region = approaches(graph, graph.tunnels[-1].structure_id)
    assert region.near.own == 2
    assert len(region.near.length_m) == 4
    assert isinstance(region.bores[0].entrance, Position)
