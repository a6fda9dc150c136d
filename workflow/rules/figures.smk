# Reads:  what `delaynet.paper.figures.selection.needed_files` names for each figure
# Writes: results/figures/<figure>.svg (for the manuscript) and .png (for the report)


localrules:
    figure,


rule figure:
    input:
        config="results/config.json",
        data=lambda wildcards: expand(
            "results/{file}", file=needed_files(wildcards.figure, CONFIG)
        ),
        corpus=lambda wildcards: (
            naming.corpus_inputs(CONFIG) if wildcards.figure == "task" else []
        ),
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
    conda:
        "../../envs/delaynet.yaml"
    resources:
        mem_mb=1500,
        runtime=15,
    params:
        **job("figure", "delaynet.cli.figure", "delaynet.paper.figures.{figure}"),
        caption=lambda wildcards: caption(wildcards.figure),
    shell:
        "{params.delaynet} figure {wildcards.figure} --config {input.config}"
        " --output {output.svg} --output {output.png} 2> {log}"
