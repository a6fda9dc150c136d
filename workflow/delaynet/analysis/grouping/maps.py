"""The file of correlograms, by lag of channel and delay, with bands of a null model.

`grouping_maps.h5` holds a group `<run folder>/<network>/<order>` for each network of the table of
grouping. Its attribute `null` names the null model (signs within a neuron without Dale's principle,
delays within a neuron under it), and its datasets, [REACH + 1, 2 max_delay - 1] float32 by channel
lag 0 .. REACH and delay lag 1 - max_delay .. max_delay - 1, are

    correlogram           r of the network (`delaynet.analysis.grouping.measures`)
    null_mean, null_sd    mean and standard deviation of the draws
    low, high             a band that holds 95 % of the draws at all lags at once

The band is null_mean -+ c null_sd, with c the 95 % quantile over draws of the largest
|r - null_mean| / null_sd of any lag (the single-step maximum of Westfall & Young 1993,
Resampling-Based Multiple Testing, ch. 2). So a lag outside it is significant at 5 %, all lags taken
together. Lags without pairs, in the network or in a draw, are NaN. In a network with too few
pairs, everything except the correlogram is NaN.
"""

from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from delaynet.analysis.grouping.measures import Array, measures
from delaynet.analysis.grouping.nulls import ROUNDING
from delaynet.analysis.grouping.points import MarkedPoints
from delaynet.config.errors import UserError
from delaynet.config.files import reading_hdf5
from delaynet.config.grid import Run

LEVEL = 0.95


class GroupingMap(NamedTuple):
    """A network's correlogram and the band of its null model, [REACH + 1, 2 max_delay - 1]."""

    correlogram: NDArray[np.floating]
    null_mean: NDArray[np.floating]
    null_sd: NDArray[np.floating]
    low: NDArray[np.floating]
    high: NDArray[np.floating]
    null: str


def grouping_map(points: MarkedPoints, null: str, drawn: Array | None) -> GroupingMap:
    """Return a network's correlogram and the band of a null model.

    Args:
        points: the network.
        null: the null model.
        drawn: its draws of the correlogram, [draws, REACH + 1, 2 max_delay - 1]; None if the
            network cannot be tested, or the null model changes nothing.
    """
    observed = measures(points).correlogram
    if drawn is not None:
        return GroupingMap(observed, *simultaneous_band(drawn), null)
    flat = observed if points.is_testable else np.full_like(observed, np.nan)
    return GroupingMap(observed, flat, flat - flat, flat, flat, null)


def simultaneous_band(drawn: Array) -> tuple[Array, Array, Array, Array]:
    """Return mean, standard deviation, and the band that holds 95 % of the draws at all lags.

    Args:
        drawn: [draws, ...]; a lag that is NaN in one of them has no band.
    """
    mean, deviation = drawn.mean(axis=0), drawn.std(axis=0, ddof=1)
    varies = deviation > ROUNDING  # False where not a number
    score = np.abs(drawn[:, varies] - mean[varies]) / deviation[varies]  # [draws, lags that vary]
    largest = score.max(axis=1, initial=0)
    half = np.quantile(largest, LEVEL, method="higher") * deviation
    return mean, deviation, mean - half, mean + half


def write_map(file: h5py.File, path_in_file: str, network_map: GroupingMap) -> None:
    """Add a map to an open file, at `<run folder>/<network>/<order>`."""
    group = file.create_group(path_in_file)
    group.attrs["null"] = network_map.null
    for name, values in network_map._asdict().items():
        if name != "null":
            group.create_dataset(name, data=np.asarray(values, np.float32))


def read_map(path: Path, run: Run, network: str, order: str = "mel") -> GroupingMap:
    """Read one map of a file.

    Args:
        path: the file.
        run: grid point.
        network: `initial` or `trained`.
        order: of the channels: `mel`, or `fed` where they were permuted.

    Raises:
        UserError: the file does not have it.
    """
    path_in_file = f"{run.folder}/{network}/{order}"
    with reading_hdf5(path, "grouping maps") as file:
        if path_in_file not in file:
            raise UserError(
                f"{path}: holds no map {path_in_file}; make it again with `delaynet grouping`."
            )
        group = file[path_in_file]
        names = [name for name in GroupingMap._fields if name != "null"]
        return GroupingMap(**{name: group[name][()] for name in names}, null=group.attrs["null"])
