"""The tests of the claims: their list, their results, and the verdicts.

The seed is the unit: a hypothesis is about the mean over seeds of a weighted sum of quantities
(`terms`), paired by seed over the seeds that all its terms have. The hypotheses follow from the
grid, never from results (`claims`, `exploratory`). Only the sparsities at which claims are tested
depend on results: C2 and C3 need random static networks that reach their outputs, C5 enough pairs
of synapses. `tests` computes effects, intervals and p, `decide` the verdicts, and
`ledger` writes both.

Families:

    confirmatory  C4, C5, C6; one-sided, level 0.05, corrected by Holm
    accuracy      C1, C2, C3; one-sided, level 0.05, corrected by Benjamini & Hochberg
    part          the parts of the tests of these two families, uncorrected
    control       whether joint grouping needs what a control removes, and a check of the
                  analysis: it follows frequency and not the order of inputs; corrected together
                  by Benjamini & Hochberg
    exploratory   all else, corrected together by Benjamini & Hochberg

In the last two families, tests with too few seeds to be decided do not count in the correction and
have no corrected p.

A claim's test is an intersection-union of its parts: its p is the largest of theirs, which needs no
correction for their number. The reversed p of a claim, for its
opposite, is the smallest reversed p of its parts that are not premises times their number
(Bonferroni), at most 1, because one part that fails is enough. Like p, it is then corrected for the
number of claims.

Verdicts (`decide`), on the hypothesis as stated in its row:

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
                                and 1.645 opposes nothing: more seeds could show weak grouping.
    a difference is within      the interval lies above 1 point (the mean is above 1): a gain beyond
    one point                   the margin. A loss beyond it leaves "no gain" undecided, because it
                                is neither a gain nor equivalence.

The interval, of Student's t distribution, takes the values for normal. The test of the opposite
does not, so a verdict needs both. With fewer than five seeds that test cannot reach the level: they
oppose nothing.

Premises: "survives" needs an effect that can survive, and "no gain from learning delays" an
experiment that can show such a gain (assay sensitivity; ICH E10, 2000, section 1.5). Without them
networks that learned nothing would support C3, C5 and C6. A premise is a part like any other, but
it cannot oppose the claim. If a premise is not supported, no other part opposes the claim.
"""
