# Reads:  nothing but the configuration
# Writes: results/corpus/ (audio and lists in the layout of the Heidelberg Digits)


rule corpus:
    output:
        audio=directory("results/corpus/audio"),
        lists=expand("results/corpus/{split}_filenames.txt", split=["train", "test"]),
        description="results/corpus/corpus.json",
    params:
        folder="results/corpus",
        trials=CONFIG.corpus.trials,
        seed=CONFIG.corpus.seed,
        code=code("delaynet.cli.corpus"),
    log:
        "logs/corpus.log",
    benchmark:
        "benchmarks/corpus.tsv"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    conda:
        "../../envs/delaynet.yaml"
    shell:
        "python -m delaynet corpus --trials {params.trials} --seed {params.seed}"
        " --output {params.folder} 2> {log}"
