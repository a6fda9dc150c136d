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
        caption=lambda wildcards: caption(wildcards.figure),
        made_by=RULES["figure"],
        wildcards=naming.wildcards_as_json,
        code=lambda wildcards: code(
            "delaynet.cli.figure", f"delaynet.paper.figures.{wildcards.figure}"
        ),
    shell:
        "DELAYNET_RULE={params.made_by:q} DELAYNET_WILDCARDS={params.wildcards:q}"
        " python -m delaynet figure {wildcards.figure} --config {input.config}"
        " --output {output.svg} --output {output.png} 2> {log}"
