"""The file of correlograms, by lag of channel and delay, with bands of two null models.

`grouping_maps.h5` holds a group `<run folder>/<order>` for each trained network of the table of
grouping. Its attribute `null` names the null model (signs within a neuron without Dale's principle,
delays within a neuron under it), and its datasets, [REACH + 1, 2 max_delay - 1] float32 by channel
lag 0 .. REACH and delay lag 1 - max_delay .. max_delay - 1, are

    correlogram           r of the network (`delaynet.analysis.grouping.measures`)
    null_mean, null_sd    mean and standard deviation of the draws
    low, high             a band that holds 95 % of the draws at all lags at once
    joint_mean, joint_low, joint_high
                          the same under the null model that joint grouping is tested by, which
                          permutes delays within the signs of a neuron (`delaynet.analysis.grouping.
                          kinds`)

So null_mean is what chance gives, joint_mean - null_mean what signs at channels and signs at delays
give without going together, and correlogram - joint_mean what is joint.

A band is the mean -+ c standard deviations, with c the 95 % quantile over draws of the largest
|r - mean| / sd of any lag (the single-step maximum of Westfall & Young 1993,
Resampling-Based Multiple Testing, ch. 2). So a lag outside it is significant at 5 %, all lags taken
together. Lags without pairs, in the network or in a draw, are NaN. In a network with too few
pairs, everything except the correlogram is NaN.
"""

from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from delaynet.analysis.grouping.nulls import ROUNDING, Array
from delaynet.analysis.grouping.points import MarkedPoints
from delaynet.config.errors import UserError
from delaynet.config.files import reading_hdf5
from delaynet.config.grid import Run

LEVEL = 0.95


class GroupingMap(NamedTuple):
    """A network's correlogram and bands of null models, [REACH + 1, 2 max_delay - 1]."""

    correlogram: NDArray[np.floating]
    null_mean: NDArray[np.floating]
    null_sd: NDArray[np.floating]
    low: NDArray[np.floating]
    high: NDArray[np.floating]
    joint_mean: NDArray[np.floating]
    joint_low: NDArray[np.floating]
    joint_high: NDArray[np.floating]
    null: str

    def outside_of(
        self, low: NDArray[np.floating], high: NDArray[np.floating]
    ) -> NDArray[np.bool_]:
        """Return at which lags the correlogram lies outside of a band, same shape."""
        outside: NDArray[np.bool_] = (self.correlogram < low) | (self.correlogram > high)
        return outside


def grouping_map(
    points: MarkedPoints,
    observed: Array,
    null: str,
    drawn: Array | None,
    drawn_jointly: Array | None,
) -> GroupingMap:
    """Return a network's observed correlogram, [lags, lags], and the bands of two null models.

    `drawn` are correlograms under `null`, [draws, lags, lags], and `drawn_jointly` those under the
    null model of joint grouping; None if the network cannot be tested, or nothing changes.
    """
    flat = observed if points.is_testable else np.full_like(observed, np.nan)
    nothing_varies = flat, flat - flat, flat, flat
    band = nothing_varies if drawn is None else simultaneous_band(drawn)
    joint = nothing_varies if drawn_jointly is None else simultaneous_band(drawn_jointly)
    return GroupingMap(observed, *band, joint[0], *joint[2:], null)


def simultaneous_band(drawn: Array) -> tuple[Array, Array, Array, Array]:
    """Return mean, standard deviation, and the band that holds 95 % of the draws at all lags.

    The draws are [draws, ...]; a lag that is NaN in one of them has no band.
    """
    mean, deviation = drawn.mean(axis=0), drawn.std(axis=0, ddof=1)
    varies = deviation > ROUNDING  # False where not a number
    score = np.abs(drawn[:, varies] - mean[varies]) / deviation[varies]  # [draws, lags that vary]
    largest = score.max(axis=1, initial=0)
    half = np.quantile(largest, LEVEL, method="higher") * deviation
    return mean, deviation, mean - half, mean + half


def write_map(file: h5py.File, path_in_file: str, network_map: GroupingMap) -> None:
    """Add a map to an open file, at `<run folder>/<order>`."""
    group = file.create_group(path_in_file)
    group.attrs["null"] = network_map.null
    for name, values in network_map._asdict().items():
        if name != "null":
            group.create_dataset(name, data=np.asarray(values, np.float32))


def read_map(path: Path, run: Run) -> GroupingMap:
    """Read one map of a file, with the channels in `mel` order.

    Raises:
        UserError: the file does not have it.
    """
    path_in_file = f"{run.folder}/mel"
    with reading_hdf5(path, "grouping maps") as file:
        if path_in_file not in file:
            raise UserError(
                f"{path}: holds no map {path_in_file}; make it again with `delaynet grouping`."
            )
        group = file[path_in_file]
        names = [name for name in GroupingMap._fields if name != "null"]
        return GroupingMap(**{name: group[name][()] for name in names}, null=group.attrs["null"])
