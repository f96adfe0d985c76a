"""The one error of the record modules: something did not verify, at which step, and why, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class VerificationError(Exception):
    """A check failed. Nothing that was being verified may be relied on.

    ``step`` names the check, ``problem`` and ``problem_zh`` say what is wrong in English and Chinese. ``evidence`` holds
    signed texts that prove somebody's misbehaviour (two checkpoints of a forked log), to be kept by whoever sees them.
    """

    def __init__(self, step: str, problem: str, problem_zh: str, evidence: tuple[str, ...] = ()) -> None:
        super().__init__(f"{step}: {problem} ({problem_zh})")
        self.step = step
        self.problem = problem
        self.problem_zh = problem_zh
        self.evidence = evidence


def require(holds: bool, step: str, problem: str, problem_zh: str) -> None:
    """Raise ``VerificationError`` unless the check holds."""
    if not holds:
        raise VerificationError(step, problem, problem_zh)


@contextmanager
def within(step: str) -> Iterator[None]:
    """Let whatever fails inside be reported as ``step``, keeping what was wrong and, before it, which part said so."""
    try:
        yield
    except VerificationError as error:
        raise VerificationError(
            step, f"{error.step}: {error.problem}", f"{error.step}：{error.problem_zh}", error.evidence
        ) from error
