"""What a region can show: a tunnel to forbid, a trip that would go through it, a legal way around, and a driver who does not keep to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.roads import Mask, RoadGraph
from geo.routing import Network, Route, Tree, Weight, costs
from geo.tunnels import Tunnel

_LONGEST_WANTED_M = 3000
_BORES_TRIED = 40
_BORES_TRIED_OF_A_STRUCTURE = 8
_ENDS_TRIED = 12  # origins, and as many destinations, for each bore
_NEAREST_END_M, _FARTHEST_END_M = 50, 25_000
_GOOD_STRETCH_M = 300  # of open road before and after the tunnel, and on the plan before it is left


@dataclass(frozen=True)
class Itinerary:
    """A trip from ``origin_node`` to ``destination_node``, nodes of the graph it was chosen on.

    ``plan`` is legal. Where the region has a tunnel to show, ``direct`` is the best route of all and goes through ``bore``
    of the structure to be forbidden, ``plan`` is the best route around the structure, and ``deviation`` follows the plan,
    leaves it for the tunnel after ``leaves_plan_after`` edges and goes on to the destination. Otherwise these are None.
    """

    origin_node: int
    destination_node: int
    plan: Route
    bore: Tunnel | None
    direct: Route | None
    deviation: Route | None
    leaves_plan_after: int | None
    approach_m: float  # open road on the deviation before the entrance portal
    after_m: float  # open road on the deviation after the exit portal

    @property
    def structure_id(self) -> str | None:
        """The physical tunnel to declare category D; None where the region cannot show one."""
        return self.bore.structure_id if self.bore is not None else None


def choose(graph: RoadGraph, *, minimum_length_m: float = 200.0, weight: Weight = "time") -> Itinerary:
    """The same choice for the same graph, always; ``ValueError`` for a region without two places joined by a road.

    Tunnels from ``minimum_length_m`` to 3 km come first, then longer ones, then shorter ones; the first with 300 m of open
    road before it, after it, and on the plan before it is left wins, else the one that comes nearest. Roads closed to
    lorries or the public are not used; the plan also keeps off roads the map itself closes to dangerous goods.
    """
    search = _Search(graph, weight)
    best: tuple[float, Itinerary] | None = None
    for bore in _worth_trying(graph, minimum_length_m):
        for score, itinerary in search.trips(bore):
            if best is None or score > best[0]:
                best = score, itinerary
        if best is not None and best[0] >= _Search.PERFECT:
            break
    return best[1] if best is not None else search.plain_trip()


def _worth_trying(graph: RoadGraph, minimum_length_m: float) -> Iterator[Tunnel]:
    def rank(bore: Tunnel) -> tuple[int, int, int, str]:
        metres = bore.length_dm / 10
        group = 0 if minimum_length_m <= metres <= _LONGEST_WANTED_M else 1 if metres > _LONGEST_WANTED_M else 2
        return group, min(int(graph.edge_class[edge]) for edge in bore.edges), -bore.length_dm, bore.id

    tried: Counter[str] = Counter()
    for bore in sorted(graph.tunnels, key=rank):
        tried[bore.structure_id] += 1
        if tried[bore.structure_id] <= _BORES_TRIED_OF_A_STRUCTURE:
            yield bore
        if tried.total() >= _BORES_TRIED:
            return


class _Search:
    PERFECT = 3.0

    def __init__(self, graph: RoadGraph, weight: Weight) -> None:
        self.graph, self.weight = graph, weight
        self.cost = costs(graph, weight)
        self.closed = _tagged(graph, {"access": ("private", "no"), "motor_vehicle": ("private",), "hgv": ("no",)})
        self.no_hazmat = _tagged(graph, {"hazmat": ("no",)})
        self.free = Network(graph, forbidden_edges=self.closed, weight=weight)

    def trips(self, bore: Tunnel) -> Iterator[tuple[float, Itinerary]]:
        """Trips whose best route goes through ``bore`` though there is a way around its structure, each with its score."""
        inside = np.zeros(self.graph.edge_count, dtype=np.bool_)
        inside[list(self.graph.structure_edges(bore.structure_id))] = True
        if np.any(self.closed[list(bore.edges)]):
            return
        around = Network(self.graph, forbidden_edges=self.closed | inside | self.no_hazmat, weight=self.weight)
        # lengths, not costs, decide which ends to try: they must be far enough for an approach to be seen
        open_air = self.closed | inside
        entrance, exit_ = int(self.graph.edge_from[bore.edges[0]]), int(self.graph.edge_to[bore.edges[-1]])
        before = Network(self.graph, forbidden_edges=open_air, weight="length", backwards=True).tree(entrance)
        after = Network(self.graph, forbidden_edges=open_air, weight="length").tree(exit_)
        beyond = self.free.tree(exit_).cost + self.cost[list(bore.edges)].sum()
        for origin in _ends(before, np.isfinite(before.cost)):
            freely, legally = self.free.tree(origin), around.tree(origin)
            through = np.isfinite(legally.cost) & (freely.cost == freely.cost[entrance] + beyond)
            for destination in _ends(after, through):
                yield from self._trip(bore, freely, legally, destination)

    def _trip(self, bore: Tunnel, freely: Tree, legally: Tree, destination: int) -> Iterator[tuple[float, Itinerary]]:
        direct, plan = freely.find_route(destination), legally.find_route(destination)
        if direct is None or plan is None or not _contains(direct.edges, bore.edges):
            return
        first = direct.edges.index(bore.edges[0])
        last = first + len(bore.edges)
        shared = next(
            index for index, pair in enumerate(zip(direct.edges, plan.edges, strict=False)) if pair[0] != pair[1]
        )
        approach_m = self._open_m(direct.edges[:first][::-1])
        after_m = self._open_m(direct.edges[last:])
        stretches = (approach_m, after_m, self._open_m(direct.edges[:shared]))
        score = sum(min(metres / _GOOD_STRETCH_M, 1.0) for metres in stretches)
        # among good trips: a long approach, a short detour, a plan that stays in the open
        score += min(approach_m, 2000) / 20_000 - 0.01 * plan.length_dm / direct.length_dm
        score -= 0.5 * len(plan.structures(self.graph)) - 0.25
        yield (
            score,
            Itinerary(
                origin_node=freely.root,
                destination_node=destination,
                plan=plan,
                bore=bore,
                direct=direct,
                deviation=direct,
                leaves_plan_after=shared,
                approach_m=approach_m,
                after_m=after_m,
            ),
        )

    def _open_m(self, edges: Sequence[int]) -> float:
        """Metres of open road from the first of ``edges`` to the first tunnel among them."""
        metres = 0.0
        for edge in edges:
            if self.graph.edge_tunnel[edge] >= 0:
                break
            metres += int(self.graph.edge_length_dm[edge]) / 10
        return metres

    def plain_trip(self) -> Itinerary:
        """The longest of the best routes from the node that reaches most; the region shows no tunnel."""
        trees = [self.free.tree(int(node)) for node in np.linspace(0, self.graph.node_count - 1, 32).astype(int)]
        tree = max(trees, key=lambda tree: (int(np.isfinite(tree.cost).sum()), -tree.root))
        destination = int(np.argmax(np.where(np.isfinite(tree.cost), tree.cost, -1)))
        plan = tree.find_route(destination)
        if plan is None or not plan.edges:
            raise ValueError("the region has no two places joined by a road")
        return Itinerary(tree.root, destination, plan, None, None, None, None, 0.0, 0.0)


def _tagged(graph: RoadGraph, values: dict[str, tuple[str, ...]]) -> Mask:
    return np.array(
        [any(tags.get(key) in bad for key, bad in values.items()) for tags in graph.edge_tags], dtype=np.bool_
    )


def _ends(tree: Tree, suited: Mask) -> list[int]:
    """Suited nodes, spread evenly over the distances (in dm) that make a good trip."""
    near, far = _NEAREST_END_M * 10, _FARTHEST_END_M * 10
    nodes: npt.NDArray[np.intp] = np.flatnonzero(suited & (tree.cost >= near) & (tree.cost <= far))
    nodes = nodes[np.lexsort((nodes, tree.cost[nodes]))]
    if len(nodes) == 0:
        return []
    wanted = np.geomspace(tree.cost[nodes[0]], tree.cost[nodes[-1]], _ENDS_TRIED)
    places = np.minimum(np.searchsorted(tree.cost[nodes], wanted), len(nodes) - 1)
    return list(dict.fromkeys(nodes[places].tolist()))


def _contains(edges: Sequence[int], part: Sequence[int]) -> bool:
    if part[0] not in edges:
        return False
    first = edges.index(part[0])
    return tuple(edges[first : first + len(part)]) == tuple(part)
