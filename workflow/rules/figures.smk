# Reads:  what `delaynet.paper.figures.selection.needed_files` names for each figure
# Writes: results/figures/<figure>.svg (for the manuscript) and .png (for the report)


rule figure:
    input:
        config="results/config.json",
        data=naming.figure_inputs(CONFIG),
    output:
        svg="results/figures/{figure}.svg",
        png=report(
            "results/figures/{figure}.png",
            caption="../report/figure.rst",
            category="Figures",
            labels=naming.figure_labels,
        ),
    log:
        "logs/figures/{figure}.log",
    benchmark:
        "benchmarks/figures/{figure}.tsv"
    localrule: True
    conda:
        "../../envs/delaynet.yaml"
    resources:
        mem_mb=1500,
        runtime=15,
    params:
        **job("figure", "delaynet.cli.figure", "delaynet.paper.figures.{figure}"),
        caption=not_compared(lambda wildcards: caption(wildcards.figure)),
        corpus=not_compared(str(SOURCE.folder(CONFIG.corpus))),
    shell:
        "{params.delaynet} figure {wildcards.figure} --config {input.config} --results results"
        " --corpus {params.corpus:q} --output {output.svg} --output {output.png}"
        " 2> {log}"
