#!/usr/bin/env bash
# Makes both locks from what requirements.in and development.in ask for, and keeps the versions that they have:
#   envs/lock.sh                             after a line was added or removed
#   envs/lock.sh --upgrade-package numpy     a newer version of one package (see `uv pip compile --help`)
set -euo pipefail
cd "$(dirname "$0")"

compile() {
	../.venv/bin/uv pip compile "$1.in" --output-file "$1.txt" --quiet --universal --python-version 3.11 \
		--no-annotate --no-header "${@:2}"
	# PyTorch names its own CUDA packages, and Triton; we do not run on Windows or PyPy
	sed -Ei -e "/^(cuda-|nvidia-)|sys_platform == 'win32'/d" \
		-e "s/ ; (platform_machine|platform_python_implementation|implementation_name) .*//" "$1.txt"
	LC_ALL=C sort -o "$1.txt" "$1.txt"
}

compile requirements "$@"
sed -i '/^triton==/d' requirements.txt
# what spikingjelly and tensorboard ask for, and what we use of them does not need
compile development "$@" --excludes <(printf '%s\n' \
	torchvision torchaudio scienceplots grpcio markdown tensorboard-data-server werkzeug)
# the second lock is installed after the first: no package stands in both
grep --invert-match --line-regexp --fixed-strings --file=requirements.txt development.txt > .development.txt
mv .development.txt development.txt
