"""``hazway-server region`` and ``hazway-server zones``: maps and drawn zones, taken in by the operator's own hand."""

from __future__ import annotations

import dataclasses
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from geo.landmarks import WANTED
from geo.osm import RegionError
from geo.osm_place import fetch_place
from services import traceability
from services.errors import Refusal
from services.runtime.host import Host, embedded_servers, open_host
from services.runtime.migrations import migrate
from services.runtime.settings import read_settings
from services.traceability.genesis import begin
from services.zones import geojson, regions_store, shapefile
from services.zones.book import book_of
from services.zones.divisions import import_divisions
from services.zones.importing import import_region, import_zones

region_app = typer.Typer(no_args_is_help=True, help="路网地图 road networks from maps")
zones_app = typer.Typer(no_args_is_help=True, help="隧道、禁行区域 tunnels and restricted zones")

AsJson = Annotated[bool, typer.Option("--json", help="JSON 输出")]


@region_app.command("import")
def region_import(
    file: Annotated[
        Path | None, typer.Argument(help="OpenStreetMap 文件 .osm.pbf .osm.bz2 .osm；缺省为自带示例路网")
    ] = None,
    place: Annotated[str, typer.Option(help="按地名取图（需联网）by name, which needs a network")] = "",
    name: Annotated[str, typer.Option(help="名称，缺省取文件名 a name, else the file's")] = "",
    as_json: AsJson = False,
) -> None:
    """Keep a map's road network and propose its tunnels, bridges, waters, schools, hospitals and stops as zones.

    The same map again changes nothing; a newer one under the same name closes what it no longer shows. What was changed by hand stays.
    """
    with tempfile.TemporaryDirectory(prefix="hazway-place-") as folder, _host() as (host, keeper):
        try:
            if place:
                file, name = Path(folder) / "place.osm.pbf", name or place
                fetch_place(place, WANTED, file)
            imported = import_region(
                host.engine, keeper, file, host.clock.now(), name=name, bus=host.bus, told=_progress()
            )
        except RegionError as error:
            _refuse(error)
    merged = imported.merged
    shown = {each: getattr(imported, each) for each in ("region_id", "edges", "tunnels", "fresh", "changed")}
    shown |= {each: getattr(merged, each) for each in ("new", "unchanged", "closed")}
    shown |= {"found": dict(merged.found), "kept": dict(merged.kept), "skipped": dict(imported.skipped)}
    _show(shown, as_json)


@region_app.command("list")
def region_list() -> None:
    """Print the road networks there are, the newest first."""
    with _host() as (host, _), host.engine.connect() as connection:
        for row in regions_store.regions(connection):
            print(f"{row.id}\t{row.name}\t{row.edges} edges\t{row.tunnels} tunnels\t{row.imported_at.isoformat()}")


@region_app.command("divisions")
def region_divisions(
    file: Annotated[
        Path, typer.Argument(help="含行政区划边界的 OpenStreetMap 文件 a map with administrative boundaries")
    ],
    name: Annotated[str, typer.Option(help="名称，缺省取文件名 a name, else the file's")] = "",
    as_json: AsJson = False,
) -> None:
    """Keep the administrative boundaries that carry a GB/T 2260 code, for whoever asks where a vehicle is or was."""
    with _host() as (host, _):
        try:
            imported = import_divisions(host.engine, file, host.clock.now(), name=name)
        except RegionError as error:
            _refuse(error)
    _show(dataclasses.asdict(imported), as_json)


@zones_app.command("import")
def zones_import(
    file: Annotated[Path, typer.Argument(help="GeoJSON（RFC 7946）或 SHP", exists=True, dir_okay=False)],
    check: Annotated[bool, typer.Option("--check", help="只检查，不登记 put nothing")] = False,
    crs: Annotated[str, typer.Option(help="SHP 无 .prj 时的坐标系，如 EPSG:4490 its coordinate system")] = "",
) -> None:
    """Put the zones of a GeoJSON file or shapefile, all or none, each stated by the operator. Exits 1 when a feature has a fault."""
    try:
        is_shapefile = file.suffix.lower() == ".shp"
        read = geojson.loads(shapefile.to_geojson(file, crs=crs) if is_shapefile else file.read_text("utf-8"))
        for line in geojson.faults_shown(read):
            typer.echo(line, err=True)
        if not read.faults and not check:
            with _host() as (host, keeper):
                changed = import_zones(host.engine, keeper, read.zones, host.clock.now(), bus=host.bus)
            print(f"{len(read.zones)} 个区域 zones, {changed} 个有变化 changed")
    except UnicodeDecodeError:
        typer.echo("文件不是 UTF-8 / the file is not UTF-8", err=True)
        raise typer.Exit(2) from None
    except Refusal as refusal:
        for finding in refusal.findings:
            typer.echo(f"{finding.path}: {finding.zh} / {finding.en}", err=True)
        raise typer.Exit(2) from None
    if read.faults:
        raise typer.Exit(1)


@zones_app.command("export")
def zones_export(
    out: Annotated[Path | None, typer.Option(help="写入文件 a file, else the terminal")] = None,
) -> None:
    """Write the zones there are now as GeoJSON, proposals too."""
    with _host() as (host, _), host.engine.connect() as connection:
        text = geojson.dumps(book_of(connection).active(connection, host.clock.now()))
    if out is None:
        print(text)
    else:
        out.write_text(text, "utf-8")


def _progress() -> Callable[[str, int, int], None]:
    """Says on the error stream how far an import is, and after how many seconds."""
    began = time.monotonic()

    def told(what: str, done: int, of: int) -> None:
        count = f" {done:,} / {of:,}" if of else ""
        typer.echo(f"[{time.monotonic() - began:5.0f} s] {what}{count}", err=True)

    return told


def _refuse(error: RegionError) -> NoReturn:
    typer.echo(f"{error.zh} / {error.en}", err=True)
    raise typer.Exit(2) from None


def _show(found: Mapping[str, Any], as_json: bool) -> None:
    print(
        json.dumps(found, ensure_ascii=False)
        if as_json
        else "\n".join(f"{key}: {value}" for key, value in found.items())
    )


@contextmanager
def _host() -> Iterator[tuple[Host, traceability.Keeper]]:
    """The servers of this home, migrated, with the operator's keys."""
    with embedded_servers(read_settings()) as settings:
        host = open_host(settings)
        try:
            migrate(host.engine)
            keeper = traceability.keeper_of(settings)
            begin(host.engine, keeper, host.clock.now())
            yield host, keeper
        finally:
            host.close()
