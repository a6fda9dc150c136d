# Reads:  nothing but the configuration
# Writes: results/corpus/ (audio and lists in the layout of the Heidelberg Digits)


rule corpus:
    output:
        directory("results/corpus"),
    log:
        "logs/corpus.log",
    benchmark:
        "benchmarks/corpus.tsv"
    conda:
        "../../envs/delaynet.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        trials=CONFIG.corpus.trials,
        seed=CONFIG.corpus.seed,
        code=code("delaynet.cli.corpus"),
    shell:
        "python -m delaynet corpus --trials {params.trials} --seed {params.seed}"
        " --output {output} 2> {log}"
