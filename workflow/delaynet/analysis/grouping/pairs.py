"""Compiled loops over pairs of synapses, for the measures of `grouping.measures`.

Signs and delays are [synapses, permutations]: the innermost loops are over permutations, so that
the compiler can vectorise them. Arguments that the loops share:
    start: synapses start[n] .. start[n + 1] - 1 belong to neuron n, [neurons + 1].
    first, second: the synapses of each pair, [pairs].
    lag: between their channels, [pairs].
    sign, delay: [synapses, permutations].
    mark: a sign minus the mean of its neuron, [synapses, permutations].
    kernel: weight by channel lag and delay lag, [reach + 1, 2 max_delay - 1].
The last arguments are outputs, to which the loops add: [permutations], unless stated otherwise.
"""

import numpy as np
from numba import njit

# sums may be reordered to vectorise, and use fused multiply-add; inf and nan stay exact
_compile = njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract"})
FAR = np.float32(np.inf)


@_compile
def shuffle(values, start, member, words, shuffled):  # type: ignore[no-untyped-def]
    """Permute values within groups, every permutation of a group equally likely.

    Fisher and Yates' shuffle in Durstenfeld's form (1964, Communications of the ACM 7, 420), from
    the inside out. The choice is the product of a random word and the number of choices, divided
    by 2^32; its probability is off by less than 2^-32.

    Args:
        values: [synapses].
        start: members start[g] .. start[g + 1] - 1 belong to group g, [groups + 1].
        member: synapses by group, [synapses].
        words: random numbers, uniform on 0 .. 2^32 - 1, [synapses, permutations].
        shuffled: [synapses, permutations], written.
    """
    for g in range(len(start) - 1):
        group = member[start[g] : start[g + 1]]
        for place in range(len(group)):
            own, value, word = shuffled[group[place]], values[group[place]], words[place + start[g]]
            for p in range(shuffled.shape[1]):
                choice = (np.uint64(word[p]) * np.uint64(place + 1)) >> np.uint64(32)
                other = group[choice]
                own[p] = shuffled[other, p]
                shuffled[other, p] = value


@_compile
def kernel_sums(first, second, lag, mark, chance, delay, kernel, cross, weight):  # type: ignore[no-untyped-def]
    """Sum weight x (mark x mark - chance), and weights, over pairs.

    `chance` is that of the synapse's neuron, [synapses, permutations].
    """
    zero_lag = kernel.shape[1] // 2
    for q in range(len(first)):
        i, j = first[q], second[q]
        row, chance_i = kernel[lag[q]], chance[i]
        mark_i, mark_j, delay_i, delay_j = mark[i], mark[j], delay[i], delay[j]
        for p in range(len(cross)):
            # unsigned, to avoid a test for negative indices
            w = row[np.uint32(delay_j[p] - delay_i[p] + zero_lag)]
            weight[p] += w
            cross[p] += w * (mark_i[p] * mark_j[p] - chance_i[p])


@_compile
def lag_sums(first, second, lag, mark, delay, sums):  # type: ignore[no-untyped-def]
    """Count pairs, and sum mark x mark, by lag: [permutations, reach + 1, 2 max_delay - 1, 2]."""
    zero_lag = sums.shape[2] // 2
    for p in range(len(sums)):
        # contiguous copies
        m, d, into = mark[:, p].copy(), delay[:, p].copy(), sums[p]
        for q in range(len(first)):
            i, j = first[q], second[q]
            at = into[lag[q], np.uint32(d[j] - d[i] + zero_lag)]
            at[0] += 1
            at[1] += m[i] * m[j]


@_compile
def nearest_sums(start, channel, sign, delay, channel_width, delay_width, excess, count):  # type: ignore[no-untyped-def]
    """Sum, over synapses, the distance to the nearest unlike minus that to the nearest like one.

    Distances are in kernel widths. Synapses without a like or an unlike one in their neuron are
    left out; `count` is the number of the others. `channel` is [synapses].
    """
    like, unlike = np.empty(len(excess), np.float32), np.empty(len(excess), np.float32)
    along_delay, none = np.float32(1 / delay_width**2), np.float32(0)
    for neuron in range(len(start) - 1):
        for i in range(start[neuron], start[neuron + 1]):
            like[:], unlike[:] = FAR, FAR
            for j in range(start[neuron], start[neuron + 1]):
                if i == j:
                    continue
                along_channel = np.float32(((channel[j] - channel[i]) / channel_width) ** 2)
                sign_i, sign_j, delay_i, delay_j = sign[i], sign[j], delay[i], delay[j]
                for p in range(len(excess)):
                    steps = np.float32(delay_j[p] - delay_i[p])
                    square = along_channel + along_delay * steps * steps
                    same = sign_i[p] == sign_j[p]
                    to_like = square if same else FAR
                    to_unlike = FAR if same else square
                    # `min` would test every value for nan
                    like[p] = to_like if to_like < like[p] else like[p]
                    unlike[p] = to_unlike if to_unlike < unlike[p] else unlike[p]
            for p in range(len(excess)):
                both = like[p] < FAR and unlike[p] < FAR
                excess[p] += np.sqrt(unlike[p]) - np.sqrt(like[p]) if both else none
                count[p] += both
