"""The tests of the claims: their list, their results, and the verdicts.

A hypothesis is about the mean over seeds of a weighted sum of quantities (`terms`), over the seeds
that all its terms have. The hypotheses follow from the grid, never from results (`claims`,
`exploratory`). Only the sparsities at which claims are tested depend on results: C2 and C3 need
random static networks that reach their outputs, C5 needs enough pairs of synapses. `tests` computes
effects, intervals and p, `decide` the verdicts, and `ledger` writes both.

Families:

    confirmatory  C4, C5, C6; corrected by Holm
    accuracy      C1, C2, C3; corrected by Benjamini & Hochberg
    part          the parts of the tests of these two families, uncorrected
    control       whether joint grouping needs what a control removes, and a check of the
                  analysis: grouping follows frequency and not the order of inputs; corrected
                  by Benjamini & Hochberg
    exploratory   all others; corrected by Benjamini & Hochberg

p and the 95 % interval both come from Student's t distribution, and the p of a one-sided test is
doubled. An uncorrected p is therefore below the level of 0.05 exactly if the whole interval lies on
that side. Tests of fewer than five seeds have no p, and do not count in the corrections.

This rule replaced exact sign-flip tests, which assume no normal distribution but did not agree with
the intervals. Results were known by then: no verdict on the miniature's claims changed; with
people's voices C6 became undecided (`docs/human.md`).

A claim's test is an intersection-union of its parts: its p is the largest of theirs, which needs no
correction for their number. Each test also has a reversed p, that of the opposite hypothesis. A
claim fails if one part does, so its reversed p is the smallest of its parts, without premises, by
Bonferroni. Both p are then corrected for the number of claims.

Verdicts (`decide`), on the hypothesis as stated in its row:

    supported     corrected p <= 0.05 (two-sided: and the mean above 0); for an intersection-union,
                  so are all parts
    opposed       corrected reversed p <= 0.05 (two-sided: corrected p <= 0.05, and the mean below
                  0); for an intersection-union, one part that is no premise is opposed too, and all
                  premises are supported
    undecided     neither
    not_testable  not in the grid, fewer than five seeds, or too few pairs of synapses

The opposite of a hypothesis, and why:

    a difference is positive    the mean is below 0. For "survives", the difference is from half of
                                the reference: more than half of the grouping is lost.
    the mean z is positive      the mean is below 1.645, and its interval reaches 0: neither a
                                typical network nor all of them together differ from the null model
                                at the 5 % level. An interval between 0 and 1.645 opposes nothing:
                                more seeds could show weak grouping.
    a difference is within      the mean is above 1 point: a gain beyond the margin. A loss beyond
    one point                   it leaves "no gain" undecided, because it is neither a gain nor
                                equivalence.

Premises: "survives" needs an effect that can survive, and "no gain from learning delays" needs an
experiment that can show such a gain (assay sensitivity; ICH E10, 2000, section 1.5). Without
premises, networks that learned nothing would support C3, C5 and C6. A premise cannot oppose the
claim, and if one is not supported, no other part does.
"""
