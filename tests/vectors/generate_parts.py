"""Writes the vectors of the parts: proofs, notes, receipts and CBOR. Run as ``python -m tests.vectors.generate_parts``.

Each file holds the arguments of one verifying function and whether it must accept them; existing files stay as they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hazway import cbor, cose, note, proof
from tests import reference_tree
from tests.simulated_log import SimulatedLog, fixed_key
from tests.vectors.generate import flip

HERE = Path(__file__).parent
Vector = tuple[str, bool, dict[str, Any]]


def main() -> None:
    for folder, vectors in (
        ("inclusion", inclusion()),
        ("consistency", consistency()),
        ("note", notes()),
        ("receipt", receipts()),
        ("cbor", cbors()),
    ):
        (HERE / folder).mkdir(exist_ok=True)
        for name, valid, fields in vectors:
            target = HERE / folder / f"{name}.json"
            if not target.exists():
                text = json.dumps({"valid": valid} | fields, indent=1, ensure_ascii=False)
                target.write_text(text + "\n")


def entries(count: int) -> list[bytes]:
    return [hashlib.sha256(bytes([number])).digest() for number in range(count)]


def inclusion() -> Iterator[Vector]:
    for index, size in ((0, 1), (0, 2), (1, 3), (2, 3), (5, 8), (6, 7), (10, 11), (20, 33)):
        all_of_them = entries(size)
        path = reference_tree.inclusion_path(index, all_of_them)
        leaf, root = reference_tree.leaf_hash(all_of_them[index]), reference_tree.tree_head(all_of_them)

        def vector(attack: str, valid: bool = False, of: str = f"{index}-of-{size}", **changes: Any) -> Vector:
            fields = {"leaf_hash": leaf, "index": index, "size": size, "proof": path, "root": root} | changes  # noqa: B023
            return f"{of}-{attack}", valid, _hex(fields)

        yield vector("happy", True)
        yield vector("leaf-bit-flipped", leaf_hash=flip(leaf))
        yield vector("root-bit-flipped", root=flip(root))
        yield vector("trailing-hash", proof=[*path, root])
        yield vector("leading-hash", proof=[leaf, *path])
        yield vector("trailing-short-hash", proof=[*path, b""])
        yield vector("index-of-size", index=size)
        yield vector("index-negative", index=-1)
        yield vector("index-plus-2-to-the-32", index=index + (1 << 32))
        yield vector("size-zero", size=0)
        yield vector("size-negative", size=-size)
        yield vector("size-2-to-the-63", size=1 << 63)
        yield vector("size-huge", size=(1 << 63) - 1)
        yield vector("root-empty", root=b"")
        yield vector("leaf-for-root", root=leaf) if path else vector("other-leaf", leaf_hash=b"\0" * 32)
        for at in range(len(path)):
            yield vector(f"proof-bit-flipped@{at}", proof=[*path[:at], flip(path[at], 7, 0), *path[at + 1 :]])
            yield vector(f"proof-without@{at}", proof=[*path[:at], *path[at + 1 :]])
            yield vector(f"proof-short-hash@{at}", proof=[*path[:at], path[at][:-1], *path[at + 1 :]])
        if len(path) > 1:
            yield vector("proof-reversed", proof=path[::-1])


def consistency() -> Iterator[Vector]:
    for size1, size2 in ((1, 1), (1, 2), (2, 3), (3, 7), (4, 8), (6, 8), (7, 33)):
        all_of_them = entries(size2)
        path = reference_tree.consistency_path(size1, all_of_them)
        root1, root2 = reference_tree.tree_head(all_of_them[:size1]), reference_tree.tree_head(all_of_them)

        def vector(attack: str, valid: bool = False, of: str = f"{size1}-to-{size2}", **changes: Any) -> Vector:
            fields = {"size1": size1, "size2": size2, "proof": path, "root1": root1, "root2": root2} | changes  # noqa: B023
            return f"{of}-{attack}", valid, _hex(fields)

        yield vector("happy", True)
        yield vector("old-root-bit-flipped", root1=flip(root1))
        yield vector("new-root-bit-flipped", root2=flip(root2))
        yield vector("trailing-hash", proof=[*path, root1])
        yield vector("size-zero", size1=0)
        yield vector("sizes-zero", size1=0, size2=0, proof=[])
        yield vector("size-2-to-the-63", size2=1 << 63)
        yield vector("size-huge", size2=(1 << 63) - 1, proof=[])
        yield vector("old-root-short", root1=root1[:31])
        if size1 != size2:
            yield vector("swapped-roots", root1=root2, root2=root1)
            yield vector("swapped-sizes", size1=size2, size2=size1)
            yield vector("no-proof", proof=[])
            yield vector("equal-sizes-two-roots", size2=size1, proof=[])
        for at in range(len(path)):
            yield vector(f"proof-bit-flipped@{at}", proof=[*path[:at], flip(path[at], 7, 0), *path[at + 1 :]])
            yield vector(f"proof-without@{at}", proof=[*path[:at], *path[at + 1 :]])


def notes() -> Iterator[Vector]:
    signer = note.Signer("log.example/a", fixed_key("note"))
    other = note.Signer("log.example/b", fixed_key("other note"))
    witness = note.Signer("witness.example/w", fixed_key("note witness"), note.COSIGNATURE)
    keys = [str(signer.verifier), str(witness.verifier)]
    body = "烟花\nsecond line\n"
    line, foreign, cosigned = signer.line(body), other.line(body), witness.line(body, 1_772_352_000)
    good = f"{body}\n{line}"

    def vector(attack: str, text: str, valid: bool = False, known: list[str] = keys) -> Vector:
        return attack, valid, {"keys": known, "text": text}

    yield vector("happy", good, True)
    yield vector("unknown-signature-ignored", good + foreign, True)
    yield vector("cosigned", good + cosigned, True)
    yield vector("sixteen-signatures", good + foreign * 15, True)
    yield vector("same-signature-twice", good + line, True)
    yield vector("blank-lines-in-the-text", note.sign("a\n\nb\n\nc\n", signer), True)
    yield vector("no-known-signature", f"{body}\n{foreign}")
    yield vector("no-keys", good, known=[])
    yield vector("no-signature", f"{body}\n")
    yield vector("no-blank-line", f"{body}{line}")
    yield vector("known-signature-wrong", good + line.replace(line[30:34], "AAAA"))
    yield vector("text-changed", good.replace("second", "Second"))
    yield vector("last-newline-missing", good[:-1])
    yield vector("cosignature-time-changed", good + _retimed(cosigned))
    yield vector("cosignature-short", good + _rebased(cosigned, lambda data: data[:-1]))
    yield vector("signature-for-another-name", f"{body}\n{line.replace('log.example/a', 'log.example/c')}")
    yield vector("carriage-return", good.replace("\n", "\r\n"))
    yield vector("tab-in-the-text", note.sign("a b\n", signer).replace("a b", "a\tb"))
    yield vector("hyphen-for-dash", good.replace("— ", "- "))
    yield vector("two-spaces", good.replace("— ", "—  "))
    yield vector("base64-garbage", good.replace(line[-8:], "!!!!!!!\n"))
    yield vector("base64-unpadded", good.replace("=\n", "\n"))
    yield vector("too-many-signatures", good + foreign * 64)
    yield vector("key-name-with-plus", good + foreign.replace("example/b", "example+b"))
    yield vector("only-a-key-id", good + f"— log.example/b {note.to_base64(b'1234')}\n")
    yield vector("key-id-wrong", good, known=[_other_id(keys[0])])
    yield vector("key-of-unknown-type", good, known=["log.example/a+00000000+CQAA"])
    yield vector("key-truncated", good, known=[keys[0][:-4]])
    yield vector("empty", "")
    yield vector("newlines", "\n\n")


def receipts() -> Iterator[Vector]:
    log = SimulatedLog()
    log.entries = entries(5)
    one = SimulatedLog()
    one.entries = entries(1)
    digest = log.entries[3]
    good = log.receipt(3)

    def vector(attack: str, data: bytes, valid: bool = False, **changes: Any) -> Vector:
        fields = {"receipt": data, "digest": digest, "spki": log.signer.spki, "origin": log.origin}
        return attack, valid, _hex(fields | changes)

    yield vector("happy", good, True)
    yield vector("one-leaf-tree", one.receipt(0), True, digest=one.entries[0])
    yield vector("another-digest", good, digest=log.entries[2])
    yield vector("digest-short", good, digest=digest[:31])
    yield vector("another-origin", good, origin="log.example/other")
    yield vector("another-key", good, spki=fixed_key("another").spki)
    yield vector("signature-flipped", flip(good))
    yield vector("truncated", good[:-1])
    yield vector("trailing-garbage", good + b"\x00")
    yield vector("untagged", good[1:])
    tree_size = -65537
    header = {395: 2, 15: {1: log.origin}, tree_size: 5}
    proofs = [cbor.dumps([5, 3, list(log.path(3))])]
    root = proof.root_of([proof.leaf_hash(entry) for entry in log.entries])

    def made(protected: dict[int, Any], unprotected: dict[int, Any], detached: bool = True) -> bytes:
        return cose.sign(log.signer, protected, root, unprotected=unprotected, detached=detached)

    yield vector("another-data-structure", made(header, {396: {-1: proofs}}))
    yield vector("no-data-structure", made({15: {1: log.origin}, tree_size: 5}, {396: {-1: proofs}}))
    yield vector("no-issuer", made({395: 1, tree_size: 5}, {396: {-1: proofs}}))
    honest = {395: 1, 15: {1: log.origin}, tree_size: 5}
    yield vector("no-proof", made(honest, {}))
    yield vector("two-proofs", made(honest, {396: {-1: proofs * 2}}))
    yield vector("consistency-for-inclusion", made(honest, {396: {-2: proofs}}))
    yield vector("root-attached", made(honest, {396: {-1: proofs}}, detached=False))
    yield vector("proof-not-encoded", made(honest, {396: {-1: [[5, 3, []]]}}))
    last = [cbor.dumps([3, 2, list(log.path(4))])]
    yield vector("entry-4-of-5-as-2-of-3", made(honest, {396: {-1: last}}), digest=log.entries[4])
    yield vector("size-not-signed", made({395: 1, 15: {1: log.origin}}, {396: {-1: proofs}}))
    yield vector("size-huge", made(honest, {396: {-1: [cbor.dumps([(1 << 63) - 1, 3, list(log.path(3))])]}}))
    yield vector("index-boolean", made(honest, {396: {-1: [cbor.dumps([5, True, list(log.path(3))])]}}))


def cbors() -> Iterator[Vector]:
    for name, valid, encoded in (
        ("integer", True, "1903e8"),
        ("map-of-text-and-integers", True, "a3012003f5616160"),
        ("map-of-integers-in-order", True, "a2186400200a"),
        ("depth-16", True, "81" * 16 + "00"),
        ("depth-17", False, "81" * 17 + "00"),
        ("depth-10000", False, "81" * 10_000 + "00"),
        ("integer-too-long", False, "1817"),
        ("integer-in-8-bytes", False, "1b0000000000000001"),
        ("bignum", False, "c249010000000000000000"),
        ("float", False, "f93c00"),
        ("float-nan", False, "f97e00"),
        ("undefined", False, "f7"),
        ("simple-value", False, "e0"),
        ("date", False, "c11a514b67b0"),
        ("tag-of-16-bits", False, "d9d9f700"),
        ("shared-reference", False, "d81c80"),
        ("regular-expression", False, "d8236128"),
        ("bigfloat-of-2-to-the-62", False, "c5821b3fffffffffffffff01"),
        ("indefinite-bytes", False, "5f4101ff"),
        ("indefinite-text", False, "7f6161ff"),
        ("indefinite-list", False, "9f00ff"),
        ("indefinite-map", False, "bf0000ff"),
        ("key-repeated", False, "a201000101"),
        ("keys-unsorted", False, "a202000100"),
        ("keys-unsorted-by-length", False, "a2626161006161 00".replace(" ", "")),
        ("key-bytes", False, "a1410100"),
        ("key-null", False, "a1f600"),
        ("key-boolean", False, "a1f500"),
        ("key-list", False, "a1800000"),
        ("trailing-byte", False, "0000"),
        ("nothing", False, ""),
        ("text-not-utf-8", False, "61ff"),
        ("text-surrogate", False, "63eda080"),
        ("list-of-2-to-the-64", False, "9bffffffffffffffff"),
        ("map-of-2-to-the-63", False, "bb7fffffffffffffff"),
        ("bytes-of-8-gigabytes", False, "5b0000000200000000"),
        ("text-of-2-to-the-63", False, "7b7fffffffffffffff"),
        ("reserved-length", False, "1c"),
        ("break-alone", False, "ff"),
    ):
        yield name, valid, {"hex": encoded}


def _hex(fields: dict[str, Any]) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, bytes):
            return "0x" + value.hex()
        return [plain(one) for one in value] if isinstance(value, list) else value

    return {name: plain(value) for name, value in fields.items()}


def _rebased(line: str, change: Any) -> str:
    dash, name, encoded = line[:-1].split(" ")
    return f"{dash} {name} {note.to_base64(change(note.from_base64(encoded, 'vector')))}\n"


def _retimed(line: str) -> str:
    return _rebased(line, lambda data: flip(data, 0, 11))


def _other_id(vkey: str) -> str:
    name, key_id, key = vkey.split("+", 2)
    return f"{name}+{int(key_id, 16) ^ 1:08x}+{key}"


if __name__ == "__main__":
    main()
