# Reads:  the corpus folder and its report
# Writes: results/features.h5


rule features:
    input:
        corpus=SOURCE.inputs(CONFIG.corpus),
        report=naming.feature_report(CONFIG),
    output:
        "results/features.h5",
    log:
        "logs/features.log",
    benchmark:
        "benchmarks/features.tsv"
    conda:
        "../../envs/delaynet.yaml"
    threads: 2
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        **job("features", options=naming.feature_options(CONFIG)),
    shell:
        "{params.delaynet} features"
        " {params.options} --processes {threads} --output {output}"
        " 2> {log}"
