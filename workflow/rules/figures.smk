# Reads:  what `delaynet.figures.selection.needed_files` names for each figure
# Writes: results/figures/<figure>.svg (for the manuscript) and .png (for the report)


rule figure:
    input:
        config="results/config.json",
        data=lambda wildcards: expand(
            "results/{file}", file=needed_files(wildcards.figure, CONFIG)
        ),
        corpus=lambda wildcards: CORPUS / "audio" if wildcards.figure == "task" else [],
    output:
        svg="results/figures/{figure}.svg",
        png=report(
            "results/figures/{figure}.png",
            caption="../report/{figure}.rst",
            category="Figures",
            labels={"figure": "{figure}", "format": "PNG"},
        ),
    params:
        code=lambda wildcards: code(
            "delaynet.cli.figure", f"delaynet.figures.{wildcards.figure}"
        ),
    log:
        "logs/figures/{figure}.log",
    benchmark:
        "benchmarks/figures/{figure}.tsv"
    resources:
        mem_mb=1500,
        runtime=15,
    conda:
        "../../envs/delaynet.yaml"
    shell:
        "python -m delaynet figure {wildcards.figure} --config {input.config}"
        " --output {output.svg} --output {output.png} 2> {log}"
