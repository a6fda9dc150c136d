# Reads:  the configuration; for the seal manuscript/, and the records of all jobs, when their
#         outputs are there
# Writes: results/config.json (the configuration in full, defaults included), results/seal.json
#         (a digest of every record and source of the manuscript, and one over all)


rule configuration:
    output:
        "results/config.json",
    log:
        "logs/configuration.log",
    benchmark:
        "benchmarks/configuration.tsv"
    localrule: True
    conda:
        "../../envs/delaynet.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        **job("configuration", "delaynet.cli.config", content=CONFIG.model_dump_json()),
        read_from=not_compared(naming.options_read_from(workflow.configfiles)),
    shell:
        "{params.delaynet} config --content {params.content:q} {params.read_from} --output {output} 2> {log}"


# It reads records, which are no outputs of rules. A record changes with its job's outputs or code.
rule seal:
    input:
        config="results/config.json",
        corpus=SOURCE.inputs(CONFIG.corpus),
        report=naming.feature_report(CONFIG),
        features="results/features.h5",
        runs=naming.run_files(CONFIG),
        # by name: after `rules.grouping.output` Snakemake (9.27) looks at thousands of runs in
        # quadratic time
        analyses=multiext("results/", "grouping.csv", "grouping_maps.h5", "power.csv"),
        claims="results/claims.json",
        tables=expand(
            "results/tables/{table}.csv",
            table="accuracy contrasts exchange hyperparameters tests claims".split(),
        ),
        figures=expand(
            "results/figures/{figure}.{format}",
            figure=figures_of(CONFIG),
            format=["svg", "png"],
        ),
        numbers="results/numbers.json",
        manuscript=[str(path) for path in sources_in(MANUSCRIPT)],
    output:
        "results/seal.json",
    log:
        "logs/seal.log",
    benchmark:
        "benchmarks/seal.tsv"
    localrule: True
    conda:
        "../../envs/delaynet.yaml"
    resources:
        mem_mb=500,
        runtime=10,
    params:
        **job("seal", *naming.sealed_modules(CONFIG)),
    shell:
        "{params.delaynet} seal --results results --output {output} 2> {log}"
