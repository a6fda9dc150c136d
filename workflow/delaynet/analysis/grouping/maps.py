"""The file of correlograms, with the bands of two null models.

`grouping_maps.h5` holds a group `<run folder>/<order>` for each trained network of the table of
grouping. Its attribute `null` names the primary null model (signs within a neuron; delays within a
neuron under Dale's principle). Its datasets, [REACH + 1, 2 max_delay - 1] float32 by channel lag
0 .. REACH and delay lag 1 - max_delay .. max_delay - 1, are

    correlogram           r of the network (`delaynet.analysis.grouping.measures`)
    null_mean, null_sd    mean and standard deviation of draws from the primary null model
    low, high             the band that holds 95 % of these draws at all lags at once
    joint_mean, joint_low, joint_high
                          the same for the null model of joint grouping, `delays_within_sign`

So null_mean is chance, joint_mean - null_mean is grouping in space and in time, and
correlogram - joint_mean is joint grouping.

A band is mean -+ c standard deviations, with c the 95 % quantile over draws of the largest
|r - mean| / sd of any lag (the single-step maximum of Westfall & Young 1993,
Resampling-Based Multiple Testing, ch. 2). A lag outside the band is significant at 5 %, corrected
for all lags. Lags without pairs, in the network or in a draw, are NaN. If a network has too few
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
Lags = NDArray[np.floating]  # [REACH + 1, 2 max_delay - 1]


class GroupingMap(NamedTuple):
    """A network's correlogram, the bands of two null models, and the name of the primary one."""

    correlogram: Lags
    null_mean: Lags
    null_sd: Lags
    low: Lags
    high: Lags
    joint_mean: Lags
    joint_low: Lags
    joint_high: Lags
    null: str

    def outside_of(self, low: Lags, high: Lags) -> NDArray[np.bool_]:
        """Return at which lags the correlogram lies outside a band, same shape."""
        outside: NDArray[np.bool_] = (self.correlogram < low) | (self.correlogram > high)
        return outside


def grouping_map(
    points: MarkedPoints,
    observed: Array,
    null: str,
    drawn: Array | None,
    drawn_jointly: Array | None,
) -> GroupingMap:
    """Return the map of a network with the correlogram `observed`, [lags, lags].

    `drawn` are correlograms under `null`, [draws, lags, lags], and `drawn_jointly` those under the
    null model of joint grouping; None if the network cannot be tested or the null model changes
    nothing.
    """
    flat = observed if points.is_testable else np.full_like(observed, np.nan)
    without_draws = flat, flat - flat, flat, flat
    band = without_draws if drawn is None else simultaneous_band(drawn)
    joint = without_draws if drawn_jointly is None else simultaneous_band(drawn_jointly)
    return GroupingMap(observed, *band, joint[0], *joint[2:], null)


def simultaneous_band(drawn: Array) -> tuple[Array, Array, Array, Array]:
    """Return mean, standard deviation, low and high end of the band of draws, [draws, ...].

    A lag that is NaN in one draw has no band.
    """
    mean, deviation = drawn.mean(axis=0), drawn.std(axis=0, ddof=1)
    varies = deviation > ROUNDING  # False where NaN
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
    """Read the map of a run, channels in `mel` order; a missing one is a `UserError`."""
    path_in_file = f"{run.folder}/mel"
    with reading_hdf5(path, "grouping maps") as file:
        if path_in_file not in file:
            raise UserError(
                f"{path}: holds no map {path_in_file}; make it again with `delaynet grouping`."
            )
        group = file[path_in_file]
        names = [name for name in GroupingMap._fields if name != "null"]
        return GroupingMap(**{name: group[name][()] for name in names}, null=group.attrs["null"])
