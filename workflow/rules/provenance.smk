# Reads:  nothing but the configuration
# Writes: results/config.json (the configuration in full, defaults included)


localrules:
    configuration,


rule configuration:
    output:
        "results/config.json",
    log:
        "logs/configuration.log",
    benchmark:
        "benchmarks/configuration.tsv"
    conda:
        "../../envs/delaynet.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        content=CONFIG.model_dump_json(),
        code=code("delaynet.cli.config"),
    shell:
        "python -m delaynet config --content {params.content:q} --output {output} 2> {log}"
