# Reads:  the corpus folder
# Writes: results/features.h5


rule features:
    input:
        audio=CORPUS / "audio",
        lists=expand(f"{CORPUS}/{{split}}_filenames.txt", split=["train", "test"]),
    output:
        "results/features.h5",
    params:
        corpus=str(CORPUS),
        settings=CONFIG.features.model_dump_json(),
        code=code("delaynet.cli.features"),
    log:
        "logs/features.log",
    benchmark:
        "benchmarks/features.tsv"
    threads: 2
    resources:
        mem_mb=2000,
        runtime=60,
    conda:
        "../../envs/delaynet.yaml"
    shell:
        "python -m delaynet features --corpus {params.corpus:q} --settings {params.settings:q}"
        " --output {output} 2> {log}"
