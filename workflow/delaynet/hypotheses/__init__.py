"""Every test of the claims, listed from the grid alone, and what comes out of each.

The seed is the unit: a hypothesis is about the mean over seeds of a weighted sum of quantities
(`terms`), paired by seed over the seeds that all its terms have. Which hypotheses there are follows
from the grid, never from outcomes (`of_claims`, `exploratory`), but for one sparsity, which follows
from how many pairs of synapses can be tested.

Families:

    confirmatory  C4, C5, C6; one-sided, level 0.05, corrected by Holm
    accuracy      C1, C2, C3; one-sided, level 0.05, each claim a question of its own: uncorrected
    part          what the tests of those two families consist of, uncorrected
    control       whether grouping needs what a control takes away, and whether it follows frequency
                  or the order of inputs; corrected together by Benjamini & Hochberg
    exploratory   all else, corrected together by Benjamini & Hochberg

A claim's test is an intersection-union of its parts: its p is the largest of theirs, which needs no
correction for their number.

Verdicts (`evaluation`), each a statement about the hypothesis as its row puts it:

    supported     corrected p <= 0.05, and the mean on the hypothesis' side; for an
                  intersection-union, so are all parts
    opposed       the 95 % interval speaks against it, as below; for an intersection-union, against
                  one of its parts that is no premise
    undecided     neither
    not_testable  not in the grid, fewer than two seeds, or too few pairs of synapses

What opposes a hypothesis, and why:

    a difference is positive    the interval lies below 0: it is the other way round. So, too, for
                                "survives", where the difference is from half of the reference:
                                more than half of the grouping is lost.
    the mean z is positive      the interval lies below 1.645 and reaches 0 or less: a typical
                                network cannot be told from its null model at the 5 % level, nor
                                many of them together. An interval between 0 and 1.645 opposes
                                nothing: weak grouping, that more seeds would show.
    a difference is within      the interval lies wholly outside (-1, 1) points: the two differ by
    one point                   more than the margin.

Fewer seeds than could support an uncorrected one-sided test, five, oppose nothing either: the
bootstrap interval of three seeds is hardly more than their range, which lies on one side of the
truth one time in four.

Premises: "survives" needs something that can survive, and "no gain from learning delays" an
experiment in which there is such a gain to be seen (assay sensitivity; ICH E10, 2000, section
1.5). Without them networks that learnt nothing would support C3, C5 and C6. A premise is a part
like any other, except that a claim is not opposed where its premise is.
"""
