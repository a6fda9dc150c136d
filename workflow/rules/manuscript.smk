# Reads:  manuscript/, results/numbers.json, results/tables/hyperparameters.csv,
#         results/figures/*.svg, results/seal.json
# Writes: results/numbers.json, results/paper.pdf, results/paper.html


rule numbers:
    input:
        config="results/config.json",
        features="results/features.h5",
        accuracy="results/tables/accuracy.csv",
        contrasts="results/tables/contrasts.csv",
        grouping="results/grouping.csv",
        exchange="results/tables/exchange.csv",
        tests="results/tables/tests.csv",
        claims="results/claims.json",
    output:
        "results/numbers.json",
    log:
        "logs/numbers.log",
    benchmark:
        "benchmarks/numbers.tsv"
    localrule: True
    conda:
        "../../envs/delaynet.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        **job("numbers", "delaynet.cli.numbers", naming.source_module(CONFIG)),
    shell:
        "{params.delaynet} numbers --config {input.config} --features {input.features}"
        " --accuracy {input.accuracy} --contrasts {input.contrasts} --grouping {input.grouping}"
        " --exchange {input.exchange} --tests {input.tests} --claims {input.claims}"
        " --output {output} 2> {log}"


rule paper:
    input:
        source=str(MANUSCRIPT / "paper.typ"),
        parts=[str(path) for path in sources_in(MANUSCRIPT)],
        numbers="results/numbers.json",
        settings="results/tables/hyperparameters.csv",
        figures=expand("results/figures/{figure}.svg", figure=MANUSCRIPT_FIGURES),
        seal="results/seal.json",
    output:
        report(
            "results/paper.pdf",
            caption="../report/paper.rst",
            category="Manuscript",
            labels={"document": "manuscript", "format": "PDF"},
        ),
    log:
        "logs/paper.log",
    benchmark:
        "benchmarks/paper.tsv"
    localrule: True
    conda:
        "../../envs/delaynet.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        **job("paper", "delaynet.cli.manuscript"),
    shell:
        "{params.delaynet} manuscript --source {input.source:q} --output {output}"
        " {input:q} 2> {log}"


# after the PDF, as the page shows whether the PDF carries the seal
rule page:
    input:
        source=str(MANUSCRIPT / "paper.typ"),
        read=rules.paper.input,
        printed="results/paper.pdf",
    output:
        "results/paper.html",
    log:
        "logs/page.log",
    benchmark:
        "benchmarks/page.tsv"
    localrule: True
    conda:
        "../../envs/delaynet.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        **job("page"),
    shell:
        "{params.delaynet} page --source {input.source:q} --output {output}"
        " {input:q} 2> {log}"
