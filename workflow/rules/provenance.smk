# Reads:  nothing but the configuration
# Writes: results/config.json (the configuration in full, defaults included)


localrules:
    configuration,


rule configuration:
    output:
        "results/config.json",
    params:
        content=CONFIG.model_dump_json(),
        code=code("delaynet.cli.config"),
    log:
        "logs/configuration.log",
    benchmark:
        "benchmarks/configuration.tsv"
    resources:
        mem_mb=500,
        runtime=5,
    conda:
        "../../envs/delaynet.yaml"
    shell:
        "python -m delaynet config --content {params.content:q} --output {output} 2> {log}"
