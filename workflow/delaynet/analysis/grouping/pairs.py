"""Compiled loops over pairs of synapses and over permutations.

Signs and delays are [synapses, permutations], so that loops vectorise over permutations. The
measures, which use these sums, are in `delaynet.analysis.grouping.measures` with their sources.

Arguments that the loops share:
    start: synapses start[n] .. start[n + 1] - 1 belong to neuron n, [neurons + 1].
    first, second: the synapses of each pair, [pairs].
    lag: between their channels, [pairs].
    sign, delay: [synapses, permutations].
    mark: a sign minus the mean of its neuron, [synapses, permutations].
    kernel: weight by channel lag and delay lag, [reach + 1, 2 max_delay - 1].
The last arguments are written, or added to: [permutations], if nothing else is said.
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
    the inside out. The product of a random word and the number of choices, divided by 2^32, is the
    choice; its probability is off by less than 2^-32.

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
def centre(start, sign, mark, squares):  # type: ignore[no-untyped-def]
    """Write signs minus the mean of their neuron, and add up the squares of these."""
    total = np.empty(len(squares), np.int32)
    for neuron in range(len(start) - 1):
        size = start[neuron + 1] - start[neuron]
        total[:] = 0
        for i in range(start[neuron], start[neuron + 1]):
            own = sign[i]
            for p in range(len(total)):
                total[p] += own[p]
        mean = total / size
        for i in range(start[neuron], start[neuron + 1]):
            own, centred = sign[i], mark[i]
            for p in range(len(mean)):
                centred[p] = own[p] - mean[p]
        for p in range(len(mean)):
            squares[p] += size - size * mean[p] * mean[p]


@_compile
def kernel_sums_of_signs(first, second, weight, mark, cross):  # type: ignore[no-untyped-def]
    """Add up weight x mark x mark over pairs, for permuted signs; weights are [pairs]."""
    # two pairs at a time, to read and write the sums half as often
    for q in range(0, len(first), 2):
        r = min(q + 1, len(first) - 1)
        w_q, q_i, q_j = weight[q], mark[first[q]], mark[second[q]]
        w_r, r_i, r_j = weight[r] if r > q else 0.0, mark[first[r]], mark[second[r]]
        for p in range(len(cross)):
            cross[p] += w_q * (q_i[p] * q_j[p]) + w_r * (r_i[p] * r_j[p])


@_compile
def kernel_sums_of_delays(first, second, lag, product, delay, kernel, cross, weight):  # type: ignore[no-untyped-def]
    """Add up weight x product, and weights, over pairs, for permuted delays.

    The product of each pair is given, [pairs].
    """
    zero_lag = kernel.shape[1] // 2
    # two pairs at a time, to read and write the sums half as often
    for q in range(0, len(first), 2):
        r = min(q + 1, len(first) - 1)
        row_q, q_i, q_j = kernel[lag[q]], delay[first[q]], delay[second[q]]
        row_r, r_i, r_j = kernel[lag[r]], delay[first[r]], delay[second[r]]
        of_q, of_r, is_other = product[q], product[r], 1.0 if r > q else 0.0
        for p in range(len(cross)):
            # unsigned, to avoid a test for negative indices
            w_q = row_q[np.uint32(q_j[p] - q_i[p] + zero_lag)]
            w_r = row_r[np.uint32(r_j[p] - r_i[p] + zero_lag)] * is_other
            weight[p] += w_q + w_r
            cross[p] += w_q * of_q + w_r * of_r


@_compile
def kernel_sums_of_both(first, second, lag, chance, mark, delay, kernel, cross, weight):  # type: ignore[no-untyped-def]
    """Add up weight x (mark x mark - chance), and weights, for permuted pairs of sign and delay.

    The chance of each pair of synapses is given, [pairs].
    """
    zero_lag = kernel.shape[1] // 2
    for q in range(len(first)):
        row, of_q = kernel[lag[q]], chance[q]
        d_i, d_j, m_i, m_j = delay[first[q]], delay[second[q]], mark[first[q]], mark[second[q]]
        for p in range(len(cross)):
            # unsigned, to avoid a test for negative indices
            w = row[np.uint32(d_j[p] - d_i[p] + zero_lag)]
            weight[p] += w
            cross[p] += w * (m_i[p] * m_j[p] - of_q)


@_compile
def products_by_lag(start, first, second, mark, sums):  # type: ignore[no-untyped-def]
    """Add up mark x mark over the pairs of each lag, for permuted signs.

    Here pairs start[c] .. start[c + 1] - 1 are those of lag c, [lags + 1]; the sums are [lags,
    permutations].
    """
    for c in range(len(sums)):
        own = sums[c]
        for q in range(start[c], start[c + 1]):
            mark_i, mark_j = mark[first[q]], mark[second[q]]
            for p in range(len(own)):
                own[p] += mark_i[p] * mark_j[p]


@_compile
def lag_sums(start, first, second, lag, sign, delay, sums, squares):  # type: ignore[no-untyped-def]
    """Add up over pairs, by their lags: 1, mark x mark, and sign x sign minus its chance.

    The chance is the mean of sign x sign over all pairs of the neuron, ((sum s)^2 - n) / (n (n -
    1)). The first of a pair has the lower channel. The sums are [permutations, reach + 1, 2
    max_delay - 1, 3]; `squares`, [permutations], is the sum of the squares of all marks.
    """
    zero_lag = sums.shape[2] // 2
    mark, chance = np.empty(len(sign)), np.empty(len(sign))
    for p in range(len(sums)):
        # contiguous copies
        s, d, into = sign[:, p].astype(np.float64), delay[:, p].copy(), sums[p]
        for neuron in range(len(start) - 1):
            of = slice(start[neuron], start[neuron + 1])
            size, total = start[neuron + 1] - start[neuron], s[of].sum()
            mark[of] = s[of] - total / size
            chance[of] = (total * total - size) / (size * (size - 1))
            squares[p] += size - total * total / size
        for q in range(len(first)):
            i, j = first[q], second[q]
            at = into[lag[q], np.uint32(d[j] - d[i] + zero_lag)]
            at[0] += 1
            at[1] += mark[i] * mark[j]
            at[2] += s[i] * s[j] - chance[i]


@_compile
def nearest_sums(start, channel, sign, delay, channel_width, delay_width, excess, count):  # type: ignore[no-untyped-def]
    """Add up, over synapses, the distance to the nearest unlike minus that to the nearest like one.

    Distances are in kernel widths. Synapses without a like or an unlike one in their neuron are
    left out. The channels are [synapses], the widths those of the kernel, and `count` is the number
    of synapses added up.
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
