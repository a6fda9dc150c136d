"""Work in several processes, with the results in order."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


def in_order(
    work: Callable[[Task], Result], tasks: Iterable[Task], processes: int, tasks_at_once: int = 1
) -> Iterator[Result]:
    """Do tasks in parallel, and yield their results in the order of the tasks.

    Processes are spawned, not forked, as this one may have threads; so `work` is a function at the
    top level of a module. A process is sent `tasks_at_once`. With one process, it is this one.
    """
    if processes == 1:
        yield from map(work, tasks)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as executor:
        yield from executor.map(work, tasks, chunksize=tasks_at_once)
