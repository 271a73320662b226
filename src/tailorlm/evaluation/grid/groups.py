"""Users dealt out to ten groups, and what may be known of all others when a group is asked.

A later row's history may hold what an earlier row of the same user asks for. So nothing that is
learned from several users together holds more of the user who asks than was known before any row.
"""

from __future__ import annotations

from collections.abc import Sequence

from tailorlm.evaluation.grid.tasks import Known, Task

GROUPS = 10


def group_of(tasks: Sequence[Task]) -> dict[str, int]:
    """The number of each user's group, from 0."""
    users = dict.fromkeys(task.user for task in tasks)
    return {user: number % GROUPS for number, user in enumerate(users)}


def others_of(tasks: Sequence[Task], group: int) -> dict[str, tuple[Known, ...]]:
    """The whole history of each user who is in another group, all of the user's rows together."""
    groups = group_of(tasks)
    found: dict[str, dict[Known, None]] = {}
    for task in tasks:
        if groups[task.user] != group:
            found.setdefault(task.user, {}).update(dict.fromkeys(task.history))
    return {user: tuple(known) for user, known in found.items()}


def pooled(tasks: Sequence[Task]) -> list[tuple[tuple[Known, ...], list[Task]]]:
    """What everybody's histories are together, and the tasks that each such pool is good for.

    Each group has a pool of its own: of its own users what stands in all of their rows, which was
    known before any of them, and of all others everything. What else a task's own history holds is
    left to be added. Where no history grows from row to row the pools are the same, and there is
    one.
    """
    every: dict[str, dict[Known, None]] = {}
    common: dict[str, dict[Known, None]] = {}
    for task in tasks:
        own = dict.fromkeys(task.history)
        every.setdefault(task.user, {}).update(own)
        before = common.get(task.user, own)
        common[task.user] = {known: None for known in before if known in own}
    group = group_of(tasks)
    pools: dict[tuple[Known, ...], list[Task]] = {}
    for number in range(min(GROUPS, len(every))):
        pool = tuple(
            known
            for user in every
            for known in (common[user] if group[user] == number else every[user])
        )
        pools.setdefault(pool, []).extend(task for task in tasks if group[task.user] == number)
    return list(pools.items())
