# Reads:  results/features.h5
# Writes: results/runs/<condition>/<delays>-<structure>-<free|dale>/sparsity-<p>/seed-<n>/
#         (meanwhile results/checkpoints/<the same>/, and on request results/tensorboard/<the same>/)


rule train:
    input:
        features=keeping_going(workflow, "results/features.h5"),
    output:
        multiext(f"results/runs/{naming.RUN_FOLDER}/", *naming.RUN_FILES),
    log:
        f"logs/train/{naming.RUN_FOLDER}.log",
    benchmark:
        f"benchmarks/train/{naming.RUN_FOLDER}.tsv"
    conda:
        "../../envs/delaynet.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2500 * attempt,
        runtime=45,
        gpuslot=1,
    params:
        **job(
            "train",
            "delaynet.cli.train",
            "delaynet.model.structures.{structure}",
            settings=naming.run_settings(CONFIG),
        ),
        folder=subpath(output[0], parent=True),
        execution=not_compared(naming.execution_options(CONFIG, GPU_SLOTS)),
    shell:
        "{params.delaynet} train --settings {params.settings:q} --features {input.features}"
        " --folder {params.folder} --checkpoints results/checkpoints --keep-checkpoint"
        " {params.execution} --threads {threads} 2> {log}"
