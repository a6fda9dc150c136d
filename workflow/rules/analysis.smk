# Reads:  run folders
# Writes: results/grouping.csv, results/tables/*.csv


rule grouping:
    input:
        config="results/config.json",
        networks=naming.run_files(CONFIG.runs(), ["initial.h5", "network.h5"]),
    output:
        "results/grouping.csv",
    log:
        "logs/grouping.log",
    benchmark:
        "benchmarks/grouping.tsv"
    conda:
        "../../envs/delaynet.yaml"
    threads: 2
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        code=code("delaynet.cli.grouping"),
    shell:
        "python -m delaynet grouping --config {input.config} --runs results/runs"
        " --processes {threads} --output {output} 2> {log}"


rule tables:
    input:
        config="results/config.json",
        summaries=naming.run_files(CONFIG.runs(), ["summary.json"]),
    output:
        accuracy=report(
            "results/tables/accuracy.csv",
            caption="../report/accuracy_table.rst",
            category="Tables",
            labels={"table": "accuracy", "format": "CSV"},
        ),
        contrasts=report(
            "results/tables/contrasts.csv",
            caption="../report/contrasts_table.rst",
            category="Tables",
            labels={"table": "contrasts", "format": "CSV"},
        ),
        hyperparameters="results/tables/hyperparameters.csv",
    log:
        "logs/tables.log",
    benchmark:
        "benchmarks/tables.tsv"
    conda:
        "../../envs/delaynet.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("delaynet.cli.tables"),
    shell:
        "python -m delaynet tables --config {input.config} --results results 2> {log}"
