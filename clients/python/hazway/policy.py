"""Which logs are trusted and which witnesses must have cosigned (C2SP tlog-policy): k of n, of groups, as a text file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hazway import note
from hazway.errors import VerificationError, require

MAX_LINES = 1000
_STEP = "policy"


@dataclass(frozen=True, slots=True)
class Group:
    """Witnesses a checkpoint when at least ``needed`` of its members do; a member is a witness or an earlier group."""

    needed: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """``quorum`` names a witness or group, or is None when no cosignature is asked for. URLs are by vkey text."""

    logs: tuple[note.Verifier, ...]
    witnesses: dict[str, note.Verifier]
    groups: dict[str, Group]
    quorum: str | None
    urls: dict[str, str]

    def is_met(self, cosigners: Iterable[note.Verifier]) -> bool:
        """Whether these keys, which all cosigned, are a quorum."""
        if self.quorum is None:
            return True
        present = frozenset(cosigners)
        met = {name for name, verifier in self.witnesses.items() if verifier in present}
        for name, group in self.groups.items():  # in the order of their lines, so members are settled before groups
            if sum(member in met for member in group.members) >= group.needed:
                met.add(name)
        return self.quorum in met


def parse(text: str) -> Policy:
    """The policy of a file. Raises ``VerificationError`` naming the line for whatever is not exactly one policy."""
    reader = _Reader()
    lines = text.split("\n")
    require(len(lines) <= MAX_LINES, _STEP, "too many lines", "行数过多")
    for number, line in enumerate(lines, start=1):
        words = line.replace("\t", " ").split(" ")
        words = [word for word in words if word]
        if words and not words[0].startswith("#"):
            try:
                reader.line(words)
            except VerificationError as error:
                raise VerificationError(
                    _STEP, f"line {number}: {error.problem}", f"第 {number} 行：{error.problem_zh}"
                ) from error
        require(not _has_control(line), _STEP, f"line {number}: a control character", f"第 {number} 行：含控制字符")
    return reader.policy()


class _Reader:
    def __init__(self) -> None:
        self._logs: list[note.Verifier] = []
        self._witnesses: dict[str, note.Verifier] = {}
        self._groups: dict[str, Group] = {}
        self._quorum: str | None = None
        self._urls: dict[str, str] = {}
        self._grouped: set[str] = set()

    def line(self, words: list[str]) -> None:
        match words:
            case ["log", key, *url] if len(url) <= 1:
                self._logs.append(self._key(key, note.ED25519, self._logs, url))
            case ["witness", name, key, *url] if len(url) <= 1:
                self._check_new(name)
                self._witnesses[name] = self._key(key, note.COSIGNATURE, self._witnesses.values(), url)
            case ["group", name, needed, *members]:
                self._check_new(name)
                self._groups[name] = self._group(needed, members)
            case ["quorum", name]:
                require(self._quorum is None, _STEP, "a second quorum", "重复的 quorum")
                known = name == "none" or name in self._witnesses or name in self._groups
                require(known, _STEP, f"unknown name {name}", f"未知名称 {name}")
                self._quorum = name
            case _:
                raise VerificationError(_STEP, "not a policy line", "不是策略行")

    def policy(self) -> Policy:
        if self._quorum is None:
            raise VerificationError(_STEP, "no quorum", "缺少 quorum")
        quorum = None if self._quorum == "none" else self._quorum
        return Policy(tuple(self._logs), self._witnesses, self._groups, quorum, self._urls)

    def _key(self, text: str, kind: int, others: Iterable[note.Verifier], url: list[str]) -> note.Verifier:
        key = note.parse_verifier(text)
        require(key.type == kind, _STEP, "a key of the wrong type", "密钥类型不符")
        require(all(key.public != other.public for other in others), _STEP, "a key given twice", "密钥重复")
        if url:
            self._urls[str(key)] = url[0]
        return key

    def _check_new(self, name: str) -> None:
        new = name != "none" and name not in self._witnesses and name not in self._groups
        require(new, _STEP, f"the name {name} is taken", f"名称 {name} 已被使用")

    def _group(self, needed: str, members: list[str]) -> Group:
        for member in members:
            known = member in self._witnesses or member in self._groups
            require(known, _STEP, f"unknown name {member}", f"未知名称 {member}")
            require(member not in self._grouped, _STEP, f"{member} is in a group already", f"{member} 已属于某组")
            self._grouped.add(member)
        count = {"any": 1, "all": len(members)}.get(needed)
        if count is None:
            count = int(needed) if needed.isascii() and needed.isdigit() and len(needed) < 5 else 0
        require(1 <= count <= len(members), _STEP, "not 1 to n of n members", "门限不在 1 到成员数之间")
        return Group(count, tuple(members))


def _has_control(line: str) -> bool:
    return any((character < " " and character != "\t") or character == "\x7f" for character in line)
