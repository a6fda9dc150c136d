# Reads:  the configuration; for the Heidelberg Digits the network, or an archive on disk; a user's
#         own folder of recordings
# Writes: resources/hd_audio.tar.gz, results/corpus/ (audio and lists in the layout of the
#         Heidelberg Digits), results/corpus_report.json


localrules:
    fetch,


# No `code`: an archive is what its checksum says, whatever fetched it. `update`: Snakemake does not
# remove what is there, and the command verifies it without asking the network. The screen shows
# how far a download is, as it may take long.
rule fetch:
    output:
        update(naming.FETCHED_ARCHIVE),
    log:
        "logs/fetch.log",
    benchmark:
        "benchmarks/fetch.tsv"
    conda:
        "../../envs/delaynet.yaml"
    resources:
        mem_mb=500,
        runtime=600,
    params:
        published=CONFIG.corpus.published,
    shell:
        "DELAYNET_RULE=fetch python -m delaynet corpus fetch"
        " --published {params.published:q} --output {output}"
        " 2> >(tee {log} >&2)"


rule corpus:
    input:
        naming.corpus_archive(CONFIG),
    output:
        directory("results/corpus"),
    log:
        "logs/corpus.log",
    benchmark:
        "benchmarks/corpus.tsv"
    conda:
        "../../envs/delaynet.yaml"
    threads: 2
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        made_by=RULES["corpus"],
        command=naming.corpus_command(CONFIG),
        code=code(naming.corpus_module(CONFIG)),
    shell:
        "DELAYNET_RULE={params.made_by:q} DELAYNET_PROCESSES={threads} python -m delaynet corpus"
        " {params.command} --output {output} 2> {log}"


rule check:
    input:
        naming.corpus_inputs(CONFIG),
    output:
        "results/corpus_report.json",
    log:
        "logs/check.log",
    benchmark:
        "benchmarks/check.tsv"
    conda:
        "../../envs/delaynet.yaml"
    threads: 2
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        made_by=RULES["check"],
        corpus=naming.corpus_folder(CONFIG),
        inventory=naming.inventory(CONFIG),
        code=code("delaynet.cli.corpus_check"),
    shell:
        "DELAYNET_RULE={params.made_by:q} python -m delaynet corpus check"
        " --corpus {params.corpus:q} --processes {threads}"
        " --output {output} 2> {log}"
