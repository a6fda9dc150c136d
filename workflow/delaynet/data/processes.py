"""Work shared among processes, with its results in order."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


def in_order(
    work: Callable[[Task], Result], tasks: Iterable[Task], processes: int, together: int = 1
) -> Iterator[Result]:
    """Do tasks in parallel, and yield their results in the order of the tasks.

    New interpreters are started rather than this one copied, which may have threads.

    Args:
        work: what is done with each task; must be found by its name in a module.
        tasks: to do.
        processes: 1 does the work in this one.
        together: how many tasks are sent to a process at once.
    """
    if processes == 1:
        yield from map(work, tasks)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as executor:
        yield from executor.map(work, tasks, chunksize=together)
