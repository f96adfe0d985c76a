"""Tracks in files: what comes back is what was put in, from files of today and from those an older layout left."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.monitoring import packed, parquet

record = st.tuples(
    st.integers(0, 3), st.integers(0, 2**41), st.integers(-900_000_000, 900_000_000),
    st.integers(-1_800_000_000, 1_800_000_000), st.integers(0, 65_535), st.integers(0, 359), st.integers(0, 65_535),
    st.integers(0, 7), st.integers(0, 10**11),
)  # fmt: skip


def write_older(path: Path, records: packed.Records, *, reverse: bool = False, rows: int = 16_384) -> None:
    """As files were written before places were kept as steps: values in packed differences, vehicles cut where a group is full."""
    seconds, rest = np.divmod(records["time_ms"], 1000)
    names = [name for name in packed.RECORD.names or () if name not in ("vehicle", "time_ms")]
    wide = dict.fromkeys(("latitude_e7", "longitude_e7", "speed_dkmh", "heading_deg"), np.int32)
    columns = {"vehicle": records["vehicle"], "time_s": seconds, "time_rest_ms": rest.astype(np.int16)}
    columns |= {name: records[name].astype(wide.get(name, packed.RECORD[name])) for name in names}
    pq.write_table(
        pa.table(dict(reversed(columns.items())) if reverse else columns), path, compression="zstd", compression_level=9,
        use_dictionary=["vehicle", "time_rest_ms", "accuracy_dm", "flags"], row_group_size=rows,
        column_encoding=dict.fromkeys((*wide, "time_s", "odometer_dm"), "DELTA_BINARY_PACKED"),
    )  # fmt: skip


def some_days(vehicles: int, each: int) -> packed.Records:
    """Vehicles here and there that jump about, each with so many fixes."""
    rng = np.random.default_rng(5)
    records = np.zeros(vehicles * each, dtype=packed.RECORD)
    records["vehicle"] = np.repeat(rng.permutation(vehicles), each)
    records["time_ms"] = np.tile(np.arange(each) * 30_500, vehicles)
    records["latitude_e7"] = rng.integers(-900_000_000, 900_000_000, len(records))
    records["longitude_e7"] = rng.integers(-1_800_000_000, 1_800_000_000, len(records))
    records["odometer_dm"] = rng.integers(0, 1 << 40, len(records))
    records["speed_dkmh"] = rng.integers(0, 65_535, len(records))
    return parquet.in_order(records)


@given(st.lists(record, max_size=60), st.integers(0, 3), st.integers(0, 2**41), st.integers(0, 2**41))
@settings(max_examples=40)
def test_a_file_gives_back_what_was_put_in(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, ...]], vehicle: int, start: int, end: int
) -> None:
    records = np.array(rows, dtype=packed.RECORD)
    folder = tmp_path_factory.mktemp("parquet") / "a" / "b"
    parquet.write(folder / "part.parquet", parquet.in_order(records))
    write_older(folder / "older.parquet", parquet.in_order(records))
    obvious: dict[tuple[int, int], tuple[int, ...]] = {}
    for row in rows:
        obvious.setdefault((row[0], row[1]), row)
    wanted = [row for key, row in sorted(obvious.items()) if key[0] == vehicle and start <= key[1] < end]
    everything = [row for _, row in sorted(obvious.items())]
    for path in folder.iterdir():
        assert [tuple(row) for row in parquet.read(path, [vehicle], start, end).tolist()] == wanted
        assert [tuple(row) for row in parquet.read(path, None, -1, 2**42).tolist()] == everything


@pytest.mark.parametrize("each", [1, 7, 100, 350])
def test_groups_hold_whole_vehicles_and_each_is_found_in_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, each: int
) -> None:
    monkeypatch.setattr(parquet, "_ROWS", 100)
    records = some_days(12, each)
    path = parquet.write(tmp_path / "a" / "b.parquet", records).path
    with pq.ParquetFile(path) as file:
        groups = [set(file.read_row_group(n, ["vehicle"])[0].to_pylist()) for n in range(file.num_row_groups)]
    assert sum(map(len, groups)) == len(set().union(*groups)) == 12
    assert len(groups) == (1 if each == 1 else 12 if each >= 100 else 12 * each // 100 + 1)
    for some in ([3], [0, 5, 11], [4, 99], list(range(12))):
        wanted = records[np.isin(records["vehicle"], some) & (records["time_ms"] < 150_000)]
        assert np.array_equal(parquet.read(path, some, 0, 150_000), wanted)


def test_an_older_file_is_read_with_vehicles_in_two_groups_and_columns_in_any_order(tmp_path: Path) -> None:
    records = some_days(5, 70)
    for reverse in (False, True):
        write_older(tmp_path / "older.parquet", records, reverse=reverse, rows=100)
        assert np.array_equal(parquet.read(tmp_path / "older.parquet", None, 0, 1 << 60), records)
        assert np.array_equal(
            parquet.read(tmp_path / "older.parquet", [1, 4], 0, 1 << 60), records[np.isin(records["vehicle"], [1, 4])]
        )


def test_steps_of_a_vehicle_add_up_to_its_places_whoever_adds_them(tmp_path: Path) -> None:
    records = some_days(3, 20)
    records["longitude_e7"] //= 4  # nobody jumps half round the earth
    rows = pq.read_table(parquet.write(tmp_path / "a" / "b.parquet", records).path).to_pylist()
    for row, record in zip(rows, records, strict=True):
        mine = [one for one in rows if one["vehicle"] == row["vehicle"] and one["time_s"] <= row["time_s"]]
        for name, step in (("latitude_e7", "latitude_step_e7"), ("odometer_dm", "odometer_step_dm")):
            assert sum(one[step] for one in mine) == record[name]
        assert sum(one["longitude_step_e7"] for one in mine) == record["longitude_e7"]


def test_a_fix_on_the_road_takes_less_than_eight_bytes_of_the_archive(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    size = 200, 120  # an hour, reported every 30 s
    records = np.zeros(size, dtype=packed.RECORD)
    speed = np.clip(600 + np.cumsum(rng.integers(-50, 51, size), axis=1), 0, 900)
    course = np.cumsum(rng.integers(-10, 11, size), axis=1)
    steps = speed * 30 // 36 * 90
    records["vehicle"], records["time_ms"] = np.arange(200)[:, None], np.arange(120) * 30_000
    records["latitude_e7"] = 300_000_000 + np.cumsum(steps * np.cos(np.radians(course)), axis=1)
    records["longitude_e7"] = 1_100_000_000 + np.cumsum(steps * np.sin(np.radians(course)), axis=1)
    records["speed_dkmh"], records["heading_deg"] = speed, course % 360
    records["odometer_dm"] = rng.integers(10**6, 10**9, (200, 1)) + np.cumsum(steps // 9, axis=1)
    records["flags"] = packed.POSITIONED
    flat = records.reshape(-1)
    write_older(tmp_path / "older.parquet", flat)
    older = (tmp_path / "older.parquet").stat().st_size / len(flat)
    assert parquet.write(tmp_path / "a" / "b.parquet", flat).size / len(flat) < min(8, 0.8 * older)
