# Reads:  the corpus folder
# Writes: results/features.h5


rule features:
    input:
        naming.corpus_inputs(CONFIG),
    output:
        "results/features.h5",
    log:
        "logs/features.log",
    benchmark:
        "benchmarks/features.tsv"
    conda:
        "../../envs/delaynet.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        corpus=naming.corpus_folder(CONFIG),
        settings=CONFIG.features.model_dump_json(),
        code=code("delaynet.cli.features"),
    shell:
        "python -m delaynet features --corpus {params.corpus:q} --settings {params.settings:q}"
        " --output {output} 2> {log}"
