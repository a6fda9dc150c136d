"""Work shared among processes, with its results in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")
SHARES_AHEAD = 4


def in_order(
    work: Callable[[Task], Result], tasks: Iterable[Task], processes: int, together: int = 1
) -> Iterator[Result]:
    """Do tasks in parallel, and yield their results in the order of the tasks.

    Unlike `Executor.map`, it holds no more results than `SHARES_AHEAD` for each process. New
    interpreters are started rather than this one copied, which may have threads.

    Args:
        work: what is done with each task; must be found by its name in a module.
        tasks: to do.
        processes: 1 does the work in this one.
        together: how many tasks are sent to a process at once.
    """
    if processes == 1:
        yield from map(work, tasks)
        return
    waiting = iter(tasks)
    running: deque[Future[list[Result]]] = deque()
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as executor:
        while share := list(islice(waiting, together)):
            running.append(executor.submit(_do_all, work, share))
            if len(running) == SHARES_AHEAD * processes:
                yield from running.popleft().result()
        while running:
            yield from running.popleft().result()


def _do_all(work: Callable[[Task], Result], tasks: list[Task]) -> list[Result]:
    return [work(task) for task in tasks]
