# Reads:  the configuration; for a published corpus the network, or an archive on disk; a user's own
#         folder of recordings
# Writes: resources/<archive>, results/corpus/, results/corpus_report.json (the table of clips, and
#         how each was recorded)
#
# What is specific to a corpus is in its file in delaynet/data/sources/.


# No `code`: an archive is identified by its checksum. `update`: Snakemake does not remove an existing
# archive, and the command verifies it without the network. Progress also goes to the screen, as a
# download may take long.
rule fetch:
    output:
        update(f"resources/{SOURCE.archive_name or 'no_archive'}"),
    log:
        "logs/fetch.log",
    benchmark:
        "benchmarks/fetch.tsv"
    localrule: True
    conda:
        "../../envs/delaynet.yaml"
    resources:
        mem_mb=500,
        runtime=600,
    params:
        delaynet=job("fetch", "delaynet.cli.corpus_fetch")["delaynet"],
        corpus=CONFIG.corpus.source,
        published=CONFIG.corpus.published,
    shell:
        "{params.delaynet} corpus fetch --corpus {params.corpus}"
        " --published {params.published:q} --output {output}"
        " 2> >(tee {log} >&2)"


rule corpus:
    input:
        SOURCE.archives(CONFIG.corpus),
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
        **job(
            "corpus",
            "delaynet.cli.corpus_make",
            naming.source_module(CONFIG),
            settings=naming.corpus_settings(CONFIG),
        ),
    shell:
        "{params.delaynet} corpus make --settings {params.settings:q} --processes {threads}"
        " --output {output} 2> {log}"


rule check:
    input:
        SOURCE.inputs(CONFIG.corpus),
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
        **job(
            "check",
            "delaynet.cli.corpus_check",
            naming.source_module(CONFIG),
            settings=naming.corpus_settings(CONFIG),
            inventory=SOURCE.inventory(CONFIG.corpus),
        ),
        corpus=SOURCE.folder(CONFIG.corpus),
    shell:
        "{params.delaynet} corpus check"
        " --corpus {params.corpus:q} --settings {params.settings:q} --processes {threads}"
        " --output {output} 2> {log}"
