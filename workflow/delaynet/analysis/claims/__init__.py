"""Every test of the claims: which there are, their results, and the verdicts.

The seed is the unit: a hypothesis is about the mean over seeds of a weighted sum of quantities
(`terms`), paired by seed over the seeds that all its terms have. Which hypotheses there are follows
from the grid, never from results (`claims`, `exploratory`), but for the sparsities at which
claims are tested: C2 and C3 where random static networks reach their outputs, C5 where enough pairs
of synapses can be tested. `tests` computes effects, intervals and p, `decide` the verdicts, and
`ledger` writes both.

Families:

    confirmatory  C4, C5, C6; one-sided, level 0.05, corrected by Holm
    accuracy      C1, C2, C3; one-sided, level 0.05, corrected by Benjamini & Hochberg
    part          what the tests of those two families consist of, uncorrected
    control       whether grouping by channel (`channels_within_neuron`) and in delay
                  (`delays_within_neuron`) needs what a control takes away, and a check of the
                  analysis, that grouping by channel follows frequency and not the order of
                  inputs; corrected together by Benjamini & Hochberg
    exploratory   all else, corrected together by Benjamini & Hochberg

Tests of the last two families that so few seeds can never decide, corrected or not, do not count in
their family's correction and have no corrected p.

A claim's test is an intersection-union of its parts: its p is the largest of theirs, which needs no
correction for their number. The reversed p of a claim, that it does not hold, is the smallest of
its parts that are no premise times their number (Bonferroni), at most 1: one part that fails is
enough, so more parts are more chances. Like p it is then corrected for the number of claims.

Verdicts (`decide`), each a statement about the hypothesis as its row puts it:

    supported     corrected p <= 0.05, and the mean on the hypothesis' side; for an
                  intersection-union, so are all parts
    opposed       the 95 % interval speaks against it, as below, and so does the sign-flip test of
                  the opposite: its p, corrected within the family likewise, <= 0.05 (a
                  two-sided test is its own opposite); for an intersection-union, against one of its
                  parts that is no premise, all premises being supported
    undecided     neither
    not_testable  not in the grid, fewer than two seeds, or too few pairs of synapses

What opposes a hypothesis, and why (the opposite, in brackets):

    a difference is positive    the interval lies below 0 (the mean is below 0): it is the other way
                                round. So, too, for "survives", where the difference is from half of
                                the reference: more than half of the grouping is lost.
    the mean z is positive      the interval lies below 1.645 and reaches 0 or less (the mean is
                                below 1.645): a typical network does not differ from its null model
                                at the 5 % level, nor many of them together. An interval between 0
                                and 1.645 opposes nothing: weak grouping, that more seeds would
                                show.
    a difference is within      the interval lies above 1 point (the mean is above 1): a gain beyond
    one point                   the margin. A loss beyond it leaves "no gain" undecided, for it is
                                neither a gain nor no difference.

The test of the opposite is needed because the bootstrap interval of few seeds is too narrow:
that of three is hardly more than their range, which lies on one side of the truth one time in four.
Fewer than five seeds therefore oppose nothing.

Premises: "survives" needs something that can survive, and "no gain from learning delays" an
experiment in which there is such a gain to be seen (assay sensitivity; ICH E10, 2000, section
1.5). Without them networks that learned nothing would support C3, C5 and C6. A premise is a part
like any other, except that it opposes nothing; and where one is not supported, nothing else opposes
the claim either.
"""
