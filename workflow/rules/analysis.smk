# Reads:  run folders, results/features.h5
# Writes: results/grouping.csv, results/grouping_maps.h5, results/power.csv, results/claims.json,
#         results/tables/*.csv


rule grouping:
    input:
        config="results/config.json",
        networks=files_of_runs("grouping", CONFIG, RUNS),
    output:
        table="results/grouping.csv",
        maps="results/grouping_maps.h5",
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
        **job("grouping"),
    shell:
        "{params.delaynet} grouping --config {input.config} --runs results/runs"
        " --processes {threads} --output {output.table} --maps {output.maps} 2> {log}"


rule exchange:
    input:
        config="results/config.json",
        features="results/features.h5",
        runs=files_of_runs("exchange", CONFIG, RUNS),
    output:
        report(
            "results/tables/exchange.csv",
            caption="../report/exchange_table.rst",
            category="Tables",
            labels={"table": "exchange", "format": "CSV"},
        ),
    log:
        "logs/exchange.log",
    benchmark:
        "benchmarks/exchange.tsv"
    conda:
        "../../envs/delaynet.yaml"
    threads: 2
    resources:
        mem_mb=3000,
        runtime=240,
    params:
        **job("exchange"),
    shell:
        "{params.delaynet} exchange --config {input.config} --features {input.features}"
        " --runs results/runs --processes {threads} --output {output} 2> {log}"


# the same for every configuration: the number of pairs that a test needs
rule power:
    output:
        "results/power.csv",
    log:
        "logs/power.log",
    benchmark:
        "benchmarks/power.tsv"
    localrule: True
    conda:
        "../../envs/delaynet.yaml"
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        **job("power"),
    shell:
        "{params.delaynet} power --output {output} 2> {log}"


rule tables:
    input:
        config="results/config.json",
        runs=files_of_runs("tables", CONFIG, RUNS),
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
    localrule: True
    conda:
        "../../envs/delaynet.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        **job("tables", descriptions=naming.descriptions(CONFIG)),
    shell:
        "{params.delaynet} tables --config {input.config} --runs results/runs"
        " --accuracy {output.accuracy} --contrasts {output.contrasts}"
        " --hyperparameters {output.hyperparameters} 2> {log}"


rule claims:
    input:
        config="results/config.json",
        summaries=files_of_runs("claims", CONFIG, RUNS),
        grouping="results/grouping.csv",
    output:
        tests=report(
            "results/tables/tests.csv",
            caption="../report/tests_table.rst",
            category="Tables",
            labels={"table": "tests", "format": "CSV"},
        ),
        claims=report(
            "results/tables/claims.csv",
            caption="../report/claims_table.rst",
            category="Tables",
            labels={"table": "claims", "format": "CSV"},
        ),
        ledger="results/claims.json",
    log:
        "logs/claims.log",
    benchmark:
        "benchmarks/claims.tsv"
    localrule: True
    conda:
        "../../envs/delaynet.yaml"
    resources:
        mem_mb=1000,
        runtime=20,
    params:
        **job("claims"),
    shell:
        "{params.delaynet} claims --config {input.config} --runs results/runs"
        " --grouping {input.grouping} --tests {output.tests} --ledger {output.ledger}"
        " --table {output.claims} 2> {log}"
