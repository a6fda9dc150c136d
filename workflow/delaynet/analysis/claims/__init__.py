"""The tests of the claims: their list, their results, and the verdicts.

The seed is the unit: a hypothesis is about the mean over seeds of a weighted sum of quantities
(`terms`), paired by seed over the seeds that all its terms have. The hypotheses follow from the
grid, never from results (`claims`, `exploratory`). Only the sparsities at which claims are tested
depend on results: C2 and C3 need random static networks that reach their outputs, C5 enough pairs
of synapses. `tests` computes effects, intervals and p, `decide` the verdicts, and
`ledger` writes both.

Families:

    confirmatory  C4, C5, C6; corrected by Holm
    accuracy      C1, C2, C3; corrected by Benjamini & Hochberg
    part          the parts of the tests of these two families, uncorrected
    control       whether joint grouping needs what a control removes, and a check of the
                  analysis: it follows frequency and not the order of inputs; corrected together
                  by Benjamini & Hochberg
    exploratory   all else, corrected together by Benjamini & Hochberg

p and the 95 % interval are both of Student's t distribution, and the p of a one-sided test is
doubled. So an uncorrected p is below the level of 0.05 exactly where the interval lies wholly on
that side. Tests of fewer than five seeds have no p, and do not count in the corrections.

This rule replaced exact sign-flip tests, which did not take values for normal and did not agree
with the intervals. That was after results were known: no verdict on the miniature's claims changed;
with people's voices C6 became undecided (`docs/human.md`).

A claim's test is an intersection-union of its parts: its p is the largest of theirs, which needs no
correction for their number. The reversed p of a claim, for its
opposite, is the smallest reversed p of its parts that are not premises times their number
(Bonferroni), at most 1, because one part that fails is enough. Like p, it is then corrected for the
number of claims.

Verdicts (`decide`), on the hypothesis as stated in its row:

    supported     corrected p <= 0.05 (two-sided: and the mean above 0); for an intersection-union,
                  so are all parts
    opposed       the reversed p, of the opposite, corrected within the family likewise, <= 0.05 (a
                  two-sided test is its own opposite); for an intersection-union, against one of its
                  parts that is no premise, all premises being supported
    undecided     neither
    not_testable  not in the grid, fewer than five seeds, or too few pairs of synapses

The opposite of a hypothesis, and why:

    a difference is positive    the mean is below 0: it is the other way round. So, too, for
                                "survives", where the difference is from half of the reference: more
                                than half of the grouping is lost.
    the mean z is positive      the mean is below 1.645, and its interval reaches 0: a typical
                                network does not differ from its null model at the 5 % level, nor
                                many of them together. An interval between 0 and 1.645 opposes
                                nothing: more seeds could show weak grouping.
    a difference is within      the mean is above 1 point: a gain beyond the margin. A loss beyond
    one point                   it leaves "no gain" undecided, because it is neither a gain nor
                                equivalence.

Premises: "survives" needs an effect that can survive, and "no gain from learning delays" an
experiment that can show such a gain (assay sensitivity; ICH E10, 2000, section 1.5). Without them
networks that learned nothing would support C3, C5 and C6. A premise is a part like any other, but
it cannot oppose the claim. If a premise is not supported, no other part opposes the claim.
"""
