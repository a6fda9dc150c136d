# Reads:  manuscript/, results/numbers.json, results/tables/, results/figures/*.svg
# Writes: results/numbers.json, results/paper.pdf


rule numbers:
    input:
        config="results/config.json",
        features="results/features.h5",
        tables=expand(
            "results/tables/{table}.csv", table=["accuracy", "contrasts", "hyperparameters"]
        ),
        grouping="results/grouping.csv",
        summaries=naming.run_files(CONFIG.runs(), ["summary.json"]),
    output:
        "results/numbers.json",
    params:
        code=code("delaynet.cli.numbers"),
    log:
        "logs/numbers.log",
    benchmark:
        "benchmarks/numbers.tsv"
    resources:
        mem_mb=1000,
        runtime=10,
    conda:
        "../../envs/delaynet.yaml"
    shell:
        "python -m delaynet numbers --config {input.config} --results results"
        " --output {output} 2> {log}"


rule paper:
    input:
        source="manuscript/paper.typ",
        parts=sorted(str(path) for path in Path("manuscript").glob("*") if path.is_file()),
        numbers="results/numbers.json",
        tables="results/tables/accuracy.csv",
        figures=expand("results/figures/{figure}.svg", figure=FIGURES),
    output:
        report(
            "results/paper.pdf",
            caption="../report/paper.rst",
            category="Manuscript",
            labels={"document": "manuscript", "format": "PDF"},
        ),
    params:
        code=code("delaynet.cli.manuscript"),
    log:
        "logs/paper.log",
    benchmark:
        "benchmarks/paper.tsv"
    resources:
        mem_mb=1000,
        runtime=10,
    conda:
        "../../envs/delaynet.yaml"
    shell:
        "python -m delaynet manuscript --source {input.source} --output {output} 2> {log}"
