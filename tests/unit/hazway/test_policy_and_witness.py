"""k of n witnesses as a file says, and a witness that answers as the protocol says and never goes back."""

from __future__ import annotations

import itertools

import pytest

from hazway import note, policy, proof, tlog_proof, witness
from hazway.errors import VerificationError
from hazway.witness import SIZE_CONTENT_TYPE, Answer, Cosigned, Witness
from tests.simulated_log import START, SimulatedLog, fixed_key, hash_source

NAMES = ("a", "b", "c", "d")
WITNESSES = {n: note.Signer(f"witness.example/{n}", fixed_key(f"w{n}"), note.COSIGNATURE) for n in NAMES}
LOG = note.Signer("log.example/x", fixed_key("logx"))
KEY_LINES = "".join(f"witness {name} {one.verifier}\n" for name, one in WITNESSES.items())
AT = int(START.timestamp())


def met_by(text: str) -> set[str]:
    """The sets of witnesses (as joined names) that are a quorum."""
    parsed = policy.parse(KEY_LINES + text)
    found = set()
    for count in range(len(NAMES) + 1):
        for names in itertools.combinations(NAMES, count):
            if parsed.is_met(WITNESSES[name].verifier for name in names):
                found.add("".join(names))
    return found


@pytest.mark.parametrize(
    ("text", "minimal"),
    [
        ("quorum none\n", {""}),
        ("quorum a\n", {"a"}),
        ("group g any a b\nquorum g\n", {"a", "b"}),
        ("group g all a b\nquorum g\n", {"ab"}),
        ("group g 2 a b c\nquorum g\n", {"ab", "ac", "bc"}),
        ("group g 2 a b c\ngroup h all g d\nquorum h\n", {"abd", "acd", "bcd"}),
        ("  # who watches\n\n\tgroup\tg  any a\nquorum g  \n", {"a"}),
    ],
)
def test_a_quorum_is_what_the_file_says(text: str, minimal: set[str]) -> None:
    every = {"".join(names) for count in range(5) for names in itertools.combinations(NAMES, count)}
    assert met_by(text) == {names for names in every if any(set(few) <= set(names) for few in minimal)}


def renamed(name: str) -> str:
    """The key of witness a under another name."""
    return str(note.Verifier(name, note.COSIGNATURE, WITNESSES["a"].verifier.public))


@pytest.mark.parametrize(
    "text",
    ["", "quorum a\nquorum a\n", "quorum x\n", "group g 0 a\nquorum g\n", "group g 3 a b\nquorum g\n",
     "group g any\nquorum g\n", "group g any a a\nquorum g\n", "group g any none\nquorum g\n",
     "group g any a\ngroup h any a\nquorum h\n", "group g any h\ngroup h any a\nquorum g\n", "group a any b\nquorum a\n",
     "group none any a\nquorum none\n", "group g ² a b\nquorum g\n", "group g -1 a\nquorum g\n", "quorum\n",
     "quorum a b\n", "whatever\nquorum a\n", "quorum a\r\n", f"witness e {renamed('witness.example/e')}\nquorum e\n",
     f"witness e {LOG.verifier}\nquorum e\n", f"log {WITNESSES['a'].verifier}\nquorum a\n", "log junk\nquorum a\n",
     f"log {LOG.verifier}\nlog {LOG.verifier}\nquorum a\n", f"witness a {renamed('x')}\nquorum a\n",
     "\n" * 2000 + "quorum a\n"],
)  # fmt: skip
def test_what_is_not_exactly_one_policy_is_refused(text: str) -> None:
    with pytest.raises(VerificationError, match="policy"):
        policy.parse(KEY_LINES + text)


def test_urls_are_kept() -> None:
    parsed = policy.parse(f"log {LOG.verifier} https://log.example/x\nquorum none\n")
    assert parsed.logs == (LOG.verifier,)
    assert parsed.urls[str(LOG.verifier)] == "https://log.example/x"


class Served:
    """A witness with its state, as whoever serves it keeps it."""

    def __init__(self, log: SimulatedLog) -> None:
        self.witness = Witness(WITNESSES["a"], {log.origin: [log.vkey]})
        self.state: Cosigned | None = None

    def post(self, request: str) -> Answer:
        answer = self.witness.add_checkpoint(request, self.state, AT)
        if answer.new_state is not None:
            self.state = answer.new_state
        return answer


def grown(size: int, key: str = "log") -> SimulatedLog:
    log = SimulatedLog(key=key)
    log.entries = [bytes([n]) * 32 for n in range(size)]
    return log


def growth(log: SimulatedLog, old: int, new: int | None = None) -> str:
    new = len(log.entries) if new is None else new
    path = proof.consistency_proof(old, new, hash_source(log.entries)) if old else []
    return witness.encode_request(old, path, log.checkpoint(at=START, size=new))


def test_a_growing_log_is_cosigned_step_by_step() -> None:
    log = grown(20)
    served = Served(log)
    for old, new in ((0, 3), (3, 3), (3, 8), (8, 20)):
        answer = served.post(growth(log, old, new))
        assert answer.status == 200
        line = witness.read_answer(answer.body, log.checkpoint(at=START, size=new), [WITNESSES["a"].verifier])
        opened = note.read(log.checkpoint(at=START, size=new) + line, [WITNESSES["a"].verifier])
        assert opened.signatures[0].at == AT
        assert served.state is not None
        assert served.state.size == new
        assert note.open(served.state.text, [log.vkey, WITNESSES["a"].verifier])


def test_the_statuses_come_in_their_order() -> None:
    log = grown(20)
    served = Served(log)
    served.post(growth(log, 0, 8))
    state = served.state
    bad_root = growth(log, 8).replace("old 8\n", "old 8\n" + note.to_base64(b"\x01" * 32) + "\n", 1)
    other = SimulatedLog(origin="log.example/other")
    other.entries = log.entries
    text = log.checkpoint(at=START)
    wrong = text[:-6] + ("AAAA" if text[-6:-2] != "AAAA" else "BBBB") + text[-2:]
    forked = grown(8)
    forked.entries[0] = b"\xff" * 32
    cases = {
        "unreadable": ("old 8\n" + text, 400),
        "unknown origin before anything else": (growth(other, 20), 404),
        "no trusted signature": (growth(grown(20, key="another"), 7), 403),
        "a wrong signature before a wrong size": (witness.encode_request(99, [], wrong), 403),
        "old above the checkpoint before a conflict": (growth(log, 8, 8).replace("old 8", "old 9"), 400),
        "conflict before the proof": (growth(log, 3).replace("old 3\n", "old 3\nAAAA\n"), 409),
        "bad proof": (bad_root, 422),
        "no proof": (witness.encode_request(8, [], text), 422),
        "short hash in the proof": (witness.encode_request(8, [b"abc"], text), 422),
        "equal size, other root": (growth(forked, 8), 422),
        "equal size with a proof": (witness.encode_request(8, [b"\x01" * 32], log.checkpoint(at=START, size=8)), 422),
    }
    for name, (request, status) in cases.items():
        answer = served.post(request)
        assert answer.status == status, name
        assert served.state is state, name
    conflict = served.post(growth(log, 3))
    assert (conflict.body, conflict.content_type) == ("8\n", SIZE_CONTENT_TYPE)


def test_a_log_is_not_cosigned_from_nothing_with_a_proof_or_with_a_false_empty_root() -> None:
    log = grown(5)
    served = Served(log)
    text = log.checkpoint(at=START)
    assert served.post(witness.encode_request(0, [b"\x01" * 32], text)).status == 422
    lines = log.head_body(0).split("\n")
    body = f"{lines[0]}\n0\n{note.to_base64(bytes(32))}\n"
    assert served.post(witness.encode_request(0, [], note.sign(body, log.note_signer))).status == 422
    assert served.post(witness.encode_request(0, [], log.checkpoint(at=START, size=0))).status == 200
    assert served.post(witness.encode_request(0, [], text)).status == 200


@pytest.mark.parametrize(
    "head",
    ["", "old\n", "old 08\n", "old -1\n", "old 1 \n", "new 1\n", "old 1\n!!\n", "old 1\n" + "AAAA\n" * 64, "old 1\r\n"],
)
def test_a_malformed_request_is_a_400(head: str) -> None:
    served = Served(grown(5))
    assert served.post(f"{head}\n{grown(5).checkpoint(at=START)}").status == 400


def test_every_prefix_of_a_request_is_refused() -> None:
    request = growth(grown(8), 0)
    for length in range(len(request)):
        assert Served(grown(8)).post(request[:length]).status in (400, 403)


def test_the_origin_of_a_request_is_known_before_it_is_judged() -> None:
    assert witness.origin_of(growth(grown(8), 0)) == SimulatedLog().origin


def test_an_answer_with_strange_lines_is_cut_to_ours() -> None:
    log = grown(8)
    answer = Served(log).post(growth(log, 0))
    text = log.checkpoint(at=START)
    assert witness.read_answer(note.grease() + answer.body, text, [WITNESSES["a"].verifier]) == answer.body
    for bad in ("", note.grease(), answer.body[:-1], WITNESSES["b"].line(log.head_body(), AT)):
        with pytest.raises(VerificationError):
            witness.read_answer(bad, text, [WITNESSES["a"].verifier])


def test_a_tlog_proof_stands_alone() -> None:
    log = grown(9)
    text = log.checkpoint(WITNESSES["a"], at=START)
    written = tlog_proof.encode(4, log.path(4), text, extra=b"waybill/7")
    needed = policy.parse(KEY_LINES + "quorum a\n")
    proven = tlog_proof.verify(written, log.entries[4], [log.vkey], needed)
    assert (proven.index, proven.checkpoint.size) == (4, 9)
    assert tlog_proof.parse(written).extra == b"waybill/7"
    for changed, digest, known, quorum in (
        (written, log.entries[5], [log.vkey], needed),
        (written.replace("index 4", "index 5"), log.entries[4], [log.vkey], needed),
        (written.replace("index 4", "index 04"), log.entries[4], [log.vkey], needed),
        (written, log.entries[4], [str(LOG.verifier)], needed),
        (written, log.entries[4], [log.vkey], policy.parse(KEY_LINES + "quorum b\n")),
        (written.replace("@v1", "@v2"), log.entries[4], [log.vkey], needed),
        ("", log.entries[4], [log.vkey], needed),
    ):
        with pytest.raises(VerificationError):
            tlog_proof.verify(changed, digest, known, quorum)
    for length in range(len(written)):
        with pytest.raises(VerificationError):
            tlog_proof.verify(written[:length], log.entries[4], [log.vkey], needed)
